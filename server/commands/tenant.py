"""`yingda init`, `yingda tenant create`, `yingda tenant disable-demo`."""

import asyncio
import secrets
from dataclasses import dataclass

from accounts.founding import NewTenant, disable_demo_accounts, found_tenant, offer_setup
from accounts.passwords import DEMO_PASSWORD
from core.clock import SystemClock
from core.settings import Settings
from server.commands.problems import CommandProblem
from server.commands.serve import check_data_dir
from server.database import open_database
from storage.migrate import upgrade_to_head


@dataclass(frozen=True, slots=True)
class MadeTenant:
    """What the person who made a tenant needs to know."""

    slug: str
    site_key: str
    admin_email: str
    password: str | None  # only if we chose it


def init_database(settings: Settings) -> str | None:
    """Creates or migrates the database; returns a set-up token if there is no tenant yet."""
    check_data_dir(settings.data_dir)
    return asyncio.run(_init(settings))


def make_tenant(settings: Settings, *, slug: str, name: str, admin_email: str, password: str | None) -> MadeTenant:
    """A tenant with a web inbox and its first administrator."""
    if password == DEMO_PASSWORD:
        raise CommandProblem("不能用公开的演示密码，请换一个。")
    check_data_dir(settings.data_dir)
    return asyncio.run(_make(settings, NewTenant(slug, name, admin_email), password))


def disable_demo(settings: Settings) -> int:
    """Closes the accounts that the public demo password opens; returns how many there were."""
    check_data_dir(settings.data_dir)
    return asyncio.run(_disable_demo(settings))


async def _init(settings: Settings) -> str | None:
    database = open_database(settings)
    try:
        await upgrade_to_head(database)
        return None if settings.demo else await offer_setup(database, clock=SystemClock())
    finally:
        await database.close()


async def _make(settings: Settings, wanted: NewTenant, password: str | None) -> MadeTenant:
    database = open_database(settings)
    chosen = password or secrets.token_urlsafe(15)
    try:
        await upgrade_to_head(database)
        founded = await found_tenant(database, wanted, password=chosen, clock=SystemClock())
    finally:
        await database.close()
    return MadeTenant(wanted.slug, founded.site_key, wanted.admin_email, None if password else chosen)


async def _disable_demo(settings: Settings) -> int:
    database = open_database(settings)
    try:
        await upgrade_to_head(database)
        return await disable_demo_accounts(database)
    finally:
        await database.close()
