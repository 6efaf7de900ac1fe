"""API keys: a program's way in, as the member who made it, within scopes that are permissions."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.permissions import Permission
from accounts.principals import AgentPrincipal
from accounts.roles import check_may_give
from accounts.tokens import API_KEY_PREFIX, hash_token
from core.clock import Clock
from core.errors import NotFound
from core.events import Event, EventName
from core.ids import new_id, new_secret
from storage.db import announce, tenant_of
from storage.models import ApiKey, User

LONGEST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh key; `token` exists nowhere else."""

    row: ApiKey
    token: str


async def create_api_key(
    session: AsyncSession,
    agent: AgentPrincipal,
    *,
    name: str,
    scopes: frozenset[Permission],
    lifetime: timedelta,
    clock: Clock,
) -> NewApiKey:
    """A key with scopes out of its maker's permissions. What the maker loses later, the key loses too.

    Raises:
        Forbidden: a scope that the maker does not hold.
    """
    check_may_give(agent, scopes)
    token, now = new_secret(API_KEY_PREFIX), clock.now()
    row = ApiKey(
        id=new_id(),
        tenant_id=tenant_of(session),
        token_hash=hash_token(token),
        user_id=agent.user_id,
        name=name,
        scopes=sorted(str(scope) for scope in scopes),
        created_at=now,
        expires_at=now + lifetime,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(row)
    await session.flush()
    return NewApiKey(row, token)


async def list_api_keys(session: AsyncSession) -> list[tuple[ApiKey, User]]:
    """Keys that are not revoked, newest first, with who made them."""
    found = await session.execute(
        select(ApiKey, User)
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    )
    return [(key, user) for key, user in found]


async def revoke_api_key(session: AsyncSession, key_id: str, *, clock: Clock) -> None:
    """The key stops working; its live connections close.

    Raises:
        NotFound: no such key, or revoked already.
    """
    row = await session.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None)))
    if row is None:
        raise NotFound
    row.revoked_at = clock.now()
    announce(session, Event(EventName.TOKEN_REVOKED, tenant_of(session), subject_id=row.id))
