"""Signing people in. Before a right password, nothing tells whether an account exists: same answer, same work."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from accounts.credentials import set_password
from accounts.errors import (
    DemoPasswordRefused,
    PasswordExpired,
    SecondFactorRequired,
    TenantRequired,
    WrongCredentials,
)
from accounts.password_rules import MAX_AGE, PasswordRules
from accounts.passwords import DEMO_PASSWORD, password_matches
from accounts.second_factor import has_second_factor, use_code
from accounts.service import TenantSettings
from accounts.sessions import end_sessions
from accounts.throttle import attempt_key, begin_attempt, forget_attempts
from accounts.tokens import Origin, issue_agent_token
from accounts.vault import Vault
from audit.record import Actor, Subject, record_audit
from core.clock import Clock
from storage.db import Database
from storage.models import Tenant, User


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody gives to be let in. `new_password` replaces the old one in the same step."""

    email: str
    password: str
    tenant_slug: str | None = None
    code: str | None = None
    new_password: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of signing in."""

    token: str
    lifetime: timedelta
    user: User


async def sign_in(
    database: Database,
    vault: Vault,
    given: Credentials,
    origin: Origin,
    *,
    clock: Clock,
    lifetime: timedelta,
    demo_mode: bool,
) -> SignedIn:
    """Checks a password and, where there is one, the second factor; issues a token.

    Raises:
        TooManyAttempts: too many tries for this account from this address.
        WrongCredentials: no such person, a wrong password or a disabled account.
        TenantRequired: the address and password fit people of several tenants.
        DemoPasswordRefused: the public demo password outside demo mode.
        SecondFactorRequired, SecondFactorWrong: the password is right, the second step is missing or wrong.
        PasswordExpired: 等保 rules; a new password has to come along.
    """
    email = given.email.strip().lower()
    key = attempt_key("password", email, origin.address)
    await begin_attempt(database, key, clock=clock)
    user, tenant = await _right_person(database, given, email, demo_mode=demo_mode)
    async with database.read(user.tenant_id) as session:
        needs_code = await has_second_factor(session, user.id)
    code_key = attempt_key("code", user.id)
    if needs_code:
        if given.code is None:
            raise SecondFactorRequired
        # Whoever comes here knows the password, so this may be counted whatever the address.
        await begin_attempt(database, code_key, clock=clock)
    rules = TenantSettings.of(tenant).password_rules
    async with database.write(user.tenant_id) as session:
        user = await session.get_one(User, user.id, with_for_update=True)
        if needs_code and given.code is not None:
            await use_code(session, user.id, given.code, vault, clock=clock)
        if given.new_password is not None:
            await set_password(session, user, given.new_password, clock=clock)
            await end_sessions(session, user.id, clock=clock)
        elif rules is PasswordRules.DENGBAO and clock.now() - (user.password_changed_at or user.created_at) > MAX_AGE:
            raise PasswordExpired(days=MAX_AGE.days)
        token = issue_agent_token(session, user, clock=clock, lifetime=lifetime, origin=origin)
        await record_audit(session, Actor("agent", user.id), "sign_in.succeeded", Subject("user", user.id), clock=clock)
    await forget_attempts(database, key)
    if needs_code:
        await forget_attempts(database, code_key)
    return SignedIn(token, lifetime, user)


async def _right_person(database: Database, given: Credentials, email: str, *, demo_mode: bool) -> tuple[User, Tenant]:
    query = select(User, Tenant).join(Tenant, Tenant.id == User.tenant_id).where(User.email == email)
    if given.tenant_slug:
        query = query.where(Tenant.slug == given.tenant_slug)
    async with database.platform_read() as session:
        people = [(user, tenant) for user, tenant in await session.execute(query.order_by(User.created_at))]
    hashes: list[str | None] = [user.password_hash for user, _ in people]
    right = await asyncio.gather(*(password_matches(given.password, stored) for stored in hashes or [None]))
    matching = [person for person, matches in zip(people, right, strict=False) if matches and person[0].is_active]
    if not matching:
        refusal = WrongCredentials()
        refusal.accounts = tuple((user.tenant_id, user.id) for user, _ in people)
        raise refusal
    if given.password == DEMO_PASSWORD and not demo_mode:
        raise DemoPasswordRefused
    if len(matching) > 1:
        raise TenantRequired
    return matching[0]
