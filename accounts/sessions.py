"""Signed-in consoles: seen, and ended for REST and live connections alike."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.roles import announce_access_changed
from core.clock import Clock
from core.errors import NotFound
from core.events import Event, EventName
from storage.db import announce, tenant_of
from storage.models import AccessToken


async def list_sessions(session: AsyncSession, user_id: str, *, clock: Clock) -> list[AccessToken]:
    """A member's open sessions, newest first."""
    rows = await session.scalars(_open(user_id, clock).order_by(AccessToken.created_at.desc(), AccessToken.id.desc()))
    return list(rows)


async def end_session(session: AsyncSession, user_id: str, token_id: str, *, clock: Clock) -> None:
    """Ends one open session.

    Raises:
        NotFound: not an open session of this member.
    """
    row = await session.scalar(_open(user_id, clock).where(AccessToken.id == token_id))
    if row is None:
        raise NotFound
    _end(session, row, clock)


async def end_sessions(session: AsyncSession, user_id: str, *, clock: Clock, except_id: str = "") -> None:
    """Ends all open sessions but one; API keys of the member reconnect and are looked at anew."""
    for row in await session.scalars(_open(user_id, clock).where(AccessToken.id != except_id)):
        _end(session, row, clock)
    if not except_id:
        announce_access_changed(session, user_id)


def _open(user_id: str, clock: Clock) -> Select[AccessToken]:
    return select(AccessToken).where(
        AccessToken.user_id == user_id, AccessToken.revoked_at.is_(None), AccessToken.expires_at > clock.now()
    )


def _end(session: AsyncSession, row: AccessToken, clock: Clock) -> None:
    row.revoked_at = clock.now()
    announce(session, Event(EventName.TOKEN_REVOKED, tenant_of(session), subject_id=row.id))
