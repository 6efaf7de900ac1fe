"""The normal form that questions and wordings meet in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.normalise import normalise


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("你好，我重复买ｖｉｐ了怎么办", "我重复买vip了怎么办"),
        ("請問一下這個軟體的滑鼠怎麼退貨", "这个软件的鼠标怎么退货"),
        ("我要查詢訂單", "我要查询订单"),  # OpenCC's tw2sp would say 查找
        ("网络信息程序出错", "网络信息程序出错"),  # simplified text stays as it is
        ("退款几天到帳？？？！！😭😭", "退款几天到账?"),
        ("优 惠 券 不 能 用", "优惠券不能用"),
        ("那个订单呢怎么还没到", "那个订单呢怎么还没到"),  # 那个 points at something here
        ("我想问一下发票怎么开，谢谢！！！", "发票怎么开"),
        ("[捂脸]怎么退货", "怎么退货"),
        ("[机构]怎么开户", "[机构]怎么开户"),
        ("退1000块不是100块", "退1000块不是100块"),
        ("蚊帐坏了能退吗", "蚊帐坏了能退吗"),
    ],
)
def test_question_in_normal_form(typed: str, question: str) -> None:
    assert normalise(typed).question == question


@pytest.mark.parametrize("filler", ["你好", "请问", "在吗", "那个", "谢谢"])
def test_a_filler_that_is_the_whole_message_stays(filler: str) -> None:
    assert normalise(filler).question == filler


def test_emoji_are_kept_apart() -> None:
    message = normalise("太慢了😡😡[发怒]")
    assert message.text == "太慢了"
    assert message.emoji == ("😡😡", "[发怒]")


@pytest.mark.parametrize("nothing", ["", "   ", "\n\t", "😭", "？？！", "\x00\x01", "\ud800", "\u200b\u200b"])
def test_blank(nothing: str) -> None:
    assert normalise(nothing).blank


@pytest.mark.parametrize(
    "pair", [("优惠券能叠加使用吗", "优惠券不能叠加使用吗"), ("7天内退货", "15天内退货"), ("已发货", "未发货")]
)
def test_negation_and_numbers_are_never_dropped(pair: tuple[str, str]) -> None:
    assert normalise(pair[0]).key != normalise(pair[1]).key


@given(st.text())
def test_any_unicode_is_taken_and_the_result_is_stable(text: str) -> None:
    once = normalise(text)
    assert normalise(once.text).text == once.text
    assert normalise(once.question).question == once.question
