"""Tokens: opaque, random, stored as a hash only, revocable at once."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.permissions import known_permissions
from accounts.principals import AgentPrincipal, Principal, VisitorPrincipal
from accounts.roles import permissions_of
from audit.record import Actor, Subject, record_audit
from core.clock import Clock
from core.errors import Unauthenticated
from core.events import Event, EventName
from core.ids import new_id, new_secret
from storage.db import Database, announce
from storage.models import AccessToken, ApiKey, Contact, CustomRole, User, VisitorToken

AGENT_PREFIX: Final = "yda"
API_KEY_PREFIX: Final = "ydk"
VISITOR_PREFIX: Final = "ydv"
_LAST_USE_STEP: Final = timedelta(minutes=1)  # a busy key is not written to the database at every request


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody signs in, so that they recognise their own sessions."""

    address: str = ""
    client: str = ""  # what the browser calls itself


def hash_token(token: str) -> str:
    """What is stored of a token. A plain hash is enough: a token has 256 random bits and cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


_NOWHERE: Final = Origin()


def issue_agent_token(
    session: AsyncSession, user: User, *, clock: Clock, lifetime: timedelta, origin: Origin = _NOWHERE
) -> str:
    """Signs a person in; returns the token, which exists nowhere else from now on."""
    token, now = new_secret(AGENT_PREFIX), clock.now()
    session.add(
        AccessToken(
            id=new_id(),
            tenant_id=user.tenant_id,
            token_hash=hash_token(token),
            user_id=user.id,
            client=origin.client[:200],
            address=origin.address[:64],
            created_at=now,
            expires_at=now + lifetime,
            revoked_at=None,
        )
    )
    return token


def issue_visitor_token(session: AsyncSession, contact: Contact, *, clock: Clock, lifetime: timedelta) -> str:
    """Gives a contact's browser the token that brings the same contact back."""
    token, now = new_secret(VISITOR_PREFIX), clock.now()
    session.add(
        VisitorToken(
            id=new_id(),
            tenant_id=contact.tenant_id,
            token_hash=hash_token(token),
            contact_id=contact.id,
            inbox_id=contact.inbox_id,
            created_at=now,
            expires_at=now + lifetime,
        )
    )
    return token


async def resolve_token(database: Database, token: str, *, clock: Clock) -> Principal:
    """Who a token belongs to.

    Raises:
        Unauthenticated: unknown, expired or revoked token, or a person who was disabled; all look the same.
    """
    if token.startswith(f"{API_KEY_PREFIX}_"):
        return await _resolve_api_key(database, token, clock)
    async with database.platform_read() as session:
        if token.startswith(f"{AGENT_PREFIX}_"):
            return await _resolve_agent(session, token, clock)
        if token.startswith(f"{VISITOR_PREFIX}_"):
            return await _resolve_visitor(session, token, clock)
    raise Unauthenticated


async def _resolve_agent(session: AsyncSession, token: str, clock: Clock) -> AgentPrincipal:
    found = (
        await session.execute(
            select(AccessToken, User, CustomRole)
            .join(User, User.id == AccessToken.user_id)
            .outerjoin(CustomRole, and_(CustomRole.id == User.role, CustomRole.tenant_id == User.tenant_id))
            .where(AccessToken.token_hash == hash_token(token))
        )
    ).one_or_none()
    if found is None:
        raise Unauthenticated
    access, user, custom = found
    if access.revoked_at is not None or access.expires_at <= clock.now() or not user.is_active:
        raise Unauthenticated
    return AgentPrincipal(
        tenant_id=user.tenant_id,
        user_id=user.id,
        name=user.name,
        email=user.email,
        permissions=permissions_of(user.role, custom),
        token_id=access.id,
        expires_at=access.expires_at,
    )


async def _resolve_api_key(database: Database, token: str, clock: Clock) -> AgentPrincipal:
    async with database.platform_read() as session:
        found = (
            await session.execute(
                select(ApiKey, User, CustomRole)
                .join(User, User.id == ApiKey.user_id)
                .outerjoin(CustomRole, and_(CustomRole.id == User.role, CustomRole.tenant_id == User.tenant_id))
                .where(ApiKey.token_hash == hash_token(token))
            )
        ).one_or_none()
    if found is None:
        raise Unauthenticated
    key, user, custom = found
    now = clock.now()
    if key.revoked_at is not None or key.expires_at <= now or not user.is_active:
        raise Unauthenticated
    if key.last_used_at is None or now - key.last_used_at > _LAST_USE_STEP:
        async with database.write(key.tenant_id) as session:
            (await session.get_one(ApiKey, key.id)).last_used_at = now
    return AgentPrincipal(
        tenant_id=user.tenant_id,
        user_id=user.id,
        name=user.name,
        email=user.email,
        permissions=permissions_of(user.role, custom) & known_permissions(key.scopes),
        token_id=key.id,
        expires_at=key.expires_at,
        is_api_key=True,
    )


async def _resolve_visitor(session: AsyncSession, token: str, clock: Clock) -> VisitorPrincipal:
    found = (
        await session.execute(
            select(VisitorToken, Contact)
            .join(Contact, Contact.id == VisitorToken.contact_id)
            .where(VisitorToken.token_hash == hash_token(token))
        )
    ).one_or_none()
    if found is None:
        raise Unauthenticated
    visitor, contact = found
    if visitor.expires_at <= clock.now():
        raise Unauthenticated
    return VisitorPrincipal(
        tenant_id=contact.tenant_id,
        contact_id=contact.id,
        inbox_id=visitor.inbox_id,
        name=contact.name,
        token_id=visitor.id,
        expires_at=visitor.expires_at,
    )


async def prolong_visitor_token(session: AsyncSession, token_id: str, *, clock: Clock, lifetime: timedelta) -> None:
    """Keeps a returning visitor recognised; to be called in the visitor's tenant."""
    row = await session.get_one(VisitorToken, token_id)
    row.expires_at = clock.now() + lifetime


async def revoke_agent_token(session: AsyncSession, principal: AgentPrincipal, *, clock: Clock) -> None:
    """Signs a person out: REST refuses the token after this commit, live connections are closed."""
    row = await session.get(AccessToken, principal.token_id)
    if row is not None and row.revoked_at is None:
        row.revoked_at = clock.now()
        announce(session, Event(EventName.TOKEN_REVOKED, principal.tenant_id, subject_id=principal.token_id))
        actor = Actor("agent", principal.user_id)
        await record_audit(session, actor, "sign_in.ended", Subject("user", principal.user_id), clock=clock)
