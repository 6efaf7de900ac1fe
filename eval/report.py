"""The evaluation report as Markdown."""

from __future__ import annotations

from typing import Any

_ROWS = (
    ("hit@1", "首位命中"),
    ("hit@3", "前三命中"),
    ("mrr@10", "MRR@10"),
    ("auroc_near", "近域拒识 AUROC（置信度）"),
    ("auroc_far", "远域拒识 AUROC（置信度）"),
    ("auroc_near_score", "近域拒识 AUROC（匹配分）"),
    ("auroc_far_score", "远域拒识 AUROC（匹配分）"),
    ("cov5", "误放 5% 时的覆盖率（置信度）"),
    ("cov5_score", "误放 5% 时的覆盖率（匹配分）"),
    ("ece", "校准误差 ECE"),
    ("direct", "直接回答占比"),
    ("direct_in_scope", "库内问题直接回答占比"),
    ("direct_precision", "直接回答正确率"),
    ("direct_precision_in_scope", "库内问题直接回答正确率"),
)
_ACTIONS = (
    ("answer", "直接回答"),
    ("suggest", "推荐相似问"),
    ("clarify", "反问"),
    ("handoff", "转人工"),
    ("reject", "拒识"),
)


def markdown_report(kb: str, queries: str, figures: dict[str, Any], version: str) -> str:
    """One page: what was measured, the figures, and how often the bot did what."""
    lines = [
        "# 评测报告",
        "",
        f"知识库 `{kb}`（{figures['entries']} 条，索引版本 `{version}`），问题 `{queries}`："
        f"{figures['questions']} 条有标准答案，"
        f"其中库内 {figures['in_scope']}，近域外 {figures['near']}，远域外 {figures['far']}。",
        "",
        "| 指标 | 数值 |",
        "|---|---|",
        *(f"| {title} | {_number(figures[name])} |" for name, title in _ROWS),
        f"| 每题耗时 p50 / p99（毫秒） | {figures['p50_ms']} / {figures['p99_ms']} |",
        "",
        "| 动作 | 次数 |",
        "|---|---|",
        *(f"| {title} | {figures[f'action_{name}']} |" for name, title in _ACTIONS),
        "",
        "闲聊类回复计入“直接回答”的次数，但不计入直接回答的占比与正确率。",
        "",
        "![风险—覆盖率曲线](risk-coverage.svg)",
        "",
        "![可靠性图](reliability.svg)",
        "",
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
