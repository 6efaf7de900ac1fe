"""A chat over an unreliable network: what is sent arrives once, what is received comes in order and without gaps."""

import asyncio
import json
import random
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from yingda_client.frames import Ack, Message
from yingda_client.outbox import MemoryOutbox, Outbox, Unsent
from yingda_client.timeline import Timeline

_PING_SECONDS: Final = 25.0
_BACK_OFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_TOKEN_REFUSED: Final = 4401
_TRY_LATER: Final = frozenset({"unavailable", "internal_error", "too_many_messages"})


class Refused(Exception):
    """The server refused a message for good; `code` is stable (docs/errors.md)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class ChatClosed(Exception):
    """The client was closed, or its token refused, before an acknowledgement came. The outbox still has the message."""


class Observer:
    """Hears what the client does; override what you need. Must not raise."""

    def connected(self) -> None:
        """A connection is open; the resume is on its way."""

    def disconnected(self) -> None:
        """The connection is gone; the client makes a new one by itself."""

    def sent(self, unsent: Unsent) -> None:
        """A try leaves."""

    def acknowledged(self, ack: Ack) -> None:
        """The server has a message durably."""

    def unanswered(self, client_msg_id: str) -> None:
        """A try got no answer in time, or its connection died: stored or not, nobody knows. It is tried again."""

    def refused(self, client_msg_id: str, code: str) -> None:
        """The server refused a try."""

    def shown(self, message: Message) -> None:
        """The next message of a followed conversation: in order, without gaps, each once."""

    def synced(self, conversation_id: str, last_seq: int) -> None:
        """A replay is complete."""

    def event(self, frame: dict[str, Any]) -> None:
        """A live event, as docs/api.md describes it."""


@dataclass
class _Lane:
    """The unsent messages of one conversation: one under way at a time, so that a retry cannot overtake."""

    waiting: deque[Unsent] = field(default_factory=deque)
    timer: asyncio.TimerHandle | None = None


class ChatClient:
    """One person's live connection, made again whenever it is lost.

    Use as `async with ChatClient(base_url, token) as chat`. Safe for concurrent tasks of one event loop.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        observer: Observer | None = None,
        outbox: Outbox | None = None,
        ack_seconds: float = 10.0,
    ) -> None:
        self.url = f"{base_url.replace('http', 'ws', 1)}/ws/v1?token={token}"
        self._kind = "agent" if token.startswith("yda_") else "customer"
        self._observer = observer or Observer()
        self._outbox = outbox or MemoryOutbox()
        self._ack_seconds = ack_seconds
        self._timelines: dict[str, Timeline] = {}
        self._lanes: defaultdict[str, _Lane] = defaultdict(_Lane)
        self._results: dict[str, asyncio.Future[Ack]] = {}
        self._handlers: list[Callable[[Message], None]] = []
        self._synced: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._outgoing: asyncio.Queue[str] | None = None  # None: no connection
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        for unsent in self._outbox.waiting():
            self._lanes[unsent.conversation_id].waiting.append(unsent)
        self._running = asyncio.create_task(self._run(), name="yingda-chat")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
        self._end()

    def on_message(self, handler: Callable[[Message], None]) -> None:
        """Calls `handler` with each message of the followed conversations: in order, without gaps, each once."""
        self._handlers.append(handler)

    def follow(self, conversation_id: str, *, after_seq: int = 0) -> None:
        """Shows this conversation from after `after_seq` on, and keeps it complete."""
        self._timelines[conversation_id] = Timeline(after_seq)
        self._ask(conversation_id)

    def position(self, conversation_id: str) -> int:
        """The seq up to which everything was shown: what to pass as `after_seq` next time."""
        return self._timelines[conversation_id].tail

    async def catch_up(self, conversation_id: str) -> int:
        """Returns once everything that the server has at this moment was shown; the seq of the last of it."""
        self._synced[conversation_id].clear()
        self._ask(conversation_id)
        await self._synced[conversation_id].wait()
        return self._timelines[conversation_id].tail

    async def send(
        self, conversation_id: str, text: str, *, note: bool = False, client_msg_id: str | None = None
    ) -> Ack:
        """Sends a message and waits for the server's word that it is stored, over as many tries as that takes.

        Raises:
            Refused: the server will not take it.
            ChatClosed: nobody waits any longer; the outbox sends it next time.
        """
        unsent = Unsent(client_msg_id or str(uuid.uuid4()), conversation_id, text, note)
        self._outbox.put(unsent)
        result: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._results[unsent.client_msg_id] = result
        lane = self._lanes[conversation_id]
        lane.waiting.append(unsent)
        if len(lane.waiting) == 1:
            self._try(lane)
        return await result

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async with connect(self.url, compression=None, open_timeout=5, close_timeout=1) as socket:
                    self._outgoing = asyncio.Queue()
                    writing = asyncio.create_task(self._write(socket, self._outgoing))
                    self._resume()
                    try:
                        async for raw in socket:
                            failures = 0
                            self._take(json.loads(raw))
                    finally:
                        writing.cancel()
                        self._disconnected()
                    if socket.close_code == _TOKEN_REFUSED:
                        self._end()
                        return
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code == _TOKEN_REFUSED:
                    self._end()
                    return
            except (OSError, InvalidHandshake, TimeoutError):
                pass
            pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnects, keeps no secret
            failures += 1

    def _resume(self) -> None:
        self._observer.connected()
        for conversation_id in self._timelines:
            self._ask(conversation_id)
        for lane in self._lanes.values():
            self._try(lane)

    def _disconnected(self) -> None:
        self._outgoing = None
        for timeline in self._timelines.values():
            timeline.asked_from, timeline.wants_another = None, False
        for lane in self._lanes.values():
            if lane.timer is not None:
                lane.timer.cancel()
                lane.timer = None
                self._observer.unanswered(lane.waiting[0].client_msg_id)
        self._observer.disconnected()

    async def _write(self, socket: ClientConnection, outgoing: asyncio.Queue[str]) -> None:
        with suppress(ConnectionClosed):
            while True:
                try:
                    text = await asyncio.wait_for(outgoing.get(), _PING_SECONDS)
                except TimeoutError:
                    text = '{"type":"ping"}'
                await socket.send(text)

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "message":
                self._message(Message.read(frame["message"]))
            case "ack":
                self._acknowledged(Ack.read(frame))
            case "error" if frame.get("client_msg_id"):
                self._refused(frame["client_msg_id"], frame["code"], frame["detail"])
            case "synced":
                self._complete(frame["conversation_id"], frame["last_seq"])
            case "event":
                self._observer.event(frame)
                if frame["event"] == "sync.required":
                    for conversation_id in self._timelines:
                        self._ask(conversation_id)

    def _message(self, message: Message) -> None:
        timeline = self._timelines.get(message.conversation_id)
        if timeline is None:
            return
        for ready in timeline.take(message):
            self._observer.shown(ready)
            for handler in self._handlers:
                handler(ready)
        if timeline.has_gap and timeline.asked_from is None:
            self._ask(message.conversation_id)

    def _complete(self, conversation_id: str, last_seq: int) -> None:
        timeline = self._timelines[conversation_id]
        has_advanced = timeline.asked_from is not None and timeline.tail > timeline.asked_from
        asks_again = timeline.wants_another or (timeline.tail < last_seq and has_advanced)
        timeline.asked_from, timeline.wants_another = None, False
        self._observer.synced(conversation_id, last_seq)
        if asks_again:
            self._ask(conversation_id)
        else:
            self._synced[conversation_id].set()

    def _acknowledged(self, ack: Ack) -> None:
        lane = self._lanes[ack.conversation_id]
        if not lane.waiting or lane.waiting[0].client_msg_id != ack.client_msg_id:
            return  # the answer to an earlier try
        self._observer.acknowledged(ack)
        if ack.conversation_id in self._timelines:
            self._message(self._own(lane.waiting[0], ack))
        self._settle(lane)
        result = self._results.pop(ack.client_msg_id, None)
        if result is not None and not result.done():
            result.set_result(ack)

    def _own(self, unsent: Unsent, ack: Ack) -> Message:
        """Our message as stored: the server does not send it back to the connection that it acknowledged."""
        return Message(
            ack.message_id,
            ack.conversation_id,
            ack.seq,
            self._kind,
            None,
            "",
            unsent.text,
            ack.created_at,
            ack.client_msg_id,
        )

    def _refused(self, client_msg_id: str, code: str, detail: str) -> None:
        lane = next(
            (x for x in self._lanes.values() if x.waiting and x.waiting[0].client_msg_id == client_msg_id), None
        )
        if lane is None:
            return
        self._observer.refused(client_msg_id, code)
        if code in _TRY_LATER:
            self._again(lane, 0.5)
            return
        self._settle(lane)
        result = self._results.pop(client_msg_id, None)
        if result is not None and not result.done():
            result.set_exception(Refused(code, detail))

    def _settle(self, lane: _Lane) -> None:
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        self._outbox.remove(lane.waiting.popleft().client_msg_id)
        self._try(lane)

    def _try(self, lane: _Lane) -> None:
        if self._outgoing is None or not lane.waiting:
            return
        unsent = lane.waiting[0]
        self._observer.sent(unsent)
        frame = {
            "type": "send",
            "client_msg_id": unsent.client_msg_id,
            "conversation_id": unsent.conversation_id,
            "content": {"kind": "text", "text": unsent.text},
        }
        self._emit(frame | ({"note": True} if unsent.note else {}))
        lane.timer = asyncio.get_running_loop().call_later(self._ack_seconds, self._overdue, lane)

    def _overdue(self, lane: _Lane) -> None:
        self._observer.unanswered(lane.waiting[0].client_msg_id)
        self._again(lane, 0)

    def _again(self, lane: _Lane, pause: float) -> None:
        if lane.timer is not None:
            lane.timer.cancel()
        lane.timer = asyncio.get_running_loop().call_later(pause, self._try, lane)

    def _ask(self, conversation_id: str) -> None:
        """Asks for what is behind the complete part. One replay at a time; a wish during one repeats it."""
        timeline = self._timelines[conversation_id]
        if timeline.asked_from is not None:
            timeline.wants_another = True
        elif self._outgoing is not None:
            timeline.asked_from = timeline.tail
            self._emit({"type": "sync", "conversation_id": conversation_id, "after_seq": timeline.tail})

    def _emit(self, frame: dict[str, Any]) -> None:
        if self._outgoing is not None:
            self._outgoing.put_nowait(json.dumps(frame, ensure_ascii=False))

    def _end(self) -> None:
        for result in self._results.values():
            if not result.done():
                result.set_exception(ChatClosed())
        self._results.clear()
