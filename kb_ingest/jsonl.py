"""The JSON Lines format of knowledge bases: read leniently line by line, written exactly."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import Invalid
from retrieval.types import Entry

MAX_QUESTION: Final = 500
MAX_ANSWER: Final = 20_000
MAX_WORDINGS: Final = 500
_MAX_ID: Final = 128


class UnreadableFile(Invalid):
    code = "unreadable_file"
    zh = "读不了文件 {name}：{reason}。请存为 UTF-8 编码的 JSON Lines（每行一个 JSON 对象）。"
    en = "Cannot read {name}: {reason}. Save it as JSON Lines in UTF-8 (one JSON object a line)."


@dataclass(frozen=True, slots=True)
class LineProblem:
    """A line that was left out, and why, in words for its editor."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What a file held: good entries in order, and what is wrong with the rest."""

    entries: tuple[Entry, ...]
    problems: tuple[LineProblem, ...]


def read_entries(path: Path) -> ReadResult:
    """Reads a knowledge base. A bad line never stops the rest; a later line with the same id replaces the earlier.

    Raises:
        UnreadableFile: no such file, or not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UnreadableFile(name=path.name, reason="文件不存在") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(name=path.name, reason="打不开，或不是 UTF-8 编码") from error
    return read_text(text)


def read_text(text: str) -> ReadResult:
    """Reads the text of a knowledge base, line by line as `read_entries` says."""
    entries: dict[str, Entry] = {}
    problems: list[LineProblem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = parse_entry(json.loads(line))
        except json.JSONDecodeError:
            problems.append(LineProblem(number, "不是有效的 JSON"))
        except BadEntry as error:
            problems.append(LineProblem(number, error.reason))
        else:
            entries[entry.id] = entry
    return ReadResult(tuple(entries.values()), tuple(problems))


class BadEntry(ValueError):
    """An entry that cannot be taken; `reason` says why, in Chinese."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_entry(raw: Any) -> Entry:
    """One entry from its JSON object.

    Raises:
        BadEntry: a required field is missing, or a field has the wrong type or is too long.
    """
    if not isinstance(raw, dict):
        raise BadEntry("每行须是一个 JSON 对象")
    entry_id = raw.get("id")
    if isinstance(entry_id, int) and not isinstance(entry_id, bool):
        entry_id = str(entry_id)
    if not isinstance(entry_id, str) or not entry_id.strip() or len(entry_id) > _MAX_ID:
        raise BadEntry(f"缺少 id，或 id 超过 {_MAX_ID} 字")
    question = _text(raw, "question", MAX_QUESTION)
    if not question:
        raise BadEntry("缺少标准问 question")
    similar = _texts(raw, "similar", MAX_QUESTION)
    if len(similar) > MAX_WORDINGS:
        raise BadEntry(f"相似问超过 {MAX_WORDINGS} 条")
    return Entry(
        id=entry_id.strip(),
        question=question,
        similar=tuple(similar),
        answer=_text(raw, "answer", MAX_ANSWER),
        category=_text(raw, "category", 200),
        labels=tuple(_texts(raw, "labels", 50)),
    )


def write_entries(entries: Iterable[Entry]) -> Iterator[str]:
    """Lines (without line ends) that read_entries reads back to equal entries."""
    for entry in entries:
        yield json.dumps(
            {
                "id": entry.id,
                "question": entry.question,
                "similar": list(entry.similar),
                "answer": entry.answer,
                "category": entry.category,
                "labels": list(entry.labels),
            },
            ensure_ascii=False,
        )


def _text(raw: dict[str, Any], name: str, limit: int) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadEntry(f"{name} 须是文字")
    if len(value) > limit:
        raise BadEntry(f"{name} 有 {len(value)} 字，最多 {limit} 字")
    return value.replace("\x00", "").strip()


def _texts(raw: dict[str, Any], name: str, limit: int) -> list[str]:
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadEntry(f"{name} 须是文字的列表")
    return [text for item in value if (text := _text({name: item}, name, limit))]
