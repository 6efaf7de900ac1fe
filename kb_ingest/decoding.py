"""Bytes to text: the encodings that Chinese offices really use."""

import codecs
from typing import Final

from kb_ingest.refusals import Broken

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 4096


def decode(data: bytes, *, declared: str = "") -> str:
    """Text of UTF-8, UTF-16, UTF-32 or GB18030 bytes, told apart by mark, declaration and validity.

    Line ends become `\\n` and NUL characters vanish.

    Raises:
        Broken: none of them fits.
    """
    for encoding in _candidates(data, declared):
        try:
            text = data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    raise Broken


def _candidates(data: bytes, declared: str) -> list[str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return [encoding]
    # UTF-16 without a mark: Chinese text has ASCII line ends and digits, so every second byte is often zero.
    sample = data[:_SAMPLE]
    if sample.count(0) > len(sample) // 50:
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        return ["utf-16-be" if even > odd else "utf-16-le"]
    return ["utf-8", *([declared] if declared else []), "gb18030"]
