"""What lies near everyone is told apart, whatever the size of the blocks."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.index import hubness as module
from matcher.index.hubness import NEAREST, hubness


def rows(n: int, seed: int, dim: int = 16) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def planted() -> tuple[np.ndarray, np.ndarray]:
    """Firms lean to one side; patent 17 lies where they lean."""
    firms = rows(200, 1)
    firms[:, 0] += 1.0
    firms /= np.linalg.norm(firms, axis=1, keepdims=True)
    patents = rows(100, 2)
    patents[17] = np.eye(16)[0]
    return patents, firms


def test_a_planted_hub_has_the_largest_value() -> None:
    found = hubness(*planted())
    assert found.argmax() == 17
    assert found[17] > 2 * np.delete(found, 17).std()
    assert found.mean() == pytest.approx(0.0, abs=1e-6)


def test_the_value_is_the_mean_over_the_nearest_firms() -> None:
    patents, firms = planted()
    cosines = np.sort(patents @ firms.T, axis=1)[:, -NEAREST:].mean(axis=1)
    np.testing.assert_allclose(hubness(patents, firms), cosines - cosines.mean(), atol=1e-6)


def test_fewer_firms_than_neighbours_are_all_looked_at() -> None:
    patents, firms = planted()
    cosines = (patents @ firms[:3].T).mean(axis=1)
    np.testing.assert_allclose(hubness(patents, firms[:3]), cosines - cosines.mean(), atol=1e-6)


def test_without_firms_or_words_all_is_nought() -> None:
    patents, firms = planted()
    assert hubness(patents, firms[:0]).tolist() == [0.0] * 100
    assert hubness(patents, np.zeros_like(firms)).tolist() == [0.0] * 100
    assert hubness(patents[:0], firms).tolist() == []


def test_rows_without_words_change_nothing_and_are_ordinary() -> None:
    patents, firms = planted()
    expected = hubness(patents, firms)
    silent = np.zeros((50, 16), dtype=np.float32)
    found = hubness(np.vstack([patents, silent]), np.vstack([silent, firms]))
    np.testing.assert_allclose(found[:100], expected, atol=1e-6)
    assert found[100:].tolist() == [0.0] * 50


def test_the_size_of_the_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    patents, firms = planted()
    expected = hubness(patents, firms)
    for block in (1, 7, 99, 100):
        monkeypatch.setattr(module, "_BLOCK", block)
        np.testing.assert_allclose(hubness(patents, firms), expected, atol=1e-6)


def test_of_many_firms_a_spread_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    patents, firms = planted()
    monkeypatch.setattr(module, "_SAMPLE", 3)
    expected = hubness(patents, firms[[0, 99, 199]])
    np.testing.assert_allclose(hubness(patents, firms), expected, atol=1e-6)
