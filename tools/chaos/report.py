"""What a run found, as a line and as a page."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.chaos.checkers import CHECKERS
from tools.chaos.history import Kind
from tools.chaos.rehearsal import Result

_HEAD = """# 故障演练结果

由 `./yingda chaos` 生成，请勿手改。方法、故障与各项承诺的说明见 [messaging.md](messaging.md)。
真实客户端经 WebSocket 聊天（部分消息同时经 HTTP 重复发送，另有只连不读的客户端），期间按种子随机注入故障；
平静之后，把每个客户端的记录与最终数据库逐条核对。
"""


def summary_line(ground: str, result: Result) -> str:
    """One rehearsal in one line."""
    history = result.history
    broken = [name for name, found in result.violations.items() if found]
    return (
        f"{ground} · 种子 {result.seed} · {result.seconds:.0f} 秒 · 故障 {history.count(Kind.MENDED)} · "
        f"说 {history.count(Kind.INVOKE)} · 确认 {history.count(Kind.ACK)} · 重试与副本 {_repeats(result)} · "
        f"未知 {history.count(Kind.UNKNOWN)} · 落盘 {len(result.final.rows)} · {'、'.join(broken) or '全部成立'}"
    )


def write_report(path: Path, results: Mapping[str, Sequence[Result]]) -> None:
    """Writes the page."""
    parts = [_HEAD]
    for ground, found in results.items():
        parts.append(f"\n## {ground}\n")
        parts.append(_totals(found))
        parts.append("\n| 承诺 | 违反 |\n|---|---|\n")
        parts += [f"| {name} | {sum(len(result.violations[name]) for result in found)} |\n" for name in CHECKERS]
        parts += [f"\n- 种子 {result.seed}：{line}" for result in found for line in _first_violations(result)]
    path.write_text("".join(parts).rstrip() + "\n", encoding="utf-8")


def _totals(found: Sequence[Result]) -> str:
    faults: Counter[str] = Counter()
    for result in found:
        faults.update(entry.note for entry in result.history.of(Kind.MENDED))
    outages = sorted(seconds for result in found for seconds in result.outages)
    outage = f"中位 {statistics.median(outages):.1f} 秒，最长 {outages[-1]:.1f} 秒" if outages else "–"
    told = "、".join(f"{name} × {times}" for name, times in sorted(faults.items()))
    rows = (
        ("演练", f"{len(found)} 次，种子 {found[0].seed}–{found[-1].seed}，共 {sum(r.seconds for r in found):.0f} 秒"),
        ("故障", told),
        ("说出的消息", sum(result.history.count(Kind.INVOKE) for result in found)),
        ("收到的确认", sum(result.history.count(Kind.ACK) for result in found)),
        ("重试与重复发送", sum(_repeats(result) for result in found)),
        ("结果未知的尝试", sum(result.history.count(Kind.UNKNOWN) for result in found)),
        ("落盘的消息（含机器人与系统）", sum(len(result.final.rows) for result in found)),
        ("客户端显示的消息", sum(result.history.count(Kind.SHOWN) for result in found)),
        ("断线后到再次确认", outage),
    )
    return "\n| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


def _repeats(result: Result) -> int:
    return result.history.count(Kind.TRY) - result.history.count(Kind.INVOKE)


def _first_violations(result: Result) -> list[str]:
    return [f"{name}：{line}" for name, lines in result.violations.items() for line in lines[:3]]
