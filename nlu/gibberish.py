"""Tells keyboard noise from words, by rules that look at nothing but the signs."""

from __future__ import annotations

import re
from itertools import pairwise

from nlu.normalise import Normalised

_ROWS = ("qwertyuiop", "asdfghjkl;", "zxcvbnm,./", "1234567890")
_PLACE = {key: (row, column) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}

_PARTICLES = re.compile(r"[的了吗呢吧是在不我有]{3,}")
_PARTICLE = re.compile(r"[的了吗呢吧]")
_PLACEHOLDER = re.compile(r"(?:\[[^\[\]]{1,10}\]\s*)+|(?:<[^<>]{1,20}>\s*)+|(?:&[a-z]+;)+|(?:%\d\d)+")
_BROKEN = re.compile(r"\ufffd|锟斤拷|烫烫|屯屯")
_LATIN = re.compile(r"[a-z;,./]+")
_REPEATED = re.compile(r"(.{1,4}?)\1{2,}.{0,3}")
_LAUGHTER = re.compile(r"(?:a?(?:ha|he|hi|xi)+h?|(?:lo)+l+|w+|e?m+)")
_VOWEL = re.compile(r"[aeiouy]")
_LEAST_ADJACENT = 0.75  # share of neighbouring keys: asdfgh 1.0, qweasdzxc 0.75; English words seldom pass 0.5
_TELLING = 5  # letters from which on a lack of vowels is no abbreviation any more


def is_gibberish(message: Normalised) -> bool:
    """True for keyboard runs, one sign repeated, broken encodings and placeholders; False whenever it might be a word,
    a number or an abbreviation.
    """
    text = message.text.strip(" .!?~")
    if _BROKEN.search(text) or _PLACEHOLDER.fullmatch(text):
        return True
    if len(text) == 1:
        return text.isascii()
    if _PARTICLES.fullmatch(text):
        return len(_PARTICLE.findall(text)) >= 2
    if _LATIN.fullmatch(text):
        return _is_keyboard_noise(text, message.original.strip().lower())
    return len(set(text)) == 1 and text[0] in "01379" and len(text) > 3  # 666, 888, 555, 233: people say these


def _is_keyboard_noise(text: str, original: str) -> bool:
    letters = text.strip(";,./")
    if _LAUGHTER.fullmatch(original) and len(set(letters)) > 1:
        return False
    if len(set(letters)) == 1 or _REPEATED.fullmatch(original):
        return True
    if len(letters) < 4:
        return False
    if len(letters) >= _TELLING and len(_VOWEL.findall(letters)) / len(letters) < 0.15:
        return True
    pairs = list(pairwise(text))
    adjacent = sum(_PLACE[a][0] == _PLACE[b][0] and abs(_PLACE[a][1] - _PLACE[b][1]) <= 1 for a, b in pairs)
    return adjacent / len(pairs) >= _LEAST_ADJACENT
