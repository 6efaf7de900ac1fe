"""How stored rows look on the wire: the shapes of docs/api.md, built in one place for REST and sockets alike."""

from datetime import UTC, datetime
from typing import Any, Protocol

from core.events import Frame
from core.private_data import mask_private
from inbox.content import render_html
from inbox.masking import mask_attributes
from storage.models import Contact, Conversation, Handoff, Inbox, SenderKind, User


class TimelineEntry(Protocol):
    """What the wire tells of a message: a stored row, or one that is being stored."""

    @property
    def id(self) -> str: ...
    @property
    def conversation_id(self) -> str: ...
    @property
    def seq(self) -> int | None: ...
    @property
    def anchor_seq(self) -> int | None: ...
    @property
    def is_note(self) -> bool: ...
    @property
    def sender_kind(self) -> SenderKind: ...
    @property
    def sender_id(self) -> str | None: ...
    @property
    def sender_name(self) -> str: ...
    @property
    def client_msg_id(self) -> str | None: ...
    @property
    def content(self) -> dict[str, Any]: ...
    @property
    def text(self) -> str: ...
    @property
    def answer(self) -> dict[str, Any] | None: ...
    @property
    def created_at(self) -> datetime: ...


def wire_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_for_contact(message: TimelineEntry) -> Frame:
    """A message as its contact sees it. Must never be called for a note."""
    assert not message.is_note, "a note never reaches a contact"
    content: dict[str, Any] = dict(message.content)
    if content["kind"] == "text" and message.sender_kind in {SenderKind.BOT, SenderKind.AGENT}:
        content["html"] = render_html(message.text)
    frame: Frame = {
        "id": message.id,
        "conversation_id": message.conversation_id,
        "seq": message.seq,
        "anchor_seq": message.anchor_seq,
        "sender": {"kind": str(message.sender_kind), "id": message.sender_id, "name": message.sender_name},
        "content": content,
        "note": message.is_note,
        "created_at": wire_time(message.created_at),
    }
    if message.client_msg_id is not None:
        frame["client_msg_id"] = message.client_msg_id
    return frame


def message_for_agents(message: TimelineEntry) -> Frame:
    """A message as the desk sees it: notes too, and how sure the bot was."""
    if message.is_note:
        content = {**message.content, "html": render_html(message.text)}
        return {
            "id": message.id,
            "conversation_id": message.conversation_id,
            "seq": None,
            "anchor_seq": message.anchor_seq,
            "sender": {"kind": str(message.sender_kind), "id": message.sender_id, "name": message.sender_name},
            "content": content,
            "note": True,
            "created_at": wire_time(message.created_at),
            "client_msg_id": message.client_msg_id,
        }
    frame = message_for_contact(message)
    if message.answer is not None:
        frame["answer"] = message.answer
    return frame


def conversation_wire(conversation: Conversation, contact: Contact, inbox: Inbox, assignee: User | None) -> Frame:
    """A conversation as lists and live updates show it."""
    last = None
    if conversation.last_message_at is not None:
        last = {
            "seq": conversation.last_message_seq,
            "sender_kind": str(conversation.last_sender),
            "preview": mask_private(conversation.last_preview),  # the timeline shows it whole
            "created_at": wire_time(conversation.last_message_at),
        }
    return {
        "id": conversation.id,
        "status": str(conversation.status),
        "inbox": {"id": inbox.id, "name": inbox.name, "channel": inbox.channel},
        "contact": {"id": contact.id, "name": contact.name},
        "assignee": {"id": assignee.id, "name": assignee.name} if assignee else None,
        "last_seq": conversation.last_seq,
        "last_message": last,
        "unread": conversation.unread,
        "agent_read_seq": conversation.agent_read_seq,
        "contact_read_seq": conversation.contact_read_seq,
        "waiting_since": wire_time(conversation.waiting_since) if conversation.waiting_since else None,
        "created_at": wire_time(conversation.created_at),
        "updated_at": wire_time(conversation.updated_at),
    }


def conversation_detail(
    conversation: Conversation,
    contact: Contact,
    inbox: Inbox,
    assignee: User | None,
    handoff: Handoff | None,
    *,
    for_desk: bool,
) -> Frame:
    """A conversation with all that an agent wants to know before the first reply; phone and e-mail masked for them."""
    frame = conversation_wire(conversation, contact, inbox, assignee)
    frame["contact"] = {
        "id": contact.id,
        "name": contact.name,
        "created_at": wire_time(contact.created_at),
        "attributes": mask_attributes(contact.attributes) if for_desk else contact.attributes,
    }
    frame["handoff"] = handoff and {
        "id": handoff.id,
        "state": str(handoff.state),
        "trigger": str(handoff.trigger),
        "reason": handoff.reason,
        "note": handoff.note,
        "requested_at": wire_time(handoff.requested_at),
        "accepted_at": wire_time(handoff.accepted_at) if handoff.accepted_at else None,
        "summary": handoff.summary,
    }
    return frame
