"""Exposure: figures by hand, against other formulas of the same thing, and as laws."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from eval.exposure import Exposure, exposure, gini, skewness
from matcher.errors import InputError

LISTS = [["P1", "P2"], ["P1", "P3"], ["P1"], []]
counts = st.lists(st.integers(0, 50), min_size=1, max_size=40)
lists_of = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=14), max_size=20)


def test_every_figure_by_hand() -> None:
    found = exposure(LISTS, n_pool=5)  # N = 3, 1, 1, 0, 0
    mean, second = 1.0, (4 + 0 + 0 + 1 + 1) / 5
    third = (8 + 0 + 0 - 1 - 1) / 5
    bits = [(0 + log2(3)) / 2, (0 + log2(3)) / 2, 0]
    assert found == Exposure(
        n_lists=3,
        n_slots=5,
        coverage=3 / 5,
        ceiling=1.0,
        gini=pytest.approx((-4 * 0 - 2 * 0 + 0 * 1 + 2 * 1 + 4 * 3) / (5 * 5)),
        skew=pytest.approx(third / second**1.5),
        top_share=3 / 5,
        novelty=pytest.approx(sum(bits) / 3),
    )
    assert mean == 5 / 5


def test_only_the_first_ten_places_count() -> None:
    deep = [[f"P{i}" for i in range(25)]]
    found = exposure(deep, n_pool=100)
    assert (found.n_slots, found.coverage, found.ceiling) == (10, 0.1, 0.1)


def test_the_most_shown_hundredth_is_rounded_up_to_whole_patents() -> None:
    lists = [["hub", f"P{i}"] for i in range(100)]  # 101 shown of 150: two patents are 1 %
    assert exposure(lists, n_pool=150).top_share == pytest.approx((100 + 1) / 200)


def test_one_list_for_all_has_no_novelty_and_lists_apart_have_the_most() -> None:
    assert exposure([["P1", "P2"]] * 8, 10).novelty == 0.0
    assert exposure([[f"P{i}"] for i in range(8)], 8).novelty == 3.0
    assert exposure([[f"P{i}"] for i in range(8)], 8).gini == 0.0
    assert exposure([["P1"]] * 8, 8).gini == pytest.approx(7 / 8)


def test_nothing_shown_is_zero_everywhere() -> None:
    assert exposure([[], []], 3) == Exposure(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@given(counts)
def test_gini_is_half_the_relative_mean_difference(times: list[int]) -> None:
    values = np.array(times, dtype=np.float64)
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    expected = pairs / (2 * values.mean()) if values.any() else 0.0
    assert gini(values) == pytest.approx(expected)
    assert -1e-12 <= gini(values) <= 1 - 1 / len(values) + 1e-12
    assert gini(values * 3) == pytest.approx(gini(values))


@given(counts)
def test_skewness_is_that_of_scipy(times: list[int]) -> None:
    values = np.array(times, dtype=np.float64)
    expected = 0.0 if np.ptp(values) == 0 else stats.skew(values)
    assert skewness(values) == pytest.approx(expected)
    assert skewness(-values) == pytest.approx(-skewness(values))


@settings(deadline=None)
@given(lists_of, st.integers(31, 60))
def test_laws_of_any_run(found: list[list[int]], n_pool: int) -> None:
    named = [[f"P{i}" for i in items] for items in found]
    result = exposure(named, n_pool)
    assert 0 <= result.coverage <= result.ceiling <= 1
    assert 0 <= result.novelty <= log2(max(result.n_lists, 1)) + 1e-12
    assert 0 <= result.top_share <= 1
    other = exposure([[f"X{i[1:]}" for i in items] for items in reversed(named)], n_pool)
    for figure in ("coverage", "gini", "skew", "top_share", "novelty"):
        assert getattr(other, figure) == pytest.approx(getattr(result, figure))


def test_a_pool_that_is_too_small_and_a_patent_twice_are_refused() -> None:
    with pytest.raises(InputError, match="3 patents in lists over a pool of 2"):
        exposure(LISTS, n_pool=2)
    with pytest.raises(InputError, match="twice in one list"):
        exposure([["P1", "P1"]], n_pool=2)
