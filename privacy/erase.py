"""Erasing one person: what they said and what was said to them becomes tombstones, who they were is cleared.

Counters, times and `seq` stay, so that timelines have no gap and figures stay right.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import String, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit.record import Actor, Subject, record_audit
from core.clock import Clock
from core.events import Event, EventName
from core.private_data import PrivateKind, find_private
from inbox.contacts import anonymous_name
from inbox.conversations import announce_conversation
from privacy.person import Person, collect_person
from storage.base import Base, Json, TenantOwned
from storage.db import announce
from storage.models import SenderKind

TOMBSTONE: Final = "（内容已按要求删除）"
_WORDS_A_QUERY: Final = 20  # SQLite refuses an expression of more than 1,000 terms
_TELLING: Final = 4  # shorter words occur in other people's texts by chance and prove nothing


class EraseReason(StrEnum):
    """Why. A code, not a text: the reason stays in the audit log, where nothing personal may be."""

    PERSON_ASKED = "person_asked"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    PURPOSE_ENDED = "purpose_ended"
    TEST_DATA = "test_data"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was cleared, and where else in the tenant's tables the person's identifiers still occur.

    `left` counts rows by table: other people's conversations or the knowledge base, which erasure does not touch.
    """

    contact_id: str
    reason: EraseReason
    cleared: dict[str, int]
    identifiers: int
    left: dict[str, int]


async def erase_person(
    session: AsyncSession, contact_id: str, reason: EraseReason, actor: Actor, *, clock: Clock
) -> Proof:
    """Erases a contact's data in this transaction, signs its devices out and returns the proof. Doing it again is safe.

    Raises:
        NotFound: no such contact in this tenant.
    """
    person = await collect_person(session, contact_id, lock=True)
    identifiers = _identifiers(person)
    _clear_contact(person)
    _clear_timeline(person)
    for row in (*person.tokens, *person.jobs):
        await session.delete(row)
    await session.flush()
    for token in person.tokens:
        announce(session, Event(EventName.TOKEN_REVOKED, token.tenant_id, subject_id=token.id))
    for conversation in person.conversations:
        await announce_conversation(session, conversation)
    proof = Proof(
        contact_id=contact_id,
        reason=reason,
        cleared={
            "contacts": 1,
            "visitor_tokens": len(person.tokens),
            "conversations": len(person.conversations),
            "messages": len(person.messages),
            "handoffs": len(person.handoffs),
            "answer_receipts": len(person.receipts),
            "outbox": len(person.jobs),
        },
        identifiers=len(identifiers),
        left=await _search(session, identifiers),
    )
    subject = Subject("contact", contact_id)
    await record_audit(session, actor, "contact.erased", subject, clock=clock, reason=str(reason), **proof.cleared)
    return proof


def _clear_contact(person: Person) -> None:
    contact = person.contact
    contact.name, contact.external_id, contact.attributes = anonymous_name(contact.id), None, {}


def _clear_timeline(person: Person) -> None:
    for message in person.messages:
        if message.sender_kind is SenderKind.SYSTEM:
            continue  # our own words: who took over, that it ended
        message.content = {"kind": "text", "text": TOMBSTONE, "erased": True}
        message.text, message.answer, message.client_msg_id = TOMBSTONE, None, None
        if message.sender_kind is SenderKind.CUSTOMER:
            message.sender_name = person.contact.name
    for conversation in person.conversations:
        conversation.dialog_state = {}
        conversation.answered_seq = conversation.last_seq  # a turn that is under way must not write what it has read
        conversation.last_preview = TOMBSTONE if conversation.last_preview else ""
    for handoff in person.handoffs:
        handoff.reason, handoff.note, handoff.summary = "", None, {"questions": [], "answers": []}
    for receipt in person.receipts:
        receipt.trace = {}


def _identifiers(person: Person) -> set[str]:
    """Words that name this person: what they called themselves, and the private data in what they said."""
    contact = person.contact
    named = {contact.external_id or "", *(str(value) for value in contact.attributes.values())}
    if contact.name != anonymous_name(contact.id):
        named.add(contact.name)
    for message in person.messages:
        if message.sender_kind is SenderKind.CUSTOMER:
            named |= {item.text for item in find_private(message.text) if item.kind is not PrivateKind.ADDRESS}
    return {word for word in named if len(word) >= _TELLING}


async def _search(session: AsyncSession, words: set[str]) -> dict[str, int]:
    """Rows of the tenant that contain one of the words, by table; tables without any are left out."""
    left: dict[str, int] = {}
    chunks = [sorted(words)[start : start + _WORDS_A_QUERY] for start in range(0, len(words), _WORDS_A_QUERY)]
    for mapper in Base.registry.mappers:
        if not issubclass(mapper.class_, TenantOwned):
            continue
        texts = [column for column in mapper.columns if isinstance(column.type, String | type(Json))]
        rows: set[str] = set()
        for chunk in chunks if texts else []:
            forms = {form for word in chunk for form in _forms(word)}
            hits = [cast(text, String).contains(form, autoescape=True) for text in texts for form in forms]
            rows |= set(await session.scalars(select(mapper.columns["id"]).where(or_(*hits))))
        if rows:
            left[str(mapper.local_table)] = len(rows)
    return left


def _forms(word: str) -> set[str]:
    """A word as text holds it, and as SQLite's JSON does."""
    return {word, word.encode("ascii", "backslashreplace").decode()}
