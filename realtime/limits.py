"""How much one client may do: refused with a code when it is too much, and nobody else notices."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import DomainError


class TooManyMessages(DomainError):
    status, code = 429, "too_many_messages"
    zh, en = "发送太快了，请稍等片刻再发。", "You are sending too fast. Please wait a moment."


class TooManyFrames(DomainError):
    status, code = 429, "too_many_frames"
    zh, en = "请求太频繁，请稍等片刻。", "Too many requests on this connection. Please wait a moment."


class TooManyConnections(DomainError):
    status, code = 429, "too_many_connections"
    zh, en = "同时打开的连接太多，请关掉一些窗口再试。", "Too many open connections. Close some windows and try again."


class TokenBucket:
    """Lets through `rate` a second on average and `burst` at once; a rate of 0 lets everything through."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._left = burst
        self._at = now()

    def take(self) -> bool:
        """Whether one more may pass now."""
        if not self._rate:
            return True
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections one person and one network address may hold on this process; 0 is no limit."""

    per_person: int
    per_address: int


class ConnectionCounter:
    """Counts the open connections. Used from one event loop."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    @contextmanager
    def hold(self, person: str, address: str) -> Iterator[None]:
        """Counts a connection while the block runs.

        Raises:
            TooManyConnections: this person or this address has enough.
        """
        keys = ((f"person:{person}", self._limits.per_person), (f"address:{address}", self._limits.per_address))
        if any(limit and self._open[key] >= limit for key, limit in keys):
            raise TooManyConnections
        self._open.update(key for key, _ in keys)
        try:
            yield
        finally:
            for key, _ in keys:
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]
