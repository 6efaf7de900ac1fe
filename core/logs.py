"""Structured logs: tenant, conversation and request ids, never message text or secrets."""

import logging
import sys
import time
from typing import Final, Literal

import structlog


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
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s %(message)s", stream=sys.stderr, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("jieba").setLevel(logging.WARNING)
    # A lost database connection shows where it is used; the pool would add a traceback for each.
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)


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
