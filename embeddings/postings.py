"""Scores looked up in the postings of words. Compiled, one thread."""

from __future__ import annotations

from typing import Any

import numba


@numba.njit(cache=True, nogil=True)
def add_all(columns: Any, data: Any, rows: Any, offsets: Any, weight: Any, total: Any) -> None:
    """Add each word's scores × weight to float32 (documents,), word after word."""
    for column in columns:
        for i in range(offsets[column], offsets[column + 1]):
            total[rows[i]] += weight * data[i]


@numba.njit(cache=True, nogil=True)
def look_up(columns: Any, data: Any, rows: Any, offsets: Any, wanted: Any, total: Any) -> None:
    """Add each word's scores at the wanted rows to float32 (wanted,), word after word.

    The rows of a word ascend, so each is found by halving what is left.
    """
    for column in columns:
        first, end = offsets[column], offsets[column + 1]
        for k in range(len(wanted)):
            row = wanted[k]
            low, high = first, end
            while low < high:
                middle = (low + high) // 2
                if rows[middle] < row:
                    low = middle + 1
                else:
                    high = middle
            if low < end and rows[low] == row:
                total[k] += data[low]
