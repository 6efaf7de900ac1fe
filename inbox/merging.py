"""An anonymous contact turns out to be somebody known: conversations move to them, and can move back.

No message is touched: each says who sent it at the time, and every timeline keeps its seq. What moves is whose
conversation it is; the merge remembers which, so that undoing it restores both sides exactly.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.errors import NotFound
from core.events import Event, EventName
from core.ids import new_id
from inbox.conversations import announce_conversation
from inbox.errors import AlreadyUndone, CannotMerge, MergedSince
from storage.db import announce, tenant_of
from storage.models import Contact, ContactMerge, Conversation, VisitorToken


async def merge_contacts(
    session: AsyncSession, source_id: str, target_id: str, *, merged_by: str | None, clock: Clock
) -> ContactMerge:
    """Gives all conversations of an anonymous contact to another one of the same inbox.

    The source's visitor tokens stop working: whoever holds one must not become the target by it.

    Raises:
        NotFound: either is not in this tenant.
        CannotMerge: the same one, another inbox, a source with an identity of its own, or merged already.
    """
    contacts = {}
    for contact_id in sorted({source_id, target_id}):  # always in this order: two merges must not wait for each other
        contacts[contact_id] = await session.scalar(select(Contact).where(Contact.id == contact_id).with_for_update())
    source, target = contacts[source_id], contacts[target_id]
    if source is None or target is None:
        raise NotFound
    if source is target or source.inbox_id != target.inbox_id or source.external_id is not None:
        raise CannotMerge
    if await active_merge_of(session, source.id) or await active_merge_of(session, target.id):
        raise CannotMerge
    moved = await _conversations_of(session, source.id)
    for conversation in moved:
        conversation.contact_id = target.id
    for token in await session.scalars(select(VisitorToken).where(VisitorToken.contact_id == source.id)):
        announce(session, Event(EventName.TOKEN_REVOKED, tenant_of(session), subject_id=token.id))
        await session.delete(token)
    merge = ContactMerge(
        id=new_id(),
        source_id=source.id,
        target_id=target.id,
        conversation_ids=[conversation.id for conversation in moved],
        merged_by=merged_by,
        merged_at=clock.now(),
        undone_by=None,
        undone_at=None,
    )
    session.add(merge)
    await session.flush()
    await _tell(session, moved)
    return merge


async def undo_merge(session: AsyncSession, merge_id: str, *, undone_by: str, clock: Clock) -> ContactMerge:
    """Gives the conversations back that a merge moved, and no other.

    Raises:
        NotFound: no such merge in this tenant.
        AlreadyUndone: it is.
        MergedSince: the target was itself merged later; undo that first.
    """
    merge = await session.scalar(select(ContactMerge).where(ContactMerge.id == merge_id).with_for_update())
    if merge is None:
        raise NotFound
    if merge.undone_at is not None:
        raise AlreadyUndone
    if await active_merge_of(session, merge.target_id):
        raise MergedSince
    moved_ids = set(merge.conversation_ids)
    moved = [row for row in await _conversations_of(session, merge.target_id) if row.id in moved_ids]
    for conversation in moved:
        conversation.contact_id = merge.source_id
    merge.undone_by, merge.undone_at = undone_by, clock.now()
    await session.flush()
    await _tell(session, moved)
    return merge


async def active_merge_of(session: AsyncSession, source_id: str) -> ContactMerge | None:
    """The merge that took a contact's conversations, unless it was undone."""
    merge: ContactMerge | None = await session.scalar(
        select(ContactMerge).where(ContactMerge.source_id == source_id, ContactMerge.undone_at.is_(None))
    )
    return merge


async def list_merges(session: AsyncSession, contact_id: str) -> list[ContactMerge]:
    """Merges in which a contact took part, oldest first."""
    query = select(ContactMerge).where((ContactMerge.source_id == contact_id) | (ContactMerge.target_id == contact_id))
    return list(await session.scalars(query.order_by(ContactMerge.merged_at, ContactMerge.id)))


async def _conversations_of(session: AsyncSession, contact_id: str) -> list[Conversation]:
    query = select(Conversation).where(Conversation.contact_id == contact_id).order_by(Conversation.id)
    return list(await session.scalars(query.with_for_update()))


async def _tell(session: AsyncSession, conversations: list[Conversation]) -> None:
    for conversation in conversations:
        if conversation.last_seq > 0:
            await announce_conversation(session, conversation)
