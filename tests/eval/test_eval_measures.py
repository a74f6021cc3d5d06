"""Measures: expected values as arithmetic, and against a formula written here."""

from __future__ import annotations

from math import log2

import ir_measures
import numpy as np
import pytest

from eval.judgments import Qrels
from eval.measures import MEASURES, means, per_query
from eval.runs import Run

QRELS: Qrels = {
    "F1": {"P1": 3, "P2": 1, "P3": 0, "P4": 2},
    "F2": {"P1": 1},
    "F3": {"P1": 0},
    "F4": {"P9": 1},
}
RUN = Run.of(
    "demo",
    {
        "F1": [("P3", 9.0), ("P1", 8.0), ("P7", 7.0), ("P2", 6.0)],
        "F3": [("P1", 1.0)],
        "F4": [(f"Q{i}", 99.0 - i) for i in range(10)] + [("P9", 1.0)],
        "F5": [("P1", 1.0)],
    },
)


def test_values_are_the_arithmetic_of_a_literal_snippet() -> None:
    ideal = 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    expected = [
        #  nDCG@10                                R@10   R@100  RR      P@10
        [(3 / log2(3) + 1 / log2(5)) / ideal, 2 / 3, 2 / 3, 1 / 2, 2 / 10],  # F1
        [0, 0, 0, 0, 0],  # F2: not answered
        [0, 0, 0, 0, 0],  # F3: nothing to find
        [0, 0, 1, 1 / 11, 0],  # F4: found at rank 11
    ]
    np.testing.assert_allclose(per_query(QRELS, RUN), expected, atol=1e-12)


def test_missing_queries_count_as_zero_in_the_mean() -> None:
    found = means(per_query(QRELS, RUN))
    assert found["RR"] == pytest.approx((1 / 2 + 0 + 0 + 1 / 11) / 4)
    assert found["R@100"] == pytest.approx((2 / 3 + 0 + 0 + 1) / 4)
    assert found["P@10"] == pytest.approx((2 / 10) / 4)


def test_a_run_that_answers_nothing_is_all_zero() -> None:
    assert not per_query(QRELS, Run.of("empty", {})).any()


def test_means_are_those_of_ir_measures_itself() -> None:
    wanted = [ir_measures.parse_measure(name) for name in MEASURES]
    run = {query: dict(answer) for query, answer in RUN.answers.items()}
    expected = ir_measures.calc_aggregate(wanted, QRELS, run)
    found = means(per_query(QRELS, RUN))
    assert found == {str(m): pytest.approx(v, abs=1e-12) for m, v in expected.items()}


def test_every_measure_agrees_with_a_formula_written_by_hand() -> None:
    rng = np.random.default_rng(7)
    documents = [f"P{i}" for i in range(150)]
    qrels = {
        f"F{q}": {
            documents[d]: int(g)
            for d, g in zip(rng.choice(150, 40, replace=False), rng.integers(0, 4, 40), strict=True)
        }
        for q in range(30)
    }
    ranked = {
        q: [documents[d] for d in rng.permutation(150)[: int(rng.integers(1, 130))]] for q in qrels
    }
    run = Run.of(
        "x", {q: [(d, float(-i)) for i, d in enumerate(found)] for q, found in ranked.items()}
    )
    expected = [by_hand(qrels[q], ranked[q]) for q in qrels]
    np.testing.assert_allclose(per_query(qrels, run), expected, atol=1e-12)


def by_hand(grades: dict[str, int], ranked: list[str]) -> list[float]:
    gains = [grades.get(document, 0) for document in ranked]
    positives = sum(grade > 0 for grade in grades.values())

    def dcg(found: list[int]) -> float:
        return sum(gain / log2(rank + 1) for rank, gain in enumerate(found[:10], start=1))

    first = next((rank for rank, gain in enumerate(gains, start=1) if gain), None)
    return [
        dcg(gains) / dcg(sorted(grades.values(), reverse=True)),
        sum(gain > 0 for gain in gains[:10]) / positives,
        sum(gain > 0 for gain in gains[:100]) / positives,
        1 / first if first else 0.0,
        sum(gain > 0 for gain in gains[:10]) / 10,
    ]
