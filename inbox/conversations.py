"""Conversations: opening, locking, listing, reading, and telling the desk when one changes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.principals import AgentPrincipal, Principal, VisitorPrincipal
from core.clock import Clock
from core.errors import NotFound
from core.events import Event, EventName, Frame, event_frame
from core.ids import new_id
from inbox.errors import BadCursor
from inbox.wire import conversation_detail, conversation_wire
from storage.db import announce, tenant_of
from storage.models import (
    Contact,
    Conversation,
    ConversationStatus,
    Handoff,
    Inbox,
    Message,
    User,
)


class View(StrEnum):
    """The lists of the console."""

    MINE = "mine"
    QUEUE = "queue"
    BOT = "bot"
    RESOLVED = "resolved"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which conversations a list shows."""

    view: View
    search: str = ""
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list and where the next one begins (None at the end)."""

    items: list[Frame]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with the rows around it."""

    conversation: Conversation
    contact: Contact
    inbox: Inbox
    assignee: User | None


_WITH_NEIGHBOURS: Final = (
    select(Conversation, Contact, Inbox, User)
    .join(Contact, Contact.id == Conversation.contact_id)
    .join(Inbox, Inbox.id == Conversation.inbox_id)
    .outerjoin(User, User.id == Conversation.assignee_id)
)


async def open_conversation(session: AsyncSession, contact: Contact, *, clock: Clock) -> Conversation:
    """The contact's current conversation in its inbox: the latest one, or a new one with the bot."""
    latest: Conversation | None = await session.scalar(
        select(Conversation)
        .where(Conversation.contact_id == contact.id)
        .order_by(Conversation.created_at.desc(), Conversation.id.desc())
        .limit(1)
    )
    if latest is not None:
        return latest
    conversation = Conversation(
        id=new_id(),
        inbox_id=contact.inbox_id,
        contact_id=contact.id,
        status=ConversationStatus.BOT,
        assignee_id=None,
        waiting_since=None,
        last_seq=0,
        answered_seq=0,
        agent_read_seq=0,
        contact_read_seq=0,
        last_customer_seq=0,
        last_message_seq=0,
        unread=0,
        last_sender=None,
        last_preview="",
        last_message_at=None,
        dialog_state={},
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    session.add(conversation)
    await session.flush()
    return conversation


async def lock_conversation(session: AsyncSession, conversation_id: str) -> Conversation:
    """The conversation, held until the transaction ends: whoever writes into its timeline takes this first.

    Raises:
        NotFound: not in this tenant.
    """
    conversation: Conversation | None = await session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if conversation is None:
        raise NotFound
    return conversation


async def access_conversation(session: AsyncSession, principal: Principal, conversation_id: str) -> Opened:
    """A conversation that this principal may see: any of an agent's tenant, only its own for a visitor.

    Raises:
        NotFound: absent, another tenant's or another visitor's; the three look the same.
    """
    found = (await session.execute(_WITH_NEIGHBOURS.where(Conversation.id == conversation_id))).one_or_none()
    if found is None:
        raise NotFound
    opened = Opened(*found)
    if isinstance(principal, VisitorPrincipal) and opened.conversation.contact_id != principal.contact_id:
        raise NotFound
    return opened


async def latest_handoff(session: AsyncSession, conversation_id: str) -> Handoff | None:
    """The current or last handoff of a conversation."""
    handoff: Handoff | None = await session.scalar(
        select(Handoff)
        .where(Handoff.conversation_id == conversation_id)
        .order_by(Handoff.requested_at.desc(), Handoff.id.desc())
        .limit(1)
    )
    return handoff


async def describe_conversation(session: AsyncSession, principal: Principal, conversation_id: str) -> Frame:
    """A conversation with its contact, for agents also with the handoff summary; access as access_conversation."""
    opened = await access_conversation(session, principal, conversation_id)
    handoff = None if isinstance(principal, VisitorPrincipal) else await latest_handoff(session, conversation_id)
    return conversation_detail(
        opened.conversation,
        opened.contact,
        opened.inbox,
        opened.assignee,
        handoff,
        for_desk=isinstance(principal, AgentPrincipal),
    )


async def list_conversations(
    session: AsyncSession, agent: AgentPrincipal, wanted: ListFilter, *, limit: int, cursor: str | None
) -> Listed:
    """One page of a list: the latest first, the queue longest-waiting first."""
    oldest_first = wanted.view is View.QUEUE
    order = Conversation.waiting_since if oldest_first else Conversation.updated_at
    query = _filtered(_WITH_NEIGHBOURS, agent, wanted)
    if cursor is not None:
        moment, last_id = _parse_cursor(cursor)
        if oldest_first:
            query = query.where(or_(order > moment, and_(order == moment, Conversation.id > last_id)))
        else:
            query = query.where(or_(order < moment, and_(order == moment, Conversation.id < last_id)))
    ordering = (order, Conversation.id) if oldest_first else (order.desc(), Conversation.id.desc())
    found = await session.execute(query.order_by(*ordering).limit(limit + 1))
    rows = [Opened(conversation, contact, inbox, assignee) for conversation, contact, inbox, assignee in found]
    page = rows[:limit]
    next_cursor = None
    if len(rows) > limit:
        last = page[-1].conversation
        moment = last.waiting_since if oldest_first and last.waiting_since else last.updated_at
        next_cursor = f"{moment.isoformat()}_{last.id}"
    return Listed(
        [conversation_wire(row.conversation, row.contact, row.inbox, row.assignee) for row in page], next_cursor
    )


async def count_conversations(session: AsyncSession, agent: AgentPrincipal) -> dict[str, int]:
    """How many are mine, queued and with the bot, and how many messages of mine are unread."""
    rows = await session.execute(
        select(Conversation.status, Conversation.assignee_id, func.count(), func.sum(Conversation.unread))
        .where(Conversation.status != ConversationStatus.RESOLVED, Conversation.last_seq > 0)
        .group_by(Conversation.status, Conversation.assignee_id)
    )
    counts = {"mine": 0, "queue": 0, "bot": 0, "unread": 0}
    for status, assignee_id, number, unread in rows:
        if assignee_id == agent.user_id:
            counts["mine"] += number
            counts["unread"] += int(unread or 0)
        elif status is ConversationStatus.QUEUED:
            counts["queue"] += number
        elif status is ConversationStatus.BOT:
            counts["bot"] += number
    return counts


async def queue_position(session: AsyncSession, conversation: Conversation) -> int:
    """1 for whoever is next; 0 if not queued."""
    if conversation.waiting_since is None:
        return 0
    ahead = await session.scalar(
        select(func.count())
        .select_from(Conversation)
        .where(
            Conversation.status == ConversationStatus.QUEUED,
            or_(
                Conversation.waiting_since < conversation.waiting_since,
                and_(Conversation.waiting_since == conversation.waiting_since, Conversation.id < conversation.id),
            ),
        )
    )
    return int(ahead or 0) + 1


async def mark_read(session: AsyncSession, principal: Principal, conversation_id: str, seq: int) -> None:
    """Moves a read mark forward (never back, never past the end) and tells the other side."""
    conversation = await lock_conversation(session, conversation_id)
    if isinstance(principal, VisitorPrincipal):
        if conversation.contact_id != principal.contact_id:
            raise NotFound
        reader, before = "customer", conversation.contact_read_seq
    else:
        reader, before = "agent", conversation.agent_read_seq
    seq = min(seq, conversation.last_seq)
    if seq <= before:
        return
    if reader == "customer":
        conversation.contact_read_seq = seq
    else:
        conversation.agent_read_seq = seq
        if seq >= conversation.last_customer_seq:
            conversation.unread = 0
    frame = event_frame(EventName.MESSAGE_READ, conversation_id=conversation.id, reader=reader, seq=seq)
    announce(
        session,
        Event(
            EventName.MESSAGE_READ,
            conversation.tenant_id,
            agent_frame=frame,
            contact_frame=frame,
            contact_id=conversation.contact_id,
        ),
    )


async def announce_conversation(session: AsyncSession, conversation: Conversation) -> None:
    """Tells the desk how the conversation looks now; consoles replace their copy."""
    contact = await session.get_one(Contact, conversation.contact_id)
    inbox = await session.get_one(Inbox, conversation.inbox_id)
    assignee = await session.get(User, conversation.assignee_id) if conversation.assignee_id else None
    announce_opened(session, Opened(conversation, contact, inbox, assignee))


def announce_opened(session: AsyncSession, opened: Opened) -> None:
    """As announce_conversation, where the rows around it are at hand."""
    shown = conversation_wire(opened.conversation, opened.contact, opened.inbox, opened.assignee)
    frame = event_frame(EventName.CONVERSATION_UPDATED, conversation=shown)
    announce(session, Event(EventName.CONVERSATION_UPDATED, tenant_of(session), agent_frame=frame))


_Rows = Select[Conversation, Contact, Inbox, User]


def _filtered(query: _Rows, agent: AgentPrincipal, wanted: ListFilter) -> _Rows:
    query = query.where(Conversation.last_seq > 0)  # a chat window that was opened and nothing said is no conversation
    match wanted.view:
        case View.MINE:
            query = query.where(Conversation.assignee_id == agent.user_id)
        case View.QUEUE:
            query = query.where(Conversation.status == ConversationStatus.QUEUED)
        case View.BOT:
            query = query.where(Conversation.status == ConversationStatus.BOT)
        case View.RESOLVED:
            query = query.where(Conversation.status == ConversationStatus.RESOLVED)
        case View.ALL:
            pass
    if wanted.contact_id:
        query = query.where(Conversation.contact_id == wanted.contact_id)
    if wanted.search:
        said = select(Message.id).where(
            Message.conversation_id == Conversation.id, Message.text.contains(wanted.search, autoescape=True)
        )
        query = query.where(or_(Contact.name.contains(wanted.search, autoescape=True), said.exists()))
    return query


def _parse_cursor(cursor: str) -> tuple[datetime, str]:
    moment, _, last_id = cursor.partition("_")
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError as error:
        raise BadCursor from error
    if parsed.tzinfo is None:
        raise BadCursor
    return parsed, last_id
