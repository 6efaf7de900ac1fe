"""Disturbs questions the way people and machines do: typos, pinyin, traditional characters, speech recognition.

Every kind changes each question at one place at least, if it can; the same seed makes the same questions. What the
encoder is trained with is disturbed elsewhere, by code of its own (`retrieval.encoder_build.pairs`).
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache

import opencc
import rjieba
from pypinyin import Style, lazy_pinyin

_HAN = re.compile(r"[\u4e00-\u9fff]")
_MARKS = re.compile(r"[^\w\s]+")
_HESITATIONS = ("嗯", "呃", "那个", "就是", "然后", "这个")
Disturb = Callable[[str, random.Random], str]


class Noise:
    """Knows which characters and words sound alike among those of `corpus`."""

    def __init__(self, corpus: Iterable[str]) -> None:
        texts = list(corpus)
        characters = sorted({character for text in texts for character in text if _HAN.match(character)})
        words = sorted({word for text in texts for word in rjieba.cut(text) if len(word) == 2 and _all_han(word)})
        self._alike: defaultdict[str, list[str]] = defaultdict(list)
        for piece in (*characters, *words):
            self._alike[sound(piece)].append(piece)
        self.kinds: dict[str, Disturb] = {
            "typo": self.typo,
            "pinyin": pinyin_word,
            "traditional": traditional,
            "speech": self.speech,
        }

    def typo(self, text: str, rng: random.Random) -> str:
        """One character as another of the same sound, or two neighbours swapped where none sounds alike."""
        places = [place for place, character in enumerate(text) if self._others(character)]
        if places:
            place = rng.choice(places)
            return text[:place] + rng.choice(self._others(text[place])) + text[place + 1 :]
        place = rng.randrange(max(len(text) - 1, 1))
        return text[:place] + text[place + 1 : place + 2] + text[place : place + 1] + text[place + 2 :]

    def speech(self, text: str, rng: random.Random) -> str:
        """No marks, a word heard as another of the same sound (or a character, where no word is), a hesitation."""
        words = [word for word in rjieba.cut(_MARKS.sub("", text)) if word.strip()]
        places = [place for place, word in enumerate(words) if len(word) == 2 and self._others(word)]
        if places:
            place = rng.choice(places)
            words[place] = rng.choice(self._others(words[place]))
        else:
            words = [self.typo("".join(words), rng)] if words else []
        words.insert(rng.randrange(len(words) + 1), rng.choice(_HESITATIONS))
        return "".join(words)

    def _others(self, piece: str) -> list[str]:
        return [other for other in self._alike.get(sound(piece), ()) if other != piece] if _all_han(piece) else []


def pinyin_word(text: str, rng: random.Random) -> str:
    """One word of two characters or more (or one character, where there is none) in Latin letters: tuikuan 怎么没到."""
    words = list(rjieba.cut(text))
    places = [place for place, word in enumerate(words) if len(word) > 1 and _all_han(word)]
    places = places or [place for place, word in enumerate(words) if _all_han(word)]
    if places:
        place = rng.choice(places)
        words[place] = "".join(lazy_pinyin(words[place]))
    return "".join(words)


def traditional(text: str, rng: random.Random) -> str:
    """Traditional characters with Taiwan's words (軟體, 滑鼠) in half of the texts, Hong Kong's forms in the others."""
    return str(_converter(rng.choice(("s2twp", "s2hk"))).convert(text))


@lru_cache(maxsize=65536)
def sound(piece: str) -> str:
    """Pinyin without tones."""
    return " ".join(lazy_pinyin(piece, style=Style.NORMAL))


@lru_cache(maxsize=4)
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)


def _all_han(text: str) -> bool:
    return bool(text) and all(_HAN.match(character) for character in text)
