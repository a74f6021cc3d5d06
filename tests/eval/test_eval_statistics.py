"""The bootstrap: seeded, paired, symmetric, and as wide as it claims."""

from __future__ import annotations

import numpy as np
import pytest

from eval.statistics import Bootstrap, differences, intervals, resampled_means
from matcher.errors import InputError

FAST = Bootstrap(resamples=2_000)


def test_resampled_means_are_means_of_drawn_rows() -> None:
    values = np.array([[0.0], [1.0], [10.0]])
    possible = {(a + b + c) / 3 for a in (0, 1, 10) for b in (0, 1, 10) for c in (0, 1, 10)}
    drawn = resampled_means(values, FAST)
    assert drawn.shape == (2_000, 1)
    assert {round(x, 9) for x in drawn[:, 0].tolist()} == {round(x, 9) for x in possible}


def test_same_seed_same_interval_other_seed_another() -> None:
    values = np.random.default_rng(1).random((50, 2))
    assert intervals(values, FAST) == intervals(values.copy(), FAST)
    assert intervals(values, FAST) != intervals(values, Bootstrap(2_000, seed=1))


def test_blocks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random((50, 1))
    whole = resampled_means(values, FAST)
    monkeypatch.setattr("eval.statistics._CELLS", 50 * 7)
    np.testing.assert_allclose(resampled_means(values, FAST), whole, rtol=1e-12)


def test_a_mean_lies_in_its_interval_and_a_constant_has_none() -> None:
    spread, constant = intervals(np.array([[0.0, 0.3], [1.0, 0.3], [0.5, 0.3]]), FAST)
    assert spread.low < spread.mean == 0.5 < spread.high
    assert (constant.mean, constant.low, constant.high) == pytest.approx((0.3, 0.3, 0.3))


def test_ninety_five_percent_intervals_hold_the_truth_that_often() -> None:
    rng = np.random.default_rng(3)
    samples = rng.exponential(2.0, size=(200, 400))  # 400 experiments of 200 queries, mean 2
    found = [intervals(samples[:, [i]], Bootstrap(500, seed=i))[0] for i in range(400)]
    covered = np.mean([interval.low <= 2.0 <= interval.high for interval in found])
    assert 0.91 <= covered <= 0.98


def test_a_wider_confidence_is_a_wider_interval() -> None:
    values = np.random.default_rng(5).random((40, 1))
    narrow, wide = (intervals(values, Bootstrap(2_000, confidence=c))[0] for c in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_difference_turned_around_changes_its_sign_alone() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((60, 1)), rng.random((60, 1))
    (there,), (back,) = differences(a, b, FAST), differences(b, a, FAST)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert there.p == back.p


def test_pairing_finds_a_small_steady_gain_that_unpaired_intervals_hide() -> None:
    rng = np.random.default_rng(4)
    b = rng.random((100, 1))
    a = b + 0.01 + rng.normal(0, 0.01, (100, 1))
    (gain,) = differences(a, b, Bootstrap())
    assert 0 < gain.low < gain.mean < gain.high < 0.02
    assert gain.p == pytest.approx(1 / 10_001)
    (first,), (second,) = intervals(a, FAST), intervals(b, FAST)
    assert first.low < second.high


def test_p_is_one_for_equal_systems_and_even_for_noise() -> None:
    values = np.random.default_rng(6).random((30, 1))
    assert differences(values, values, FAST)[0].p == 1.0
    rng = np.random.default_rng(8)
    p = [
        differences(rng.normal(size=(80, 1)), rng.normal(size=(80, 1)), Bootstrap(300))[0].p
        for _ in range(300)
    ]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09
    assert 0.42 <= np.mean(p) <= 0.58


def test_wrong_shapes_and_settings_are_refused() -> None:
    with pytest.raises(InputError):
        resampled_means(np.zeros((0, 1)), FAST)
    with pytest.raises(InputError):
        differences(np.zeros((2, 1)), np.zeros((3, 1)), FAST)
    with pytest.raises(InputError):
        Bootstrap(resamples=0)
    with pytest.raises(InputError):
        Bootstrap(confidence=1.0)
