"""Which of our two languages a person reads."""

from typing import Literal

Language = Literal["zh", "en"]


def preferred_language(accept_language: str | None) -> Language:
    """Picks from an Accept-Language header; Chinese unless English is asked for before Chinese."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "zh"


def language_of(text: str) -> Language:
    """The language that a customer wrote in: English if there are Latin letters and no Chinese character."""
    has_latin = any("a" <= char.lower() <= "z" for char in text)
    has_chinese = any("\u3400" <= char <= "\u9fff" for char in text)
    return "en" if has_latin and not has_chinese else "zh"
