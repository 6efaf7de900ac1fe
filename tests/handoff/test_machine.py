"""The ownership table, walked completely."""

import itertools

import pytest

from handoff.errors import WrongState
from handoff.machine import MOVES, Move, next_status
from storage.models import ConversationStatus


class TestMachine:
    @pytest.mark.parametrize(("status", "move"), list(itertools.product(ConversationStatus, Move)))
    def test_each_cell_leads_somewhere_or_is_refused(self, status: ConversationStatus, move: Move) -> None:
        if (status, move) in MOVES:
            assert next_status(status, move) is MOVES[(status, move)]
        else:
            with pytest.raises(WrongState) as refused:
                next_status(status, move)
            assert refused.value.status == 409

    def test_every_status_can_be_reached_and_left(self) -> None:
        reached, frontier = set(), {ConversationStatus.BOT}
        while frontier:
            status = frontier.pop()
            reached.add(status)
            frontier |= {target for (source, _), target in MOVES.items() if source is status} - reached
        assert reached == set(ConversationStatus)
        assert {source for source, _ in MOVES} == set(ConversationStatus)

    def test_a_human_is_always_within_reach(self) -> None:
        for status in ConversationStatus:
            moves = {move for source, move in MOVES if source is status}
            assert moves & {Move.REQUEST, Move.ACCEPT, Move.REOPEN} or status is ConversationStatus.ASSIGNED

    def test_only_an_agents_move_assigns(self) -> None:
        assigning = {move for (_, move), target in MOVES.items() if target is ConversationStatus.ASSIGNED}
        assert assigning == {Move.ACCEPT, Move.TRANSFER, Move.REOPEN}
