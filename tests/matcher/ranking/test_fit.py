"""Weights and log-odds from links whose rule is known, because the test planted it."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking.features import FEATURES
from matcher.ranking.fit import FITTED, PairTable, _Part, fit_log_odds, fit_weights

TEXT = FEATURES.index("whole_text")
WORDS = FEATURES.index("shared_words")
NAME = FEATURES.index("firm_name")
HUBS = FEATURES.index("hubness")
STATUS = FEATURES.index("in_force")
NOTHING = (0.0,) * len(FEATURES)


def planted(
    weights: dict[int, float], *, firms: int = 80, pool: int = 300, seed: int = 1
) -> PairTable:
    """Each firm has one link, drawn by the softmax of the planted scores."""
    rng = np.random.default_rng(seed)
    features = np.zeros((firms * pool, len(FEATURES)), dtype=np.float32)
    features[:, list(weights)] = rng.normal(size=(firms * pool, len(weights)))
    scores = features.astype(np.float64) @ _vector(weights)
    linked = np.zeros(firms * pool, dtype=bool)
    for firm in range(firms):
        mine = slice(firm * pool, (firm + 1) * pool)
        chance = np.exp(scores[mine] - scores[mine].max())
        linked[firm * pool + rng.choice(pool, p=chance / chance.sum())] = True
    starts = np.arange(0, firms * pool + 1, pool, dtype=np.int64)
    return PairTable(features, starts, linked, np.ones(firms * pool))


def _vector(weights: dict[int, float]) -> np.ndarray:
    vector = np.zeros(len(FEATURES))
    for feature, weight in weights.items():
        vector[feature] = weight
    return vector


def test_the_order_of_a_planted_rule_is_found() -> None:
    truth = {TEXT: 3.0, WORDS: 1.5, NAME: 0.5, HUBS: -2.0}
    found = fit_weights([planted(truth, firms=300)], NOTHING)
    assert found[list(truth)] == pytest.approx(list(truth.values()), abs=0.4)
    fresh = planted(truth, seed=2).features.astype(np.float64)
    assert np.corrcoef(fresh @ found, fresh @ _vector(truth))[0, 1] > 0.99


def test_similarity_never_lowers_a_score_and_hubness_never_raises_it() -> None:
    found = fit_weights([planted({TEXT: -2.0, WORDS: 2.0, HUBS: 2.0})], NOTHING)
    assert found[TEXT] == 0.0
    assert found[HUBS] == 0.0
    assert found[WORDS] > 1.0


def test_what_does_not_vary_or_is_not_fitted_keeps_its_weight() -> None:
    base = np.array(NOTHING)
    base[NAME], base[STATUS] = 4.5, 0.25
    found = fit_weights([planted({TEXT: 2.0, STATUS: 2.0})], base.tolist())
    assert found[NAME] == 4.5  # its column is nought for all
    assert found[STATUS] == 0.25  # it varies and would earn, but no link may teach it
    assert found[TEXT] > 1.0
    flat = PairTable(
        np.ones((4, len(FEATURES)), dtype=np.float32),
        np.array([0, 4]),
        np.array([True, False, False, False]),
        np.ones(4),
    )
    assert fit_weights([flat], base.tolist()).tolist() == base.tolist()


def test_a_feature_that_is_to_be_kept_keeps_its_weight() -> None:
    base = np.array(NOTHING)
    base[WORDS] = 0.25
    table = planted({TEXT: 2.0, WORDS: 2.0})
    found = fit_weights([table], base.tolist(), ["shared_words"])
    assert found[WORDS] == 0.25
    assert found[TEXT] > 1.0
    assert fit_weights([table], base.tolist(), FITTED).tolist() == base.tolist()


def test_firms_without_a_link_teach_nothing() -> None:
    table = planted({TEXT: 2.0, WORDS: 1.0})
    silent = planted({TEXT: -9.0, WORDS: -9.0}, firms=20, seed=5)
    both = PairTable(
        np.concatenate([table.features, silent.features]),
        np.concatenate([table.starts, silent.starts[1:] + table.starts[-1]]),
        np.concatenate([table.linked, np.zeros(len(silent.linked), dtype=bool)]),
        np.concatenate([table.stands_for, silent.stands_for]),
    )
    alone, beside = fit_weights([table], NOTHING), fit_weights([both], NOTHING)
    assert beside[[TEXT, WORDS]] == pytest.approx(alone[[TEXT, WORDS]], abs=0.02)


def test_a_sample_that_stands_for_the_pool_gives_the_weights_of_the_pool() -> None:
    truth = {TEXT: 2.0, WORDS: 1.0, HUBS: -1.0}
    full = planted(truth, firms=150, pool=1_000)
    rng = np.random.default_rng(3)
    rows, starts = [], [0]
    for firm in range(len(full)):
        mine = np.arange(full.starts[firm], full.starts[firm + 1])
        others = rng.choice(mine[~full.linked[mine]], 250, replace=False)
        rows += [mine[full.linked[mine]], others]
        starts.append(starts[-1] + 251)
    chosen = np.concatenate(rows)
    linked = full.linked[chosen]
    sample = PairTable(
        full.features[chosen], np.array(starts), linked, np.where(linked, 1.0, 999 / 250)
    )
    whole, sampled = fit_weights([full], NOTHING), fit_weights([sample], NOTHING)
    assert sampled[list(truth)] == pytest.approx(whole[list(truth)], rel=0.1)
    # Where all score alike, a link is one in the thousand of the pool, not in the 251 drawn.
    part = _Part.of(sample, np.array([TEXT]), np.array(NOTHING))
    assert part.loss(np.zeros(1))[0] == pytest.approx(np.log(1_000))


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    free = np.array([TEXT, WORDS, HUBS])
    table = planted({TEXT: 1.0, WORDS: 1.0, HUBS: -1.0}, firms=7, pool=30)
    table.linked[[3, 4, 40]] = True  # several links of one firm
    table.stands_for[~table.linked] = 5.0
    base = np.array(NOTHING)
    base[STATUS] = 1.0
    part = _Part.of(table, free, base)
    at, step = np.array([0.7, -0.3, 0.2]), 1e-6
    for column, told in enumerate(part.loss(at)[1]):
        move = np.eye(3)[column] * step
        slope = (part.loss(at + move)[0] - part.loss(at - move)[0]) / (2 * step)
        assert told == pytest.approx(slope, abs=1e-6)


def test_the_loss_of_a_small_table_by_hand() -> None:
    features = np.zeros((3, len(FEATURES)), dtype=np.float32)
    features[:, TEXT] = [2.0, 1.0, 0.0]
    table = PairTable(
        features, np.array([0, 3]), np.array([True, False, False]), np.array([1.0, 4.0, 4.0])
    )
    loss, gradient = _Part.of(table, np.array([TEXT]), np.array(NOTHING)).loss(np.ones(1))
    total = np.exp(2) + 4 * np.exp(1) + 4
    assert loss == pytest.approx(-np.log(np.exp(2) / total))
    assert gradient[0] == pytest.approx((2 * np.exp(2) + 4 * np.exp(1)) / total - 2)


@pytest.mark.parametrize("slope", [True, False])
def test_planted_log_odds_are_found(slope: bool) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=200_000)
    truth = 1.7 if slope else 1.0
    linked = rng.random(len(scores)) < 1 / (1 + np.exp(-(truth * scores - 3.0)))
    found = fit_log_odds(scores, linked, np.ones(len(scores)), slope=slope)
    assert found == pytest.approx((truth, -3.0), abs=0.06)
    if not slope:
        assert found[0] == 1.0


def test_a_pair_that_stands_for_ten_counts_as_ten() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=3_000)
    linked = rng.random(3_000) < 1 / (1 + np.exp(-(1.2 * scores - 2.0)))
    weight = np.where(linked, 1, rng.integers(1, 20, 3_000))
    told = fit_log_odds(scores, linked, weight.astype(np.float64))
    written_out = fit_log_odds(
        np.repeat(scores, weight), np.repeat(linked, weight), np.ones(weight.sum())
    )
    assert told == pytest.approx(written_out, abs=1e-6)


def test_scores_that_part_the_links_perfectly_still_have_log_odds() -> None:
    scores = np.array([0.0] * 50 + [1.0] * 5)
    slope, intercept = fit_log_odds(scores, scores > 0, np.ones(55))
    assert np.isfinite([slope, intercept]).all()
    assert intercept < -2.0 < 2.0 < slope + intercept


def test_take_keeps_the_order_asked_for() -> None:
    table = planted({TEXT: 1.0}, firms=4, pool=5)
    some = table.take(np.array([2, 0]))
    assert some.starts.tolist() == [0, 5, 10]
    assert some.features[:, TEXT].tolist() == [
        *table.features[10:15, TEXT].tolist(),
        *table.features[:5, TEXT].tolist(),
    ]
