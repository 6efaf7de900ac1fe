"""The overview page's figures, from what is stored; nothing here is estimated."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from storage.models import (
    AnswerReceipt,
    Conversation,
    Handoff,
    Inbox,
    KnowledgeEntry,
    Message,
    SenderKind,
)

_TOP = 10


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in a time zone, the last one today."""

    first: date
    days: int
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, datetime.min.time(), self.zone)

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=offset) for offset in range(self.days)]

    def day_of(self, moment: datetime) -> date:
        """The day on which a moment falls here."""
        return moment.astimezone(self.zone).date()

    @classmethod
    def last(cls, days: int, *, clock: Clock, zone: ZoneInfo) -> "Period":
        """The last `days` days up to and including today."""
        today = clock.now().astimezone(zone).date()
        return cls(today - timedelta(days=days - 1), days, zone)


async def overview(session: AsyncSession, period: Period) -> dict[str, Any]:
    """Conversations a day and in all, how many the bot solved alone, top questions (docs/api.md, /stats/overview).

    A conversation counts on the day of its start. "Solved by the bot" = the bot answered at least one question from
    the base and no handoff followed; small talk and "I do not know" solve nothing. The first reply time runs from the
    contact's first message to the first one from bot or agent.
    """
    conversations = await session.execute(
        select(Conversation.id, Conversation.created_at, Inbox.channel)
        .join(Inbox, Inbox.id == Conversation.inbox_id)
        .where(Conversation.created_at >= period.start, Conversation.last_seq > 0)
    )
    handed_over = set(
        await session.scalars(select(Handoff.conversation_id).where(Handoff.requested_at >= period.start))
    )
    answered = set(
        await session.scalars(
            select(AnswerReceipt.conversation_id).where(
                AnswerReceipt.created_at >= period.start,
                AnswerReceipt.action == "answer",
                AnswerReceipt.entry_key.is_not(None),
            )
        )
    )
    messages = await session.scalars(
        select(Message.created_at).where(
            Message.created_at >= period.start, Message.sender_kind != SenderKind.SYSTEM, ~Message.is_note
        )
    )
    started: Counter[date] = Counter()
    by_bot: Counter[date] = Counter()
    to_human: Counter[date] = Counter()
    channels: Counter[str] = Counter()
    for conversation_id, created_at, channel in conversations:
        day = period.day_of(created_at)
        started[day] += 1
        channels[channel] += 1
        to_human[day] += conversation_id in handed_over
        by_bot[day] += conversation_id in answered and conversation_id not in handed_over
    said = Counter(period.day_of(created_at) for created_at in messages)
    total = sum(started.values())
    return {
        "days": [
            {
                "date": day.isoformat(),
                "conversations": started[day],
                "bot_resolved": by_bot[day],
                "handoffs": to_human[day],
                "messages": said[day],
            }
            for day in period.dates
        ],
        "totals": {
            "conversations": total,
            "bot_resolved": sum(by_bot.values()),
            "handoffs": sum(to_human.values()),
            "bot_resolution_rate": round(sum(by_bot.values()) / total, 4) if total else None,
            "median_first_reply_ms": await _median_reply(session, period),
        },
        "top_questions": await _top_questions(session, period),
        "channels": [{"channel": channel, "count": count} for channel, count in channels.most_common()],
    }


async def _median_reply(session: AsyncSession, period: Period) -> float | None:
    asked = func.min(case((Message.sender_kind == SenderKind.CUSTOMER, Message.created_at)))
    replied = func.min(case((Message.sender_kind.in_((SenderKind.BOT, SenderKind.AGENT)), Message.created_at)))
    rows = await session.execute(
        select(asked, replied)
        .where(Message.created_at >= period.start, ~Message.is_note)
        .group_by(Message.conversation_id)
    )
    waits = [(reply - question).total_seconds() * 1000 for question, reply in rows if question and reply]
    return round(median(waits), 1) if waits else None


async def _top_questions(session: AsyncSession, period: Period) -> list[dict[str, Any]]:
    asked = func.count()
    rows = await session.execute(
        select(AnswerReceipt.entry_key, KnowledgeEntry.question, asked)
        .join(KnowledgeEntry, KnowledgeEntry.entry_key == AnswerReceipt.entry_key)
        .where(AnswerReceipt.created_at >= period.start, AnswerReceipt.entry_key.is_not(None))
        .group_by(AnswerReceipt.entry_key, KnowledgeEntry.question)
        .order_by(asked.desc(), AnswerReceipt.entry_key)
        .limit(_TOP)
    )
    return [{"faq_id": key, "question": question, "count": count} for key, question, count in rows]
