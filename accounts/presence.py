"""Who is at the desk. A lease: whoever's console is gone is offline soon after, whatever was chosen."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.permissions import Permission
from accounts.roles import roles_with
from core.clock import Clock
from core.events import Event, EventName, event_frame
from storage.db import announce, tenant_of
from storage.models import Presence, User

LEASE: Final = timedelta(seconds=75)  # consoles renew it with every heartbeat, 25 seconds apart


def observed_presence(user: User, *, now: datetime) -> Presence:
    """What others see: the chosen presence while the lease lasts, else offline."""
    if user.seen_at is None or now - user.seen_at > LEASE:
        return Presence.OFFLINE
    return user.presence


async def renew_lease(session: AsyncSession, user_id: str, *, clock: Clock) -> None:
    """Notes that a person's console is connected."""
    user = await session.get(User, user_id)
    if user is None:
        return
    was = observed_presence(user, now=clock.now())
    user.seen_at = clock.now()
    if was is Presence.OFFLINE:
        _announce_presence(session, user, user.presence)


async def end_lease(session: AsyncSession, user_id: str) -> None:
    """Notes that a person's last console has disconnected."""
    user = await session.get(User, user_id)
    if user is not None:
        user.seen_at = None
        _announce_presence(session, user, Presence.OFFLINE)


async def choose_presence(session: AsyncSession, user_id: str, presence: Presence, *, clock: Clock) -> None:
    """What the person wants to be: online, busy or away."""
    user = await session.get_one(User, user_id)
    user.presence = presence
    user.seen_at = clock.now()
    _announce_presence(session, user, presence)


async def is_anyone_online(session: AsyncSession, *, now: datetime) -> bool:
    """Whether a human could take a conversation right now."""
    desk = await roles_with(session, Permission.CONVERSATION_REPLY)
    online = await session.scalar(
        select(User.id)
        .where(
            User.is_active,
            User.role.in_(desk),
            User.presence == Presence.ONLINE,
            User.seen_at > now - LEASE,
        )
        .limit(1)
    )
    return online is not None


def _announce_presence(session: AsyncSession, user: User, presence: Presence) -> None:
    frame = event_frame(EventName.PRESENCE_CHANGED, agent={"id": user.id, "name": user.name, "presence": str(presence)})
    announce(session, Event(EventName.PRESENCE_CHANGED, tenant_of(session), agent_frame=frame))
