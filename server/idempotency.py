"""`Idempotency-Key` on any POST: the same key and body again returns the first result and does nothing twice.

Plain ASGI around the application. A key belongs to the caller's token and the address. Without a token a key protects
only if nobody can guess it, so short keys of anonymous callers are ignored (docs/api.md).
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import Clock
from core.errors import Conflict, DomainError, Invalid
from server.bodies import BodyTooLarge
from server.problems import language_of, problem
from storage.db import Database
from storage.models import IdempotencyRecord

KEEP: Final = timedelta(hours=24)
_ABANDONED: Final = timedelta(minutes=2)  # a first request that never finished; its process died
_MAX_BODY: Final = 1_048_576
_GUESSABLE: Final = 20


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    zh = "这个 Idempotency-Key 已用于另一个请求，请换一个。"
    en = "This Idempotency-Key was used for a different request. Use a new one."


class StillRunning(Conflict):
    code = "request_in_progress"
    zh, en = "同一个请求正在处理，请稍后再试。", "The same request is still being processed. Try again shortly."


@dataclass(frozen=True, slots=True)
class _KeyedRequest:
    record_id: str
    request_hash: str
    cipher: AESGCM


class Idempotency:
    """The middleware."""

    def __init__(self, app: ASGIApp, database: Database, clock: Clock) -> None:
        self._app = app
        self._database = database
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get("idempotency-key") if scope["type"] == "http" else None
        if not key or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        token = Headers(scope=scope).get("authorization", "")
        if not token and len(key) < _GUESSABLE:
            await self._app(scope, receive, send)
            return
        try:
            body = await _read_body(receive)
            keyed = _identify(scope, token, key, body)
            first = await self._begin(keyed)
        except DomainError as error:
            await problem(error, language_of(Request(scope)))(scope, receive, send)
            return
        if first is None:
            await self._run(scope, body, send, keyed)
        else:
            await _replay(send, first, keyed)

    async def _begin(self, keyed: _KeyedRequest) -> IdempotencyRecord | None:
        """None: we are the first and hold the place. Else the first one's record."""
        now = self._clock.now()
        fresh = IdempotencyRecord(id=keyed.record_id, request_hash=keyed.request_hash, status=None, created_at=now)
        try:
            async with self._database.platform_write() as session:
                found = await session.get(IdempotencyRecord, keyed.record_id)
                if found is not None and found.status is None and now - found.created_at > _ABANDONED:
                    await session.delete(found)
                    await session.flush()
                    found = None
                if found is None:
                    session.add(fresh)
        except IntegrityError as error:  # two at once: the other one was first
            raise StillRunning from error
        if found is None:
            return None
        if found.request_hash != keyed.request_hash:
            raise KeyReused
        if found.status is None:
            raise StillRunning
        return found

    async def _run(self, scope: Scope, body: bytes, send: Send, keyed: _KeyedRequest) -> None:
        collected: list[Message] = []
        unread = True

        async def receive_again() -> Message:
            nonlocal unread
            if unread:
                unread = False
                return {"type": "http.request", "body": body, "more_body": False}
            return {"type": "http.disconnect"}

        async def collect(message: Message) -> None:
            collected.append(message)

        try:
            await self._app(scope, receive_again, collect)
            status, content_type, answer = _assemble(collected)
        except BaseException:
            await self._forget(keyed)
            raise
        if status >= 500:
            await self._forget(keyed)  # trying again is exactly what the caller should do
        else:
            async with self._database.platform_write() as session:
                record = await session.get_one(IdempotencyRecord, keyed.record_id)
                record.status, record.content_type = status, content_type
                # Each record has a key of its own and is written once, so a fixed nonce never meets its key again.
                record.response = keyed.cipher.encrypt(bytes(12), answer, None)
        for message in collected:
            await send(message)

    async def _forget(self, keyed: _KeyedRequest) -> None:
        async with self._database.platform_write() as session:
            await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.id == keyed.record_id))


async def purge_expired(database: Database, clock: Clock) -> None:
    """Forgets results older than `KEEP`."""
    async with database.platform_write() as session:
        await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < clock.now() - KEEP))


def _identify(scope: Scope, token: str, key: str, body: bytes) -> _KeyedRequest:
    place = f"{token}\n{scope['path']}\n{key}".encode()
    return _KeyedRequest(
        record_id=hashlib.sha256(b"id\n" + place).hexdigest(),
        request_hash=hashlib.sha256(body).hexdigest(),
        cipher=AESGCM(hashlib.sha256(b"cipher\n" + place).digest()),
    )


async def _read_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > _MAX_BODY:
            raise BodyTooLarge(limit=_MAX_BODY // 1_048_576)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _assemble(collected: list[Message]) -> tuple[int, str, bytes]:
    start = next(message for message in collected if message["type"] == "http.response.start")
    content_type = Headers(raw=list(start["headers"])).get("content-type", "application/json")
    return start["status"], content_type, b"".join(message.get("body", b"") for message in collected)


async def _replay(send: Send, first: IdempotencyRecord, keyed: _KeyedRequest) -> None:
    body = keyed.cipher.decrypt(bytes(12), first.response, None)
    headers = [
        (b"content-type", first.content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"idempotency-replayed", b"true"),
    ]
    await send({"type": "http.response.start", "status": first.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
