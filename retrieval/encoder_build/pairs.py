"""Training pairs for the encoder: two wordings of one entry, from this project's own text only.

Sources are ``data/demo/kb/*.jsonl`` and ``data/packs/*/kb.jsonl``; their held-out questions and all
public data sets stay unread. A batch comes from one knowledge base, holds an entry at most once and
keeps entries that look alike together, so that the other rows of a batch are hard negatives.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from opencc import OpenCC
from pypinyin import lazy_pinyin

DATA = Path(__file__).parents[2] / "data"
FOLLOWERS = 2  # look-alike entries that join each entry of a batch
_STANDARD_SHARE = 0.5  # of the pairs put a wording beside the standard question
_NOISE_SHARE = 0.35  # of the left texts are disturbed
_MARKS = re.compile(r"[，。？！、~～…,.?!]+")
_OPENINGS = ("你好，", "您好 ", "请问一下", "那个，", "亲，", "问一下，", "麻烦问下 ", "客服，", "嗯 ", "哎 ")
_ENDINGS = ("啊", "呀", "呢", "谢谢", "，急", "？？", " 谢谢啦", "，帮忙看下", "哈", "。")


@dataclass(frozen=True)
class Entry:
    """One knowledge-base entry: its standard question and the other wordings of it."""

    key: str
    standard: str
    similar: tuple[str, ...]


Bases = Mapping[str, Sequence[Entry]]
Pair = tuple[str, str]


def load_bases(data: Path = DATA, without: Sequence[str] = ()) -> dict[str, list[Entry]]:
    """Our own knowledge bases by name ("demo" or the pack's), leaving out `without`."""
    files = {"demo": sorted((data / "demo" / "kb").glob("*.jsonl"))}
    files |= {path.parent.name: [path] for path in sorted((data / "packs").glob("*/kb.jsonl"))}
    return {
        name: [entry for path in paths for entry in read_entries(path)]
        for name, paths in files.items()
        if paths and name not in without
    }


def read_entries(path: Path) -> list[Entry]:
    """The entries of one file that have at least one wording besides the standard question."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    entries = [Entry(row["id"], row["question"].strip(), tuple(row.get("similar") or ())) for row in rows]
    return [entry for entry in entries if entry.similar]


def neighbours(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """The positions of the other rows, nearest first: int64 [rows, rows - 1]."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    return np.argsort(-likeness, axis=1, kind="stable")[:, :-1].astype(np.int64)


def batches(
    bases: Bases, near: Mapping[str, NDArray[np.int64]], entries: int, steps: int, rng: random.Random
) -> Iterator[list[Pair]]:
    """`steps` batches of up to `entries` pairs, each from one base; larger bases come up more often.

    `near` holds `neighbours` of each base's standard questions. Every entry of a base leads a group
    once before any leads one again.
    """
    noise = Noise([text for base in bases.values() for entry in base for text in entry.similar])
    waiting: dict[str, list[int]] = {name: [] for name in bases}
    names, sizes = list(bases), [len(base) for base in bases.values()]
    for _ in range(steps):
        (name,) = rng.choices(names, sizes)
        base, chosen = bases[name], dict[int, None]()  # a dict keeps the order of insertion
        limit = min(entries, len(base))
        while len(chosen) < limit:
            if not waiting[name]:
                waiting[name] = rng.sample(range(len(base)), len(base))
            leader = waiting[name].pop()
            followers = [int(i) for i in near[name][leader] if int(i) not in chosen][:FOLLOWERS]
            chosen.update(dict.fromkeys([leader, *followers]))
        yield [draw_pair(base[i], noise, rng) for i in list(chosen)[:limit]]


def draw_pair(entry: Entry, noise: Noise, rng: random.Random) -> Pair:
    """A wording, disturbed now and then, beside the standard question or another wording."""
    left = rng.choice(entry.similar)
    others = [text for text in entry.similar if text != left]
    right = entry.standard if not others or rng.random() < _STANDARD_SHARE else rng.choice(others)
    return (noise(left, rng) if rng.random() < _NOISE_SHARE else left), right


class Noise:
    """Disturbs a text the way typing does: one change of a kind drawn at random.

    Homophones are taken from the characters of `corpus`, so that a typo is a common character.
    """

    def __init__(self, corpus: Sequence[str]) -> None:
        self._homophones: dict[str, list[str]] = {}
        for character in sorted(set("".join(corpus))):
            if "一" <= character <= "鿿":
                self._homophones.setdefault(_sound(character), []).append(character)

    def __call__(self, text: str, rng: random.Random) -> str:
        kinds: list[Callable[[str, random.Random], str]] = [
            _without_marks, _swapped, self._misheard, _traditional, _padded,
        ]  # fmt: skip
        (kind,) = rng.choices(kinds, [3, 2, 3, 1, 3])
        return kind(text, rng) or text

    def _misheard(self, text: str, rng: random.Random) -> str:
        places = [i for i, c in enumerate(text) if len(self._homophones.get(_sound(c), ())) > 1]
        if not places:
            return text
        place = rng.choice(places)
        others = [c for c in self._homophones[_sound(text[place])] if c != text[place]]
        return text[:place] + rng.choice(others or [text[place]]) + text[place + 1 :]


@cache
def _sound(character: str) -> str:
    return lazy_pinyin(character)[0] if "一" <= character <= "鿿" else ""


@cache
def _converter() -> OpenCC:
    return OpenCC("s2t")


def _traditional(text: str, rng: random.Random) -> str:
    return str(_converter().convert(text))


def _without_marks(text: str, rng: random.Random) -> str:
    return _MARKS.sub(rng.choice(("", " ")), text).strip()


def _swapped(text: str, rng: random.Random) -> str:
    if len(text) < 5:
        return text
    place = rng.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _padded(text: str, rng: random.Random) -> str:
    return rng.choice(_OPENINGS) + text if rng.random() < 0.5 else text + rng.choice(_ENDINGS)
