"""`yingda answer`: a file of questions against a knowledge base, through the very same path as the server."""

from __future__ import annotations

import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core.settings import Settings
from dialog.engine import AnswerEngine, build_engine, default_settings
from dialog.policy import EngineSettings
from dialog.types import Answer
from eval.files import FileError, KnowledgeFile, Query, answer_row, read_entries, read_queries, write_rows
from nlu.embedders import OnnxEmbedder

_CACHE = "answer-cache"  # below the data directory; holds the vectors of the last base


def run_answer(kb: Path, queries: Path, out: Path, tenant_config: Path | None = None) -> dict[str, Any]:
    """Answers every question and writes `out`; returns the line of figures that the contract wants printed last.

    `seconds` and the percentiles cover answering alone, not reading and indexing. Gold in the questions file is
    not looked at. Raises FileError (a sentence for people) for files that cannot be used.
    """
    knowledge, questions = read_entries(kb), read_queries(queries)
    console = Console(stderr=True)
    engine = prepare_engine(knowledge, console, tenant_config)
    answers, times = answer_all(engine, questions, console)
    write_rows(out, (answer_row(query, answer) for query, answer in zip(questions, answers, strict=True)))
    return timing(times)


def prepare_engine(knowledge: KnowledgeFile, console: Console, tenant_config: Path | None = None) -> AnswerEngine:
    """The engine for a base file; says on `console` what was passed over."""
    for remark in knowledge.remarks:
        console.print(remark, markup=False, highlight=False)
    settings = Settings()
    policy, names = read_tenant_config(tenant_config)
    embedder = OnnxEmbedder(settings.encoder_dir)
    return build_engine(
        knowledge.entries, embedder, cache=settings.data_dir / _CACHE, settings=policy,
        threads=settings.answer_threads, **names,
    )  # fmt: skip


def answer_all(engine: AnswerEngine, queries: list[Query], console: Console) -> tuple[list[Answer], list[float]]:
    """One answer a question in order, and the milliseconds that each took."""
    answers: list[Answer] = []
    times: list[float] = []
    columns = (TextColumn("回答问题"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        for query in progress.track(queries, total=len(queries)):
            started = time.perf_counter()
            answers.append(engine.answer(query.text))
            times.append((time.perf_counter() - started) * 1000)
    return answers, times


def timing(milliseconds: list[float]) -> dict[str, Any]:
    """The closing line of figures: count, seconds, questions a second, median and 99th percentile."""
    ordered = sorted(milliseconds)
    seconds = sum(ordered) / 1000
    last = len(ordered) - 1
    return {
        "queries": len(ordered),
        "seconds": round(seconds, 3),
        "per_second": round(len(ordered) / seconds, 1) if seconds else 0.0,
        "p50_ms": round(ordered[last // 2], 3) if ordered else 0.0,
        "p99_ms": round(ordered[int(last * 0.99)], 3) if ordered else 0.0,
    }


def read_tenant_config(path: Path | None) -> tuple[EngineSettings, dict[str, str]]:
    """Thresholds (`[policy]`) and names (`bot_name`, `tenant_name`) of a tenant; defaults without a file."""
    settings = default_settings()
    if path is None:
        return settings, {}
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"读不到租户配置 {path}，请检查路径和权限。") from error
    except ValueError as error:
        raise FileError(f"租户配置 {path.name} 不是有效的 TOML：{error}。") from error
    names: dict[str, str] = {name: str(stored[name]) for name in ("bot_name", "tenant_name") if name in stored}
    wanted = stored.get("policy", {})
    known = {name: type(getattr(settings, name)) for name in EngineSettings.__slots__}
    for name, value in wanted.items():
        if name not in known:
            raise FileError(f"租户配置 {path.name}：[policy] 里没有 {name} 这一项，可用的有 {'、'.join(known)}。")
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value < 0
            or (known[name] is float and value > 1)
        ):
            raise FileError(f"租户配置 {path.name}：[policy] 的 {name} 不是有效的数值。")
    return replace(settings, **{name: known[name](value) for name, value in wanted.items()}), names
