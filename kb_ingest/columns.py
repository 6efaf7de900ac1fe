"""Tables of questions and answers: which column is which, and rows into entries."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from kb_ingest.content import Options, Parsed, Problem
from kb_ingest.jsonl import BadEntry, parse_entry
from kb_ingest.refusals import NoQuestionColumn
from retrieval.types import Entry

FIELDS: Final = ("id", "question", "similar", "answer", "category", "labels")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "编号", "知识编号", "知识id", "问题编号", "entry id"),
    "question": (
        "question",
        "问题",
        "标准问",
        "标准问题",
        "标准问法",
        "问",
        "提问",
        "常见问题",
        "q",
        "faq",
        "questions",
    ),
    "similar": ("similar", "相似问", "相似问题", "相似问法", "扩展问", "扩展问法", "similar questions", "alternatives"),
    "answer": ("answer", "答案", "回答", "答复", "标准答案", "标准回答", "回复", "答", "解答", "a", "answers", "reply"),
    "category": ("category", "分类", "类别", "知识分类", "问题分类", "目录", "栏目", "类目", "categories"),
    "labels": ("labels", "label", "tags", "tag", "标签"),
}
_HEADER_ROWS: Final = 10  # a title and notes may stand above the header
_LIST: Final = re.compile(r"[\n|｜；;]+")
_NUMBERED: Final = re.compile(r"[\s\d_\-.（）()#＃*：:]+$")


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of one row and where it stands, e.g. `第 3 行`."""

    place: str
    cells: tuple[str, ...]


@dataclass(slots=True)
class _Draft:
    """Rows that speak of one question; merged cells spread a question over several."""

    place: str
    values: dict[str, list[str]] = field(default_factory=dict)


def find_columns(header: Sequence[str], options: Options) -> dict[int, str] | None:
    """Column number → field; None unless there are both a question and an answer column."""
    chosen = {_plain(name): meaning for name, meaning in options.columns}
    known = {name: meaning for meaning, names in _NAMES.items() for name in names}
    found: dict[int, str] = {}
    for number, cell in enumerate(header):
        name = _plain(cell)
        bare = _NUMBERED.sub("", name)
        meaning = chosen.get(name) or known.get(name) or known.get(bare)
        if meaning and (meaning == "similar" or meaning not in found.values()):
            found[number] = meaning
    return found if {"question", "answer"} <= set(found.values()) else None


def read_rows(rows: Iterable[Row], options: Options, *, merges_repeat: bool = False) -> Parsed:
    """Entries of a table whose header is among its first rows.

    A row without an id gets one made from its question, so that importing it again changes nothing. `merges_repeat`
    says that merged cells were filled: following rows with the same question then add to it.

    Raises:
        NoQuestionColumn: no header with a question and an answer column.
    """
    rows = [row for row in rows if any(cell.strip() for cell in row.cells)]
    if not rows:
        return Parsed()
    for index, row in enumerate(rows[:_HEADER_ROWS]):
        columns = find_columns(row.cells, options)
        if columns is not None:
            return _collect(rows[index + 1 :], columns, merges_repeat=merges_repeat)
    raise NoQuestionColumn(header="、".join(cell.strip() for cell in rows[0].cells if cell.strip())[:200])


def question_id(question: str) -> str:
    """The id of an entry that came without one: the same question is the same entry, in whichever file."""
    return f"q-{hashlib.sha256(question.encode()).hexdigest()[:16]}"


def _collect(rows: Sequence[Row], columns: dict[int, str], *, merges_repeat: bool) -> Parsed:
    drafts: list[_Draft] = []
    problems: list[Problem] = []
    for row in rows:
        values: dict[str, list[str]] = {}
        for number, meaning in columns.items():
            if number < len(row.cells) and (cell := row.cells[number].strip()):
                values.setdefault(meaning, []).append(cell)
        last = drafts[-1] if drafts else None
        if merges_repeat and last and values.get("question") == last.values.get("question"):
            for meaning, cells in values.items():
                before = last.values.setdefault(meaning, [])
                before += [cell for cell in cells if cell not in before]
        elif values:
            drafts.append(_Draft(row.place, values))
    entries: dict[str, tuple[str, Entry]] = {}
    for draft in drafts:
        try:
            entry = _entry(draft.values)
        except BadEntry as error:
            problems.append(Problem(draft.place, error.reason))
            continue
        if entry.id in entries:
            problems.append(Problem(entries[entry.id][0], f"被后面的{draft.place}（同一问题或编号）取代"))
        entries[entry.id] = (draft.place, entry)
    return Parsed(entries=tuple(entry for _, entry in entries.values()), problems=tuple(problems))


def _entry(values: dict[str, list[str]]) -> Entry:
    question = " ".join(values.get("question", []))
    if question and not values.get("answer"):
        raise BadEntry("缺少答案")
    return parse_entry(
        {
            "id": values["id"][0] if "id" in values else question_id(question),
            "question": question,
            "similar": _split(values.get("similar", [])),
            "answer": "\n".join(values.get("answer", [])),
            "category": values.get("category", [""])[0],
            "labels": _split(values.get("labels", [])),
        }
    )


def _split(cells: list[str]) -> list[str]:
    parts = (part.strip() for cell in cells for part in _LIST.split(cell))
    return list(dict.fromkeys(part for part in parts if part))


def _plain(name: str) -> str:
    return " ".join(name.strip().strip("*＊ ").lower().replace("_", " ").split())
