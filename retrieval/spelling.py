"""Reads pinyin with the words of the base: tuikuan 多久到 becomes 退款多久到 where the base says 退款.

Typing errors that stay Chinese are left to the encoder: replacing characters by others of the same sound was tried, and
spoiled more right questions (across word borders) than it repaired wrong ones.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pypinyin import lazy_pinyin

from nlu.segment import Segmenter

_HAN_WORD = re.compile(r"[\u4e00-\u9fff]{2,4}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LETTERS = re.compile(r"(?<![a-z0-9])[a-z]{4,24}(?![a-z0-9])")
_ENGLISH = frozenset(
    ("name", "women", "change", "guide", "pause", "image", "mine", "wine", "bang", "base", "page", "time")
)
"""English words that also spell Chinese ones."""


class Spelling:
    """The words of one base by their letters. Immutable and thread-safe."""

    def __init__(self, texts: Sequence[str], segmenter: Segmenter) -> None:
        """`texts` in normal form; of words spelt alike the one that occurs most often counts."""
        counts = Counter(word for text in texts for word in segmenter.cut(text) if _HAN_WORD.fullmatch(word))
        self._latin = {run for text in texts for run in _LETTERS.findall(text)} | _ENGLISH
        self._words: dict[str, str] = {}
        for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            self._words.setdefault("".join(lazy_pinyin(word)), word)

    def repair(self, text: str) -> str:
        """`text` with pinyin turned into the base's words; unchanged where there is none, or nothing but letters."""
        return _LETTERS.sub(lambda run: self._read(run.group()), text) if _HAN.search(text) else text

    def _read(self, run: str) -> str:
        """The words that a run of letters spells, longest first; the run itself unless all of it is spelt."""
        if run in self._latin:
            return run
        words, start = [], 0
        while start < len(run):
            end = next((end for end in range(len(run), start + 2, -1) if run[start:end] in self._words), 0)
            if not end:
                return run
            words.append(self._words[run[start:end]])
            start = end
        return "".join(words)
