"""Choosing a password: signed in, at sign-in, or by a link."""

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import PasswordUnchanged, WrongPassword
from accounts.password_rules import check_new_password
from accounts.passwords import hash_password, password_matches
from accounts.second_factor import has_second_factor
from accounts.service import TenantSettings
from accounts.throttle import attempt_key, begin_attempt, forget_attempts
from core.clock import Clock
from storage.db import Database, tenant_of
from storage.models import Tenant, User


async def check_own_password(database: Database, user: User, password: str, *, clock: Clock) -> None:
    """Makes sure that the person at an open session is its owner, before something that would lock them out.

    Raises:
        WrongPassword: not theirs.
        TooManyAttempts: too many wrong ones.
    """
    key = attempt_key("own", user.id)
    await begin_attempt(database, key, clock=clock)
    if not await password_matches(password, user.password_hash):
        raise WrongPassword
    await forget_attempts(database, key)


async def set_password(session: AsyncSession, user: User, password: str, *, clock: Clock) -> None:
    """Gives a member a new password, by the tenant's rules.

    Raises:
        PasswordTooShort, PasswordTooCommon, PasswordTooSimple: see accounts.password_rules.
        PasswordUnchanged: it is the old one.
    """
    await check_acceptable(session, user, password, has_factor=await has_second_factor(session, user.id))
    if await password_matches(password, user.password_hash):
        raise PasswordUnchanged
    user.password_hash = await hash_password(password)
    user.password_changed_at = clock.now()


async def check_acceptable(session: AsyncSession, user: User, password: str, *, has_factor: bool) -> None:
    """Whether a password would do for a member, with or without a second factor; raises as set_password."""
    tenant = await session.get_one(Tenant, tenant_of(session))
    rules = TenantSettings.of(tenant).password_rules
    personal = (user.email, user.email.partition("@")[0], user.name, tenant.slug, tenant.name)
    check_new_password(password, rules, has_second_factor=has_factor, personal=personal)
