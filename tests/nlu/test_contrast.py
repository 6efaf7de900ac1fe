"""What keeps look-alikes apart."""

import pytest

from nlu.contrast import contrast_of, is_negated, numbers_in


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("优惠券能叠加使用吗", False),
        ("优惠券不能叠加使用吗", True),
        ("能不能退货", False),
        ("有没有发票", False),
        ("还没发货", True),
        ("不好意思问一下运费", False),
        ("质量不错怎么追评", False),
        ("未付款订单", True),
        ("i cannot log in", True),
    ],
)
def test_negation(text: str, negated: bool) -> None:
    assert is_negated(text) is negated


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("七天无理由", {"7"}),
        ("7天无理由", {"7"}),
        ("十五天价保", {"15"}),
        ("iphone 15 pro", {"15", "iphone15"}),
        ("一下单就错", set()),
        ("满300减40", {"300", "40"}),
        ("007", {"7"}),
    ],
)
def test_numbers(text: str, numbers: set[str]) -> None:
    assert numbers_in(text) == numbers


def test_opposites_are_on_different_sides() -> None:
    bind, unbind = contrast_of("怎么绑定手机"), contrast_of("怎么解绑手机")
    assert bind.left & unbind.right
