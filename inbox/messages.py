"""The timeline. `record_message` is the only function that writes a message row; everything said ends in it.

receive        a contact speaks        ┐
send_as_agent  a human speaks or notes ├→ record_message → row + counter + announcement, one transaction
send_as_bot    the bot speaks          │
record_event   something happened      ┘
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import AgentPrincipal
from core.clock import Clock
from core.events import Event, EventName
from core.ids import new_id
from inbox.content import Content, TextContent, plain_text, preview
from inbox.conversations import announce_conversation, lock_conversation
from inbox.errors import BadClientMessageId, ConversationClosed, IdConflict, NotYourConversation
from inbox.wire import message_for_agents, message_for_contact
from storage.db import announce, tenant_of
from storage.models import Contact, Conversation, ConversationStatus, Message, SenderKind, User

# A note stands right after its anchor; notes of one place keep the order in which they were written.
_TIMELINE: Final = (func.coalesce(Message.seq, Message.anchor_seq), Message.is_note, Message.id)
_CLIENT_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks."""

    kind: SenderKind
    name: str
    id: str | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id or ''}"


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """The bot's decision in short, shown to agents beside what it said."""

    action: str
    confidence: float
    faq_id: str | None
    question: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "confidence": self.confidence,
            "faq_id": self.faq_id,
            "question": self.question,
        }


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored message; `is_new` is false if the same send had already been stored before."""

    message: Message
    conversation: Conversation
    is_new: bool


def check_client_msg_id(client_msg_id: str | None) -> str | None:
    """Raises BadClientMessageId unless the id is absent or 1–128 visible ASCII characters."""
    if client_msg_id is not None and not _CLIENT_ID.fullmatch(client_msg_id):
        raise BadClientMessageId
    return client_msg_id


async def receive(
    session: AsyncSession,
    conversation_id: str,
    contact: Contact,
    content: TextContent,
    *,
    client_msg_id: str | None,
    clock: Clock,
    origin: str | None = None,
) -> Recorded:
    """A contact says something. A resolved conversation comes back to life with the bot."""
    conversation = await lock_conversation(session, conversation_id)
    sender = Sender(SenderKind.CUSTOMER, contact.name, contact.id)
    recorded = await record_message(
        session, conversation, sender, content, client_msg_id=client_msg_id, clock=clock, origin=origin
    )
    if recorded.is_new:
        if conversation.status is ConversationStatus.RESOLVED:
            conversation.status = ConversationStatus.BOT
        conversation.last_customer_seq = conversation.last_seq
        conversation.unread += 1
        await announce_conversation(session, conversation)
    return recorded


async def send_as_agent(
    session: AsyncSession,
    conversation_id: str,
    agent: AgentPrincipal,
    content: TextContent,
    *,
    client_msg_id: str | None,
    is_note: bool,
    clock: Clock,
    origin: str | None = None,
) -> Recorded:
    """An agent replies, or leaves a note for colleagues.

    Raises:
        NotYourConversation, ConversationClosed: only the owner speaks to the contact; anyone may leave a note.
    """
    conversation = await lock_conversation(session, conversation_id)
    sender = Sender(SenderKind.AGENT, agent.name, agent.user_id)
    duplicate = await _already_stored(session, conversation, sender, content, client_msg_id)
    if duplicate is not None:
        return duplicate
    if not is_note:
        await _check_owner(session, conversation, agent)
    recorded = await record_message(
        session,
        conversation,
        sender,
        content,
        client_msg_id=client_msg_id,
        clock=clock,
        is_note=is_note,
        origin=origin,
    )
    if not is_note:
        conversation.agent_read_seq = conversation.last_seq
        conversation.unread = 0
    await announce_conversation(session, conversation)
    return recorded


async def send_as_bot(
    session: AsyncSession,
    conversation: Conversation,
    content: TextContent,
    *,
    bot_name: str,
    answer: AnswerNote | None,
    clock: Clock,
) -> Recorded:
    """The bot speaks. The caller holds the conversation's lock and has seen there that the bot owns it."""
    if conversation.status is not ConversationStatus.BOT:
        raise NotYourConversation(owner=str(conversation.status))
    sender = Sender(SenderKind.BOT, bot_name)
    recorded = await record_message(session, conversation, sender, content, answer=answer, clock=clock)
    await announce_conversation(session, conversation)
    return recorded


async def record_event(
    session: AsyncSession, conversation: Conversation, content: Content, *, clock: Clock
) -> Recorded:
    """Something happened to the conversation, told in its timeline. The caller announces the conversation."""
    return await record_message(session, conversation, Sender(SenderKind.SYSTEM, ""), content, clock=clock)


async def record_message(
    session: AsyncSession,
    conversation: Conversation,
    sender: Sender,
    content: Content,
    *,
    clock: Clock,
    client_msg_id: str | None = None,
    is_note: bool = False,
    answer: AnswerNote | None = None,
    origin: str | None = None,
) -> Recorded:
    """Writes one entry of the timeline; the only function that does.

    The caller holds the conversation's row lock (`lock_conversation`), which is what makes `seq` gapless and puts
    everything said in one order. Sending again with the same `client_msg_id` returns what is stored already.

    Raises:
        IdConflict: the `client_msg_id` was used by this sender for something else.
    """
    duplicate = await _already_stored(session, conversation, sender, content, client_msg_id)
    if duplicate is not None:
        return duplicate
    now = clock.now()
    if not is_note:
        conversation.last_seq += 1
        conversation.updated_at = now
        if sender.kind is not SenderKind.SYSTEM:  # lists show what was said last, not that a conversation was resolved
            conversation.last_message_seq = conversation.last_seq
            conversation.last_sender = sender.kind
            is_markdown = sender.kind in {SenderKind.BOT, SenderKind.AGENT}
            conversation.last_preview = preview(plain_text(content.in_words) if is_markdown else content.in_words)
            conversation.last_message_at = now
    message = Message(
        id=new_id(),
        tenant_id=tenant_of(session),
        conversation_id=conversation.id,
        seq=None if is_note else conversation.last_seq,
        anchor_seq=conversation.last_seq if is_note else None,
        is_note=is_note,
        sender_kind=sender.kind,
        sender_id=sender.id,
        sender_key=sender.key,
        sender_name=sender.name,
        client_msg_id=client_msg_id,
        content=content.to_json(),
        text=content.text,
        answer=answer.to_json() if answer else None,
        created_at=now,
    )
    session.add(message)
    await session.flush()
    announce(
        session,
        Event(
            EventName.MESSAGE_CREATED,
            conversation.tenant_id,
            agent_frame={"type": "message", "message": message_for_agents(message)},
            contact_frame=None if is_note else {"type": "message", "message": message_for_contact(message)},
            contact_id=conversation.contact_id,
            origin=origin,
        ),
    )
    return Recorded(message, conversation, is_new=True)


async def messages_after(
    session: AsyncSession, conversation_id: str, after_seq: int, *, limit: int, with_notes: bool
) -> list[Message]:
    """Entries with seq above `after_seq`, oldest first, at most `limit`; notes come after their anchor.

    With notes, those anchored at `after_seq` itself are included: they may have been written after the reader left.
    """
    later = Message.seq > after_seq
    position = later | (Message.anchor_seq >= after_seq) if with_notes else later
    query = select(Message).where(Message.conversation_id == conversation_id, position).order_by(*_TIMELINE)
    return list(await session.scalars(query.limit(limit)))


async def messages_before(
    session: AsyncSession, conversation_id: str, before_seq: int | None, *, limit: int, with_notes: bool
) -> list[Message]:
    """The last `limit` entries with seq below `before_seq` (of all, if None), oldest first."""
    query = select(Message).where(Message.conversation_id == conversation_id)
    if not with_notes:
        query = query.where(~Message.is_note)
    if before_seq is not None:
        query = query.where((Message.seq < before_seq) | (Message.anchor_seq < before_seq))
    newest_first = [column.desc() for column in _TIMELINE]
    found = list(await session.scalars(query.order_by(*newest_first).limit(limit)))
    return found[::-1]


async def pending_questions(session: AsyncSession, conversation: Conversation) -> list[Message]:
    """What the contact has said and the bot has not yet taken its turn on, oldest first."""
    query = (
        select(Message)
        .where(
            Message.conversation_id == conversation.id,
            Message.seq > conversation.answered_seq,
            Message.sender_kind == SenderKind.CUSTOMER,
        )
        .order_by(Message.seq)
    )
    return list(await session.scalars(query))


async def _already_stored(
    session: AsyncSession, conversation: Conversation, sender: Sender, content: Content, client_msg_id: str | None
) -> Recorded | None:
    if client_msg_id is None:
        return None
    stored = await session.scalar(
        select(Message).where(
            Message.conversation_id == conversation.id,
            Message.sender_key == sender.key,
            Message.client_msg_id == client_msg_id,
        )
    )
    if stored is None:
        return None
    if stored.text != content.text:
        raise IdConflict
    return Recorded(stored, conversation, is_new=False)


async def _check_owner(session: AsyncSession, conversation: Conversation, agent: AgentPrincipal) -> None:
    if conversation.status is ConversationStatus.ASSIGNED and conversation.assignee_id == agent.user_id:
        return
    if conversation.status is ConversationStatus.RESOLVED:
        raise ConversationClosed
    owners = {ConversationStatus.BOT: "机器人", ConversationStatus.QUEUED: "排队等待区"}
    owner = owners.get(conversation.status, "")
    if conversation.assignee_id:
        assignee = await session.get(User, conversation.assignee_id)
        owner = assignee.name if assignee else owner
    raise NotYourConversation(owner=owner)
