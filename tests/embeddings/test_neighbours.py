from __future__ import annotations

import numpy as np
import pytest

from embeddings.encoder import unit_rows
from embeddings.neighbours import nearest, neighbours_kept


def test_a_row_is_not_its_own_neighbour_and_the_best_comes_first() -> None:
    rows = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    assert nearest(rows, 2).tolist() == [[1, 2], [2, 0], [1, 3], [2, 1]]


def test_the_share_is_counted_by_hand() -> None:
    truth = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    swapped = truth[[0, 3, 2, 1]]
    # Nearest by the swapped rows: 0 → 2, 1 → 2, 2 → 3, 3 → 2; by the truth: 1, 2, 1, 2.
    assert neighbours_kept(swapped, truth, 1) == (0 + 1 + 0 + 1) / 4
    assert neighbours_kept(truth, truth, 2) == 1.0


def test_unrelated_rows_keep_what_chance_keeps() -> None:
    rng = np.random.default_rng(0)
    first, second = (unit_rows(rng.normal(size=(1_200, 16))) for _ in range(2))
    assert neighbours_kept(first, second) == pytest.approx(10 / 1_199, abs=0.003)
    assert neighbours_kept(first[:11], second[:11]) == 1.0
