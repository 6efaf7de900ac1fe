"""`yingda init`, `yingda tenant create`."""

import asyncio
import secrets
from dataclasses import dataclass

from accounts.passwords import DEMO_PASSWORD
from accounts.service import create_tenant, create_user
from core.clock import SystemClock
from core.ids import new_id
from core.settings import Settings
from server.commands.problems import CommandProblem
from server.commands.serve import check_data_dir
from server.opening import open_database
from storage.migrate import upgrade_to_head
from storage.models import Inbox, Role

_MIN_PASSWORD = 10


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What the person who made a tenant needs to know."""

    slug: str
    site_key: str
    admin_email: str
    password: str | None  # only if we chose it


def init_database(settings: Settings) -> None:
    """Creates or migrates the database."""
    check_data_dir(settings.data_dir)
    asyncio.run(_init(settings))


def make_tenant(settings: Settings, *, slug: str, name: str, admin_email: str, password: str | None) -> NewTenant:
    """A tenant with a web inbox and its first administrator."""
    if password is not None and (len(password) < _MIN_PASSWORD or password == DEMO_PASSWORD):
        raise CommandProblem(f"密码至少 {_MIN_PASSWORD} 位，且不能是演示密码。")
    check_data_dir(settings.data_dir)
    return asyncio.run(_make(settings, slug, name, admin_email, password))


async def _init(settings: Settings) -> None:
    database = open_database(settings)
    await upgrade_to_head(database)
    await database.close()


async def _make(settings: Settings, slug: str, name: str, admin_email: str, password: str | None) -> NewTenant:
    clock, database = SystemClock(), open_database(settings)
    chosen = password or secrets.token_urlsafe(12)
    site_key = secrets.token_urlsafe(12)
    try:
        await upgrade_to_head(database)
        tenant = await create_tenant(database, slug=slug, name=name, settings={}, clock=clock)
        async with database.write(tenant.id) as session:
            await create_user(session, email=admin_email, name="管理员", role=Role.ADMIN, password=chosen, clock=clock)
            session.add(
                Inbox(
                    id=new_id(),
                    name="网站",
                    channel="web",
                    site_key=site_key,
                    settings={},
                    created_at=clock.now(),
                )
            )
    finally:
        await database.close()
    return NewTenant(slug, site_key, admin_email, None if password else chosen)
