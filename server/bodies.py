"""Bodies of requests: how large, how deep and how slow they may be. Plain ASGI, before anything reads them.

A JSON body is read whole, looked at and passed on. Of others (uploads) only the bytes are counted on their way.
"""

import asyncio
import re
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import DomainError, Invalid
from server.problems import language_of, problem

MAX_JSON: Final = 1_048_576
MAX_DEPTH: Final = 32
_READ_SECONDS: Final = 30
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UPLOADS: Final = frozenset({"multipart/form-data", "application/octet-stream"})
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class BodyTooLarge(DomainError):
    status, code = 413, "body_too_large"
    zh, en = "请求内容过大，最大 {limit} MB。", "The request is too large; the limit is {limit} MB."


class BodyTooDeep(Invalid):
    code = "body_too_deep"
    zh, en = "JSON 嵌套过深，最多 {limit} 层。", "The JSON is nested too deeply; the limit is {limit} levels."


class BodyTooSlow(DomainError):
    status, code = 408, "body_too_slow"
    zh, en = "请求内容传得太慢，请重试。", "The request took too long to arrive. Please try again."


class BodyLimits:
    """The middleware."""

    def __init__(self, app: ASGIApp, max_upload_mb: int) -> None:
        self._app = app
        self._max_upload_mb = max_upload_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").split(";")[0].strip().lower() in _UPLOADS
        limit_mb = self._max_upload_mb if is_upload else MAX_JSON // 1_048_576
        try:
            if int(headers.get("content-length", "0")) > limit_mb * 1_048_576:
                raise BodyTooLarge(limit=limit_mb)
            if is_upload:
                await self._count(scope, receive, send, limit_mb)
            else:
                body = await _read(receive)
                await self._app(scope, _again(body, receive), send)
        except (BodyTooLarge, BodyTooDeep, BodyTooSlow) as error:
            await problem(error, language_of(Request(scope)))(scope, receive, send)

    async def _count(self, scope: Scope, receive: Receive, send: Send, limit_mb: int) -> None:
        size, has_answered = 0, False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return {"type": "http.disconnect"} if size > limit_mb * 1_048_576 else message

        async def answer(message: Message) -> None:
            nonlocal has_answered
            if size <= limit_mb * 1_048_576:
                has_answered = True
                await send(message)

        await self._app(scope, counted, answer)
        if not has_answered:
            raise BodyTooLarge(limit=limit_mb)


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_READ_SECONDS):
            while True:
                message = await receive()
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > MAX_JSON:
                    raise BodyTooLarge(limit=MAX_JSON // 1_048_576)
                parts.append(part)
                if not message.get("more_body"):
                    break
    except TimeoutError as error:
        raise BodyTooSlow from error
    body = b"".join(parts)
    if is_too_deep(body):
        raise BodyTooDeep(limit=MAX_DEPTH)
    return body


def is_too_deep(body: bytes) -> bool:
    """Whether brackets outside strings are nested more than `MAX_DEPTH` deep."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKENS.finditer(body):
        match token.group()[:1]:
            case b"[" | b"{":
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            case b"]" | b"}":
                depth -= 1
    return False


def _again(body: bytes, receive: Receive) -> Receive:
    is_unread = True

    async def receive_again() -> Message:
        nonlocal is_unread
        if is_unread:
            is_unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return receive_again
