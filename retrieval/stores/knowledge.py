"""Published knowledge as the database holds it. The database is the truth; every index is made from this."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.events import Event, EventName
from core.ids import new_id
from retrieval.types import Entry
from storage.db import announce, tenant_of
from storage.models import KnowledgeEntry, KnowledgeRevision


@dataclass(frozen=True, slots=True)
class PublishedKnowledge:
    """A tenant's entries at one revision, in the editor's order."""

    revision: int
    entries: tuple[Entry, ...]


async def published_revision(session: AsyncSession) -> int:
    """The newest revision; 0 before anything was published. Cheap: read on every answer."""
    revision: int | None = await session.scalar(select(KnowledgeRevision.revision))
    return revision or 0


async def load_published(session: AsyncSession) -> PublishedKnowledge:
    """All entries of the session's tenant, consistent with the revision."""
    revision = await published_revision(session)
    rows = await session.scalars(select(KnowledgeEntry).order_by(KnowledgeEntry.position, KnowledgeEntry.entry_key))
    entries = tuple(
        Entry(
            id=row.entry_key,
            question=row.question,
            similar=tuple(row.similar),
            answer=row.answer,
            category=row.category,
            labels=tuple(row.labels),
        )
        for row in rows
    )
    return PublishedKnowledge(revision, entries)


async def publish_revision(session: AsyncSession, *, clock: Clock) -> int:
    """Says that entries have changed, in the transaction that changed them; every process rebuilds after it."""
    row = await session.scalar(select(KnowledgeRevision).with_for_update())
    if row is None:
        row = KnowledgeRevision(id=new_id(), revision=0, updated_at=clock.now())
        session.add(row)
    row.revision += 1
    row.updated_at = clock.now()
    announce(session, Event(EventName.KNOWLEDGE_PUBLISHED, tenant_of(session)))
    return row.revision
