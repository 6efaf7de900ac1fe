"""Reading and writing the JSON Lines files of the public contract: knowledge bases, questions, answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import UsageProblem
from dialog.types import Answer
from nlu.normalise import normalise
from retrieval.types import Entry


class FileError(UsageProblem):
    """A file cannot be used; the message is one plain sentence with file and line that says what to do."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its gold, if known: `gold_ids` None = unknown, empty = out of scope."""

    id: str
    text: str
    gold_ids: tuple[str, ...] | None = None
    oos_type: str | None = None  # near, far


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """What a knowledge base file held, and what was passed over in it, as sentences for people."""

    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = field(default=())


def read_entries(path: Path) -> KnowledgeFile:
    """Reads a knowledge base. Raises FileError for a line that is none; blank questions are passed over."""
    entries: list[Entry] = []
    remarks: list[str] = []
    line_of: dict[str, int] = {}
    for number, row in _rows(path):
        where = f"{path.name} 第 {number} 行"
        entry = Entry(
            id=_text(row, "id", where, required=True),
            question=_text(row, "question", where, required=True),
            similar=_texts(row, "similar", where),
            answer=_text(row, "answer", where),
            category=_text(row, "category", where),
            labels=_texts(row, "labels", where),
        )
        if entry.id in line_of:
            raise FileError(f"{where}：编号 {entry.id} 与第 {line_of[entry.id]} 行重复，请改成不同的编号。")
        line_of[entry.id] = number
        if all(normalise(wording).blank for wording in entry.wordings):
            remarks.append(f"{where}：问题是空的，已跳过。")
            continue
        entries.append(entry)
    if not entries:
        raise FileError(f"{path.name} 里没有可用的知识条目，请检查文件。")
    return KnowledgeFile(tuple(entries), tuple(remarks))


def read_queries(path: Path) -> list[Query]:
    """Reads questions, blank texts included. Raises FileError for a line that is none."""
    queries: list[Query] = []
    for number, row in _rows(path):
        where = f"{path.name} 第 {number} 行"
        gold = None if row.get("gold_ids") is None else _texts(row, "gold_ids", where)
        kind = row.get("oos_type")
        if kind not in (None, "near", "far"):
            raise FileError(f"{where}：oos_type 只能是 near、far 或 null。")
        queries.append(
            Query(_text(row, "id", where, required=True), _text(row, "text", where, required=True), gold, kind)
        )
    return queries


def answer_row(query: Query, answer: Answer) -> dict[str, Any]:
    """One line of the answers file."""
    return {
        "id": query.id,
        "action": str(answer.action),
        "faq_id": answer.faq_id,
        "confidence": round(answer.confidence, 6),
        "candidates": [{"faq_id": c.entry.id, "score": round(c.score, 6)} for c in answer.candidates],
        "text": answer.text,
    }


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Writes JSON Lines; raises FileError when the place cannot be written to."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise FileError(f"写不了文件 {path}，请检查目录是否存在、是否有写权限。") from error


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"读不到文件 {path}，请检查路径和权限。") from error
    # Lines end at \n alone: str.splitlines would also cut at characters that may stand inside a JSON string.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise FileError(f"{path.name} 第 {number} 行不是 UTF-8 编码，请把文件另存为 UTF-8。") from error
        except (ValueError, RecursionError) as error:
            raise FileError(f"{path.name} 第 {number} 行不是有效的 JSON，请改正这一行。") from error
        if not isinstance(row, dict):
            raise FileError(f"{path.name} 第 {number} 行应是一个 JSON 对象（{{…}}）。")
        yield number, row


def _text(row: dict[str, Any], name: str, where: str, *, required: bool = False) -> str:
    value = row.get(name)
    if value is None and not required:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and name == "id":
        return str(value)
    if not isinstance(value, str):
        raise FileError(f"{where}：缺少 {name}。" if value is None else f"{where}：{name} 应是文本。")
    if name == "id" and not value:
        raise FileError(f"{where}：{name} 不能为空。")
    return value


def _texts(row: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or any(not isinstance(item, str) for item in value):
        raise FileError(f"{where}：{name} 应是文本列表。")
    return tuple(value)
