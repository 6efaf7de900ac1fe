"""What earlier turns lend to a message that says too little by itself."""

import pytest

from dialog.engine import AnswerEngine, take_turn
from dialog.types import Action, Answer, DialogState


def converse(engine: AnswerEngine, *said: str) -> tuple[Answer, DialogState]:
    """The last answer of a conversation, and what is remembered after it."""
    state = DialogState()
    for text in said:
        result = take_turn(state, text, engine)
        state = result.state
    return result.answer, state


@pytest.mark.parametrize(
    ("said", "faq"),
    [
        (("两张", "平台券"), "coupon-no"),
        (("货到", "付款", "支持吗"), "cod"),
        (("我的地址", "填错了"), "address"),
    ],
)
def test_a_question_sent_in_pieces_is_understood_as_one(engine: AnswerEngine, said: tuple[str, ...], faq: str) -> None:
    answer, state = converse(engine, *said)
    assert (answer.action, answer.faq_id) == (Action.ANSWER, faq)
    assert state.pieces == ()  # settled: the next message starts afresh


def test_the_receipt_says_what_a_piece_was_taken_for(engine: AnswerEngine) -> None:
    answer, _ = converse(engine, "两张", "平台券")
    assert (answer.trace["rule"], answer.trace["meant"]) == ("context", "两张，平台券")


@pytest.mark.parametrize(
    ("said", "faq"),
    [
        (("退款多久到账", "那怎么退货"), "return"),
        (("火星土豆", "可以货到付款吗"), "cod"),
        (("券", "地址", "运费怎么算"), "fee"),
    ],
)
def test_a_whole_question_stands_for_itself(engine: AnswerEngine, said: tuple[str, ...], faq: str) -> None:
    answer, _ = converse(engine, *said)
    assert (answer.action, answer.faq_id) == (Action.ANSWER, faq)
    assert "meant" not in answer.trace


@pytest.mark.parametrize("said", [("火星", "土豆", "怎么种"), ("可以货到付款吗", "那火星呢"), ("发票", "哈哈哈哈")])
def test_pieces_of_nonsense_are_not_answered(engine: AnswerEngine, said: tuple[str, ...]) -> None:
    answer, _ = converse(engine, *said)
    assert answer.faq_id is None


def test_going_on_never_says_the_same_again(engine: AnswerEngine) -> None:
    answer, _ = converse(engine, "可以货到付款吗", "那呢")
    assert answer.faq_id != "cod"


def test_a_human_and_an_answer_forget_the_pieces(engine: AnswerEngine) -> None:
    assert converse(engine, "发票", "转人工")[1].pieces == ()
    assert converse(engine, "发票", "可以货到付款吗")[1].pieces == ()
    assert converse(engine, "发票", "谢谢")[1].pieces == ("发票",)
    assert len(converse(engine, *["券", "地址", "钱", "单子", "票"])[1].pieces) <= 3
