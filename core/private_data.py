"""What identifies a person in a Chinese text, found by its form, and how it looks when it is masked.

Forms that carry a check digit are checked (身份证, 银行卡), so that an order number is not taken for either.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PrivateKind(StrEnum):
    EMAIL = "email"
    ID_CARD = "id_card"
    BANK_CARD = "bank_card"
    MOBILE = "mobile"
    LANDLINE = "landline"
    PLATE = "plate"
    PASSPORT = "passport"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Found:
    """One piece of private data and where it stands in the text."""

    kind: PrivateKind
    text: str
    start: int
    end: int


_FULL_WIDTH: Final = str.maketrans(
    {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)} | {"–": "-", "—": "-", "\u3000": " ", "\u00a0": " "}
)
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_GAP: Final = r"[ -]?"
_HAN: Final = "\u4e00-\u9fff"
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_LETTER: Final = "A-HJ-NP-Za-hj-np-z"
_NUMBERED: Final = r"(?:号楼|号|弄|栋|幢|座|组|单元|层|楼|室|房|户|门)"
_ROAD: Final = r"(?:路|街|大道|道|巷|弄|胡同|小区|花园|家园|苑|村|屯|公寓|大厦|广场|镇|乡|街道)"
_ADMIN: Final = r"(?:省|自治区|特别行政区|自治州|市|区|县|旗|盟|镇|乡|街道)"
_REST: Final = (
    rf"院?(?:之\d{{1,4}})?(?:[0-9A-Za-z一二三四五六七八九十-]{{1,6}}{_NUMBERED})*"
    r"(?:[0-9A-Za-z-]{2,6}(?![0-9A-Za-z年月日天元块件]))?"
)

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Lengths by issuer: 银联, Visa, Mastercard, JCB, American Express.
_ISSUERS: Final = re.compile(r"62\d{14,17}|4\d{15}|5[1-5]\d{14}|35\d{14}|3[47]\d{13}")


def _is_id_card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text).upper()
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == digits[17]


def _is_bank_card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return _ISSUERS.fullmatch(digits) is not None and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _always(text: str) -> bool:
    return True


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text[2:])


_PLACE: Final = re.compile(
    rf"{_ADMIN}[{_HAN}0-9]{{0,16}}?{_ROAD}[{_HAN}]{{0,8}}?\d{{1,5}}{_NUMBERED}|(?:路|街|大道|巷|胡同)\d{{1,5}}(?:号|弄)"
)


def _is_address(text: str) -> bool:
    return _PLACE.search(text) is not None


# The more certain a form, the earlier it is: what one has taken, the next ones leave alone.
_FORMS: Final[tuple[tuple[PrivateKind, re.Pattern[str], Callable[[str], bool]], ...]] = (
    (
        PrivateKind.EMAIL,
        re.compile(r"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}", re.ASCII),
        _always,
    ),
    (
        PrivateKind.ID_CARD,
        re.compile(
            rf"{_BEFORE}[1-9]\d{{5}}{_GAP}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}[\dXx]{_AFTER}"
        ),
        _is_id_card,
    ),
    (PrivateKind.BANK_CARD, re.compile(rf"{_BEFORE}[3-6]\d(?:{_GAP}\d){{13,17}}{_AFTER}"), _is_bank_card),
    (
        PrivateKind.MOBILE,
        re.compile(rf"{_BEFORE}(?:(?:\+|00)?86{_GAP})?1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_AFTER}"),
        _always,
    ),
    (
        PrivateKind.LANDLINE,
        re.compile(
            rf"{_BEFORE}(?:\+86{_GAP})?(?:\((?:0?10|0?2\d|0?[3-9]\d\d)\)|0(?:10|2\d|[3-9]\d\d)){_GAP}[2-8]\d{{6,7}}(?:(?:-|转)\d{{1,5}})?{_AFTER}"
        ),
        _always,
    ),
    (
        PrivateKind.PLATE,
        re.compile(
            rf"[{_PROVINCES}][{_LETTER}][·\s-]?(?:[{_LETTER}0-9]{{4}}[{_LETTER}0-9挂学警港澳]|[DFdf][{_LETTER}0-9]\d{{4}}|\d{{5}}[DFdf]){_AFTER}"
        ),
        _has_digit,
    ),
    (
        # A letter and digits alone is what half of all order numbers look like; the word must stand before it.
        PrivateKind.PASSPORT,
        re.compile(
            rf"(?:护照|通行证|[Pp]assport)[^0-9A-Za-z]{{0,8}}(?:[Nn]o\.? ?)?(?P<it>[A-Za-z][A-Za-z]?\d{{7,10}}){_AFTER}"
        ),
        _always,
    ),
    (
        PrivateKind.ADDRESS,
        # Any run of words up to a numbered thing; what makes it an address is asked afterwards, in linear time.
        re.compile(rf"[{_HAN}][{_HAN}0-9]{{1,48}}?\d{{1,5}}{_NUMBERED}{_REST}"),
        _is_address,
    ),
)


def find_private(text: str) -> list[Found]:
    """Private data in order of appearance. Full-width characters count like plain ones; nothing overlaps."""
    plain = text.translate(_FULL_WIDTH)
    found: list[Found] = []
    for kind, form, is_real in _FORMS:
        for match in form.finditer(plain):
            start, end = match.span("it" if "it" in form.groupindex else 0)
            if any(start < other.end and other.start < end for other in found) or not is_real(plain[start:end]):
                continue
            found.append(Found(kind, text[start:end], start, end))
    return sorted(found, key=lambda item: item.start)


def mask_private(text: str) -> str:
    """The text with private data made unreadable, but of a kind that people can still tell apart: 138****5678."""
    parts: list[str] = []
    position = 0
    for item in find_private(text):
        parts += (text[position : item.start], _MASKS[item.kind](item.text.translate(_FULL_WIDTH)))
        position = item.end
    return "".join((*parts, text[position:])) if parts else text


def _mask_digits(text: str, head: int, tail: int) -> str:
    digits = re.sub(r"[^0-9A-Za-z]", "", text)
    return f"{digits[:head]}{'*' * (len(digits) - head - tail)}{digits[len(digits) - tail :]}"


def _mask_mobile(text: str) -> str:
    return _mask_digits(re.sub(r"\D", "", text)[-11:], 3, 4)


def _mask_email(text: str) -> str:
    name, _, domain = text.partition("@")
    return f"{name[0]}***@{domain}"


_MASKS: Final[dict[PrivateKind, Callable[[str], str]]] = {
    PrivateKind.EMAIL: _mask_email,
    PrivateKind.ID_CARD: lambda text: _mask_digits(text, 3, 2),
    PrivateKind.BANK_CARD: lambda text: _mask_digits(text, 0, 4),
    PrivateKind.MOBILE: _mask_mobile,
    PrivateKind.LANDLINE: lambda text: _mask_digits(text, 0, 2),
    PrivateKind.PLATE: lambda text: f"{text[:2]}***",
    PrivateKind.PASSPORT: lambda text: f"{text[0]}***",
    PrivateKind.ADDRESS: lambda text: "[地址]",
}
