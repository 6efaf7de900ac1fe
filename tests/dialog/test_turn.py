"""A turn: state and text in, decision and new state out."""

import orjson
import pytest

from dialog.engine import LONG_MESSAGE, AnswerEngine, take_turn
from dialog.types import Action, DialogState

START = DialogState()


@pytest.mark.parametrize(
    ("text", "faq"),
    [
        ("发票怎么开", "invoice"),
        ("發票怎麼開", "invoice"),
        ("发 票 怎 么 开？？？", "invoice"),
        ("ｆａ票怎么开", None),  # whatever it is taken for, nothing breaks
        ("你好，请问退款多久到账啊😭", "refund"),
        ("可以货到付款吗", "cod"),
    ],
)
def test_known_questions_are_answered(engine: AnswerEngine, text: str, faq: str | None) -> None:
    answer = engine.answer(text)
    assert len(answer.candidates) >= 10
    if faq is not None:
        assert (answer.action, answer.faq_id) == (Action.ANSWER, faq)


@pytest.mark.parametrize("text", ["火星上的土豆怎么种", "asdfghjkl", "的了吗呢", "龘靐齉"])
def test_unknown_and_noise_are_never_answered_from_the_base(engine: AnswerEngine, text: str) -> None:
    answer = engine.answer(text)
    assert answer.faq_id is None
    assert answer.confidence < 0.3


@pytest.mark.parametrize(
    "text", ["", "   ", "😭😭", "？？？", "\x00", "\ud800", "a" * 10_000, "<script>alert(1)</script>", "ＡＢＣ"]
)
def test_odd_messages_get_a_polite_reply(engine: AnswerEngine, text: str) -> None:
    result = take_turn(START, text, engine)
    assert result.answer.text
    assert "<script>" not in result.answer.text or result.answer.action is Action.CLARIFY


def test_the_same_turn_twice_is_the_same_to_the_last_bit(engine: AnswerEngine) -> None:
    state = DialogState(misses=1, last_faq_id="fee")
    assert take_turn(state, "运费谁出", engine) == take_turn(state, "运费谁出", engine)


@pytest.mark.parametrize("text", ["转人工", "我要人工客服", "轉人工", "/handoff"])
def test_a_human_on_demand(engine: AnswerEngine, text: str) -> None:
    answer = take_turn(START, text, engine).answer
    assert (answer.action, answer.handoff_trigger) == (Action.HANDOFF, "customer")


def test_three_misses_in_a_row_bring_in_a_human_and_start_over(engine: AnswerEngine) -> None:
    state = START
    actions: list[Action] = []
    for text in ("火星上的土豆怎么种", "恐龙吃什么牌子的牙膏", "月亮背面几点关门"):
        result = take_turn(state, text, engine)
        state, actions = result.state, [*actions, result.answer.action]
    assert actions == [Action.REJECT, Action.REJECT, Action.HANDOFF]
    assert state.misses == 0


def test_an_answer_ends_a_row_of_misses_and_small_talk_does_not(engine: AnswerEngine) -> None:
    missed = take_turn(START, "火星上的土豆怎么种", engine).state
    assert take_turn(missed, "谢谢", engine).state.misses == 1
    assert take_turn(missed, "可以货到付款吗", engine).state.misses == 0


def test_anger_twice_brings_in_a_human(engine: AnswerEngine) -> None:
    first = take_turn(START, "气死我了", engine)
    assert first.answer.action is not Action.HANDOFF
    assert any(choice.payload == "/handoff" for choice in first.answer.choices)
    second = take_turn(first.state, "你们就是骗子！！", engine).answer
    assert (second.action, second.handoff_trigger) == (Action.HANDOFF, "anger")


def test_suggestions_are_standard_questions_and_a_human(engine: AnswerEngine) -> None:
    answer = engine.answer("券的问题想问一下能不能用")
    assert answer.action in {Action.SUGGEST, Action.CLARIFY}
    assert 2 <= len(answer.choices) <= 6
    assert answer.choices[-1].payload == "/handoff"
    for choice in answer.choices[:-1]:  # pressing a button answers
        assert engine.answer(choice.payload).action is Action.ANSWER


def test_an_entry_without_an_answer_offers_a_human(engine: AnswerEngine) -> None:
    answer = engine.answer("门店在哪里？")
    assert answer.faq_id == "empty"
    assert answer.text
    assert answer.choices[-1].payload == "/handoff"


def test_small_talk_names_bot_and_tenant_even_with_braces(engine: AnswerEngine) -> None:
    replies = {engine.answer(text).text for text in ("你是谁", "你叫什么名字", "您是哪位", "你是谁啊")}
    assert any("小应" in reply for reply in replies)
    assert not any("{bot}" in reply or "{tenant}" in reply for reply in replies)


def test_english_gets_english(engine: AnswerEngine) -> None:
    assert "human" in engine.answer("I want to talk to a human").text
    assert engine.answer("hello").text.isascii() or "{" in engine.answer("hello").text


def test_repeat_says_the_last_answer_again(engine: AnswerEngine) -> None:
    state = take_turn(START, "可以货到付款吗", engine).state
    assert take_turn(state, "再说一遍", engine).answer.faq_id == "cod"
    assert take_turn(START, "再说一遍", engine).answer.action is Action.CLARIFY


def test_a_long_story_is_answered_by_its_question(engine: AnswerEngine) -> None:
    story = "我上个月在你们这里买了不少东西，家里人都说挺好看的，孩子也喜欢，邻居还来打听。" * 9
    assert len(story) > LONG_MESSAGE
    assert engine.answer(story + "对了，可以货到付款吗？").faq_id == "cod"


def test_the_receipt_tells_what_was_decided_on_what(engine: AnswerEngine) -> None:
    trace = engine.answer("发票怎么开").trace
    assert trace["index_version"] == engine.index.version
    assert trace["rule"] == "exact"
    assert trace["candidates"][0]["faq_id"] == "invoice"
    assert orjson.loads(orjson.dumps(trace)) == trace  # it is stored as JSON


def test_state_survives_storage(engine: AnswerEngine) -> None:
    state = take_turn(START, "我的手机13800001234，可以货到付款吗", engine).state
    assert DialogState.from_json(orjson.loads(orjson.dumps(state.to_json()))) == state
