"""What earlier turns lend to a message that says too little by itself.

Two ways in which people say too little: they go on (怎么开通会员 … 那多少钱呢), and they send one question in pieces
(我昨天买的 … 那个耳机 … 能退吗). Both are tried only where the message alone finds no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialog.types import DialogState
from nlu.normalise import normalise
from nlu.types import QUESTION, Understood

PIECE_CHARACTERS = 7
"""A message of up to this many characters may be a piece of a question; a longer one asks something by itself."""
_GOING_ON_CHARACTERS = 20  # 那如果已经发货了呢: what goes on may be longer, for it says so
_PIECES_KEPT = 3
_BARE_CHARACTERS = 6  # so short that it goes on even without saying so: 多少钱
_PIECE_MARK = "，"

_GOES_ON = re.compile(r"^(?:那么?|它|这个?|那个|还有|然后|另外|如果|要是|万一)|它|^.*呢$")
_POINTER = re.compile(r"^(?:那么?|这个?|那个|还有|然后|另外)[,，\s]*|它们?|[呢啊呀吗嘛]+$")
_ASKING = re.compile(
    r"怎么样?|如何|怎样|咋|请问|多少钱?|多久|什么时候|哪里|哪儿|为什么|为啥|能不能|可不可以|可以|是不是|[?？!！吗呢啊呀]"
)


@dataclass(frozen=True, slots=True)
class Fuller:
    """A wording that the message may stand for. `goes_on`: about the entry answered last, and asking for another."""

    text: str
    goes_on: bool


def fuller_wordings(state: DialogState, found: Understood) -> list[Fuller]:
    """What the message may mean after what was said before, likeliest first; empty if it stands for itself."""
    said = found.normalised.question
    if found.intent.name != QUESTION or len(said) > _GOING_ON_CHARACTERS:
        return []
    wordings = []
    if state.pieces and len(said) <= PIECE_CHARACTERS:
        earlier = list(state.pieces)
        wordings.append(Fuller(_PIECE_MARK.join([*earlier, said]), goes_on=False))
        if len(earlier) > 1:
            wordings.append(Fuller(_PIECE_MARK.join([earlier[-1], said]), goes_on=False))
    if state.last_question and (_GOES_ON.search(said) or len(found.normalised.key) <= _BARE_CHARACTERS):
        topic = _ASKING.sub("", normalise(state.last_question).question)[:_GOING_ON_CHARACTERS].strip()
        asked = _POINTER.sub("", said)
        if topic and asked:
            wordings.append(Fuller(f"{topic}{asked}", goes_on=True))
    return wordings


def remember_piece(state: DialogState, found: Understood | None, *, answered: bool) -> tuple[str, ...]:
    """The pieces to remember after a turn: none once something was answered, else the latest few short messages."""
    if answered:
        return ()
    if found is None or found.intent.name != QUESTION or found.normalised.blank:
        return state.pieces
    said = found.normalised.question
    return (*state.pieces, said)[-_PIECES_KEPT:] if len(said) <= PIECE_CHARACTERS else ()
