"""Structured logs: tenant, conversation and request ids, never message text or secrets.

What slips in all the same, by an exception's message say, is masked on the way out.
"""

import logging
import re
import sys
import time
from typing import Any, Final, Literal

import structlog

from core.private_data import mask_private

_TOKEN: Final = re.compile(r"\byd[a-z]{1,3}_[\w-]{8,}")


def configure_logs(level: str, style: Literal["console", "json"]) -> None:
    """Sets up the process's logging once; the standard library's loggers share the output."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        # A traceback with local variables would print tokens and what customers said.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _hide_private, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_MaskingFormatter("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("jieba").setLevel(logging.WARNING)
    # A lost database connection shows where it is used; the pool would add a traceback for each.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


def hide_private(text: str) -> str:
    """A text without private data and tokens."""
    return _TOKEN.sub("[token]", mask_private(text))


def _hide_private(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: _hidden(value) for name, value in event.items()}


def _hidden(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return hide_private(value if isinstance(value, str) else str(value))


class _MaskingFormatter(logging.Formatter):
    """For the standard library's loggers, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_private(super().format(record))


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger whose events are short snake_case names and whose facts are key-value pairs."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(name)
    return logger


_QUIET_SECONDS: Final = 10.0


class SparseLog:
    """Warnings about something that fails for everybody at once, such as the database: one line in ten seconds.

    The next line says how many there would have been. Keep one object for each kind of event.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger, event: str) -> None:
        self._log = log
        self._event = event
        self._spoke_at = -_QUIET_SECONDS
        self._unsaid = 0

    def warn(self, **facts: object) -> None:
        """Logs, or counts."""
        now = time.monotonic()
        if now - self._spoke_at < _QUIET_SECONDS:
            self._unsaid += 1
            return
        self._log.warning(self._event, **facts, since_last_line=self._unsaid)
        self._spoke_at, self._unsaid = now, 0
