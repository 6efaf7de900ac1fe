"""The bot's turn: read what was asked, decide, store the reply or hand over. At most one turn of a conversation at a
time, and what a turn decides is written only if the bot still owns the conversation at that moment."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from prometheus_client import Counter, Histogram
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.ids import new_id
from core.logs import SparseLog, get_logger
from dialog.engine import take_turn
from dialog.types import Action, Answer, DialogState, TurnResult
from handoff.service import request_handoff
from inbox.content import Button, TextContent
from inbox.conversations import lock_conversation
from inbox.messages import AnswerNote, pending_questions, send_as_bot
from retrieval.stores.knowledge import published_revision
from server.engines import EngineRegistry
from storage.db import Database
from storage.models import AnswerReceipt, Conversation, ConversationStatus, HandoffTrigger, Message
from storage.outbox import settle

BOT_TURN: Final = "bot.turn"
log = get_logger(__name__)
_turn_failed = SparseLog(log, "bot_turn_failed")

TURN_SECONDS = Histogram(
    "yingda_bot_turn_seconds",
    "From reading the question to the committed reply",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5),
)
TURNS = Counter("yingda_bot_turns_total", "Turns of the bot by what it did", ["action"])


class BotTurns:
    """Takes turns for conversations. Used from one event loop; other processes are kept out by the row lock."""

    def __init__(self, database: Database, engines: EngineRegistry, clock: Clock) -> None:
        self._database = database
        self._engines = engines
        self._clock = clock
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def soon(self, tenant_id: str, conversation_id: str) -> None:
        """Takes a turn in the background. If it fails, the outbox brings the turn back later."""
        task = asyncio.create_task(self._take_logged(tenant_id, conversation_id), name=f"turn:{conversation_id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def take(self, tenant_id: str, conversation_id: str) -> None:
        """Takes the turn on everything that the contact has said and the bot has not yet dealt with."""
        async with self._alone(conversation_id):
            while True:
                started = time.perf_counter()
                async with self._database.read(tenant_id) as session:
                    conversation = await session.get(Conversation, conversation_id)
                    if conversation is None or conversation.status is not ConversationStatus.BOT:
                        return
                    questions = await pending_questions(session, conversation)
                    revision = await published_revision(session)
                if not questions:
                    return
                question = questions[0]
                engine = await self._engines.fresh(tenant_id, revision)
                state = DialogState.from_json(conversation.dialog_state)
                computing = time.perf_counter()
                result = await self._engines.run(lambda: take_turn(state, question.text, engine))  # noqa: B023 - awaited here
                latency_ms = (time.perf_counter() - computing) * 1000
                async with self._database.write(tenant_id) as session:
                    await self._write(session, question, result, engine.bot_name, latency_ms)
                TURN_SECONDS.observe(time.perf_counter() - started)
                TURNS.labels(str(result.answer.action)).inc()

    async def give_up(self, tenant_id: str, conversation_id: str, message_id: str) -> None:
        """The bot cannot answer, for reasons of its own: the customer gets a human instead of silence."""
        async with self._database.write(tenant_id) as session:
            await settle(session, kind=BOT_TURN, key=message_id)
            conversation = await lock_conversation(session, conversation_id)
            if conversation.status is ConversationStatus.BOT:
                await request_handoff(
                    session,
                    conversation_id,
                    trigger=HandoffTrigger.MISSES,
                    reason="机器人暂时无法作答",
                    clock=self._clock,
                )

    async def drain(self) -> None:
        """Waits for running turns."""
        if self._running:
            await asyncio.wait(self._running, timeout=10)

    async def _take_logged(self, tenant_id: str, conversation_id: str) -> None:
        try:
            await self.take(tenant_id, conversation_id)
        except Exception as error:
            _turn_failed.warn(tenant=tenant_id, conversation=conversation_id, reason=repr(error)[:300])

    async def _write(
        self, session: AsyncSession, question: Message, result: TurnResult, bot_name: str, latency_ms: float
    ) -> None:
        await settle(session, kind=BOT_TURN, key=question.id)
        conversation = await lock_conversation(session, question.conversation_id)
        seq = question.seq
        assert seq is not None, "only notes have no seq, and contacts write none"
        if conversation.status is not ConversationStatus.BOT or conversation.answered_seq >= seq:
            return  # a human took over, or another process was faster
        answer = result.answer
        conversation.answered_seq = seq
        conversation.dialog_state = result.state.to_json()
        message_id: str | None = None
        if answer.text:
            message = await send_as_bot(
                session,
                conversation,
                _content(answer),
                bot_name=bot_name,
                answer=_note(answer),
                clock=self._clock,
            )
            message_id = message.id
        session.add(
            AnswerReceipt(
                id=new_id(),
                conversation_id=conversation.id,
                message_id=message_id,
                question_seq=seq,
                action=str(answer.action),
                entry_key=answer.faq_id,
                confidence=answer.confidence,
                latency_ms=latency_ms,
                trace=answer.trace,
                created_at=self._clock.now(),
            )
        )
        if answer.action is Action.HANDOFF:
            trigger = HandoffTrigger(answer.handoff_trigger or HandoffTrigger.CUSTOMER)
            await request_handoff(
                session, conversation.id, trigger=trigger, reason=_REASONS[trigger], clock=self._clock
            )

    @asynccontextmanager
    async def _alone(self, conversation_id: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)


_REASONS: Final = {
    HandoffTrigger.CUSTOMER: "客户要求人工服务",
    HandoffTrigger.MISSES: "机器人连续未能解答",
    HandoffTrigger.ANGER: "客户情绪激动",
    HandoffTrigger.AGENT: "坐席主动接待",
    HandoffTrigger.API: "接口发起",
}


def _content(answer: Answer) -> TextContent:
    return TextContent(answer.text, tuple(Button(choice.title, choice.payload) for choice in answer.choices))


def _note(answer: Answer) -> AnswerNote:
    best = answer.candidates[0] if answer.candidates else None
    return AnswerNote(
        action=str(answer.action),
        confidence=round(answer.confidence, 4),
        faq_id=answer.faq_id,
        question=best.entry.question if best and answer.faq_id else None,
    )
