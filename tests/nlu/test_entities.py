"""Named things in real messages."""

import pytest

from nlu.entities import chinese_number, find_entities
from nlu.normalise import normalise


@pytest.mark.parametrize(
    ("message", "kind", "value"),
    [
        ("我的手机是138 0000 1234", "phone", "13800001234"),
        ("打我+86-13800001234", "phone", "13800001234"),
        ("订单２０２６１１２２００００１２３４到哪了", "order_number", "20261122000000001234"[:8] + "00001234"),
        ("快递单号sf1234567890123", "order_number", "SF1234567890123"),
        ("退了我两百块", "amount", "200"),
        ("一共¥99.50", "amount", "99.5"),
        ("花了3万元", "amount", "30000"),
        ("昨天下的单", "date", "昨天"),
        ("11月11号买的", "date", "11月11号"),
        ("三天后能到吗", "date", "三天后"),
        ("发到help@yingda.example吧", "email", "help@yingda.example"),
    ],
)
def test_entity(message: str, kind: str, value: str) -> None:
    assert (kind, value) in [(entity.kind, entity.value) for entity in find_entities(normalise(message).text)]


def test_a_phone_number_is_no_order_number() -> None:
    assert [entity.kind for entity in find_entities("13800001234")] == ["phone"]


@pytest.mark.parametrize(
    ("text", "value"), [("十五", 15), ("两千零五", 2005), ("三万", 30000), ("二零二六", 2026), ("半", None)]
)
def test_chinese_numbers(text: str, value: int | None) -> None:
    assert chinese_number(text) == value
