"""The connections of one process, and who among them hears an event."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson
from prometheus_client import Counter, Gauge

from core.events import Event, EventName, Frame, event_frame

CLOSE_TOKEN_INVALID: Final = 4401
CLOSE_NOT_ALLOWED: Final = 4403
CLOSE_HEARTBEAT_LOST: Final = 4408
CLOSE_TOO_SLOW: Final = 4429
CLOSE_TOO_MANY: Final = 4430
CLOSE_RESTARTING: Final = 1012

_OPEN: Final = 1000  # the code of a connection that nobody has asked to close
_QUEUE_LIMIT: Final = 512  # frames; somebody who is this far behind catches up faster by a reconnect and a sync

CONNECTIONS = Gauge("yingda_connections", "Open live connections", ["kind"])
FRAMES = Counter("yingda_frames_sent_total", "Frames put into send queues")
DROPPED = Counter("yingda_slow_connections_dropped_total", "Connections closed because they read too slowly")


@dataclass(eq=False, slots=True)
class Connection:
    """One socket's outgoing side. Frames are queued; whoever owns the socket takes them from `queue`.

    A None in the queue means: close the socket with `close_code`.
    """

    id: str
    tenant_id: str
    token_id: str
    contact_id: str | None  # None: an agent
    user_id: str | None
    queue: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE_LIMIT))
    close_code: int = _OPEN

    def send(self, text: str) -> None:
        """Queues a finished frame, or gives up on a consumer that is too slow."""
        if self.close_code != _OPEN:
            return
        try:
            self.queue.put_nowait(text)
            FRAMES.inc()
        except asyncio.QueueFull:
            DROPPED.inc()
            self.close(CLOSE_TOO_SLOW)

    def end(self, code: int) -> None:
        """Asks the owner to close the socket after what is still queued."""
        if self.close_code == _OPEN and not self.queue.full():
            self.close_code = code
            self.queue.put_nowait(None)
        else:
            self.close(code)

    def close(self, code: int) -> None:
        """Asks the owner to close the socket, before anything still queued."""
        if self.close_code != _OPEN:
            return
        self.close_code = code
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Hub:
    """Delivers events to this process's connections. Used from one event loop only."""

    def __init__(self) -> None:
        self._agents: defaultdict[str, set[Connection]] = defaultdict(set)  # by tenant
        self._contacts: defaultdict[tuple[str, str], set[Connection]] = defaultdict(set)  # by tenant and contact
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    def add(self, connection: Connection) -> None:
        """Starts delivering to a connection."""
        self._group(connection).add(connection)
        self._is_empty.clear()
        CONNECTIONS.labels(_kind(connection)).inc()

    def remove(self, connection: Connection) -> None:
        """Stops delivering; harmless if it was not there."""
        group = self._group(connection)
        if connection in group:
            group.discard(connection)
            CONNECTIONS.labels(_kind(connection)).dec()
        if not group:
            if connection.contact_id is None:
                self._agents.pop(connection.tenant_id, None)
            else:
                self._contacts.pop((connection.tenant_id, connection.contact_id), None)
        if not self._agents and not self._contacts:
            self._is_empty.set()

    def is_user_connected(self, tenant_id: str, user_id: str) -> bool:
        """Whether a person has another console open on this process."""
        return any(connection.user_id == user_id for connection in self._agents.get(tenant_id, ()))

    def close_all(self, code: int) -> None:
        """Asks everybody to reconnect elsewhere or later, once they have what is queued for them."""
        for connection in list(self._everybody()):
            connection.end(code)

    async def wait_until_empty(self) -> None:
        """Returns once nobody is connected."""
        await self._is_empty.wait()

    async def deliver(self, event: Event) -> None:
        """Sends an event's frames to their audiences; each frame is serialised once."""
        if event.name is EventName.SYNC_REQUIRED:
            self._send(self._everybody(), event_frame(EventName.SYNC_REQUIRED), None)
            return
        if event.name is EventName.TOKEN_REVOKED:
            for connection in list(self._everybody()):
                if connection.tenant_id == event.tenant_id and connection.token_id == event.subject_id:
                    connection.close(CLOSE_TOKEN_INVALID)
            return
        if event.name is EventName.ACCESS_CHANGED:
            for connection in list(self._agents.get(event.tenant_id, ())):
                if connection.user_id == event.subject_id:
                    connection.close(CLOSE_RESTARTING)  # comes back at once, with what it may do now
            return
        if event.agent_frame is not None:
            self._send(self._agents.get(event.tenant_id, ()), event.agent_frame, event.origin)
        if event.contact_frame is not None and event.contact_id is not None:
            listeners = self._contacts.get((event.tenant_id, event.contact_id), ())
            self._send(listeners, event.contact_frame, event.origin)

    def _send(self, connections: Iterable[Connection], frame: Frame, origin: str | None) -> None:
        text: str | None = None
        for connection in list(connections):
            if connection.id == origin:
                continue
            text = text or orjson.dumps(frame).decode()
            connection.send(text)

    def _group(self, connection: Connection) -> set[Connection]:
        if connection.contact_id is None:
            return self._agents[connection.tenant_id]
        return self._contacts[(connection.tenant_id, connection.contact_id)]

    def _everybody(self) -> Iterable[Connection]:
        for groups in (self._agents, self._contacts):
            for group in list(groups.values()):
                yield from list(group)


def _kind(connection: Connection) -> str:
    return "agent" if connection.contact_id is None else "customer"
