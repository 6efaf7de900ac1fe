"""Reading and writing knowledge files: a bad line is named and never stops the rest."""

import json
from pathlib import Path

import pytest

from kb_ingest.jsonl import UnreadableFile, read_entries, write_entries
from retrieval.types import Entry

GOOD = {"id": "a", "question": "怎么退货？"}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "kb.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


class TestReading:
    def test_only_id_and_question_are_required(self, tmp_path: Path) -> None:
        assert read_entries(written(tmp_path, GOOD)).entries == (Entry("a", "怎么退货？"),)

    def test_null_number_and_blank_are_tolerated(self, tmp_path: Path) -> None:
        line = {"id": 7, "question": " 问 ", "similar": ["", " 甲 "], "answer": None, "category": None, "extra": 1}
        assert read_entries(written(tmp_path, "", line, "  ")).entries == (Entry("7", "问", ("甲",)),)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("{", "不是有效的 JSON"),
            ("[]", "每行须是一个 JSON 对象"),
            ({"question": "无编号"}, "缺少 id"),
            ({"id": "", "question": "空编号"}, "缺少 id"),
            ({"id": "x" * 200, "question": "长编号"}, "缺少 id"),
            ({"id": "x"}, "缺少标准问"),
            ({"id": "x", "question": " "}, "缺少标准问"),
            ({"id": "x", "question": 1}, "question 须是文字"),
            ({"id": "x", "question": "问", "similar": "不是列表"}, "similar 须是文字的列表"),
            ({"id": "x", "question": "问", "similar": [1]}, "similar 须是文字"),
            ({"id": "x", "question": "问", "answer": "长" * 20_001}, "answer 有 20001 字"),
            ({"id": "x", "question": "问", "similar": ["句"] * 501}, "相似问超过 500 条"),
        ],
    )
    def test_bad_line_is_named_and_the_rest_is_read(self, tmp_path: Path, line: object, reason: str) -> None:
        result = read_entries(written(tmp_path, GOOD, line, {"id": "b", "question": "好的"}))
        assert [entry.id for entry in result.entries] == ["a", "b"]
        assert [problem.line for problem in result.problems] == [2]
        assert reason in result.problems[0].reason

    def test_later_line_with_the_same_id_wins(self, tmp_path: Path) -> None:
        result = read_entries(written(tmp_path, GOOD, {"id": "a", "question": "新的问法"}))
        assert result.entries == (Entry("a", "新的问法"),)

    def test_byte_order_mark_and_long_answer_are_fine(self, tmp_path: Path) -> None:
        path = tmp_path / "bom.jsonl"
        path.write_bytes(b"\xef\xbb\xbf" + json.dumps({**GOOD, "answer": "答" * 20_000}).encode())
        assert len(read_entries(path).entries[0].answer) == 20_000

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", "退货".encode("gb18030")])
    def test_other_encodings_get_a_sentence(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "bad.jsonl"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match="UTF-8"):
            read_entries(path)

    def test_missing_file_gets_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableFile, match="文件不存在"):
            read_entries(tmp_path / "nothing.jsonl")


class TestWriting:
    def test_what_is_written_reads_back_equal(self, tmp_path: Path) -> None:
        entries = (
            Entry("a", "问\u2028题？", ("甲", '带"引号"'), "第一行\n第二行 😀", "售后/退货", ("标签",)),
            Entry("b", "English?", (), "", "", ()),
        )
        path = tmp_path / "out.jsonl"
        path.write_text("".join(f"{line}\n" for line in write_entries(entries)), encoding="utf-8")
        assert read_entries(path).entries == entries
