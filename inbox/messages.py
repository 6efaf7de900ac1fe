"""The timeline. `record_messages` is the only function that writes message rows; everything said ends in it.

post_all      contacts and agents speak, many in one transaction  ┐
send_as_bot   the bot speaks                                      ├→ record_messages → rows + announcements
record_event  something happened                                  ┘
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import AgentPrincipal
from core.clock import Clock
from core.errors import DomainError, NotFound
from core.events import Event, EventName
from core.ids import new_id
from inbox.content import Content, TextContent, plain_text, preview
from inbox.conversations import Opened, announce_conversation, announce_opened
from inbox.errors import BadClientMessageId, ConversationClosed, IdConflict, NotYourConversation
from inbox.wire import TimelineEntry, message_for_agents, message_for_contact
from storage.db import add_rows, announce, tenant_of
from storage.models import Contact, Conversation, ConversationStatus, Inbox, Message, SenderKind, User

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
class Post:
    """Something that a contact or an agent wants to say, checked for itself but not yet against the conversation."""

    conversation_id: str
    author: AgentPrincipal | str  # an agent, or the id of the contact
    content: TextContent
    client_msg_id: str | None
    is_note: bool = False
    origin: str | None = None  # the connection that gets an acknowledgement of its own

    @property
    def sender_key(self) -> str:
        if isinstance(self.author, AgentPrincipal):
            return f"{SenderKind.AGENT}:{self.author.user_id}"
        return f"{SenderKind.CUSTOMER}:{self.author}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the timeline on its way into the database; reads like the stored `Message`."""

    id: str
    conversation_id: str
    seq: int | None
    anchor_seq: int | None
    is_note: bool
    sender_kind: SenderKind
    sender_id: str | None
    sender_key: str
    sender_name: str
    client_msg_id: str | None
    content: dict[str, Any]
    text: str
    answer: dict[str, Any] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored message; `is_new` is false if the same send had already been stored before."""

    message: TimelineEntry
    conversation: Conversation
    is_new: bool


def check_client_msg_id(client_msg_id: str | None) -> str | None:
    """Raises BadClientMessageId unless the id is absent or 1–128 visible ASCII characters."""
    if client_msg_id is not None and not _CLIENT_ID.fullmatch(client_msg_id):
        raise BadClientMessageId
    return client_msg_id


async def post(session: AsyncSession, said: Post, *, clock: Clock) -> Recorded:
    """Stores one post.

    Raises:
        NotFound, NotYourConversation, ConversationClosed, IdConflict: as post_all returns them.
    """
    (outcome,) = await post_all(session, [said], clock=clock)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def post_all(session: AsyncSession, posts: Sequence[Post], *, clock: Clock) -> list[Recorded | DomainError]:
    """Stores what contacts and agents say, in the order given, in this transaction; one outcome for each.

    A post that is refused leaves no trace and does not touch the others:

    - NotFound: no such conversation in this tenant, or not this contact's;
    - NotYourConversation, ConversationClosed: only the owner speaks to the contact; any agent may leave a note;
    - IdConflict: this sender used the `client_msg_id` for something else.

    A contact's words bring a resolved conversation back to life with the bot. Sending again with the same
    `client_msg_id` gives what is stored already.
    """
    opened = await _lock_all(session, posts)
    stored = await _stored_before(session, posts)
    now = clock.now()
    outcomes: list[Recorded | DomainError] = []
    drafts: list[_Draft] = []
    changed: dict[str, Opened] = {}
    for said in posts:
        try:
            chat = _opened_for(opened, said)
            known = _known(stored, said)
            if known is None:
                known = entry = _compose(chat, said, now)
                drafts.append(_Draft(entry, chat.conversation.contact_id, said.origin))
                changed[said.conversation_id] = chat
                if said.client_msg_id is not None:
                    stored[said.conversation_id, said.sender_key, said.client_msg_id] = entry
        except DomainError as refusal:
            outcomes.append(refusal)
        else:
            outcomes.append(Recorded(known, chat.conversation, is_new=isinstance(known, Entry)))
    await record_messages(session, drafts)
    for chat in changed.values():
        announce_opened(session, chat)
    return outcomes


async def send_as_bot(
    session: AsyncSession,
    conversation: Conversation,
    content: TextContent,
    *,
    bot_name: str,
    answer: AnswerNote | None,
    clock: Clock,
) -> TimelineEntry:
    """The bot speaks. The caller holds the conversation's lock and has seen there that the bot owns it."""
    if conversation.status is not ConversationStatus.BOT:
        raise NotYourConversation(owner=str(conversation.status))
    sender = Sender(SenderKind.BOT, bot_name)
    entry = await say(session, conversation, sender, content, answer=answer, now=clock.now())
    await announce_conversation(session, conversation)
    return entry


async def record_event(
    session: AsyncSession, conversation: Conversation, content: Content, *, clock: Clock
) -> TimelineEntry:
    """Something happened to the conversation, told in its timeline. The caller announces the conversation."""
    return await say(session, conversation, Sender(SenderKind.SYSTEM, ""), content, now=clock.now())


async def say(
    session: AsyncSession,
    conversation: Conversation,
    sender: Sender,
    content: Content,
    *,
    now: datetime,
    answer: AnswerNote | None = None,
) -> TimelineEntry:
    """One entry of somebody who needs no `client_msg_id`. The caller holds the conversation's lock."""
    entry = _next_entry(conversation, sender, content, now=now, answer=answer)
    await record_messages(session, [_Draft(entry, conversation.contact_id)])
    return entry


@dataclass(frozen=True, slots=True)
class _Draft:
    entry: Entry
    contact_id: str
    origin: str | None = None


async def record_messages(session: AsyncSession, drafts: Sequence[_Draft]) -> None:
    """Writes entries of timelines and announces them; the only function that writes message rows.

    The caller holds the row lock of each conversation (`lock_conversation`, `post_all`), which is what makes `seq`
    gapless and puts everything said in one order, and has made sure that each `client_msg_id` is new.
    """
    rows = [{name: getattr(draft.entry, name) for name in Entry.__slots__} for draft in drafts]
    await add_rows(session, Message, rows)
    tenant_id = tenant_of(session)
    for draft in drafts:
        entry = draft.entry
        seen = None if entry.is_note else {"type": "message", "message": message_for_contact(entry)}
        event = Event(
            EventName.MESSAGE_CREATED,
            tenant_id,
            agent_frame={"type": "message", "message": message_for_agents(entry)},
            contact_frame=seen,
            contact_id=draft.contact_id,
            origin=draft.origin,
        )
        announce(session, event)


def _next_entry(
    conversation: Conversation,
    sender: Sender,
    content: Content,
    *,
    now: datetime,
    client_msg_id: str | None = None,
    is_note: bool = False,
    answer: AnswerNote | None = None,
) -> Entry:
    if not is_note:
        conversation.last_seq += 1
        conversation.updated_at = now
        if sender.kind is not SenderKind.SYSTEM:  # lists show what was said last, not that a conversation was resolved
            conversation.last_message_seq = conversation.last_seq
            conversation.last_sender = sender.kind
            is_markdown = sender.kind in {SenderKind.BOT, SenderKind.AGENT}
            conversation.last_preview = preview(plain_text(content.in_words) if is_markdown else content.in_words)
            conversation.last_message_at = now
    return Entry(
        id=new_id(),
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


async def _lock_all(session: AsyncSession, posts: Sequence[Post]) -> dict[str, Opened]:
    """The conversations, locked in one order everywhere so that no two transactions wait for each other.

    Locked before they are joined: a row that another transaction changed meanwhile is then seen as it is now.
    """
    wanted = sorted({said.conversation_id for said in posts})
    query = select(Conversation).where(Conversation.id.in_(wanted)).order_by(Conversation.id).with_for_update()
    locked = list(await session.scalars(query.execution_options(populate_existing=True)))
    assignees = {conversation.assignee_id for conversation in locked if conversation.assignee_id}
    people = await session.execute(
        select(Contact, Inbox)
        .join(Inbox, Inbox.id == Contact.inbox_id)
        .where(Contact.id.in_({conversation.contact_id for conversation in locked}))
    )
    contacts = {contact.id: (contact, inbox) for contact, inbox in people}
    users = {}
    if assignees:
        users = {user.id: user for user in await session.scalars(select(User).where(User.id.in_(assignees)))}
    return {
        conversation.id: Opened(
            conversation, *contacts[conversation.contact_id], users.get(conversation.assignee_id or "")
        )
        for conversation in locked
    }


async def _stored_before(session: AsyncSession, posts: Sequence[Post]) -> dict[tuple[str, str, str], TimelineEntry]:
    keys = {(said.conversation_id, said.sender_key, said.client_msg_id) for said in posts if said.client_msg_id}
    if not keys:
        return {}
    key = tuple_(Message.conversation_id, Message.sender_key, Message.client_msg_id)
    found = await session.scalars(select(Message).where(key.in_(sorted(keys))))
    return {(each.conversation_id, each.sender_key, each.client_msg_id or ""): each for each in found}


def _opened_for(opened: dict[str, Opened], said: Post) -> Opened:
    chat = opened.get(said.conversation_id)
    if chat is None:
        raise NotFound
    if not isinstance(said.author, AgentPrincipal) and chat.conversation.contact_id != said.author:
        raise NotFound
    return chat


def _known(stored: dict[tuple[str, str, str], TimelineEntry], said: Post) -> TimelineEntry | None:
    message = stored.get((said.conversation_id, said.sender_key, said.client_msg_id or ""))
    if message is not None and message.text != said.content.text:
        raise IdConflict
    return message


def _compose(chat: Opened, said: Post, now: datetime) -> Entry:
    conversation = chat.conversation
    if isinstance(said.author, AgentPrincipal):
        if not said.is_note:
            _check_owner(chat, said.author)
        sender = Sender(SenderKind.AGENT, said.author.name, said.author.user_id)
    else:
        sender = Sender(SenderKind.CUSTOMER, chat.contact.name, chat.contact.id)
    entry = _next_entry(
        conversation, sender, said.content, now=now, client_msg_id=said.client_msg_id, is_note=said.is_note
    )
    if sender.kind is SenderKind.CUSTOMER:
        if conversation.status is ConversationStatus.RESOLVED:
            conversation.status = ConversationStatus.BOT
        conversation.last_customer_seq = conversation.last_seq
        conversation.unread += 1
    elif not said.is_note:
        conversation.agent_read_seq = conversation.last_seq
        conversation.unread = 0
    return entry


def _check_owner(chat: Opened, agent: AgentPrincipal) -> None:
    status = chat.conversation.status
    if status is ConversationStatus.ASSIGNED and chat.conversation.assignee_id == agent.user_id:
        return
    if status is ConversationStatus.RESOLVED:
        raise ConversationClosed
    owners = {ConversationStatus.BOT: "机器人", ConversationStatus.QUEUED: "排队等待区"}
    raise NotYourConversation(owner=chat.assignee.name if chat.assignee else owners.get(status, ""))
