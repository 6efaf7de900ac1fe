"""What speaks for and against a candidate, as numbers that mean the same in every base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.contrast import Contrast

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

CANDIDATE_FEATURES = (
    "dense",  # cosine with the nearest wording, less the base's usual cosine between entries
    "dense_top3",  # the same for the mean of the three nearest wordings
    "lexical",  # TF-IDF cosine with the best wording, 0..1
    "coverage",  # share of the question's terms found in any wording of the entry, 0..1
    "linear",  # log share of the linear classifier, -12..0; 0 without one
    "negation",  # share of the three nearest wordings that deny what the question asks, or the other way round
    "number_clash",  # the question has numbers, the nearest wordings have only others
    "number_match",  # a number of the question is in the nearest wordings
    "kind_clash",  # share of the three nearest wordings that ask another kind of question (how, why, when, …)
    "opposite",  # a pair of opposites is split between the question and the nearest wording
    "length",  # absolute log ratio of the lengths of question and nearest wording
)
"""One utility a candidate: higher means more probable that it is meant."""

QUESTION_FEATURES = (
    "one",  # constant
    "unseen",  # share of the question that no wording of the base holds, 0..1
    "short",  # 1 for one character down to 0 for twelve and more: a fragment fits anything a little
    "wordings",  # log of the mean number of wordings an entry has, up to that of ten
)
"""The utility of "none of them"."""

CONFIDENCE_FEATURES = (
    "alone",  # log odds of the best candidate against none
    "against_all",  # … and against everything else together
    *(f"best_{name}" for name in CANDIDATE_FEATURES),
    *QUESTION_FEATURES,
)
"""What the confidence in the best candidate rests on."""

_MOST_WORDINGS = 10

LOWEST_LOG = -12.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All features of one question: `candidates` [n, CANDIDATE_FEATURES], `question` [QUESTION_FEATURES]."""

    entries: Ints  # [n], ascending
    rows: Ints  # [n], the nearest wording of each
    candidates: Floats
    question: Floats


@dataclass(frozen=True, slots=True)
class Nearest:
    """The up to three nearest rows of each candidate, nearest first; `rows` repeats the last where there are fewer."""

    rows: Ints  # [n, 3]
    similarities: Floats  # [n, 3]


@dataclass(frozen=True, slots=True)
class Marks:
    """The `Contrast` of every row of a base, as arrays [rows]."""

    negated: NDArray[np.bool_]
    numbers: tuple[frozenset[str], ...]
    kinds: Ints
    left: Ints
    right: Ints

    @classmethod
    def of(cls, contrasts: Sequence[Contrast]) -> Marks:
        """Lays out the marks of all rows."""
        return cls(
            np.array([one.negated for one in contrasts], bool),
            tuple(one.numbers for one in contrasts),
            np.array([one.kinds for one in contrasts], np.int64),
            np.array([one.left for one in contrasts], np.int64),
            np.array([one.right for one in contrasts], np.int64),
        )


def nearest_rows(similarities: Floats, begins: Ints, first_rows: Ints) -> Nearest:
    """Picks from a ragged list: candidate `c` owns `similarities[begins[c]:begins[c + 1]]`, whose first row of the base
    is `first_rows[c]`.
    """
    sizes = np.diff(np.append(begins, len(similarities)))
    owner = np.repeat(np.arange(len(begins)), sizes)
    order = np.lexsort((-similarities, owner))
    picks = begins[:, None] + np.minimum(np.arange(3)[None, :], sizes[:, None] - 1)
    chosen = order[picks]
    return Nearest(chosen - begins[:, None] + first_rows[:, None], similarities[chosen])


def candidate_features(
    question: Contrast,
    size: int,
    nearest: Nearest,
    marks: Marks,
    lengths: Ints,
    usual: float,
    lexical: Floats,
    coverage: Floats,
    linear: Floats,
) -> Floats:
    """float32 [candidates, CANDIDATE_FEATURES]; `marks` and `lengths` belong to rows, the rest to candidates."""
    table = np.zeros((len(nearest.rows), len(CANDIDATE_FEATURES)), np.float32)
    table[:, 0] = nearest.similarities[:, 0] - usual
    table[:, 1] = nearest.similarities.mean(axis=1) - usual
    table[:, 2], table[:, 3] = lexical, coverage
    table[:, 4] = np.maximum(linear, LOWEST_LOG)
    near = nearest.rows
    table[:, 5] = (marks.negated[near] != question.negated).mean(axis=1)
    if question.numbers:
        for position, rows in enumerate(near.tolist()):
            others = [marks.numbers[row] for row in rows]
            match = any(other & question.numbers for other in others)
            table[position, 6:8] = float(not match and any(others)), float(match)
    kinds = marks.kinds[near]
    if question.kinds:
        table[:, 8] = ((kinds != 0) & ((kinds & question.kinds) == 0)).mean(axis=1)
    first = near[:, 0]
    table[:, 9] = ((marks.right[first] & question.left) | (marks.left[first] & question.right)) != 0
    table[:, 10] = np.abs(np.log((lengths[nearest.rows[:, 0]] + 2) / (size + 2)))
    return table


def question_features(size: int, unseen: float, wordings: float) -> Floats:
    """float32 [QUESTION_FEATURES]; `size` counts characters, `wordings` is the base's mean of an entry."""
    spread = np.log(min(max(wordings, 1.0), _MOST_WORDINGS))
    return np.array([1.0, unseen, max(0.0, (12 - size) / 11), spread], np.float32)


def confidence_features(evidence: Evidence, best: int, alone: float, against_all: float) -> NDArray[np.float64]:
    """float64 [CONFIDENCE_FEATURES] of the candidate `best`."""
    return np.concatenate(([alone, against_all], evidence.candidates[best], evidence.question))
