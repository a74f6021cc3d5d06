"""Two runs compared: tests against full enumeration, counts and families by hand."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.compare import compare, compare_values
from eval.measures import MEASURES, per_query
from eval.runs import Run
from eval.statistics import Bootstrap, differences, holm, randomisation
from matcher.errors import InputError

FAST = Bootstrap(resamples=2_000)
QRELS = {"F1": {"P1": 1}, "F2": {"P1": 1, "P2": 1}, "F3": {"P3": 1}, "F4": {"P4": 2}}
A = Run.of(
    "a", {"F1": [("P1", 2.0), ("P9", 1.0)], "F2": [("P2", 2.0), ("P1", 1.0)], "F3": [("P3", 1.0)]}
)
B = Run.of("b", {"F1": [("P9", 2.0), ("P1", 1.0)], "F2": [("P1", 2.0), ("P2", 1.0)]})


def test_a_small_randomisation_test_is_the_enumeration_of_all_swaps() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random((9, 2)), rng.random((9, 2)) - 0.2
    gaps = first - second
    expected = []
    for column in gaps.T:
        observed = abs(column.sum())
        swapped = [
            abs(sum(s * g for s, g in zip(signs, column, strict=True)))
            for signs in product((1, -1), repeat=9)
        ]
        expected.append(sum(value >= observed - 1e-12 for value in swapped) / 2**9)
    assert randomisation(first, second, FAST) == pytest.approx(expected)


def test_a_drawn_test_comes_near_the_exact_one() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.random((12, 3)), rng.random((12, 3)) - 0.15
    exact = randomisation(first, second, Bootstrap(resamples=4_096))
    drawn = randomisation(first, second, Bootstrap(resamples=4_095))
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=0.03)


def test_randomisation_is_even_for_noise_and_one_for_equals() -> None:
    rng = np.random.default_rng(3)
    p = [
        randomisation(rng.normal(size=(40, 1)), rng.normal(size=(40, 1)), Bootstrap(300))[0]
        for _ in range(300)
    ]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09
    same = rng.random((40, 1))
    assert randomisation(same, same, FAST) == (1.0,)
    there, back = rng.random((40, 2)), rng.random((40, 2))
    assert randomisation(there, back, FAST) == randomisation(back, there, FAST)


def test_blocks_do_not_change_a_drawn_test(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random((50, 1)), rng.random((50, 1)) - 0.1
    whole = randomisation(first, second, FAST)
    monkeypatch.setattr("eval.statistics._CELLS", 50 * 7)
    assert randomisation(first, second, FAST) == pytest.approx(whole, abs=0.02)


def test_holm_by_hand() -> None:
    # sorted .01 .02 .03 .04 .5 × 5 4 3 2 1 = .05 .08 .09 .08 → .09 .5
    assert holm([0.03, 0.01, 0.5, 0.04, 0.02]) == pytest.approx((0.09, 0.05, 0.5, 0.09, 0.08))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_order_and_lies_between_raw_and_bonferroni(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= raw for a, raw in zip(adjusted, p, strict=True))
    order = sorted(range(len(p)), key=lambda i: p[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)
    assert max(adjusted) <= min(1.0, len(p) * max(p)) + 1e-12
    assert min(adjusted) == pytest.approx(min(1.0, len(p) * min(p)))


def test_a_comparison_holds_means_differences_and_counts() -> None:
    found = compare(QRELS, {"a": A, "b": B}, FAST)
    first, second = per_query(QRELS, A), per_query(QRELS, B)
    assert (found.first, found.second, found.n_queries) == ("a", "b", 4)
    assert list(found.measures) == list(MEASURES)
    rr = found.measures["RR"]
    assert (rr.first, rr.second) == ((1 + 1 + 1 + 0) / 4, (1 / 2 + 1 + 0 + 0) / 4)
    assert (rr.wins, rr.ties, rr.losses) == (2, 2, 0)
    assert rr.difference == differences(first, second, FAST)[MEASURES.index("RR")]
    p = randomisation(first, second, FAST)
    assert [row.p for row in found.measures.values()] == list(p)
    assert [row.p_holm for row in found.measures.values()] == list(holm(p))
    assert rr.p == 8 / 16  # 2 queries differ: both as observed or both turned, the others anyhow


def test_turned_around_wins_are_losses() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.random((30, 5)).round(1), rng.random((30, 5)).round(1)
    there, back = compare_values(first, second, FAST), compare_values(second, first, FAST)
    for measure in MEASURES:
        one, other = there[measure], back[measure]
        assert (one.wins, one.ties, one.losses) == (other.losses, other.ties, other.wins)
        assert one.difference.mean == pytest.approx(-other.difference.mean)
        assert one.p_holm == other.p_holm


def test_what_limits_a_comparison_is_told() -> None:
    foreign = Run.of("c", {**{q: [("P1", 1.0)] for q in QRELS}, "F99": [("P1", 1.0)]})
    found = compare(QRELS, {"a": A, "c": foreign}, FAST)
    assert found.warnings == (
        "a: 1 of 4 queries unanswered, counted as zero",
        "c: 1 queries are not judged and not looked at",
        "runs are of different depth (a 2, c 1): R@100 and RR favour the deeper",
    )


def test_content_is_json() -> None:
    content = json.loads(json.dumps(compare(QRELS, {"a": A, "b": B}, FAST).to_dict()))
    assert content["measures"]["RR"]["wins"] == 2
    assert content["measures"]["RR"]["difference"]["mean"] == 0.375
    assert content["bootstrap"]["resamples"] == 2_000


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InputError, match="1 runs"):
        compare(QRELS, {"a": A})
    with pytest.raises(InputError, match="no judged query in run x"):
        compare(QRELS, {"a": A, "x": Run.of("x", {"F9": [("P1", 1.0)]})})
    with pytest.raises(InputError, match="one shape"):
        randomisation(np.zeros((2, 1)), np.zeros((3, 1)), FAST)
