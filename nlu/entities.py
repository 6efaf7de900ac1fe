"""Things named in a message that a human or a flow needs: phone and order numbers, amounts, dates, e-mail."""

from __future__ import annotations

import re
from collections.abc import Callable

from nlu.types import Entity

_DIGIT_OF = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNIT_OF = {"十": 10, "百": 100, "千": 1000}
_CHINESE_NUMBER = "[零〇一二两三四五六七八九十百千万半]+"
_NOT_DIGIT_BEFORE, _NOT_DIGIT_AFTER = r"(?<![\da-z])", r"(?![\da-z])"


def chinese_number(text: str) -> int | None:
    """两千零五 → 2005, 十五 → 15, 三万 → 30000; None for what is not a number (半 included)."""
    if not text or any(char not in _DIGIT_OF and char not in _UNIT_OF and char != "万" for char in text):
        return None
    if all(char in _DIGIT_OF for char in text):
        return int("".join(str(_DIGIT_OF[char]) for char in text))
    total = section = digit = 0
    for char in text:
        if char in _DIGIT_OF:
            digit = _DIGIT_OF[char]
        elif char == "万":
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * _UNIT_OF[char], 0
    return total + section + digit


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _amount(text: str) -> str:
    number = re.sub(r"[^\d.零〇一二两三四五六七八九十百千万]", "", text)
    times = 10_000 if re.search(r"\d\s*万", text) else 1000 if re.search(r"\d\s*[千k]", text) else 1
    number = re.sub(r"(?<=\d)[万千]", "", number)
    chinese = chinese_number(number)
    value = float(chinese) if chinese is not None else float(number) * times if _is_float(number) else 0.0
    return f"{value:g}" if value < 1e6 else f"{value:.0f}"


def _is_float(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


_KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("email", re.compile(r"[a-z0-9_.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"), str),
    (
        "phone",  # mainland mobile numbers, with or without +86 and separators
        re.compile(rf"{_NOT_DIGIT_BEFORE}(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{{4}}[\s-]?\d{{4}}{_NOT_DIGIT_AFTER}"),
        lambda found: _digits(found)[-11:],
    ),
    (
        "order_number",  # 12 digits and more, or letters and digits together with at least 8 digits
        re.compile(rf"{_NOT_DIGIT_BEFORE}(?:\d{{12,32}}|[a-z]{{1,6}}-?\d{{8,28}}){_NOT_DIGIT_AFTER}"),
        lambda found: found.replace("-", "").upper(),
    ),
    (
        "amount",
        re.compile(
            rf"(?:[¥$]\s*\d+(?:\.\d+)?|(?:\d+(?:\.\d+)?\s*[万千k]?|{_CHINESE_NUMBER})\s*(?:块钱|元钱|块|元|人民币|rmb))"
        ),
        _amount,
    ),
    (
        "date",
        re.compile(
            r"大前天|前天|昨天|昨晚|今天|今晚|明天|后天|大后天|上上周|上个?(?:周|星期|礼拜)[一二三四五六日天]?|这个?(?:周|星期|礼拜)[一二三四五六日天]|"
            r"下个?(?:周|星期|礼拜)[一二三四五六日天]?|(?:周|星期|礼拜)[一二三四五六日天]|上个?月|下个?月|本月|"
            r"(?:\d{4}[年/.-])?\d{1,2}[月/]\d{1,2}[日号]?|\d{4}-\d{1,2}-\d{1,2}|"
            r"(?:\d+|[一二两三四五六七八九十]+)(?:天|周|个?星期|个?月|小时|分钟|年)(?:前|后|内|以内|之内)?"
        ),
        str,
    ),
)


def find_entities(text: str) -> tuple[Entity, ...]:
    """Entities of normalised text in order of appearance; where two kinds overlap the more specific one stays."""
    found: list[Entity] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern, value in _KINDS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            found.append(Entity(kind, match.group(), value(match.group()), start))
    return tuple(sorted(found, key=lambda entity: entity.start))
