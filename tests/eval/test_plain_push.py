"""The plain push: it finds what it should, and its estimate is the sample's times scaled up."""

from __future__ import annotations

import pytest

from eval.plain_push import plain_push
from matcher.errors import InputError

PATENTS = [f"一种{a}{b}的{c}方法" for a in "高低快慢新" for b in ("压", "温", "速", "频") for c in
           ("水泵", "阀门", "轴承", "电机", "涂料", "灯具")]  # fmt: skip


def test_the_estimate_grows_with_firms_and_patents() -> None:
    one = plain_push(PATENTS, ["水泵、阀门的制造"] * 5, (len(PATENTS), 5), dim=8, k=10)
    assert (one.patents, one.firms) == (120, 5)
    assert one.estimated_s == pytest.approx(one.prepare_s + one.search_s, abs=0.06)
    more = plain_push(PATENTS, ["水泵、阀门的制造"] * 5, (12_000, 50_000), dim=8, k=10)
    least = 100 * more.prepare_s + 10_000 * more.search_s
    assert more.estimated_s >= 0.98 * least


def test_too_small_a_sample_is_refused() -> None:
    with pytest.raises(InputError, match="more than 256 patents"):
        plain_push(PATENTS, ["水泵"], (120, 1))
