"""Links that work once and let a member choose a password: invitations, and resets by an administrator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.credentials import set_password
from accounts.errors import LinkInvalid
from accounts.passwords import NO_PASSWORD
from accounts.sessions import end_sessions
from accounts.tokens import hash_token
from core.clock import Clock
from core.ids import new_id, new_secret
from storage.db import Database
from storage.models import PasswordLink, User

INVITATION: Final = timedelta(days=7)
RESET: Final = timedelta(hours=24)
_PREFIX: Final = "ydl"


@dataclass(frozen=True, slots=True)
class Link:
    """A fresh link; its token exists nowhere else."""

    token: str
    expires_at: datetime


async def make_link(
    session: AsyncSession, user: User, *, lifetime: timedelta, made_by: str | None, clock: Clock
) -> Link:
    """A link for a member; earlier ones stop working."""
    await cancel_links(session, user.id, clock=clock)
    token, now = new_secret(_PREFIX), clock.now()
    session.add(
        PasswordLink(
            id=new_id(),
            tenant_id=user.tenant_id,
            token_hash=hash_token(token),
            user_id=user.id,
            created_by=made_by,
            created_at=now,
            expires_at=now + lifetime,
            used_at=None,
        )
    )
    return Link(token, now + lifetime)


async def use_link(database: Database, token: str, password: str, *, clock: Clock) -> User:
    """Sets the password that somebody chose by a link; an invited member can sign in from now on.

    Open sessions end. A second factor stays on; a disabled member stays disabled.

    Raises:
        LinkInvalid: unknown, used or expired; all look the same.
        PasswordTooShort, PasswordTooCommon, PasswordTooSimple: the link may be used again with a better one.
    """
    async with database.platform_read() as session:
        tenant_id = await session.scalar(
            select(PasswordLink.tenant_id).where(PasswordLink.token_hash == hash_token(token))
        )
    if tenant_id is None:
        raise LinkInvalid
    async with database.write(tenant_id) as session:
        link = await session.scalar(
            select(PasswordLink).where(PasswordLink.token_hash == hash_token(token)).with_for_update()
        )
        if link is None or link.used_at is not None or link.expires_at <= clock.now():
            raise LinkInvalid
        user = await session.get_one(User, link.user_id, with_for_update=True)
        is_invited = user.password_hash == ""
        await set_password(session, user, password, clock=clock)
        user.is_active = user.is_active or is_invited
        await cancel_links(session, user.id, clock=clock)
        await end_sessions(session, user.id, clock=clock)
    return user


async def take_password_away(session: AsyncSession, user: User, *, clock: Clock) -> None:
    """No password works until the member has chosen one by a link; open sessions end."""
    if user.password_hash:
        user.password_hash = NO_PASSWORD
    await end_sessions(session, user.id, clock=clock)


async def cancel_links(session: AsyncSession, user_id: str, *, clock: Clock) -> None:
    """Links that were given out stop working."""
    await session.execute(
        update(PasswordLink)
        .where(PasswordLink.user_id == user_id, PasswordLink.used_at.is_(None))
        .values(used_at=clock.now())
    )
