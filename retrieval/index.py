"""A knowledge base, ready to be asked."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nlu.contrast import contrast_of
from nlu.embedders import Embedder
from nlu.normalise import Normalised, normalise
from nlu.question_vectors import QuestionVectors
from nlu.segment import Segmenter
from retrieval.dense import DenseIndex
from retrieval.features import CANDIDATE_FEATURES, Evidence, Marks, candidate_features, nearest_rows, question_features
from retrieval.fusion import Ranker, shipped_ranker
from retrieval.lexical import LexicalIndex, Sketch
from retrieval.linear import Method, choose_method, fit_linear
from retrieval.spelling import Spelling
from retrieval.types import Candidate, Entry
from retrieval.vector_cache import VectorCache
from retrieval.wordings import tabulate

Ints = NDArray[np.int64]

_NOMINEES = 15  # entries that each of the classifier and the word search may add to the nearest ones
EXACT_SCORE = 0.9999
"""Score of an entry one of whose wordings is the question itself, up to normalisation."""


class KnowledgeIndex:
    """Finds the entry that a question means. Immutable, thread-safe, and deterministic: same question, same candidates.

    `version` names the content: a hash over all entries and the encoder's name.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        embedder: Embedder,
        *,
        questions: QuestionVectors | None = None,
        cache: VectorCache | None = None,
        ranker: Ranker | None = None,
        words: Sequence[str] = (),
        threads: int = 1,
        regime: Method | Literal["single"] | None = None,
    ) -> None:
        """Embeds what `cache` does not know (2-3 ms a wording and thread) and fits the classifier.

        `questions` shares vectors with other parts; `words` are the tenant's own (product names, brands); `regime`
        forces a way of fitting the classifier (`single` = none) that would otherwise follow from the base's size.
        """
        table = self._table = tabulate(entries)
        self._position = {entry.id: position for position, entry in enumerate(table.entries)}
        self._questions = questions or QuestionVectors(embedder)
        self.version = _version(table.entries, embedder.name)
        if not table.entries:
            return
        vectors = (cache or VectorCache(None)).vectors(embedder, table.texts, threads)
        self._dense = DenseIndex(vectors, table.entry_of, table.starts)
        segmenter = Segmenter(words)
        self._lexical = LexicalIndex(table.texts, table.entry_of, table.starts, segmenter)
        self._spelling = Spelling(table.texts, segmenter)
        self._sketch = Sketch(table.texts)
        chosen = regime or choose_method(len(table.texts), len(table.entries)) or "single"
        method: Method | None = None if chosen == "single" else chosen
        sketches = (
            np.stack([self._sketch.vector(text) for text in table.texts]) if method == "softmax" else vectors[:, :0]
        )
        self._linear = None if method is None else fit_linear(vectors, sketches, table.entry_of, method)
        self._weights = (ranker or shipped_ranker()).regimes[chosen]
        self._marks = Marks.of([contrast_of(text) for text in table.texts])
        self._wordings = len(table.texts) / len(table.entries)
        self._lengths = np.array([len(key) for key in table.keys], np.int64)
        self._exact: defaultdict[str, list[int]] = defaultdict(list)
        for row, key in enumerate(table.keys):
            self._exact[key].append(row)

    def __len__(self) -> int:
        """Number of entries that can be found."""
        return len(self._table.entries)

    def entry(self, entry_id: str | None) -> Entry | None:
        """The entry with that id, if there is one."""
        position = self._position.get(entry_id or "")
        return None if position is None else self._table.entries[position]

    def search(self, question: str, limit: int = 10) -> list[Candidate]:
        """The `limit` best entries, best first, fewer only if the base is smaller; none for blank text.

        `score` says how well an entry fits, whatever else fits too; `features["probability"]` is the calibrated
        probability that it is the one meant, which look-alikes share among themselves.
        """
        message = normalise(question)
        if message.blank or not len(self) or limit < 1:
            return []
        evidence = self.evidence(message, limit)
        scores, probabilities = self._weights.judge(evidence)
        rows = evidence.rows.copy()
        same = self._same_wording(message.key)
        for position, entry in enumerate(evidence.entries.tolist()):
            if entry in same:  # an editor who wrote these very words expects this answer
                rows[position], scores[position] = same[entry], EXACT_SCORE
                probabilities[position] = EXACT_SCORE / len(same)
        order = np.lexsort((evidence.entries, -scores))[:limit]
        names = ("probability", *CANDIDATE_FEATURES)
        return [
            Candidate(
                self._table.entries[evidence.entries[place]],
                float(scores[place]),
                self._table.originals[rows[place]],
                dict(zip(names, (float(probabilities[place]), *evidence.candidates[place].tolist()), strict=True)),
            )
            for place in order.tolist()
        ]

    def evidence(self, message: Normalised, least: int = 10) -> Evidence:
        """Everything that the ranking rests on, for at least `least` entries if there are as many."""
        text = self._spelling.repair(message.question)
        vector = self._questions.vector(text)
        lexical, coverage, unseen = self._lexical.scores(text)
        linear = np.zeros(len(self), np.float32)
        if self._linear is not None:
            sketch = self._sketch.vector(text) if self._linear.method == "softmax" else vector[:0]
            linear = self._linear.log_probabilities(vector, sketch)
        entries = self._nominees(message, vector, lexical, linear, least)
        similarities, begins = self._dense.similarities(vector, entries)
        nearest = nearest_rows(similarities, begins, self._table.starts[entries])
        size = len(message.key)
        table = candidate_features(
            contrast_of(text), size, nearest, self._marks, self._lengths, self._dense.usual,
            lexical[entries], coverage[entries], linear[entries],
        )  # fmt: skip
        return Evidence(entries, nearest.rows[:, 0], table, question_features(size, unseen, self._wordings))

    def _same_wording(self, key: str) -> dict[int, int]:
        """Entries that hold the question word for word, each with the row; a standard question beats a similar one,
        and of entries with one and the same answer the first stands for all.
        """
        rows = self._exact.get(key, [])
        standard = [row for row in rows if row == self._table.starts[self._table.entry_of[row]]]
        found: dict[int, int] = {}
        answers: set[str] = set()
        for row in standard or rows:
            entry = int(self._table.entry_of[row])
            answer = self._table.entries[entry].answer
            if not answer or answer not in answers:
                found.setdefault(entry, row)
            answers.add(answer)
        return found

    def _nominees(
        self,
        message: Normalised,
        vector: NDArray[np.float32],
        lexical: NDArray[np.float32],
        linear: NDArray[np.float32],
        least: int,
    ) -> Ints:
        """Entries worth a closer look: near by meaning, by words, by the classifier, or equal."""
        if len(self) <= max(least, 2 * _NOMINEES):
            return np.arange(len(self))
        named = [self._dense.nearest_entries(vector), _largest(lexical, _NOMINEES)]
        if self._linear is not None:
            named.append(_largest(linear, _NOMINEES))
        named.append(self._table.entry_of[self._exact.get(message.key, [])])
        entries = np.unique(np.concatenate(named))
        if len(entries) < least:  # a few entries own all the nearest rows
            entries = np.union1d(entries, _largest(self._dense.best_of_all(vector), least))
        return entries.astype(np.int64)


def _largest(values: NDArray[np.float32], count: int) -> Ints:
    if len(values) <= count:
        return np.arange(len(values))
    return np.argpartition(-values, count - 1)[:count]


def _version(entries: Sequence[Entry], encoder: str) -> str:
    digest = hashlib.sha256(encoder.encode())
    for entry in entries:
        digest.update(repr((entry.id, entry.wordings, entry.answer)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
