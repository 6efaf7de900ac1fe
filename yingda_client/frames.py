"""What comes over the wire, as typed values."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ack:
    """The server's word that a message is durably stored."""

    client_msg_id: str
    message_id: str
    conversation_id: str
    seq: int | None  # None: an internal note
    created_at: str

    @classmethod
    def read(cls, frame: dict[str, Any]) -> "Ack":
        return cls(*(frame[name] for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation's timeline."""

    id: str
    conversation_id: str
    seq: int | None  # None: an internal note, which only agents see
    sender_kind: str  # customer, bot, agent or system
    sender_id: str | None
    sender_name: str
    text: str
    created_at: str
    client_msg_id: str | None

    @classmethod
    def read(cls, wire: dict[str, Any]) -> "Message":
        sender = wire["sender"]
        return cls(
            wire["id"],
            wire["conversation_id"],
            wire["seq"],
            sender["kind"],
            sender["id"],
            sender["name"],
            wire["content"].get("text", ""),
            wire["created_at"],
            wire.get("client_msg_id"),
        )
