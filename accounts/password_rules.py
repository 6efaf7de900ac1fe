"""What a new password must be. NIST SP 800-63B-4: length and a list of bad ones, nothing else, no forced change.

A tenant under 等级保护 (MLPS) may choose its rules on top: three kinds of characters, and a new one every 90 days.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Final

from accounts.errors import PasswordTooCommon, PasswordTooShort, PasswordTooSimple
from accounts.passwords import normal_form
from core.settings import REPOSITORY

MIN_ALONE: Final = 15  # the password is all that protects the account
MIN_WITH_SECOND_FACTOR: Final = 8
MAX_AGE: Final = timedelta(days=90)  # under 等保 rules only
_LIST: Final = REPOSITORY / "data" / "accounts" / "common_passwords.txt"
_LOOKALIKES: Final = str.maketrans("@013457$!", "aoleastsi")
_KEYBOARD: Final = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1234567890",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv",
)


class PasswordRules(StrEnum):
    """What a tenant asks of its members' passwords."""

    NIST = "nist"
    DENGBAO = "dengbao"


def check_new_password(
    password: str, rules: PasswordRules, *, has_second_factor: bool, personal: Iterable[str] = ()
) -> None:
    """Accepts a password, of any characters and up to 256 of them.

    `personal` are words that belong to the person or the tenant; a password that is little more is refused.

    Raises:
        PasswordTooShort, PasswordTooCommon: as it says.
        PasswordTooSimple: 等保 rules, and fewer than three kinds of characters.
    """
    password = normal_form(password)
    least = MIN_WITH_SECOND_FACTOR if has_second_factor else MIN_ALONE
    if len(password) < least:
        raise PasswordTooShort(length=least)
    if is_guessable(password, personal):
        raise PasswordTooCommon
    if rules is PasswordRules.DENGBAO and _kinds(password) < 3:
        raise PasswordTooSimple


def is_guessable(password: str, personal: Iterable[str] = ()) -> bool:
    """Whether a guesser would try this early: listed, listed with digits around it, repeated, or typed along keys."""
    text = password.lower()
    words = _listed() | {part for word in personal for part in _words_of(word)}
    forms = {text, text.translate(_LOOKALIKES)}
    forms |= {_core(form) for form in forms}
    forms |= {_unit(form) for form in forms}
    if len(_unit(text)) < MIN_WITH_SECOND_FACTOR:
        return True
    return any(form in words or len(set(form)) <= 2 or _is_run(form) for form in forms if form) or not _core(text)


def _core(text: str) -> str:
    """The middle of `2024Password!!`: what is left without digits and signs at both ends."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


def _unit(text: str) -> str:
    """`abcabcabc` → `abc`; anything that is not repeated stays."""
    again = (text + text).find(text, 1)
    return text[:again] if 0 < again < len(text) else text


def _is_run(text: str) -> bool:
    """`abcdef`, `87654321`, `qwertyuiop`: along the alphabet or the keyboard."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    if len(text) > 3 and steps in ({1}, {-1}):
        return True
    return any(text in row * 2 or text in row[::-1] * 2 for row in _KEYBOARD if len(text) > 3)


def _words_of(word: str) -> set[str]:
    """`li.wei@acme.example` → the whole, what stands before the @, and each part of four letters or more."""
    lowered = word.lower()
    name = lowered.partition("@")[0]
    return {part for part in [lowered, name, *re.split(r"[\W_]+", lowered)] if len(part) >= 4}


def _kinds(password: str) -> int:
    tests = (str.isupper, str.islower, str.isdigit, lambda c: not c.isalnum())
    return sum(any(test(char) for char in password) for test in tests)


@cache
def _listed() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
