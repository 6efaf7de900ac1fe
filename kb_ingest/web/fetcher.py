"""Fetching one page: to the address that was checked, through every redirect, within limits of size and time."""

import http.client
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from kb_ingest.refusals import MEGABYTE
from kb_ingest.web.network import Network, Target
from kb_ingest.web.refusals import PageTooLarge, PageUnreachable

AGENT: Final = "YingdaBot"
_HEADERS: Final = {
    "User-Agent": f"Mozilla/5.0 (compatible; {AGENT}/1.0; knowledge import)",
    "Accept": "text/html, application/xhtml+xml, application/xml;q=0.9, text/plain;q=0.8",
    "Accept-Encoding": "identity",  # nothing to unpack, so nothing that unpacks to a thousand times its size
    "Accept-Language": "zh-CN, zh;q=0.9, en;q=0.5",
    "Connection": "close",
}
_REDIRECTS: Final = {301, 302, 303, 307, 308}
_TOO_LONG: Final = "太久没有读完"
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one page may cost."""

    size: int = 5 * MEGABYTE
    seconds: float = 20.0
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of a server: the address it came from in the end, its status, type and content."""

    url: str
    status: int
    content_type: str
    data: bytes


class Fetcher:
    """Fetches pages from a network. Every hop of a redirect is checked like the first address."""

    def __init__(self, network: Network, limits: FetchLimits | None = None) -> None:
        self._network = network
        self._limits = limits or FetchLimits()

    def fetch(self, url: str) -> Page:
        """The page at an address, whatever its status. Blocks; call it in a thread.

        Raises:
            AddressRefused: it, or one that it leads to, is not on the public internet.
            PageUnreachable, PageTooLarge: no answer in time, or too much of it.
        """
        deadline = time.monotonic() + self._limits.seconds
        for _ in range(self._limits.redirects + 1):
            answer = self._one(self._network.target(url), deadline)
            if isinstance(answer, Page):
                return answer
            url = answer
        raise PageUnreachable(reason="跳转次数太多")

    def _one(self, target: Target, deadline: float) -> Page | str:
        """A page, or the address that the server sends us on to."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise PageUnreachable(reason=_TOO_LONG)
        connection = _Pinned(target, left)
        watchman = threading.Timer(left, connection.cut)  # a server that sends a byte now and then never times out
        watchman.start()
        try:
            connection.request("GET", target.path, headers=_HEADERS)
            answer = connection.getresponse()
            location = answer.getheader("Location")
            if answer.status in _REDIRECTS and location:
                return urljoin(target.url, location)
            if answer.getheader("Content-Encoding", "identity").lower() != "identity":
                raise PageUnreachable(reason="服务器坚持压缩")
            kind = answer.getheader("Content-Type", "").split(";")[0].strip().lower()
            page = Page(target.url, answer.status, kind, self._body(answer))
        except (OSError, http.client.HTTPException) as error:
            raise PageUnreachable(reason=_TOO_LONG if connection.is_cut else _reason(error)) from error
        finally:
            watchman.cancel()
            connection.close()
        if connection.is_cut:
            raise PageUnreachable(reason=_TOO_LONG)
        return page

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := answer.read1(_CHUNK):
            size += len(part)
            if size > self._limits.size:
                raise PageTooLarge(limit=self._limits.size // MEGABYTE or 1)
            parts.append(part)
        return b"".join(parts)


class _Pinned(http.client.HTTPConnection):
    """A connection to the checked address; the name is used for the certificate and the Host header only."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self._target = target
        self.is_cut = False

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), self.timeout)
        if self._target.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)

    def cut(self) -> None:
        """Ends the connection from another thread; whoever reads from it reads no further."""
        self.is_cut = True
        with suppress(OSError, AttributeError):  # closed, or not open yet
            self.sock.shutdown(socket.SHUT_RDWR)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return _TOO_LONG
    if isinstance(error, ssl.SSLError):
        return "证书不可信"
    return "连接不上" if isinstance(error, OSError) else "回答不合规范"
