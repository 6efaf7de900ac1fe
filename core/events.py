"""The catalogue of live events: what may be told after a commit, and to whom.

Names are `noun.past_participle`. A frame is the finished JSON object that a client receives; it is built once
and sent to everyone of its audience. An audience whose frame is None hears nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Frame = dict[str, Any]  # a JSON object on its way to a socket; its shapes are documented in docs/api.md


class EventName(StrEnum):
    CONVERSATION_UPDATED = "conversation.updated"
    CONVERSATION_RESOLVED = "conversation.resolved"
    CONVERSATION_REOPENED = "conversation.reopened"
    CONVERSATION_RETURNED_TO_BOT = "conversation.returned_to_bot"
    HANDOFF_QUEUED = "handoff.queued"
    HANDOFF_ACCEPTED = "handoff.accepted"
    HANDOFF_TRANSFERRED = "handoff.transferred"
    MESSAGE_CREATED = "message.created"
    MESSAGE_READ = "message.read"
    TYPING_STARTED = "typing.started"
    PRESENCE_CHANGED = "presence.changed"
    KNOWLEDGE_PUBLISHED = "knowledge.published"
    ACCESS_CHANGED = "access.changed"
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event
    SYNC_REQUIRED = "sync.required"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened and is committed (or, like typing, needs no commit)."""

    name: EventName
    tenant_id: str
    agent_frame: Frame | None = None
    contact_frame: Frame | None = None
    contact_id: str | None = None  # the one contact whose devices receive `contact_frame`
    origin: str | None = None  # the connection that caused it and has its own acknowledgement
    subject_id: str | None = None  # what internal listeners need: the revoked token's or changed person's id


def event_frame(name: EventName, **fields: object) -> Frame:
    """A frame of type `event` as the protocol defines it."""
    return {"type": "event", "event": str(name), **fields}
