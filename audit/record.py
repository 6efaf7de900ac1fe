"""`record_audit`: the only function that writes an audit entry, in the transaction of the act itself."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.chain import START, Fact, seal
from core.clock import Clock
from core.ids import new_id
from storage.db import audit_key_of, tenant_of
from storage.models import AuditEntry, Tenant


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted."""

    kind: str  # agent, contact, system
    id: str | None = None


SYSTEM: Final = Actor("system")


@dataclass(frozen=True, slots=True)
class Subject:
    """What it was done to."""

    kind: str
    id: str | None = None


async def record_audit(
    session: AsyncSession, actor: Actor, action: str, subject: Subject, *, clock: Clock, **details: Fact
) -> None:
    """Adds an entry to the tenant's chain; it is there if and only if the transaction is.

    Call it last in a transaction: it holds the tenant's row until the commit, which puts entries in one order.
    `details` are codes and counts. What people wrote, and anything personal, does not belong here: it cannot be erased.
    """
    tenant_id, key = tenant_of(session), audit_key_of(session)
    # NO KEY UPDATE: other transactions may go on adding rows that refer to the tenant.
    await session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    last = (
        await session.execute(select(AuditEntry.seq, AuditEntry.hash).order_by(AuditEntry.seq.desc()).limit(1))
    ).one_or_none()
    seq, previous = last or (0, START)
    entry = AuditEntry(
        id=new_id(),
        tenant_id=tenant_id,
        seq=seq + 1,
        at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        action=action,
        object_kind=subject.kind,
        object_id=subject.id and subject.id[:128],
        details=details,
    )
    seal(entry, previous, key)
    session.add(entry)
    await session.flush()
