"""The short form of `./yingda chaos`: the real server, really killed in mid-traffic, keeps every promise."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tools.chaos.history import Kind
from tools.chaos.rehearsal import Plan, Result
from tools.chaos.scenarios import Ground, one_process, rehearse, two_machines


@pytest.fixture(scope="module", params=[(one_process, 2), (two_machines, 3)], ids=["sqlite", "postgresql"])
def rehearsed(request: pytest.FixtureRequest) -> Iterator[tuple[Ground, Result]]:
    """A finished run on one kind of installation."""
    ground: Callable[[], AbstractContextManager[Ground]]
    ground, rounds = request.param
    with ground() as standing:
        plan = Plan(faults=(), rounds=rounds, visitors=16, agents=2, pause_seconds=0.3, claims=1, seed=7)
        yield standing, rehearse(standing, plan)


class TestFaults:
    def test_nothing_promised_is_broken(self, rehearsed: tuple[Ground, Result]) -> None:
        _, result = rehearsed
        assert {name: found for name, found in result.violations.items() if found} == {}

    def test_there_was_traffic_and_there_were_faults(self, rehearsed: tuple[Ground, Result]) -> None:
        _, result = rehearsed
        assert result.history.count(Kind.ACK) > 30
        assert result.history.count(Kind.MENDED) in {2, 3}
        assert result.history.count(Kind.CLAIM_WON) <= 1

    def test_logs_stay_readable(self, rehearsed: tuple[Ground, Result]) -> None:
        """An outage is a few lines, not a traceback for each of its victims."""
        ground, _ = rehearsed
        for server in ground.servers:
            text = server.log.read_text(encoding="utf-8")
            assert "Traceback" not in text, text[-3000:]
            assert server.log_lines <= 200
