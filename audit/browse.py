"""The log as administrators read it: newest first, by who, what and when."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.models import AuditEntry

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; None asks for any."""

    actor_id: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def browse_audit(
    session: AsyncSession, wanted: AuditFilter, *, limit: int, before_seq: int | None
) -> list[AuditEntry]:
    """Up to `limit` entries older than `before_seq`, newest first."""
    query = _filtered(wanted)
    if before_seq is not None:
        query = query.where(AuditEntry.seq < before_seq)
    return list(await session.scalars(query.order_by(AuditEntry.seq.desc()).limit(limit)))


async def all_audit(session: AsyncSession, wanted: AuditFilter) -> AsyncIterator[AuditEntry]:
    """Every entry, oldest first, a page at a time."""
    last = 0
    while True:
        query = _filtered(wanted).where(AuditEntry.seq > last).order_by(AuditEntry.seq).limit(_PAGE)
        page = list(await session.scalars(query))
        for entry in page:
            yield entry
        if len(page) < _PAGE:
            return
        last = page[-1].seq
        session.expunge_all()


def _filtered(wanted: AuditFilter) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if wanted.actor_id is not None:
        query = query.where(AuditEntry.actor_id == wanted.actor_id)
    if wanted.action is not None:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query
