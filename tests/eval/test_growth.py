"""The chart of growth: where lines run, and what is refused."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from eval.growth import growth_chart
from matcher.errors import InputError

STAGES = (
    "import",
    "tokenise",
    "train",
    "encode",
    "index",
    "candidates",
    "score",
    "balance",
    "write",
)


def result(patents: int, seconds: float, **other: Any) -> dict[str, Any]:
    stages = dict.fromkeys(STAGES, seconds)
    return {"patents": patents, "stages": stages, "total_s": seconds * len(STAGES), **other}


def lines(svg: str) -> list[list[tuple[float, float]]]:
    tree = ElementTree.fromstring(svg)
    found = tree.iter("{http://www.w3.org/2000/svg}polyline")
    pairs = [[pair.split(",") for pair in line.attrib["points"].split()] for line in found]
    return [[(float(x), float(y)) for x, y in line] for line in pairs]


def test_ten_times_the_seconds_are_one_step_up() -> None:
    svg = growth_chart([result(94_000, 100.0), result(940_000, 1_000.0), result(9_400, 10.0)])
    drawn = lines(svg)
    assert len(drawn) == len(STAGES) + 1
    for (x1, y1), (x2, y2), (x3, y3) in drawn:
        assert x1 < x2 < x3
        assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
        assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
        assert y1 > y2
    total = drawn[-1]
    assert all(t < s for (_, t), (_, s) in zip(total, drawn[0], strict=True))
    assert "940,000" in svg
    assert "total 9,000 s" in svg


def test_labels_do_not_overlap() -> None:
    svg = growth_chart([result(1_000, 1.0), result(2_000, 2.0)])
    heights = [
        float(y) for y in re.findall(r'y="([\d.]+)" fill="#[0-9a-f]{6}">[a-z]+ [\d,]+ s<', svg)
    ]
    assert len(heights) == len(STAGES) + 1
    assert min(b - a for a, b in pairwise(heights)) >= 12


def test_what_is_no_result_is_told() -> None:
    with pytest.raises(InputError, match="1 size"):
        growth_chart([result(1_000, 1.0), result(1_000, 2.0)])
    with pytest.raises(InputError, match="stages"):
        growth_chart([{"patents": 3}])
    few = result(5, 1.0)
    del few["stages"]["write"]
    with pytest.raises(InputError, match="without write"):
        growth_chart([few, result(6, 1.0)])
