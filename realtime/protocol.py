"""The frames that clients send: read strictly, refused with a code that says what was wrong. See docs/api.md."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from core.errors import Invalid

MAX_FRAME_BYTES: Final = 262_144


class BadJson(Invalid):
    code = "bad_json"
    zh, en = "不是有效的 JSON 对象。", "This is not a valid JSON object."


class FrameTooLarge(Invalid):
    status, code = 413, "frame_too_large"
    zh, en = "这一帧太大，最大 256 KB。", "This frame is too large; the limit is 256 KB."


class UnknownType(Invalid):
    code = "unknown_type"
    zh, en = "不认识的消息类型：{kind}。", "Unknown frame type: {kind}."


class BadFrame(Invalid):
    code = "bad_frame"
    zh, en = "字段 {name} 缺失或类型不对。", "The field {name} is missing or has the wrong type."


@dataclass(frozen=True, slots=True)
class Send:
    conversation_id: str
    client_msg_id: str
    content: Any  # checked by inbox.content, which owns what a message may hold
    is_note: bool


@dataclass(frozen=True, slots=True)
class Sync:
    conversation_id: str
    after_seq: int


@dataclass(frozen=True, slots=True)
class Read:
    conversation_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Typing:
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Ping:
    pass


ClientFrame = Send | Sync | Read | Typing | Ping


def parse_json(text: str | bytes) -> dict[str, Any]:
    """A frame's JSON object.

    Raises:
        FrameTooLarge: not even looked into.
        BadJson: not JSON, or not an object.
    """
    if len(text) > MAX_FRAME_BYTES:
        raise FrameTooLarge
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadJson from error
    if not isinstance(frame, dict):
        raise BadJson
    return frame


def parse_frame(frame: dict[str, Any]) -> ClientFrame:
    """The typed frame.

    Raises:
        UnknownType, BadFrame: with what was wrong.
    """
    match frame.get("type"):
        case "send":
            return Send(
                _text(frame, "conversation_id"),
                _text(frame, "client_msg_id"),
                frame.get("content"),
                frame.get("note") is True,
            )
        case "sync":
            return Sync(_text(frame, "conversation_id"), _number(frame, "after_seq"))
        case "read":
            return Read(_text(frame, "conversation_id"), _number(frame, "seq"))
        case "typing":
            return Typing(_text(frame, "conversation_id"))
        case "ping":
            return Ping()
        case kind:
            raise UnknownType(kind=str(kind)[:40])


def client_msg_id_of(frame: dict[str, Any]) -> str | None:
    """The id to name in a refusal, so that the client knows which message was refused."""
    value = frame.get("client_msg_id")
    return value[:128] if isinstance(value, str) else None


def _text(frame: dict[str, Any], name: str) -> str:
    value = frame.get(name)
    if not isinstance(value, str) or not value:
        raise BadFrame(name=name)
    return value


def _number(frame: dict[str, Any], name: str) -> int:
    value = frame.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**31 - 1:
        raise BadFrame(name=name)
    return value
