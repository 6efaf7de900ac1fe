"""Does what the outbox owes: turns of the bot whose process died, or that failed the first time."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from audit.anchor import AnchorFile
from core.clock import Clock
from core.logs import get_logger
from privacy.retention import RetentionRules, apply_retention
from server.flows.bot_turn import BOT_TURN, BotTurns
from server.idempotency import purge_expired
from storage.db import Database
from storage.outbox import Job, claim_due, postpone, settle
from storage.tenants import all_tenants

log = get_logger(__name__)

_POLL_SECONDS: Final = 1.0
_TIDY_EVERY: Final = timedelta(hours=1)
_ANCHOR_EVERY: Final = timedelta(minutes=1)
_MAX_ATTEMPTS: Final = 3  # then the customer gets a human instead of more silence


class Worker:
    """Polls the outbox. Any number of processes may; a job is in one pair of hands at a time."""

    def __init__(self, database: Database, bot_turns: BotTurns, anchors: AnchorFile, clock: Clock) -> None:
        self._database = database
        self._bot_turns = bot_turns
        self._clock = clock
        self._anchors = anchors
        self._tidied = self._anchored = clock.now()
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Begins to poll."""
        self._task = asyncio.create_task(self._poll(), name="outbox-worker")

    async def stop(self) -> None:
        """Stops polling, and writes down how long the audit logs are; the job in hand is left to its lease."""
        self._is_stopping = True
        if self._task is not None:
            self._task.cancel()
            # Cancelled in the middle of a statement, a driver may answer with an error of its own instead.
            await asyncio.wait([self._task])
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                log.info("worker_stopped_in_a_statement", reason=type(error).__name__)
        with suppress(SQLAlchemyError, OSError):
            await self._anchors.anchor_heads(self._database, clock=self._clock)

    async def work_once(self) -> int:
        """Does everything that is due; returns how many jobs that was."""
        if self._clock.now() - self._tidied > _TIDY_EVERY:
            self._tidied = self._clock.now()
            await purge_expired(self._database, self._clock)
            await self._apply_retention()
        if self._clock.now() - self._anchored > _ANCHOR_EVERY:
            self._anchored = self._clock.now()
            await self._anchors.anchor_heads(self._database, clock=self._clock)
        jobs = await claim_due(self._database, now=self._clock.now())
        for job in jobs:
            await self._work(job)
        return len(jobs)

    async def _apply_retention(self) -> None:
        for tenant in await all_tenants(self._database):
            async with self._database.write(tenant.id) as session:
                await apply_retention(session, RetentionRules.of(tenant), clock=self._clock)

    async def _poll(self) -> None:
        is_down = False
        while not self._is_stopping:
            try:
                await self.work_once()
                is_down = False
            except (SQLAlchemyError, OSError) as error:
                if not is_down:  # one line for an outage, not one a second
                    log.warning("outbox_unreachable", reason=type(error).__name__)
                is_down = True
            await asyncio.sleep(_POLL_SECONDS)

    async def _work(self, job: Job) -> None:
        conversation_id = str(job.payload.get("conversation_id", ""))
        try:
            if job.kind != BOT_TURN:
                raise ValueError(f"no handler for {job.kind}")
            if job.attempts > _MAX_ATTEMPTS:
                await self._bot_turns.give_up(job.tenant_id, conversation_id, job.key)
                return
            await self._bot_turns.take(job.tenant_id, conversation_id)
            async with self._database.write(job.tenant_id) as session:
                await settle(session, kind=job.kind, key=job.key)
        except Exception as error:
            log.error("job_failed", kind=job.kind, job=job.id, attempts=job.attempts, reason=repr(error))
            async with self._database.write(job.tenant_id) as session:
                await postpone(session, job, error=repr(error), now=self._clock.now())
