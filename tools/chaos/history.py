"""What clients saw, in the order of one monotonic clock: the evidence that checkers judge."""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What happened. `UNKNOWN` is an honest 'perhaps stored'; it proves nothing either way."""

    INVOKE = "invoke"  # somebody presses send, once per message
    TRY = "try"  # a frame or request leaves, perhaps again
    ACK = "ack"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    FOLLOW = "follow"
    SHOWN = "shown"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    SYNCED = "synced"
    CLAIM_WON = "claim_won"
    CLAIM_LOST = "claim_lost"
    FAULT = "fault"
    MENDED = "mended"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history; fields that do not apply are empty."""

    at: int  # nanoseconds, monotonic
    client: str
    kind: Kind
    conversation: str = ""
    client_msg_id: str = ""
    message_id: str = ""
    seq: int = 0
    digest: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored message that contacts may see."""

    conversation: str
    message_id: str
    seq: int
    sender_kind: str
    sender_key: str
    client_msg_id: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class Final:
    """The database after everything has calmed down."""

    rows: tuple[Row, ...]
    owners: dict[str, str | None]  # conversation → the one assignee


class History:
    """Appended to from one event loop."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def note(
        self,
        client: str,
        kind: Kind,
        *,
        conversation: str = "",
        client_msg_id: str = "",
        message_id: str = "",
        seq: int = 0,
        digest: str = "",
        note: str = "",
    ) -> None:
        """Adds an entry, stamped now."""
        at = time.monotonic_ns()
        self._entries.append(Entry(at, client, kind, conversation, client_msg_id, message_id, seq, digest, note))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def of(self, *kinds: Kind) -> list[Entry]:
        """The entries of some kinds, in order."""
        return [entry for entry in self._entries if entry.kind in kinds]

    def count(self, kind: Kind) -> int:
        return sum(entry.kind is kind for entry in self._entries)


def digest_of(text: str) -> str:
    """A fingerprint of what was said."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
