"""The outbox: work that a committed change owes, done at least once, also by another process after a crash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.ids import new_id
from storage.db import Database
from storage.models import OutboxJob

LEASE: Final = timedelta(seconds=10)
_BACK_OFF: Final = (timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class Job:
    """A job in somebody's hands: theirs until the lease ends."""

    id: str
    tenant_id: str
    kind: str
    key: str
    payload: dict[str, Any]
    attempts: int


def owe(session: AsyncSession, *, kind: str, key: str, payload: dict[str, Any], now: datetime) -> None:
    """Adds a job to this transaction, leased to the caller, who does it right after the commit.

    Should the caller die first, a worker takes the job when the lease has ended.
    """
    session.add(
        OutboxJob(
            id=new_id(),
            kind=kind,
            key=key,
            payload=payload,
            attempts=0,
            available_at=now + LEASE,
            last_error=None,
            created_at=now,
        )
    )


async def settle(session: AsyncSession, *, kind: str, key: str) -> None:
    """Marks a job as done, in the transaction that did it; so it is done exactly once in the database."""
    await session.execute(delete(OutboxJob).where(OutboxJob.kind == kind, OutboxJob.key == key))


async def claim_due(database: Database, *, now: datetime, limit: int = 20) -> list[Job]:
    """Takes jobs whose time has come; no two callers get the same one."""
    due = select(OutboxJob).where(OutboxJob.available_at <= now).order_by(OutboxJob.available_at).limit(limit)
    async with database.platform_read() as session:
        if (await session.scalars(due.limit(1))).first() is None:
            return []
    async with database.platform_write() as session:
        rows = list(await session.scalars(due.with_for_update(skip_locked=True)))
        for row in rows:
            row.available_at = now + LEASE
            row.attempts += 1
    return [Job(row.id, row.tenant_id, row.kind, row.key, row.payload, row.attempts) for row in rows]


async def postpone(session: AsyncSession, job: Job, *, error: str, now: datetime) -> None:
    """Puts a failed job back, to be tried later and later."""
    row = await session.get(OutboxJob, job.id)
    if row is not None:
        row.last_error = error[:500]
        row.available_at = now + _BACK_OFF[min(job.attempts - 1, len(_BACK_OFF) - 1)]
