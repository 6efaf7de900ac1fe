"""The states of a conversation's ownership and the moves between them, as a table that tests can walk.

One owner at any time: the bot, the queue, one agent, or nobody (resolved). Whatever is not in the table is refused.
"""

from enum import StrEnum
from typing import Final

from handoff.errors import WrongState
from storage.models import ConversationStatus

BOT, QUEUED, ASSIGNED, RESOLVED = (
    ConversationStatus.BOT,
    ConversationStatus.QUEUED,
    ConversationStatus.ASSIGNED,
    ConversationStatus.RESOLVED,
)


class Move(StrEnum):
    REQUEST = "request"  # somebody wants a human
    ACCEPT = "accept"  # an agent takes it
    TRANSFER = "transfer"  # an agent gives it to another
    RESOLVE = "resolve"
    REOPEN = "reopen"  # an agent takes up a resolved conversation
    RETURN_TO_BOT = "return_to_bot"


MOVES: Final[dict[tuple[ConversationStatus, Move], ConversationStatus]] = {
    (BOT, Move.REQUEST): QUEUED,
    (RESOLVED, Move.REQUEST): QUEUED,
    (BOT, Move.ACCEPT): ASSIGNED,
    (QUEUED, Move.ACCEPT): ASSIGNED,
    (ASSIGNED, Move.TRANSFER): ASSIGNED,
    (QUEUED, Move.TRANSFER): ASSIGNED,
    (BOT, Move.RESOLVE): RESOLVED,
    (QUEUED, Move.RESOLVE): RESOLVED,
    (ASSIGNED, Move.RESOLVE): RESOLVED,
    (RESOLVED, Move.REOPEN): ASSIGNED,
    (QUEUED, Move.RETURN_TO_BOT): BOT,
    (ASSIGNED, Move.RETURN_TO_BOT): BOT,
}

_WORDS: Final = {BOT: "机器人接待中", QUEUED: "排队中", ASSIGNED: "人工接待中", RESOLVED: "已结束"}


def next_status(status: ConversationStatus, move: Move) -> ConversationStatus:
    """Where a move leads.

    Raises:
        WrongState: the move is not possible from here.
    """
    target = MOVES.get((status, move))
    if target is None:
        raise WrongState(status=_WORDS[status])
    return target
