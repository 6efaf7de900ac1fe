"""Guessing slowed down, nobody locked out.

Tries are counted per account and address together: whoever guesses waits longer and longer, at most a minute, while
the owner at another address notices nothing. A try is counted before it is checked, so that a hundred at once do not
slip through together; success forgets the count.
"""

import hashlib
from datetime import timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from accounts.errors import TooManyAttempts
from core.clock import Clock
from storage.db import Database
from storage.models import SignInAttempt

FREE_TRIES: Final = 5
_FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(seconds=60)
_FORGOTTEN_AFTER: Final = timedelta(hours=24)


def attempt_key(*parts: str) -> str:
    """The name under which tries are counted; tells nobody whose they are."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


async def begin_attempt(database: Database, key: str, *, clock: Clock) -> None:
    """Counts a try; call `forget_attempts` if it succeeds.

    Raises:
        TooManyAttempts: it comes too early; it is not counted.
    """
    try:
        await _count(database, key, clock)
    except IntegrityError:  # two first tries at once: the other one has made the row
        await _count(database, key, clock)


async def forget_attempts(database: Database, key: str) -> None:
    """The try succeeded."""
    async with database.platform_write() as session:
        await session.execute(delete(SignInAttempt).where(SignInAttempt.id == key))


async def _count(database: Database, key: str, clock: Clock) -> None:
    now = clock.now()
    async with database.platform_write() as session:
        await session.execute(delete(SignInAttempt).where(SignInAttempt.last_at < now - _FORGOTTEN_AFTER))
        attempt = await session.get(SignInAttempt, key, with_for_update=True)
        if attempt is None:
            session.add(SignInAttempt(id=key, failures=1, last_at=now))
            return
        wait = attempt.last_at + _wait_after(attempt.failures) - now
        if wait > timedelta(0):
            raise TooManyAttempts(seconds=int(wait.total_seconds()) + 1)
        attempt.failures += 1
        attempt.last_at = now


def _wait_after(failures: int) -> timedelta:
    if failures < FREE_TRIES:
        return timedelta(0)
    doublings: int = min(failures - FREE_TRIES, 4)
    return min(_FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
