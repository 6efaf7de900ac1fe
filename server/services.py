"""What one process of the server is made of. Built once, passed to whoever needs it."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from accounts.vault import Vault
from audit.anchor import AnchorFile
from audit.key import audit_key
from core.clock import Clock, SystemClock
from core.events import Event
from core.settings import Settings
from realtime.bus import Bus, LocalBus, RedisBus
from realtime.hub import CLOSE_RESTARTING, Hub
from realtime.limits import ConnectionCounter, ConnectionLimits
from server.database import open_database
from server.engines import EngineRegistry
from server.flows.bot_turn import BotTurns
from server.flows.inbound import Inbound
from server.flows.intake import Intake
from server.flows.opening import Opening
from server.limiter import Limiter
from server.worker import Worker
from storage.db import Database

_FLUSH_SECONDS: Final = 3  # for what is queued to connected clients; whoever is slower syncs after the restart


@dataclass(slots=True)
class Services:
    """The parts, wired. `start` and `stop` belong to the process's event loop."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    bus: Bus
    hub: Hub
    engines: EngineRegistry
    bot_turns: BotTurns
    intake: Intake
    inbound: Inbound
    opening: Opening
    worker: Worker
    limiter: Limiter
    connections: ConnectionCounter
    is_draining: bool = False

    @classmethod
    def build(cls, settings: Settings, clock: Clock | None = None) -> "Services":
        """Wires everything; connects to nothing yet."""
        clock = clock or SystemClock()
        database = open_database(settings)
        bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
        hub = Hub()
        vault = Vault(settings)
        engines = EngineRegistry(database, settings)
        bot_turns = BotTurns(database, engines, clock)
        intake = Intake(database, clock)
        inbound = Inbound(intake, bot_turns)
        opening = Opening(database, vault, clock, timedelta(days=settings.visitor_days))
        anchors = AnchorFile(settings.data_dir, audit_key(settings))
        worker = Worker(database, bot_turns, anchors, clock)
        limiter = Limiter(settings.redis_url, is_on=settings.rate_limits, knows_proxies=bool(settings.trusted_proxies))
        connections = ConnectionCounter(
            ConnectionLimits(settings.connections_per_person, settings.connections_per_address)
        )
        return cls(
            settings, clock, database, vault, bus, hub, engines, bot_turns, intake, inbound, opening, worker, limiter,
            connections,
        )  # fmt: skip

    async def start(self) -> None:
        """Connects, and begins to deliver and to work."""
        self.bus.on_event(self.hub.deliver)
        self.bus.on_event(self.engines.on_event)

        self.database.on_commit(self._publish)
        await self.bus.start()
        await self.engines.warm_up()
        self.worker.start()

    async def _publish(self, events: list[Event]) -> None:
        await self.bus.publish(events)

    async def drain(self) -> None:
        """Before the listening socket closes: /readyz turns false first, then what was sent is acknowledged, then
        everybody is asked to reconnect elsewhere."""
        self.is_draining = True
        await asyncio.sleep(self.settings.drain_seconds)
        await self.intake.drain()
        self.hub.close_all(CLOSE_RESTARTING)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.hub.wait_until_empty(), _FLUSH_SECONDS)

    async def stop(self) -> None:
        """Lets running turns finish, then closes everything."""
        self.is_draining = True
        async with AsyncExitStack() as last_steps:  # each is taken, whatever happens in another
            last_steps.push_async_callback(self.database.close)
            last_steps.callback(self.engines.close)
            last_steps.push_async_callback(self.limiter.close)
            last_steps.push_async_callback(self.bus.close)
            last_steps.push_async_callback(self.bot_turns.drain)
            last_steps.push_async_callback(self.intake.drain)
            last_steps.push_async_callback(self.worker.stop)
