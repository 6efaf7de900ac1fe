"""`yingda eval`: measures answers against gold, through the very same path as the server."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from eval.files import FileError, read_entries, read_queries
from eval.metrics import measure
from eval.plots import reliability_diagram, risk_coverage_curve
from eval.report import markdown_report
from eval.runner import judge
from server.commands.answer import answer_all, prepare_engine, timing


def run_eval(
    kb: Path, queries: Path, report_dir: Path | None = None, tenant_config: Path | None = None
) -> dict[str, Any]:
    """Figures of a run; with `report_dir` also report.md, report.json (every question) and two plots as SVG.

    Raises FileError (a sentence for people) for files that cannot be used, or that hold no gold.
    """
    knowledge, questions = read_entries(kb), read_queries(queries)
    if all(query.gold_ids is None for query in questions):
        raise FileError(f"{queries.name} 里没有标准答案（gold_ids），无法评测。")
    console = Console(stderr=True)
    engine = prepare_engine(knowledge, console, tenant_config)
    answers, times = answer_all(engine, questions, console)
    judged = judge(questions, answers)
    figures: dict[str, Any] = measure(judged) | timing(times) | {"entries": len(knowledge.entries)}
    if report_dir is None:
        return figures
    files = {
        "report.md": markdown_report(kb.name, queries.name, figures, engine.index.version),
        "report.json": orjson.dumps(
            {"figures": figures, "items": [asdict(one) for one in judged]}, option=orjson.OPT_INDENT_2
        ).decode(),
        "risk-coverage.svg": risk_coverage_curve(judged),
        "reliability.svg": reliability_diagram(judged),
    }
    try:
        report_dir.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (report_dir / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise FileError(f"写不了报告目录 {report_dir}，请检查是否有写权限。") from error
    return figures
