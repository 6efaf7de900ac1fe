"""Security headers on every answer, as plain ASGI: no request object, no body, nothing on the way of a stream."""

import re
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Pages of ours load nothing from anywhere else, run no inline script, and may be framed only where it is said.
_CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'{sockets}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
# What sites that embed the chat load from us.
_EMBEDDED: Final = ("/chat/", "/widget.js", "/static/widget/", "/favicon", "/api/")
_COMMON: Final[Mapping[bytes, bytes]] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"strict-origin-when-cross-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
}


class SecurityHeaders:
    """Adds headers to every answer, errors included. The chat may be framed by the sites that embed it, all else by
    nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        is_chat = path.startswith("/chat/")
        policy = _CSP.format(ancestors="*" if is_chat else "'none'", sockets=_own_sockets(scope)).encode()
        sharing = b"cross-origin" if path.startswith(_EMBEDDED) else b"same-origin"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *_COMMON.items()]
                headers += [(b"content-security-policy", policy), (b"cross-origin-resource-policy", sharing)]
                if not is_chat:
                    headers.append((b"x-frame-options", b"DENY"))
                if path.startswith("/api/"):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _own_sockets(scope: Scope) -> str:
    """This server's sockets, for browsers whose 'self' does not cover them; nothing if the host is not one."""
    host = Headers(scope=scope).get("host", "")
    return f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
