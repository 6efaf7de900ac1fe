"""Heads of chains, written down outside the database: a chain alone does not show that its tail was cut off."""

import asyncio
import hmac
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from audit.chain import Anchor, sign
from core.clock import Clock
from storage.db import Database
from storage.models import AuditEntry

_FILE: Final = "audit.anchor"


class AnchorForged(ValueError):
    """A line of the anchor file was not written by this installation."""


class AnchorFile:
    """An append-only file in the data directory, one signed JSON object a line."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._path = folder / _FILE
        self._key = key
        self._written: dict[str, int] = {}

    async def anchor_heads(self, database: Database, *, clock: Clock) -> int:
        """Writes down the heads that have moved since the last call; returns how many."""
        newest = select(AuditEntry.tenant_id, func.max(AuditEntry.seq).label("seq")).group_by(AuditEntry.tenant_id)
        heads = newest.subquery()
        query = select(AuditEntry.tenant_id, AuditEntry.seq, AuditEntry.hash).join(
            heads, (heads.c.tenant_id == AuditEntry.tenant_id) & (heads.c.seq == AuditEntry.seq)
        )
        async with database.platform_read() as session:
            rows = await session.execute(query)
            moved = [Anchor(*row, clock.now()) for row in rows if self._written.get(row.tenant_id, 0) < row.seq]
        if moved:
            await asyncio.to_thread(self._append, moved)
        return len(moved)

    def read(self) -> dict[str, list[Anchor]]:
        """All anchors by tenant.

        Raises:
            AnchorForged: a line is not ours.
        """
        found: defaultdict[str, list[Anchor]] = defaultdict(list)
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                said = json.loads(line)
                mac = said.pop("mac")
                anchor = Anchor(said["tenant_id"], said["seq"], said["hash"], datetime.fromisoformat(said["at"]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise AnchorForged(number) from error
            if not hmac.compare_digest(str(mac), sign(_said(anchor), self._key)):
                raise AnchorForged(number)
            found[anchor.tenant_id].append(anchor)
        return found

    def _append(self, anchors: list[Anchor]) -> None:
        lines = [json.dumps({**json.loads(_said(anchor)), "mac": sign(_said(anchor), self._key)}) for anchor in anchors]
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        self._written |= {anchor.tenant_id: anchor.seq for anchor in anchors}


def _said(anchor: Anchor) -> str:
    said = {"tenant_id": anchor.tenant_id, "seq": anchor.seq, "hash": anchor.hash, "at": anchor.at.isoformat()}
    return json.dumps(said, sort_keys=True)
