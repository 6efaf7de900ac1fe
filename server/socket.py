"""The chat socket: GET /ws/v1?token=… for customers and agents. Frames and close codes: docs/api.md."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from prometheus_client import Histogram
from sqlalchemy.exc import SQLAlchemyError

from accounts.permissions import Permission
from accounts.presence import end_lease, renew_lease
from accounts.principals import AgentPrincipal, Principal, VisitorPrincipal
from accounts.tokens import resolve_token
from core.errors import DomainError, Forbidden, Unauthenticated, Unavailable
from core.events import Event, EventName, Frame, event_frame
from core.ids import new_id
from core.language import Language, preferred_language
from core.logs import get_logger
from inbox.content import parse_content
from inbox.conversations import access_conversation, mark_read
from inbox.messages import Recorded, check_client_msg_id, messages_after, send_as_agent
from inbox.wire import message_for_agents, message_for_contact, wire_time
from realtime.hub import CLOSE_HEARTBEAT_LOST, CLOSE_NOT_ALLOWED, CLOSE_TOKEN_INVALID, Connection
from realtime.protocol import Ping, Read, Send, Sync, Typing, client_msg_id_of, parse_frame, parse_json
from server.flows.inbound import Incoming
from server.flows.refusals import record_refusal
from server.limiter import Rate
from server.policy import SOCKET, SOCKET_POLICY, check_may_send
from server.services import Services

router = APIRouter()
log = get_logger(__name__)

_SILENCE_SECONDS: Final = 90.0  # clients ping every 25 seconds; three missed and the line is dead
_SYNC_PAGE: Final = 500
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
    await SocketSession(socket, services, principal, language).run()


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
        while (text := await self._connection.queue.get()) is not None:
            await self._socket.send_text(text)
        with suppress(RuntimeError):
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
                    await self._renew_lease()
                    self._out({"type": "pong"})
        except DomainError as error:
            self._refuse(error, frame)
            services = self._services
            await record_refusal(services.database, error, self._principal, "/ws/v1", clock=services.clock)
        except (SQLAlchemyError, OSError) as error:
            log.warning("frame_not_handled", reason=type(error).__name__)
            self._refuse(Unavailable(), frame)

    async def _send(self, send: Send) -> None:
        services = self._services
        with ACK_SECONDS.time():
            content = parse_content(send.content, max_chars=services.settings.max_message_chars)
            check_client_msg_id(send.client_msg_id)
            address = self._socket.client.host if self._socket.client else None
            who, where = (Rate.MESSAGE_BY_TOKEN, self._principal.token_id), (Rate.MESSAGE_BY_ADDRESS, address or "")
            await services.limiter.check(address, who, where)
            if isinstance(self._principal, VisitorPrincipal):
                recorded = await services.inbound.store(
                    Incoming(
                        self._principal.tenant_id,
                        self._principal.contact_id,
                        send.conversation_id,
                        content,
                        send.client_msg_id,
                        self._connection.id,
                    )
                )
                self._acknowledge(recorded)
                services.inbound.answer(recorded)
                return
            check_may_send(self._principal, is_note=send.is_note)
            async with services.database.write(self._principal.tenant_id) as session:
                recorded = await send_as_agent(
                    session,
                    send.conversation_id,
                    self._principal,
                    content,
                    client_msg_id=send.client_msg_id,
                    is_note=send.is_note,
                    clock=services.clock,
                    origin=self._connection.id,
                )
            self._acknowledge(recorded)

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
        await self._services.bus.publish(
            Event(
                EventName.TYPING_STARTED,
                self._principal.tenant_id,
                agent_frame=frame,
                contact_frame=frame if is_agent else None,
                contact_id=opened.conversation.contact_id,
                origin=self._connection.id,
            )
        )

    def _refuse(self, error: DomainError, frame: dict[str, Any]) -> None:
        refusal: Frame = {"type": "error", "code": error.code, "detail": error.detail(self._language)}
        if (client_msg_id := client_msg_id_of(frame)) is not None:
            refusal["client_msg_id"] = client_msg_id
        self._out(refusal)

    def _out(self, frame: Frame) -> None:
        self._connection.send(orjson.dumps(frame).decode())

    async def _out_now(self, frame: Frame) -> None:
        await self._socket.send_text(orjson.dumps(frame).decode())

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
