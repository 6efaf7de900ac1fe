"""Entries into the database: new ones added, changed ones replaced, equal ones left alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.ids import new_id
from retrieval.stores.knowledge import publish_revision
from retrieval.types import Entry
from storage.models import KnowledgeEntry


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. Importing the same file twice: all unchanged, and no new revision."""

    added: int
    changed: int
    unchanged: int


async def import_entries(session: AsyncSession, entries: Sequence[Entry], *, clock: Clock) -> ImportResult:
    """Publishes entries in the session's tenant, in one transaction; live in every process right after its commit."""
    stored = {row.entry_key: row for row in await session.scalars(select(KnowledgeEntry))}
    position = await session.scalar(select(func.max(KnowledgeEntry.position))) or 0
    added = changed = 0
    for entry in entries:
        row = stored.get(entry.id)
        if row is None:
            position += 1
            row = KnowledgeEntry(id=new_id(), entry_key=entry.id, position=position, created_at=clock.now())
            _fill(row, entry, clock)
            session.add(row)
            stored[entry.id] = row
            added += 1
        elif not _equal(row, entry):
            _fill(row, entry, clock)
            changed += 1
    if added or changed:
        await session.flush()
        await publish_revision(session, clock=clock)
    return ImportResult(added, changed, len(entries) - added - changed)


def _equal(row: KnowledgeEntry, entry: Entry) -> bool:
    return (row.question, tuple(row.similar), row.answer, row.category, tuple(row.labels)) == (
        entry.question,
        entry.similar,
        entry.answer,
        entry.category,
        entry.labels,
    )


def _fill(row: KnowledgeEntry, entry: Entry, clock: Clock) -> None:
    row.question = entry.question
    row.similar = list(entry.similar)
    row.answer = entry.answer
    row.category = entry.category
    row.labels = list(entry.labels)
    row.updated_at = clock.now()
