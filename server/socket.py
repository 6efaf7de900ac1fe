"""The chat socket: GET /ws/v1?token=… for customers and agents. Frames and close codes: docs/api.md."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from prometheus_client import Histogram
from sqlalchemy.exc import SQLAlchemyError

from accounts.permissions import Permission
from accounts.presence import end_lease, renew_lease
from accounts.principals import AgentPrincipal, Principal
from accounts.tokens import resolve_token
from core.errors import DomainError, Forbidden, Unauthenticated, Unavailable
from core.events import Event, EventName, Frame, event_frame
from core.ids import new_id
from core.language import Language, preferred_language
from core.logs import SparseLog, get_logger
from inbox.content import parse_content
from inbox.conversations import access_conversation, mark_read
from inbox.messages import Post, Recorded, check_client_msg_id, messages_after
from inbox.wire import message_for_agents, message_for_contact, wire_time
from realtime.hub import CLOSE_HEARTBEAT_LOST, CLOSE_NOT_ALLOWED, CLOSE_TOKEN_INVALID, CLOSE_TOO_MANY, Connection
from realtime.limits import TokenBucket, TooManyConnections, TooManyFrames, TooManyMessages
from realtime.protocol import Ping, Read, Send, Sync, Typing, client_msg_id_of, parse_frame, parse_json
from server.flows.refusals import record_refusal
from server.policy import SOCKET, SOCKET_POLICY, check_may_send
from server.services import Services

router = APIRouter()
log = get_logger(__name__)
_not_handled = SparseLog(log, "frame_not_handled")
_not_stored = SparseLog(log, "message_not_stored")

_SILENCE_SECONDS: Final = 90.0  # clients ping every 25 seconds; three missed and the line is dead
_SYNC_PAGE: Final = 500
_FRAMES_PER_SECOND: Final = 100  # of one connection, of every kind; a console that opens asks for many replays
_BURST: Final = 3
_MAX_UNANSWERED: Final = 64  # sends of one connection that no commit has taken yet
ACK_SECONDS = Histogram(
    "yingda_ack_seconds",
    "From a send frame to its acknowledgement",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)


@router.websocket("/ws/v1")
async def chat_socket(socket: WebSocket) -> None:
    """One connection, from token to close."""
    services: Services = socket.app.state.services
    await socket.accept()
    try:
        principal = await resolve_token(services.database, socket.query_params.get("token", ""), clock=services.clock)
    except Unauthenticated:
        await socket.close(CLOSE_TOKEN_INVALID)
        return
    try:
        SOCKET.check(principal)
    except Forbidden:
        await socket.close(CLOSE_NOT_ALLOWED)
        return
    origin, allowed = socket.headers.get("origin"), services.settings.console_origin_list
    if isinstance(principal, AgentPrincipal) and allowed and origin is not None and origin not in allowed:
        await socket.close(CLOSE_NOT_ALLOWED)  # docs/decisions/0007
        return
    language = preferred_language(socket.headers.get("accept-language"))
    person = principal.user_id if isinstance(principal, AgentPrincipal) else principal.contact_id
    address = socket.client.host if socket.client else ""
    try:
        with services.connections.hold(f"{principal.tenant_id}/{person}", address):
            await SocketSession(socket, services, principal, language).run()
    except TooManyConnections as error:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.send_text(orjson.dumps(_refusal(error, language)).decode())
            await socket.close(CLOSE_TOO_MANY)


class SocketSession:
    """Reads frames, does what they ask, and lets one task write everything that goes out."""

    def __init__(self, socket: WebSocket, services: Services, principal: Principal, language: Language) -> None:
        self._socket = socket
        self._services = services
        self._principal = principal
        self._language = language
        is_agent = isinstance(principal, AgentPrincipal)
        self._connection = Connection(
            id=new_id(),
            tenant_id=principal.tenant_id,
            token_id=principal.token_id,
            contact_id=None if isinstance(principal, AgentPrincipal) else principal.contact_id,
            user_id=principal.user_id if isinstance(principal, AgentPrincipal) else None,
        )
        self._with_notes = is_agent
        self._unanswered = 0
        rate = services.settings.messages_per_second
        self._sends = TokenBucket(rate, rate * _BURST, time.monotonic)
        self._frames = TokenBucket(_FRAMES_PER_SECOND, _FRAMES_PER_SECOND * _BURST, time.monotonic)

    async def run(self) -> None:
        """Serves the connection until either side ends it."""
        self._services.hub.add(self._connection)
        writer = asyncio.create_task(self._write())
        try:
            await self._renew_lease()
            await self._read()
        except (WebSocketDisconnect, RuntimeError):
            pass  # the other side is gone; the socket library says so in either way
        finally:
            self._services.hub.remove(self._connection)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
            await self._end_lease()

    async def _write(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # gone: the reading side ends the session
            while (text := await self._connection.queue.get()) is not None:
                await self._socket.send_text(text)
            await self._socket.close(self._connection.close_code)

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    message = await self._socket.receive()
            except TimeoutError:
                self._connection.close(CLOSE_HEARTBEAT_LOST)
                return
            if message["type"] == "websocket.disconnect":
                return
            if self._principal.expires_at <= self._services.clock.now():
                self._connection.close(CLOSE_TOKEN_INVALID)  # the writer closes the socket, and we read its end
                continue
            await self._handle(message.get("text") or message.get("bytes") or "")

    async def _handle(self, raw: str | bytes) -> None:
        frame: dict[str, Any] = {}
        try:
            if not self._frames.take():
                await asyncio.sleep(1 / _FRAMES_PER_SECOND)  # a flood is refused no faster than it may come
                raise TooManyFrames
            frame = parse_json(raw)
            command = parse_frame(frame)
            SOCKET_POLICY[type(command)].check(self._principal)
            match command:
                case Send() as send:
                    await self._send(send)
                case Sync(conversation_id, after_seq):
                    await self._sync(conversation_id, after_seq)
                case Read(conversation_id, seq):
                    async with self._services.database.write(self._principal.tenant_id) as session:
                        await mark_read(session, self._principal, conversation_id, seq)
                case Typing(conversation_id):
                    await self._typing(conversation_id)
                case Ping():
                    await self._check_token()
                    await self._renew_lease()
                    self._out({"type": "pong"})
        except DomainError as error:
            self._refuse(error, client_msg_id_of(frame))
            services = self._services
            await record_refusal(services.database, error, self._principal, "/ws/v1", clock=services.clock)
        except (SQLAlchemyError, OSError) as error:
            _not_handled.warn(reason=type(error).__name__)
            self._refuse(Unavailable(), client_msg_id_of(frame))

    async def _send(self, send: Send) -> None:
        """Hands the message in and goes on reading; whoever sends fast is stored together."""
        principal = self._principal
        content = parse_content(send.content, max_chars=self._services.settings.max_message_chars)
        check_client_msg_id(send.client_msg_id)
        if isinstance(principal, AgentPrincipal):
            check_may_send(principal, is_note=send.is_note)
            author: AgentPrincipal | str = principal
        else:
            author = principal.contact_id
        if not self._sends.take():
            raise TooManyMessages
        said = Post(
            send.conversation_id,
            author,
            content,
            send.client_msg_id,
            is_note=send.is_note and author is principal,
            origin=self._connection.id,
        )
        started = time.perf_counter()
        stored = self._services.intake.submit(principal.tenant_id, said)
        self._unanswered += 1
        stored.add_done_callback(lambda done: self._settled(done, send, started))
        if self._unanswered >= _MAX_UNANSWERED:  # reads no further: TCP tells the sender to wait
            await asyncio.wait([stored])

    def _settled(self, stored: "asyncio.Future[Recorded]", send: Send, started: float) -> None:
        self._unanswered -= 1
        if stored.cancelled():
            return
        error = stored.exception()
        if error is None:
            ACK_SECONDS.observe(time.perf_counter() - started)
            self._acknowledge(stored.result())
            self._services.inbound.answer(stored.result())
        elif isinstance(error, DomainError):
            self._refuse(error, send.client_msg_id)
        else:
            _not_stored.warn(reason=type(error).__name__)
            self._refuse(Unavailable(), send.client_msg_id)

    def _acknowledge(self, recorded: Recorded) -> None:
        message = recorded.message
        self._out(
            {
                "type": "ack",
                "client_msg_id": message.client_msg_id,
                "message_id": message.id,
                "conversation_id": message.conversation_id,
                "seq": message.seq,
                "created_at": wire_time(message.created_at),
            }
        )

    async def _sync(self, conversation_id: str, after_seq: int) -> None:
        database, tenant_id = self._services.database, self._principal.tenant_id
        show = message_for_agents if self._with_notes else message_for_contact
        async with database.read(tenant_id) as session:
            opened = await access_conversation(session, self._principal, conversation_id)
        last_seq, position = opened.conversation.last_seq, after_seq
        while True:
            async with database.read(tenant_id) as session:
                page = await messages_after(
                    session, conversation_id, position, limit=_SYNC_PAGE, with_notes=self._with_notes
                )
            for message in page:
                # Written straight to the socket: a long history must not overflow the queue of live frames.
                await self._out_now({"type": "message", "message": show(message)})
            seqs = [message.seq for message in page if message.seq is not None]
            last_seq = max([last_seq, *seqs])
            if len(page) < _SYNC_PAGE or not seqs:
                break
            position = seqs[-1]
        await self._out_now({"type": "synced", "conversation_id": conversation_id, "last_seq": last_seq})

    async def _typing(self, conversation_id: str) -> None:
        async with self._services.database.read(self._principal.tenant_id) as session:
            opened = await access_conversation(session, self._principal, conversation_id)
        is_agent = isinstance(self._principal, AgentPrincipal)
        kind = "agent" if is_agent else "customer"
        frame = event_frame(
            EventName.TYPING_STARTED,
            conversation_id=conversation_id,
            sender={"kind": kind, "name": self._principal.name},
        )
        typing = Event(
            EventName.TYPING_STARTED,
            self._principal.tenant_id,
            agent_frame=frame,
            contact_frame=frame if is_agent else None,
            contact_id=opened.conversation.contact_id,
            origin=self._connection.id,
        )
        await self._services.bus.publish([typing])

    def _refuse(self, error: DomainError, client_msg_id: str | None) -> None:
        refusal = _refusal(error, self._language)
        if client_msg_id is not None:
            refusal["client_msg_id"] = client_msg_id
        self._out(refusal)

    def _out(self, frame: Frame) -> None:
        self._connection.send(orjson.dumps(frame).decode())

    async def _out_now(self, frame: Frame) -> None:
        await self._socket.send_text(orjson.dumps(frame).decode())

    async def _check_token(self) -> None:
        """A revocation closes the connection at once; should its hint be lost, the next heartbeat notices."""
        token = self._socket.query_params.get("token", "")
        try:
            await resolve_token(self._services.database, token, clock=self._services.clock)
        except Unauthenticated:
            self._connection.close(CLOSE_TOKEN_INVALID)

    async def _renew_lease(self) -> None:
        if (user_id := self._user_at_the_desk()) is not None:
            async with self._services.database.write(self._principal.tenant_id) as session:
                await renew_lease(session, user_id, clock=self._services.clock)

    def _user_at_the_desk(self) -> str | None:
        """The person whose presence this connection stands for: one who replies, not a program in their name."""
        principal = self._principal
        if not isinstance(principal, AgentPrincipal) or principal.is_api_key:
            return None
        return principal.user_id if principal.may(Permission.CONVERSATION_REPLY) else None

    async def _end_lease(self) -> None:
        user_id, tenant_id = self._user_at_the_desk(), self._principal.tenant_id
        if user_id is None or self._services.is_draining:
            return
        if not self._services.hub.is_user_connected(tenant_id, user_id):
            with suppress(SQLAlchemyError, OSError):
                async with self._services.database.write(tenant_id) as session:
                    await end_lease(session, user_id)


def _refusal(error: DomainError, language: Language) -> Frame:
    return {"type": "error", "code": error.code, "detail": error.detail(language)}
