"""One answer engine a tenant, built off the event loop, swapped when ready, never shared between tenants."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select

from accounts.service import TenantSettings
from core.events import Event, EventName
from core.logs import get_logger
from core.settings import Settings
from dialog.engine import AnswerEngine, build_engine
from nlu.embedders import OnnxEmbedder
from retrieval.stores.knowledge import load_published, published_revision
from retrieval.vector_cache import VectorCache
from storage.db import Database
from storage.models import Tenant

log = get_logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LiveEngine:
    """An engine and the revision of the knowledge that it was built from."""

    engine: AnswerEngine
    revision: int


class EngineRegistry:
    """Hands out each tenant's engine. While a newer one is being built, the last good one goes on answering."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._cache_dir = settings.data_dir / "index"
        self._embedder = OnnxEmbedder(settings.encoder_dir)
        # Answers and index builds have threads of their own: a build of minutes must not delay a customer.
        self._answering = ThreadPoolExecutor(settings.answer_threads, thread_name_prefix="answer")
        self._building = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._live: dict[str, LiveEngine] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._refreshing: dict[str, asyncio.Task[LiveEngine]] = {}

    async def warm_up(self) -> None:
        """Loads the encoder and the engines of all tenants, so that no first customer waits."""
        await self._run(self._building, self._embedder.warm_up)
        async with self._database.platform_read() as session:
            tenants = list(await session.scalars(select(Tenant.id)))
        for tenant_id in tenants:
            await self.get(tenant_id)

    async def get(self, tenant_id: str) -> AnswerEngine:
        """The tenant's engine; waits only if there has never been one."""
        live = self._live.get(tenant_id)
        if live is None:
            live = await self._refresh(tenant_id)
        return live.engine

    async def fresh(self, tenant_id: str, revision: int) -> AnswerEngine:
        """The tenant's engine, with a rebuild begun in the background if the knowledge has moved past it."""
        live = self._live.get(tenant_id)
        if live is None:
            return await self.get(tenant_id)
        if live.revision != revision:
            self._refresh_soon(tenant_id)
        return live.engine

    async def run(self, work: Callable[[], T]) -> T:
        """Runs an answer's computation off the event loop."""
        return await self._run(self._answering, work)

    async def on_event(self, event: Event) -> None:
        """Rebuilds when knowledge was published, whichever process published it."""
        if event.name is EventName.KNOWLEDGE_PUBLISHED and event.tenant_id in self._live:
            self._refresh_soon(event.tenant_id)

    def close(self) -> None:
        """Gives the threads back."""
        for task in self._refreshing.values():
            task.cancel()
        self._answering.shutdown(wait=False, cancel_futures=True)
        self._building.shutdown(wait=False, cancel_futures=True)

    def _refresh_soon(self, tenant_id: str) -> None:
        if tenant_id not in self._refreshing:
            task = asyncio.create_task(self._refresh(tenant_id), name=f"index:{tenant_id}")
            self._refreshing[tenant_id] = task
            task.add_done_callback(lambda done: self._refreshed(tenant_id, done))

    def _refreshed(self, tenant_id: str, task: "asyncio.Task[LiveEngine]") -> None:
        self._refreshing.pop(tenant_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("index_build_failed", tenant=tenant_id, reason=repr(error), serving="last good index")

    async def _refresh(self, tenant_id: str) -> LiveEngine:
        async with self._locks[tenant_id]:
            async with self._database.read(tenant_id) as session:
                revision = await published_revision(session)
                live = self._live.get(tenant_id)
                if live is not None and live.revision == revision:
                    return live
                tenant = await session.get_one(Tenant, tenant_id)
                knowledge = await load_published(session)
            settings = TenantSettings.of(tenant)
            cache = VectorCache(self._cache_dir / tenant_id)
            engine = await self._run(
                self._building,
                lambda: build_engine(
                    knowledge.entries,
                    self._embedder,
                    cache=cache,
                    bot_name=settings.bot_name,
                    tenant_name=tenant.name,
                ),
            )
            live = LiveEngine(engine, knowledge.revision)
            self._live[tenant_id] = live
            log.info("index_ready", tenant=tenant_id, revision=live.revision, entries=len(knowledge.entries))
        async with self._database.read(tenant_id) as session:
            has_moved_on = await published_revision(session) != live.revision
        return await self._refresh(tenant_id) if has_moved_on else live

    @staticmethod
    async def _run(executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
