"""The server with one promise broken on purpose: `python -m tests.chaos.broken_server FAULT serve …`.

What a checker is worth shows in whether it finds these.
"""

import asyncio
import os
import sys
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

import inbox.messages
import server.flows.intake
from core.clock import Clock
from core.errors import DomainError
from inbox.messages import Post, Recorded
from server import cli

_real_post_all = inbox.messages.post_all


def acknowledge_before_the_commit() -> None:
    """Whoever sends is told as soon as the rows are written; the commit comes half a second later."""

    async def store(
        self: server.flows.intake.Intake, tenant_id: str, batch: list[server.flows.intake._Waiting]
    ) -> None:
        async with self._database.write(tenant_id) as session:
            outcomes = await _real_post_all(session, [each.said for each in batch], clock=self._clock)
            for each, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, Recorded):
                    each.stored.set_result(outcome)
                else:
                    each.stored.set_exception(outcome)
            await asyncio.sleep(0.5)

    server.flows.intake.Intake._store = store  # type: ignore[method-assign]


def forget_what_was_stored() -> None:
    """Nobody looks whether a client_msg_id is known, and no index forbids it twice (the test drops that)."""

    async def nothing(session: AsyncSession, posts: list[Post]) -> dict[tuple[str, str, str], object]:
        return {}

    inbox.messages._stored_before = nothing  # type: ignore[assignment]


def number_without_the_lock() -> None:
    """Each post takes the next number as its process remembers it; nothing orders processes or old and new."""
    highest: dict[str, int] = {}

    async def post_all(session: AsyncSession, posts: list[Post], *, clock: Clock) -> list[Recorded | DomainError]:
        outcomes = await _real_post_all(session, posts, clock=clock)
        for outcome in outcomes:
            if isinstance(outcome, Recorded):
                conversation = outcome.conversation
                conversation.last_seq = highest[conversation.id] = (
                    max(highest.get(conversation.id, 0), conversation.last_seq) + 1
                )
        return outcomes

    setattr(server.flows.intake, "post_all", post_all)  # noqa: B010 - a name that the module imports, not its own


FAULTS: dict[str, Callable[[], None]] = {
    "early-ack": acknowledge_before_the_commit,
    "no-dedupe": forget_what_was_stored,
    "gaps": number_without_the_lock,
}


if __name__ == "__main__":
    FAULTS[os.environ["YINGDA_PLANTED_FAULT"]]()
    sys.argv[0] = "yingda"
    cli.main()
