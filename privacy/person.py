"""Every row that belongs to one contact: one list for export and erasure, so that neither forgets a table."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from storage.models import AnswerReceipt, Contact, Conversation, Handoff, Message, OutboxJob, VisitorToken


@dataclass(frozen=True, slots=True)
class Person:
    """A contact with all that hangs on it. docs/data-map.md lists the same tables."""

    contact: Contact
    tokens: list[VisitorToken]
    conversations: list[Conversation]
    messages: list[Message]
    handoffs: list[Handoff]
    receipts: list[AnswerReceipt]
    jobs: list[OutboxJob]


async def collect_person(session: AsyncSession, contact_id: str, *, lock: bool = False) -> Person:
    """Reads a contact's rows, oldest first; with `lock`, nothing more can be said in its conversations meanwhile.

    Raises:
        NotFound: no such contact in this tenant.
    """
    contact = await session.get(Contact, contact_id)
    if contact is None:
        raise NotFound
    theirs = select(Conversation).where(Conversation.contact_id == contact_id).order_by(Conversation.id)
    conversations = list(await session.scalars(theirs.with_for_update() if lock else theirs))
    ids = [conversation.id for conversation in conversations]
    messages = await session.scalars(select(Message).where(Message.conversation_id.in_(ids)).order_by(Message.id))
    handoffs = await session.scalars(select(Handoff).where(Handoff.conversation_id.in_(ids)).order_by(Handoff.id))
    receipts = await session.scalars(
        select(AnswerReceipt).where(AnswerReceipt.conversation_id.in_(ids)).order_by(AnswerReceipt.id)
    )
    tokens = await session.scalars(
        select(VisitorToken).where(VisitorToken.contact_id == contact_id).order_by(VisitorToken.id)
    )
    jobs = [job for job in await session.scalars(select(OutboxJob)) if job.payload.get("conversation_id") in ids]
    return Person(contact, list(tokens), conversations, list(messages), list(handoffs), list(receipts), jobs)
