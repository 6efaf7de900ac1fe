"""One person's data as one JSON object, for people who ask what is kept about them."""

from datetime import datetime
from enum import Enum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from privacy.person import collect_person
from storage.base import Base

Record = dict[str, object]
# Secrets and what only programs need; everything else of a row is given out.
_KEPT_BACK: Final = {"tenant_id", "token_hash", "sender_key"}
FORMAT: Final = "yingda.person/1"


async def export_person(session: AsyncSession, contact_id: str, *, clock: Clock) -> dict[str, object]:
    """All that is stored about a contact, by kind, oldest first (docs/data-map.md).

    Raises:
        NotFound: no such contact in this tenant.
    """
    person = await collect_person(session, contact_id)
    return {
        "format": FORMAT,
        "exported_at": clock.now().isoformat(),
        "contact": _record(person.contact),
        "visitor_tokens": [_record(row) for row in person.tokens],
        "conversations": [_record(row) for row in person.conversations],
        "messages": [_record(row) for row in person.messages],
        "handoffs": [_record(row) for row in person.handoffs],
        "answer_receipts": [_record(row) for row in person.receipts],
        "outbox": [_record(row) for row in person.jobs],
    }


def _record(row: Base) -> Record:
    columns = row.__mapper__.columns.keys()
    return {name: _plain(getattr(row, name)) for name in columns if name not in _KEPT_BACK}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Enum) else value
