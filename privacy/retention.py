"""How long each kind of data is kept: rules of the tenant, applied by the worker, rehearsed by `yingda retention`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from audit.record import SYSTEM, Subject, record_audit
from core.clock import Clock
from storage.models import (
    AccessToken,
    AnswerReceipt,
    Contact,
    Conversation,
    ConversationStatus,
    Tenant,
    VisitorToken,
)

_KEY: Final = "retention"
_DEAD_TOKENS: Final = timedelta(days=7)  # an expired token helps nobody; a week, to explain why somebody was signed out


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """Days that a kind of data is kept after its last change; None keeps it. The audit log is always kept."""

    conversations: int | None = None  # resolved ones, with messages, notes, handoffs and receipts
    answer_traces: int | None = 90  # why the bot answered as it did; the figures stay
    contacts: int | None = None  # people without any conversation

    @classmethod
    def of(cls, tenant: Tenant) -> "RetentionRules":
        """The tenant's rules; what it has not chosen takes its default."""
        chosen = tenant.settings.get(_KEY, {})
        return cls(**{name: chosen[name] for name in cls.__slots__ if name in chosen})


@dataclass(frozen=True, slots=True)
class Expired:
    """How many rows of each kind are (or were) past their time."""

    conversations: int = 0
    answer_traces: int = 0
    contacts: int = 0
    tokens: int = 0

    @property
    def total(self) -> int:
        return sum(asdict(self).values())


async def read_rules(session: AsyncSession, tenant_id: str) -> RetentionRules:
    """The rules of the session's tenant."""
    return RetentionRules.of(await session.get_one(Tenant, tenant_id))


async def change_rules(session: AsyncSession, tenant_id: str, rules: RetentionRules) -> None:
    """Replaces the rules of the session's tenant."""
    tenant = await session.get_one(Tenant, tenant_id)
    settings: dict[str, Any] = {**tenant.settings, _KEY: asdict(rules)}
    tenant.settings = settings


async def count_expired(session: AsyncSession, rules: RetentionRules, *, now: datetime) -> Expired:
    """What `apply_retention` would remove now."""
    return Expired(
        conversations=await _count(session, Conversation, _old_conversations(rules, now)),
        answer_traces=await _count(session, AnswerReceipt, _old_traces(rules, now)),
        contacts=await _count(session, Contact, _idle_contacts(rules, now)),
        tokens=await _count(session, VisitorToken, [VisitorToken.expires_at < now - _DEAD_TOKENS])
        + await _count(session, AccessToken, [AccessToken.expires_at < now - _DEAD_TOKENS]),
    )


async def apply_retention(session: AsyncSession, rules: RetentionRules, *, clock: Clock) -> Expired:
    """Removes what is past its time, in this transaction, and says so in the audit log."""
    now = clock.now()
    expired = await count_expired(session, rules, now=now)
    if not expired.total:
        return expired
    if expired.answer_traces:
        await session.execute(update(AnswerReceipt).where(*_old_traces(rules, now)).values(trace={}))
    if expired.conversations:
        await session.execute(delete(Conversation).where(*_old_conversations(rules, now)))
    if expired.contacts:
        await session.execute(delete(Contact).where(*_idle_contacts(rules, now)))
    for table in (VisitorToken, AccessToken):
        await session.execute(delete(table).where(table.expires_at < now - _DEAD_TOKENS))
    await record_audit(session, SYSTEM, "retention.applied", Subject("tenant"), clock=clock, **asdict(expired))
    return expired


Conditions = Sequence[ColumnElement[bool]]


def _old_conversations(rules: RetentionRules, now: datetime) -> Conditions:
    if rules.conversations is None:
        return ()
    is_over = Conversation.status == ConversationStatus.RESOLVED
    return (is_over, Conversation.updated_at < now - timedelta(days=rules.conversations))


def _old_traces(rules: RetentionRules, now: datetime) -> Conditions:
    if rules.answer_traces is None:
        return ()
    return (AnswerReceipt.created_at < now - timedelta(days=rules.answer_traces), AnswerReceipt.trace != {})


def _idle_contacts(rules: RetentionRules, now: datetime) -> Conditions:
    if rules.contacts is None:
        return ()
    talked = select(Conversation.id).where(Conversation.contact_id == Contact.id).exists()
    return (Contact.created_at < now - timedelta(days=rules.contacts), ~talked)


async def _count(session: AsyncSession, table: type, conditions: Conditions) -> int:
    if not conditions:
        return 0
    return int(await session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)
