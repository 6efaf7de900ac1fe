"""Two plots as small SVG files, by hand: a plotting library would be larger than everything else that is installed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eval.metrics import Judged, reliability, risk_coverage

_SIZE, _LEFT, _TOP, _SIDE = 360, 52, 34, 270  # of the picture, its margins and the square plotting area
_POINTS = 200  # of a curve; more cannot be seen


def risk_coverage_curve(judged: Sequence[Judged]) -> str:
    """Share of wrong answers against the share of questions answered, most confident first."""
    curve = risk_coverage(*_arrays(judged)) if judged else []
    kept = [curve[i] for i in np.linspace(0, len(curve) - 1, min(_POINTS, len(curve))).astype(int)] if curve else []
    path = " ".join(f"{_x(coverage):.1f},{_y(risk):.1f}" for coverage, risk, _ in kept)
    line = f'<polyline points="{path}" fill="none" stroke="#1d6fe0" stroke-width="2"/>' if path else ""
    return _frame("风险—覆盖率", "回答的问题占比", "其中答错的占比", line)


def reliability_diagram(judged: Sequence[Judged]) -> str:
    """Share right against confidence, in ten bins; on the diagonal the confidence is what it says."""
    dots = [
        f'<circle cx="{_x(said):.1f}" cy="{_y(was):.1f}" r="{3 + 9 * share**0.5:.1f}" '
        'fill="#1d6fe0" fill-opacity="0.7"/>'
        for said, was, share in (reliability(*_arrays(judged)) if judged else [])
    ]
    diagonal = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4 4"/>'
    return _frame("可靠性", "置信度", "实际正确率", diagonal + "".join(dots))


def _arrays(
    judged: Sequence[Judged],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    return np.array([one.confidence for one in judged]), np.array([one.right for one in judged], bool)


def _x(value: float) -> float:
    return _LEFT + _SIDE * value


def _y(value: float) -> float:
    return _TOP + _SIDE * (1 - value)


def _frame(title: str, across: str, up: str, content: str) -> str:
    ticks = "".join(
        f'<text x="{_x(v)}" y="{_y(0) + 16}" text-anchor="middle">{v:g}</text>'
        f'<text x="{_LEFT - 6}" y="{_y(v) + 4}" text-anchor="end">{v:g}</text>'
        f'<line x1="{_LEFT}" y1="{_y(v)}" x2="{_x(1)}" y2="{_y(v)}" stroke="#eee"/>'
        for v in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    middle = _TOP + _SIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" height="{_SIZE}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{title}">'
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="#fff"/>{ticks}{content}'
        f'<text x="{_x(0.5)}" y="20" text-anchor="middle" font-size="14">{title}</text>'
        f'<text x="{_x(0.5)}" y="{_y(0) + 36}" text-anchor="middle">{across}</text>'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{up}</text></svg>\n'
    )
