"""What one process of the server is made of. Built once, passed to whoever needs it."""

from dataclasses import dataclass

from audit.anchor import AnchorFile
from audit.key import audit_key
from core.clock import Clock, SystemClock
from core.events import Event
from core.settings import Settings
from realtime.bus import Bus, LocalBus, RedisBus
from realtime.hub import Hub
from server.engines import EngineRegistry
from server.flows.bot_turn import BotTurns
from server.flows.inbound import Inbound
from server.limiter import Limiter
from server.opening import open_database
from server.worker import Worker
from storage.db import Database


@dataclass(slots=True)
class Services:
    """The parts, wired. `start` and `stop` belong to the process's event loop."""

    settings: Settings
    clock: Clock
    database: Database
    bus: Bus
    hub: Hub
    engines: EngineRegistry
    bot_turns: BotTurns
    inbound: Inbound
    worker: Worker
    limiter: Limiter
    is_draining: bool = False

    @classmethod
    def build(cls, settings: Settings, clock: Clock | None = None) -> "Services":
        """Wires everything; connects to nothing yet."""
        clock = clock or SystemClock()
        database = open_database(settings)
        bus: Bus = RedisBus(settings.redis_url) if settings.redis_url else LocalBus()
        hub = Hub()
        engines = EngineRegistry(database, settings)
        bot_turns = BotTurns(database, engines, clock)
        inbound = Inbound(database, bot_turns, clock)
        anchors = AnchorFile(settings.data_dir, audit_key(settings))
        worker = Worker(database, bot_turns, anchors, clock)
        limiter = Limiter(settings.redis_url, is_on=settings.rate_limits, knows_proxies=bool(settings.trusted_proxies))
        return cls(settings, clock, database, bus, hub, engines, bot_turns, inbound, worker, limiter)

    async def start(self) -> None:
        """Connects, and begins to deliver and to work."""
        self.bus.on_event(self.hub.deliver)
        self.bus.on_event(self.engines.on_event)

        self.database.on_commit(self._publish)
        await self.bus.start()
        await self.engines.warm_up()
        self.worker.start()

    async def _publish(self, events: list[Event]) -> None:
        for event in events:
            await self.bus.publish(event)

    async def stop(self) -> None:
        """Lets running turns finish, then closes everything."""
        self.is_draining = True
        await self.worker.stop()
        await self.bot_turns.drain()
        await self.bus.close()
        await self.limiter.close()
        self.engines.close()
        await self.database.close()
