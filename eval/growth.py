"""How the seconds of a push grow with its catalogue: one line a stage, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from matcher.errors import InputError

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _RIGHT = 760, 460, 60, 40, 130
_COLOURS = {
    "import": "#7a5195",
    "tokenise": "#bc5090",
    "train": "#ef5675",
    "encode": "#ff764a",
    "index": "#c98b00",
    "candidates": "#2f7d4f",
    "score": "#5aa469",
    "balance": "#1f6fb2",
    "write": "#6c757d",
    "total": "#111111",
}
_APART = 13  # pixels between two labels


def growth_chart(results: Sequence[Mapping[str, Any]]) -> str:
    """Return an SVG of what several ``panhuo bench scale`` printed.

    Args:
        results: at least two, of different size; each tells ``patents``, ``stages`` and
            ``total_s``.

    Raises:
        InputError: fewer than two sizes, or a result without these.
    """
    points = sorted((_point(result) for result in results), key=lambda point: point[0])
    sizes = [size for size, _ in points]
    if len(set(sizes)) < 2:
        raise InputError(
            f"found results of {len(set(sizes))} size", "two or more", "measure other sizes too"
        )
    scale = _Scale(sizes[0], sizes[-1], max(seconds["total"] for _, seconds in points))
    lines, labels = [], []
    for stage, colour in _COLOURS.items():
        known = [(scale.x(n), scale.y(seconds[stage])) for n, seconds in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in known)
        width = 2.5 if stage == "total" else 1.5
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        )
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in known]
        labels.append((known[-1][1], f"{stage} {points[-1][1][stage]:,.0f} s", colour))
    body = "".join([*scale.axes(sizes), *lines, *_labels(labels)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f"{body}</svg>\n"
    )


def _point(result: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    try:
        seconds = {name: max(float(value), 0.1) for name, value in result["stages"].items()}
        seconds["total"] = float(result["total_s"])
        missing = [stage for stage in _COLOURS if stage not in seconds]
        size = int(result["patents"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"found a result without {error}", "what 'panhuo bench scale --json' prints"
        ) from error
    if missing:
        raise InputError(f"found a result without {missing[0]}", "every stage of bench scale")
    return size, seconds


class _Scale:
    """Where sizes and seconds stand."""

    def __init__(self, least: int, most: int, seconds: float) -> None:
        self._least, self._most = math.log10(least), math.log10(most)
        self._decades = math.ceil(math.log10(max(seconds, 10.0)))

    def x(self, size: int) -> float:
        share = (math.log10(size) - self._least) / (self._most - self._least)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, seconds: float) -> float:
        share = (math.log10(max(seconds, 0.1)) + 1) / (self._decades + 1)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - 20)

    def axes(self, sizes: Sequence[int]) -> list[str]:
        found = []
        for power in range(-1, self._decades + 1):
            y = self.y(10.0**power)
            found.append(
                f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                f'stroke="#dddddd"/><text x="{_LEFT - 6}" y="{y + 4:.1f}" '
                f'text-anchor="end">{10.0**power:g} s</text>'
            )
        found += [
            f'<text x="{self.x(size):.1f}" y="{_HEIGHT - 18}" text-anchor="middle">{size:,}</text>'
            for size in dict.fromkeys(sizes)
        ]
        middle = (_LEFT + _WIDTH - _RIGHT) / 2
        return [*found, f'<text x="{middle}" y="{_HEIGHT - 3}" text-anchor="middle">patents</text>']


def _labels(labels: Sequence[tuple[float, str, str]]) -> list[str]:
    """Return the labels at the ends of the lines, pushed apart where they would overlap."""
    found, lowest = [], -math.inf
    for y, text, colour in sorted(labels):
        lowest = max(y, lowest + _APART)
        found.append(
            f'<text x="{_WIDTH - _RIGHT + 8}" y="{lowest + 4:.1f}" fill="{colour}">'
            f"{escape(text)}</text>"
        )
    return found
