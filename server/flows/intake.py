"""Group commit: what many people say at the same moment is stored in one transaction, and each is told after it.

A commit costs a flush to disk, whatever it holds. While one runs, what arrives waits; the next one takes all of it. So
a quiet desk commits each message at once, and a busy one commits hundreds together.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError

from core.clock import Clock
from core.errors import DomainError, Unavailable
from inbox.messages import Post, Recorded, post_all
from server.flows.bot_turn import BOT_TURN
from storage.db import Database
from storage.models import ConversationStatus, SenderKind
from storage.outbox import owe

MAX_BATCH: Final = 256
_MAX_WAITING: Final = 5_000  # of one tenant: at a thousand a second, nobody gets an answer in time beyond that

ACCEPTED = Counter("yingda_messages_accepted_total", "Messages taken in, to be stored")
STORED = Counter("yingda_messages_stored_total", "Messages committed, repeats of known ones included")
BATCH = Histogram("yingda_commit_batch_size", "Messages in one transaction", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
COMMIT_SECONDS = Histogram(
    "yingda_commit_seconds", "Storing one batch, commit included", buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2)
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    said: Post
    stored: "asyncio.Future[Recorded]"


@dataclass(slots=True)
class _Lane:
    """The posts of one tenant that no transaction has taken yet; a transaction never mixes tenants."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    task: "asyncio.Task[None] | None" = None


class Intake:
    """Takes in what people say. Used from one event loop; other processes are kept out by the conversations' locks.

    What one caller hands in first is stored first.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}

    def submit(self, tenant_id: str, said: Post) -> "asyncio.Future[Recorded]":
        """Hands in a post. The future is done after the commit that holds it; then it may be acknowledged.

        Raises (from the future): what `inbox.messages.post_all` refuses, Unavailable if too many wait already, or the
        database's error, after which the post is perhaps stored: the same `client_msg_id` again finds out.
        """
        stored: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        lane = self._lanes.setdefault(tenant_id, _Lane())
        if len(lane.waiting) >= _MAX_WAITING:
            stored.set_exception(Unavailable())
            return stored
        ACCEPTED.inc()
        lane.waiting.append(_Waiting(said, stored))
        if lane.task is None:
            lane.task = asyncio.create_task(self._work(tenant_id, lane), name=f"intake:{tenant_id}")
        return stored

    async def drain(self) -> None:
        """Waits until all that was handed in is stored or refused."""
        while tasks := [lane.task for lane in self._lanes.values() if lane.task is not None]:
            await asyncio.wait(tasks)

    async def _work(self, tenant_id: str, lane: _Lane) -> None:
        while lane.waiting:
            batch = [lane.waiting.popleft() for _ in range(min(len(lane.waiting), MAX_BATCH))]
            await self._store(tenant_id, batch)
        del self._lanes[tenant_id]

    async def _store(self, tenant_id: str, batch: list[_Waiting]) -> None:
        started = time.perf_counter()
        outcomes: Sequence[Recorded | Exception]
        try:
            outcomes = await self._commit(tenant_id, [each.said for each in batch])
        except Exception as error:
            if len(batch) > 1 and _is_about_one(error):
                # One of them cannot be stored: halves find it, and the others do not suffer.
                middle = len(batch) // 2
                await self._store(tenant_id, batch[:middle])
                await self._store(tenant_id, batch[middle:])
                return
            outcomes = [error] * len(batch)
        else:
            BATCH.observe(len(batch))
            COMMIT_SECONDS.observe(time.perf_counter() - started)
            STORED.inc(sum(isinstance(outcome, Recorded) for outcome in outcomes))
        for each, outcome in zip(batch, outcomes, strict=True):
            if each.stored.done():  # whoever asked has gone
                continue
            if isinstance(outcome, Recorded):
                each.stored.set_result(outcome)
            else:
                each.stored.set_exception(outcome)

    async def _commit(self, tenant_id: str, posts: list[Post]) -> list[Recorded | DomainError]:
        async with self._database.write(tenant_id) as session:
            outcomes = await post_all(session, posts, clock=self._clock)
            for outcome in outcomes:
                if isinstance(outcome, Recorded) and owes_a_turn(outcome):
                    owe(
                        session,
                        kind=BOT_TURN,
                        key=outcome.message.id,
                        payload={"conversation_id": outcome.conversation.id},
                        now=self._clock.now(),
                    )
        return outcomes


def owes_a_turn(recorded: Recorded) -> bool:
    """Whether the bot has to answer."""
    return (
        recorded.is_new
        and recorded.message.sender_kind is SenderKind.CUSTOMER
        and recorded.conversation.status is ConversationStatus.BOT
    )


def _is_about_one(error: Exception) -> bool:
    """Whether something in the batch cannot be stored, and the database is not itself in trouble."""
    if isinstance(error, OperationalError | InterfaceError):
        return False
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated
    return isinstance(error, StatementError | ValueError)  # a value that the driver cannot even encode
