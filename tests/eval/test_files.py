"""Files as people write them."""

from pathlib import Path

import pytest

from eval.files import FileError, read_entries, read_queries


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_only_id_and_question_are_required(tmp_path: Path) -> None:
    knowledge = read_entries(
        write(
            tmp_path / "kb.jsonl",
            '{"id": "1", "question": "怎么退款"}',
            "",
            '{"id": 2, "question": "x", "answer": null}',
        )
    )
    assert [entry.id for entry in knowledge.entries] == ["1", "2"]


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "kb.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + '{"id": "1", "question": "怎么\u2028退款"}\r\n'.encode())
    assert read_entries(path).entries[0].id == "1"


def test_long_answers_and_duplicate_questions_are_fine(tmp_path: Path) -> None:
    rows = [f'{{"id": "{n}", "question": "怎么退款", "answer": "{"字" * 20_000}"}}' for n in range(3)]
    assert len(read_entries(write(tmp_path / "kb.jsonl", *rows)).entries) == 3


def test_empty_questions_are_reported_and_passed_over(tmp_path: Path) -> None:
    knowledge = read_entries(
        write(tmp_path / "kb.jsonl", '{"id": "1", "question": " "}', '{"id": "2", "question": "怎么退款"}')
    )
    assert [entry.id for entry in knowledge.entries] == ["2"]
    assert "第 1 行" in knowledge.remarks[0]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": "1"}',
        '{"question": "x"}',
        '{"id": "1", "question": 5}',
        '{"id": "1", "question": "x", "similar": "y"}',
        '{"id": "0", "question": "重复"}',
        '{"id": "", "question": "x"}',
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(FileError, match="第 2 行"):
        read_entries(write(tmp_path / "kb.jsonl", '{"id": "0", "question": "怎么退款"}', line))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kb.jsonl"
    path.write_bytes('{"id": "1", "question": "怎么退款"}'.encode("gb18030"))
    with pytest.raises(FileError, match="UTF-8"):
        read_entries(path)


def test_gold_may_be_absent_empty_or_given(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.jsonl", '{"id": "a", "text": "x"}', '{"id": "b", "text": "", "gold_ids": [], "oos_type": "near"}'
    )
    assert [query.gold_ids for query in read_queries(path)] == [None, ()]


def test_a_missing_file_is_a_sentence() -> None:
    with pytest.raises(FileError, match="读不到"):
        read_entries(Path("nowhere.jsonl"))
