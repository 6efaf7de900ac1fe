"""The command line as people and scripts use it: exit status, one plain sentence, JSON where a machine reads."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.settings import REPOSITORY

KB = [
    {
        "id": "return",
        "question": "怎么申请退货？",
        "similar": ["这东西咋退啊", "我要退货"],
        "answer": "在订单里点退货。",
    },
    {"id": "freight", "question": "运费怎么算？", "similar": ["邮费多少", "包邮吗"], "answer": "满 99 元包邮。"},
    {"id": "invoice", "question": "怎么开发票？", "similar": ["我要发票"], "answer": "订单详情里开。"},
]


def yingda(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("YINGDA_")}
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *map(str, arguments)],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": str(REPOSITORY), "YINGDA_DATA_DIR": str(cwd / "var"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class TestTenantAndKnowledge:
    def test_from_nothing_to_knowledge_and_back(self, tmp_path: Path) -> None:
        kb = write_lines(tmp_path / "kb.jsonl", KB)
        for _ in range(2):  # running it again does no harm
            assert yingda("init", cwd=tmp_path).returncode == 0
        made = yingda(
            "tenant", "create", "acme", "--name", "甲公司", "--admin-email", "boss@acme.example", "--json", cwd=tmp_path
        )
        assert json.loads(made.stdout)["password"]
        first = yingda("kb", "import", kb, "--tenant", "acme", "--json", cwd=tmp_path)
        again = yingda("kb", "import", kb, "--tenant", "acme", "--json", cwd=tmp_path)
        figures = ("added", "changed", "unchanged", "problems")
        assert [json.loads(first.stdout)[name] for name in figures] == [3, 0, 0, 0]
        assert [json.loads(again.stdout)[name] for name in figures] == [0, 0, 3, 0]
        out = tmp_path / "out.jsonl"
        assert yingda("kb", "export", "--tenant", "acme", "--out", out, cwd=tmp_path).returncode == 0
        assert [(row["id"], row["question"], row["similar"], row["answer"]) for row in read_lines(out)] == [
            (row["id"], row["question"], row["similar"], row["answer"]) for row in KB
        ]

    def test_bad_lines_are_named_and_the_rest_imported(self, tmp_path: Path) -> None:
        yingda("tenant", "create", "acme", "--name", "甲", "--admin-email", "a@b.example", cwd=tmp_path)
        kb = write_lines(tmp_path / "kb.jsonl", [KB[0], {"id": "x"}, KB[1]])
        done = yingda("kb", "import", kb, "--tenant", "acme", "--json", cwd=tmp_path)
        assert json.loads(done.stdout)["added"] == 2
        assert "第 2 行：缺少标准问" in done.stderr

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("kb", "import", "none.jsonl", "--tenant", "acme"), "yingda init"),
            (("kb", "export", "--tenant", "acme", "--out", "x.jsonl"), "yingda init"),
            (("answer", "--kb", "none.jsonl", "--queries", "none.jsonl", "--out", "o.jsonl"), "none.jsonl"),
            (("tenant", "create", "x", "--name", "x", "--admin-email", "a@b.c", "--password", "short"), "密码至少"),
            (
                ("tenant", "create", "x", "--name", "x", "--admin-email", "a@b.c", "--password", "yingda-demo"),
                "演示密码",
            ),
        ],
    )
    def test_refusal_is_one_sentence_without_a_traceback(
        self, tmp_path: Path, arguments: tuple[str, ...], sentence: str
    ) -> None:
        done = yingda(*arguments, cwd=tmp_path)
        assert done.returncode != 0
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr

    def test_same_tenant_twice_is_refused(self, tmp_path: Path) -> None:
        create = ("tenant", "create", "acme", "--name", "甲", "--admin-email", "a@b.example")
        assert yingda(*create, cwd=tmp_path).returncode == 0
        again = yingda(*create, cwd=tmp_path)
        assert again.returncode == 1
        assert "已被使用" in again.stderr


class TestAnswerFile:
    def test_answers_follow_the_contract_with_and_without_gold(self, tmp_path: Path) -> None:
        kb = write_lines(tmp_path / "kb.jsonl", KB)
        queries: list[dict[str, Any]] = [
            {"id": "1", "text": "这个咋退货啊", "gold_ids": ["return"], "oos_type": None},
            {"id": "2", "text": "今天月亮有多圆", "gold_ids": [], "oos_type": "far"},
            {"id": "3", "text": "转人工"},
        ]
        with_gold = write_lines(tmp_path / "q1.jsonl", queries)
        without = write_lines(tmp_path / "q2.jsonl", [{"id": q["id"], "text": q["text"]} for q in queries])
        outputs = []
        for questions in (with_gold, without):
            out = tmp_path / f"{questions.stem}-out.jsonl"
            done = yingda("answer", "--kb", kb, "--queries", questions, "--out", out, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
            figures = json.loads(done.stdout.strip().splitlines()[-1])
            assert set(figures) == {"queries", "seconds", "per_second", "p50_ms", "p99_ms"}
            assert figures["queries"] == 3
            outputs.append(read_lines(out))
        assert outputs[0] == outputs[1]
        returned, far, human = outputs[0]
        assert returned["candidates"][0]["faq_id"] == "return"
        assert len(returned["candidates"]) == 3
        assert far["faq_id"] is None
        assert far["confidence"] < 0.5
        assert human["action"] == "handoff"
        for row in outputs[0]:
            assert set(row) >= {"id", "action", "faq_id", "confidence", "candidates", "text"}
            assert 0 <= row["confidence"] <= 1

    def test_eval_reports_what_it_measured(self, tmp_path: Path) -> None:
        kb = write_lines(tmp_path / "kb.jsonl", KB)
        queries: list[dict[str, Any]] = [
            {"id": "1", "text": "咋退货", "gold_ids": ["return"], "oos_type": None},
            {"id": "2", "text": "邮费贵吗", "gold_ids": ["freight"], "oos_type": None},
            {"id": "3", "text": "火星多远", "gold_ids": [], "oos_type": "far"},
        ]
        report = tmp_path / "report"
        questions = write_lines(tmp_path / "q.jsonl", queries)
        done = yingda("eval", "--kb", kb, "--queries", questions, "--report", report, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        assert figures["hit@1"] == 1.0
        assert {path.suffix for path in report.iterdir()} >= {".md", ".json", ".svg"}


class TestServing:
    def test_taken_port_is_said_plainly(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = yingda("serve", "--port", port, cwd=tmp_path)
        assert done.returncode == 1
        assert f"--port {port + 1}" in done.stderr
        assert "Traceback" not in done.stderr

    def test_unusable_data_directory_is_said_plainly(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        done = yingda("init", cwd=tmp_path, YINGDA_DATA_DIR=str(tmp_path / "file" / "var"))
        assert done.returncode == 1
        assert "YINGDA_DATA_DIR" in done.stderr

    def test_many_workers_need_shared_storage(self, tmp_path: Path) -> None:
        done = yingda("serve", "--workers", "2", cwd=tmp_path)
        assert done.returncode == 1
        assert "PostgreSQL 与 Redis" in done.stderr

    @pytest.mark.parametrize(
        ("name", "value"),
        [("YINGDA_PORT", "abc"), ("YINGDA_DATABASE_URL", "mysql://x"), ("YINGDA_LOG_LEVEL", "loud")],
    )
    def test_bad_setting_is_named(self, tmp_path: Path, name: str, value: str) -> None:
        done = yingda("doctor", cwd=tmp_path, **{name: value})
        assert done.returncode == 1
        assert name in done.stderr
        assert "Traceback" not in done.stderr

    def test_doctor_finds_what_is_wrong(self, tmp_path: Path) -> None:
        before = yingda("doctor", "--json", cwd=tmp_path)
        assert before.returncode == 1  # no database yet
        yingda("init", cwd=tmp_path)
        after = yingda("doctor", "--json", cwd=tmp_path)
        assert after.returncode == 0, after.stdout
        broken = yingda(
            "doctor", cwd=tmp_path, YINGDA_REDIS_URL="redis://127.0.0.1:1", YINGDA_ENCODER_DIR=str(tmp_path)
        )
        assert broken.returncode == 1
        assert "YINGDA_REDIS_URL" in broken.stdout

    @pytest.mark.parametrize(
        "command",
        [
            (),
            ("demo",),
            ("serve",),
            ("init",),
            ("tenant", "create"),
            ("kb", "import"),
            ("kb", "export"),
            ("kb", "template"),
            ("answer",),
            ("eval",),
            ("doctor",),
            ("audit", "verify"),
            ("retention",),
            ("backup",),
            ("restore",),
            ("check",),
            ("test",),
        ],
    )
    def test_every_command_has_help(self, tmp_path: Path, command: tuple[str, ...]) -> None:
        done = yingda(*command, "--help", cwd=tmp_path)
        assert done.returncode == 0
        assert done.stdout


class TestWayIn:
    """./yingda itself, with the Python that it would find on an old machine."""

    def test_old_python_is_told_what_to_do(self, tmp_path: Path) -> None:
        for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
            fake = tmp_path / name
            fake.write_text('#!/bin/sh\n[ "$1" = "--version" ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
            fake.chmod(0o755)
        checkout = tmp_path / "checkout"
        checkout.mkdir()
        script = checkout / "yingda"
        script.write_bytes((REPOSITORY / "yingda").read_bytes())
        script.chmod(0o755)
        done = subprocess.run(
            [script, "demo"],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin".replace(":/usr/bin:/bin", ":" + str(_tools(tmp_path)))},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 1
        assert "3.11" in done.stderr
        assert "Python 3.9.2" in done.stderr
        assert not (checkout / ".venv").exists()


def _tools(folder: Path) -> Path:
    """A folder with the few system tools that the script uses, and no Python."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "printf", "cmp", "cp", "rm"):
        for place in ("/bin", "/usr/bin"):
            if Path(place, name).exists():
                (tools / name).symlink_to(Path(place, name))
                break
    return tools
