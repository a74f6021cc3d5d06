"""What a reason is worth, and which are kept."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from matcher.ranking.features import FEATURES
from matcher.ranking.policy import Policy
from matcher.ranking.reason_order import (
    _KEPT,
    FEATURE_CAUSES,
    MOST_REASONS,
    REASON_KINDS,
    Cause,
    contributions,
    weighed,
)

ROLES = {*FEATURE_CAUSES.values()}


def lost(**worth: float) -> np.ndarray:
    return np.array([worth.get(name, 0.0) for name in FEATURES])


def test_the_table_names_features_that_exist() -> None:
    assert set(FEATURE_CAUSES) <= set(FEATURES)


def test_kept_and_shown_are_the_same_kinds() -> None:
    assert len(set(_KEPT)) == len(_KEPT)
    assert set(_KEPT) == set(REASON_KINDS)


class Crossed:
    """A policy that is not linear: the square of the sum."""

    def score(self, features: np.ndarray) -> np.ndarray:
        return features.sum(axis=1) ** 2


def test_contributions_are_what_the_score_loses_by_any_policy() -> None:
    features = np.random.default_rng(3).random((5, len(FEATURES)), dtype=np.float32)
    found = contributions(cast(Policy, Crossed()), features)
    assert found.shape == features.shape
    for row, pair in enumerate(features):
        for column, value in enumerate(pair):
            fell = pair.sum() ** 2 - (pair.sum() - value) ** 2
            assert found[row, column] == pytest.approx(fell, rel=1e-4)


def test_a_share_of_each_feature_of_a_cause_is_earned() -> None:
    cause = Cause("shared_terms", "…", {"a": 1}, {"text": 1.0, "words": 0.25})
    worth = lost(whole_text=2.0, best_item=1.0, shared_words=4.0, same_city=9.0)
    (reason,) = weighed([cause], worth)
    assert reason.detail == {
        "a": 1,
        "scored": True,
        "contribution": 2.0 + 1.0 + 0.25 * 4.0,
        "features": ["whole_text", "best_item", "shared_words"],
    }


@pytest.mark.parametrize("shares", [{}, {"text": 1.0}, {"no such cause": 1.0}])
def test_what_earns_nothing_says_so(shares: dict[str, float]) -> None:
    (reason,) = weighed([Cause("effect", "…", {}, shares)], lost(whole_text=0.0, same_city=1.0))
    assert reason.detail == {"scored": False}


def test_a_cause_whose_features_cost_more_than_they_earn_is_not_scored() -> None:
    (reason,) = weighed(
        [Cause("similar_text", "…", {}, {"text": 1.0})], lost(whole_text=-2.0, best_item=1.0)
    )
    assert reason.detail == {"scored": False}


def test_earning_ones_come_first_and_a_group_before_all() -> None:
    causes = [
        Cause("effect", "", {}),
        Cause("segment", "", {}, {"segment": 1.0}),
        Cause("missing", "", {}),
        Cause("price", "", {}),
        Cause("place", "", {}, {"city": 1.0}),
        Cause("group", "", {}),
    ]
    told = weighed(causes, lost(segment=1.0, same_city=1.5))
    kinds = [reason.kind for reason in told]
    assert kinds == ["group", "place", "segment", "effect", "price", "missing"]


def test_a_second_of_a_kind_gives_way() -> None:
    kinds = ("shared_terms", "shared_terms", "own_patents", "place", "segment")
    more = ("missing", "effect", "open_licence", "price", "maturity", "ipc", "legal_status")
    told = weighed([Cause(kind, "", {}) for kind in (*kinds, *more)], lost())
    assert len(told) == MOST_REASONS
    assert [r.kind for r in told].count("shared_terms") == 1
    assert {"maturity", "ipc", "legal_status"}.isdisjoint(r.kind for r in told)


@pytest.mark.parametrize(("part", "kept"), [(0.3, True), (0.05, False)])
def test_a_second_of_a_kind_stays_where_it_earns_much(part: float, kept: bool) -> None:
    shared = [
        Cause("shared_terms", "first", {}, {"words": 1 - part}),
        Cause("shared_terms", "second", {}, {"words": part}),
    ]
    unscored = ("place", "segment", "missing", "effect", "open_licence", "price", "maturity")
    told = weighed([*shared, *(Cause(kind, "", {}) for kind in unscored)], lost(shared_words=4.0))
    assert ("second" in {reason.text for reason in told}) is kept


def test_every_cause_that_reasons_name_is_fed_by_a_feature() -> None:
    assert {"text", "name", "words", "own", "segment", "ipc", "province", "city"} <= ROLES
