"""The chain: each entry's hash covers the one before it, and a MAC covers the hash.

hash = SHA-256(previous hash ‖ canonical entry)    shows that a row was changed, removed, added or moved
mac  = HMAC-SHA-256(key, hash)                     shows that whoever computed the hash had the key

The key lives outside the database, so that rights on the database alone do not suffice to forge an entry.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from storage.models import AuditEntry

START: Final = "0" * 64  # what the first entry is chained to

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not what it was; `seq` is its place in the chain."""

    seq: int
    reason: str


def canonical(entry: AuditEntry) -> bytes:
    """All that an entry says, as the same bytes on every database."""
    said: dict[str, object] = {
        "tenant_id": entry.tenant_id,
        "seq": entry.seq,
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": [entry.actor_kind, entry.actor_id],
        "action": entry.action,
        "object": [entry.object_kind, entry.object_id],
        "details": entry.details,
    }
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def seal(entry: AuditEntry, previous: str, key: bytes) -> None:
    """Chains an entry to the one before and signs it."""
    entry.hash = hashlib.sha256(bytes.fromhex(previous) + canonical(entry)).hexdigest()
    entry.mac = sign(entry.hash, key)


def sign(text: str, key: bytes) -> str:
    """The MAC of a text under the audit key."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of a chain that was written down outside the database."""

    tenant_id: str
    seq: int
    hash: str
    at: datetime


class ChainCheck:
    """Reads a chain in order and stops at the first entry that is wrong."""

    def __init__(self, key: bytes, anchors: list[Anchor]) -> None:
        self._key = key
        # What was written down first counts: a chain that was cut and grew again is anchored a second time.
        self._anchored = {anchor.seq: anchor.hash for anchor in reversed(anchors)}
        self._previous = START
        self.length = 0

    def read(self, entry: AuditEntry) -> Broken | None:
        """Takes the next entry; what is wrong with it, if anything."""
        expected = self.length + 1
        if entry.seq != expected:
            return Broken(expected, "missing")
        if entry.hash != hashlib.sha256(bytes.fromhex(self._previous) + canonical(entry)).hexdigest():
            return Broken(expected, "changed")
        if not hmac.compare_digest(entry.mac, sign(entry.hash, self._key)):
            return Broken(expected, "forged")
        if self._anchored.get(entry.seq, entry.hash) != entry.hash:
            return Broken(expected, "replaced")
        self._previous, self.length = entry.hash, expected
        return None

    def end(self) -> Broken | None:
        """Whether the chain is shorter than it once was."""
        return Broken(self.length + 1, "cut") if max(self._anchored, default=0) > self.length else None
