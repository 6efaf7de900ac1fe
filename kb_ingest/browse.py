"""Looking through the knowledge base, as the console does."""

from dataclasses import dataclass

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from storage.models import KnowledgeEntry


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of entries in the editor's order, and where the next begins."""

    items: list[KnowledgeEntry]
    next_cursor: str | None


async def browse_entries(
    session: AsyncSession, *, search: str, category: str, limit: int, cursor: str | None
) -> EntryPage:
    """Entries whose question, similar questions or answer contain `search`, in `category` or below it."""
    query = select(KnowledgeEntry).order_by(KnowledgeEntry.position, KnowledgeEntry.id)
    if search:
        query = query.where(
            or_(
                KnowledgeEntry.question.contains(search, autoescape=True),
                KnowledgeEntry.answer.contains(search, autoescape=True),
                cast(KnowledgeEntry.similar, String).contains(search, autoescape=True),
            )
        )
    if category:
        below = KnowledgeEntry.category.startswith(f"{category}/", autoescape=True)
        query = query.where(or_(KnowledgeEntry.category == category, below))
    if cursor and cursor.isdecimal() and len(cursor) < 10:
        query = query.where(KnowledgeEntry.position > int(cursor))
    rows = list(await session.scalars(query.limit(limit + 1)))
    return EntryPage(rows[:limit], str(rows[limit - 1].position) if len(rows) > limit else None)


async def get_entry(session: AsyncSession, entry_key: str) -> KnowledgeEntry:
    """One entry by the editor's id.

    Raises:
        NotFound: not in this tenant.
    """
    row = await session.scalar(select(KnowledgeEntry).where(KnowledgeEntry.entry_key == entry_key))
    if row is None:
        raise NotFound
    return row


async def count_categories(session: AsyncSession) -> list[tuple[str, int]]:
    """Top-level categories with the number of their entries, in the editor's order."""
    rows = await session.execute(
        select(KnowledgeEntry.category, func.count(), func.min(KnowledgeEntry.position)).group_by(
            KnowledgeEntry.category
        )
    )
    totals: dict[str, int] = {}
    for category, number, _ in sorted(rows, key=lambda row: row[2]):
        top = category.split("/")[0] or "未分类"
        totals[top] = totals.get(top, 0) + number
    return list(totals.items())
