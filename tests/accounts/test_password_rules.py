"""Which passwords are taken: long and unexpected ones, in any script; nothing else is asked for."""

import pytest

from accounts.errors import PasswordTooCommon, PasswordTooShort, PasswordTooSimple
from accounts.password_rules import PasswordRules, check_new_password, is_guessable
from core.errors import DomainError

PERSONAL = ("li.wei@acme.example", "李伟", "acme")


def check(password: str, *, rules: PasswordRules = PasswordRules.NIST, has_second_factor: bool = False) -> None:
    check_new_password(password, rules, has_second_factor=has_second_factor, personal=PERSONAL)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "我家的猫叫大黄今年六岁半爱吃鱼",
        "下雨天 记得收阳台上的被子 不然要重洗",
        "kX9#mQ2vL7!pR4sT",
        "a" + "bcdfghjk" * 2 + "zq",
        "x1 " * 10 + "梅花三弄" * 12 + "完",  # far more than 64 characters
    ],
)
def test_long_and_unexpected_is_enough(password: str) -> None:
    check(password)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password20242024!",
        "P@ssw0rd20241234",
        "woaini5201314520",
        "5201314520131452",
        "woaiwodezuguo1949",
        "wangwei19900101888",
        "zhang1234567890123",
        "123456789012345678",
        "987654321098765432",
        "qwertyuiopasdfghjkl",
        "aaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "１２３４５６７８９０１２３４５",  # full width is the same thing
        "Huawei@1234567890",
        "kefu1234567890123",
        "床前明月光疑是地上霜123456",
        "correct horse battery staple",
        "li.wei20242024!!!!",
        "acme2026202620262026",
    ],
)
def test_what_guessers_try_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check(password)


def test_length_depends_on_what_else_protects_the_account() -> None:
    with pytest.raises(PasswordTooShort, match="15"):
        check("kX9#mQ2v")
    check("kX9#mQ2v", has_second_factor=True)
    with pytest.raises(PasswordTooShort, match="8"):
        check("kX9#mQ2", has_second_factor=True)
    with pytest.raises(PasswordTooCommon):
        check("woaini1314", has_second_factor=True)


def test_dengbao_rules_ask_for_three_kinds_of_characters() -> None:
    with pytest.raises(PasswordTooSimple):
        check("correct horse battery", rules=PasswordRules.DENGBAO)
    check("Correct horse battery", rules=PasswordRules.DENGBAO)


@pytest.mark.parametrize("password", ["", " ", "!!!!!!!!!!!!!!!!", "\u200b" * 20, "0", "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮"])
def test_odd_input_is_refused_not_crashed_on(password: str) -> None:
    with pytest.raises(DomainError):
        check(password)


def test_personal_words_count_only_where_they_are_nearly_all() -> None:
    assert is_guessable("liwei@acme.example", ["liwei@acme.example"])
    assert not is_guessable("acme 楼下的煎饼摊周三不开", ["acme"])
