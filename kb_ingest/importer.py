"""Entries into the database: new ones added, changed ones replaced, equal ones left alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.ids import new_id
from kb_ingest.reading import ReadFile, settle_conflicts
from retrieval.stores.knowledge import publish_revision
from retrieval.types import Entry
from storage.db import tenant_of
from storage.models import KnowledgeEntry


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. Importing the same file twice: all unchanged, and no new revision."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file as it was read, and what its entries did to the base."""

    file: ReadFile
    result: ImportResult


async def import_entries(session: AsyncSession, entries: Sequence[Entry], *, clock: Clock) -> ImportResult:
    """Publishes entries in the session's tenant, in one transaction; live in every process right after its commit."""
    base = await _Base.load(session, clock)
    result = base.merge(entries)
    await base.publish()
    return result


async def import_files(session: AsyncSession, files: Sequence[ReadFile], *, clock: Clock) -> list[ImportedFile]:
    """Publishes the entries of several files as one revision. Where two files differ on an entry, the later wins."""
    base = await _Base.load(session, clock)
    imported = [ImportedFile(file, base.merge(file.entries)) for file in settle_conflicts(files)]
    await base.publish()
    return imported


async def preview_files(session: AsyncSession, files: Sequence[ReadFile], *, clock: Clock) -> list[ImportedFile]:
    """What `import_files` would do. Changes nothing: give it a session for reading."""
    base = await _Base.load(session, clock)
    return [ImportedFile(file, base.compare(file.entries)) for file in settle_conflicts(files)]


class _Base:
    """The stored entries of a tenant while an import goes on."""

    def __init__(self, session: AsyncSession, clock: Clock, rows: dict[str, KnowledgeEntry], last: int) -> None:
        self._session = session
        self._tenant = tenant_of(session)  # set on each new row here: the session's own way is slow for thousands
        self._clock = clock
        self._rows = rows
        self._last = last  # the highest position
        self._is_changed = False

    @classmethod
    async def load(cls, session: AsyncSession, clock: Clock) -> Self:
        rows = {row.entry_key: row for row in await session.scalars(select(KnowledgeEntry))}
        last = await session.scalar(select(func.max(KnowledgeEntry.position))) or 0
        return cls(session, clock, rows, last)

    def compare(self, entries: Sequence[Entry]) -> ImportResult:
        added = sum(entry.id not in self._rows for entry in entries)
        unchanged = sum(entry.id in self._rows and _equal(self._rows[entry.id], entry) for entry in entries)
        return ImportResult(added, len(entries) - added - unchanged, unchanged)

    def merge(self, entries: Sequence[Entry]) -> ImportResult:
        result = self.compare(entries)
        self._is_changed = self._is_changed or bool(result.added or result.changed)
        for entry in entries:
            row = self._rows.get(entry.id)
            if row is None:
                self._last += 1
                row = KnowledgeEntry(
                    id=new_id(),
                    tenant_id=self._tenant,
                    entry_key=entry.id,
                    position=self._last,
                    created_at=self._clock.now(),
                )
                _fill(row, entry, self._clock)
                self._session.add(row)
                self._rows[entry.id] = row
            elif not _equal(row, entry):
                _fill(row, entry, self._clock)
        return result

    async def publish(self) -> None:
        """A new revision, if anything has changed."""
        if self._is_changed:
            await self._session.flush()
            await publish_revision(self._session, clock=self._clock)


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
