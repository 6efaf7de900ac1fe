"""Making a whole tenant: its web inbox and first administrator; for the very first one, by a token printed at start."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import SetupTokenInvalid, SlugTaken
from accounts.links import INVITATION, Link, make_link
from accounts.password_rules import PasswordRules, check_new_password
from accounts.passwords import DEMO_PASSWORD, hash_password, password_matches
from accounts.tokens import hash_token
from core.clock import Clock
from core.ids import new_id, new_secret
from storage.db import Database
from storage.models import Inbox, Role, SetupToken, Tenant, User

SETUP_LIFETIME: Final = timedelta(hours=24)
_PREFIX: Final = "yds"


@dataclass(frozen=True, slots=True)
class NewTenant:
    """What a tenant is to be, and who administers it."""

    slug: str
    name: str
    admin_email: str
    admin_name: str = "管理员"


@dataclass(frozen=True, slots=True)
class Founded:
    """A tenant that was just made."""

    tenant: Tenant
    site_key: str
    admin: User


async def found_tenant(database: Database, wanted: NewTenant, *, password: str, clock: Clock) -> Founded:
    """A tenant whose administrator has a password.

    Raises:
        SlugTaken: another tenant has this name.
        PasswordTooShort, PasswordTooCommon: see accounts.password_rules.
    """
    _check_password(wanted, password)
    async with database.platform_write() as session:
        return await _found(session, wanted, Role.ADMIN, await hash_password(password), clock)


async def found_tenant_by_invitation(
    database: Database, wanted: NewTenant, *, invited_by: str, clock: Clock
) -> tuple[Founded, Link]:
    """A tenant whose administrator chooses a password by the link; raises SlugTaken."""
    async with database.platform_write() as session:
        founded = await _found(session, wanted, Role.ADMIN, "", clock)
        link = await make_link(session, founded.admin, lifetime=INVITATION, made_by=invited_by, clock=clock)
    return founded, link


async def list_tenants(database: Database) -> list[Tenant]:
    """All tenants, oldest first."""
    async with database.platform_read() as session:
        return list(await session.scalars(select(Tenant).order_by(Tenant.created_at, Tenant.id)))


async def offer_setup(database: Database, *, clock: Clock) -> str | None:
    """A fresh set-up token if there is no tenant yet; earlier ones stop working. None if there is a tenant."""
    async with database.platform_write() as session:
        if await session.scalar(select(Tenant.id).limit(1)):
            return None
        await session.execute(delete(SetupToken))
        token, now = new_secret(_PREFIX), clock.now()
        session.add(
            SetupToken(
                id=new_id(),
                token_hash=hash_token(token),
                created_at=now,
                expires_at=now + SETUP_LIFETIME,
                used_at=None,
            )
        )
    return token


async def set_up(database: Database, token: str, wanted: NewTenant, *, password: str, clock: Clock) -> Founded:
    """The first tenant and the platform's operator, for whoever holds the token. Works once.

    Raises:
        SetupTokenInvalid: unknown, used or expired, or there is a tenant already; all look the same.
        PasswordTooShort, PasswordTooCommon: the token may be used again with a better one.
    """
    async with database.platform_write() as session:
        offered = await session.scalar(
            select(SetupToken).where(SetupToken.token_hash == hash_token(token)).with_for_update()
        )
        if offered is None or offered.used_at is not None or offered.expires_at <= clock.now():
            raise SetupTokenInvalid
        if await session.scalar(select(Tenant.id).limit(1)):
            raise SetupTokenInvalid
        _check_password(wanted, password)
        offered.used_at = clock.now()
        return await _found(session, wanted, Role.OPERATOR, await hash_password(password), clock)


async def demo_accounts(database: Database) -> list[User]:
    """Members who could sign in with the public demo password."""
    async with database.platform_read() as session:
        users = await session.scalars(
            select(User).join(Tenant, Tenant.id == User.tenant_id).where(Tenant.is_demo, User.is_active)
        )
        return [user for user in users if await password_matches(DEMO_PASSWORD, user.password_hash)]


async def disable_demo_accounts(database: Database) -> int:
    """Closes the public demo password's accounts; returns how many there were."""
    open_accounts = await demo_accounts(database)
    async with database.platform_write() as session:
        for user in open_accounts:
            (await session.get_one(User, user.id)).is_active = False
    return len(open_accounts)


def _check_password(wanted: NewTenant, password: str) -> None:
    personal = (wanted.admin_email, wanted.slug, wanted.name)
    check_new_password(password, PasswordRules.NIST, has_second_factor=False, personal=personal)


async def _found(session: AsyncSession, wanted: NewTenant, role: Role, password_hash: str, clock: Clock) -> Founded:
    if await session.scalar(select(Tenant.id).where(Tenant.slug == wanted.slug)):
        raise SlugTaken(slug=wanted.slug)
    now = clock.now()
    tenant = Tenant(id=new_id(), slug=wanted.slug, name=wanted.name, settings={}, is_demo=False, created_at=now)
    session.add(tenant)
    await session.flush()
    admin = User(
        id=new_id(),
        tenant_id=tenant.id,
        email=wanted.admin_email.strip().lower(),
        name=wanted.admin_name,
        role=role,
        password_hash=password_hash,
        password_changed_at=now if password_hash else None,
        is_active=bool(password_hash),
        seen_at=None,
        created_at=now,
    )
    site_key = secrets.token_urlsafe(12)
    inbox = Inbox(
        id=new_id(), tenant_id=tenant.id, name="网站", channel="web", site_key=site_key, settings={}, created_at=now
    )
    session.add_all([admin, inbox])
    await session.flush()
    return Founded(tenant, site_key, admin)
