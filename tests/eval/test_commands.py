"""`yingda answer` and `yingda eval` through their functions."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.files import FileError
from server.commands.answer import read_tenant_config, run_answer
from server.commands.evaluate import run_eval

KB = [
    {
        "id": "refund",
        "question": "退款多久到账？",
        "similar": ["钱什么时候退给我", "退的钱几天到"],
        "answer": "1–5 个工作日。",
    },
    {"id": "invoice", "question": "怎么开发票？", "similar": ["发票怎么弄", "开个票"], "answer": "结算页点「发票」。"},
    {"id": "ship", "question": "多久发货？", "similar": ["什么时候发货"]},
]
QUERIES: list[dict[str, Any]] = [
    {"id": "a", "text": "退款多久到账", "gold_ids": ["refund"], "oos_type": None},
    {"id": "b", "text": "火星上种土豆", "gold_ids": [], "oos_type": "far"},
    {"id": "c", "text": ""},
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    monkeypatch.setenv("YINGDA_DATA_DIR", str(tmp_path / "var"))
    for name, rows in (("kb", KB), ("q", QUERIES)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return tmp_path / "kb.jsonl", tmp_path / "q.jsonl"


def answers(kb: Path, queries: Path, out: Path) -> list[dict[str, Any]]:
    run_answer(kb, queries, out)
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def test_one_line_a_question_in_the_contract_s_shape(files: tuple[Path, Path], tmp_path: Path) -> None:
    rows = answers(*files, tmp_path / "out.jsonl")
    assert [row["id"] for row in rows] == ["a", "b", "c"]
    for row in rows:
        assert list(row) == ["id", "action", "faq_id", "confidence", "candidates", "text"]
        assert row["action"] in {"answer", "suggest", "clarify", "handoff", "reject"}
        assert row["text"]
    assert rows[0]["faq_id"] == "refund"
    assert rows[0]["candidates"][0]["faq_id"] == "refund"
    assert len(rows[0]["candidates"]) == 3


def test_the_closing_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert list(run_answer(*files, tmp_path / "out.jsonl")) == ["queries", "seconds", "per_second", "p50_ms", "p99_ms"]


def test_gold_changes_nothing(files: tuple[Path, Path], tmp_path: Path) -> None:
    kb, queries = files
    first = answers(kb, queries, tmp_path / "one.jsonl")
    bare = tmp_path / "bare.jsonl"
    bare.write_text("\n".join(json.dumps({"id": row["id"], "text": row["text"]}) for row in QUERIES), "utf-8")
    assert answers(kb, bare, tmp_path / "two.jsonl") == first


def test_eval_writes_its_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    figures = run_eval(*files, tmp_path / "report")
    assert figures["hit@1"] == 1
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "reliability.svg", "report.json", "report.md", "risk-coverage.svg",
    ]  # fmt: skip
    assert len(json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))["items"]) == 2


def test_eval_without_gold_says_so(files: tuple[Path, Path], tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"id": "a", "text": "x"}', "utf-8")
    with pytest.raises(FileError, match="gold_ids"):
        run_eval(files[0], bare)


def test_a_tenant_may_set_thresholds_and_names(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('bot_name = "小店"\n[policy]\nanswer_from = 0.5\n', "utf-8")
    settings, names = read_tenant_config(path)
    assert (settings.answer_from, names) == (0.5, {"bot_name": "小店"})


@pytest.mark.parametrize(
    "text", ["[policy]\nanswer = 1", "[policy]\nanswer_from = 2", "[policy]\nanswer_from = true", "= 3"]
)
def test_a_wrong_tenant_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FileError):
        read_tenant_config(path)
