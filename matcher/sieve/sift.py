"""The inner loops of the sieve: words and places added, the best kept. Compiled, one thread."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

LOWEST = np.float32(-5e8)
_SAMPLED = 2_048


@numba.njit(cache=True, nogil=True)
def scatter(product: Any, at: Any, values: Any) -> None:
    """Copy row i of a product to ``values[at[i] :]``."""
    width = product.shape[1]
    for i in range(len(at)):
        values[at[i] : at[i] + width] = product[i]


@numba.njit(cache=True, nogil=True)
def add_words(columns: Any, postings: Any, weight: Any, position: Any, sums: Any) -> None:
    """Add each word's BM25 × weight at the positions of its patents."""
    data, rows, offsets = postings
    for column in columns:
        for i in range(offsets[column], offsets[column + 1]):
            at = position[rows[i]]
            if at >= 0:
                sums[at] += weight * data[i]


@numba.njit(cache=True, nogil=True)
def forget_words(columns: Any, postings: Any, position: Any, sums: Any) -> None:
    """Set to nought what ``add_words`` touched."""
    _, rows, offsets = postings
    for column in columns:
        for i in range(offsets[column], offsets[column + 1]):
            at = position[rows[i]]
            if at >= 0:
                sums[at] = 0.0


@numba.njit(cache=True, nogil=True)
def complete(values: Any, looked: Any, start: Any, sums: Any, place: Any, lies: Any) -> None:
    """Add words and place to the scores of one firm's clusters, in place.

    Args:
        values: float32 (positions looked at,), cluster after cluster.
        looked: int32, the clusters looked at, ascending.
        start: where each cluster begins and ends.
        sums: float32 (positions,), of the words.
        place: (province, city, weight of province, weight of city) of the firm; -1 for unknown.
        lies: (province, city) int (positions,) of the patents.
    """
    province, city, by_province, by_city = place
    at = 0
    for cluster in looked:
        for p in range(start[cluster], start[cluster + 1]):
            value = values[at] + sums[p]
            if province >= 0 and lies[0][p] == province:
                value += by_province
            if city >= 0 and lies[1][p] == city:
                value += by_city
            values[at] = value
            at += 1


@numba.njit(cache=True, nogil=True)
def outside(columns: Any, postings: Any, where: Any, sums: Any, inside: Any, most: int) -> Any:
    """Return the positions outside the clusters looked at whose words score most."""
    _, rows, offsets = postings
    position, cluster_of = where
    total = 0
    for column in columns:
        total += offsets[column + 1] - offsets[column]
    found = np.empty(total, dtype=np.int64)
    n = 0
    for column in columns:
        for i in range(offsets[column], offsets[column + 1]):
            at = position[rows[i]]
            if at >= 0 and sums[at] > 0 and not inside[cluster_of[at]]:
                found[n] = at
                n += 1
                sums[at] = -sums[at]  # seen; each once
    found = found[:n]
    worth = np.empty(n, dtype=np.float32)
    for k in range(n):
        sums[found[k]] = -sums[found[k]]
        worth[k] = sums[found[k]]
    if n > most:
        bar = np.partition(worth, n - most)[n - most]
        found = found[worth >= bar][:most]
    return np.sort(found)


@numba.njit(cache=True, nogil=True)
def keep(values: Any, at: Any, depth: int, least: Any) -> Any:
    """Return which entries are kept and which of these reach the patent's own bar.

    What lies above a bar that a sample suggests is collected; the bar is lowered if that was few.

    Args:
        values: float32 (n,).
        at: int (n,), the position of each.
        depth: how many of the best.
        least: float32 (positions,).
    """
    bar = _bar(values, depth)
    found, n_best = _above(values, at, bar, least)
    if n_best < min(depth, len(values)) and bar > LOWEST:
        bar = LOWEST
        found, n_best = _above(values, at, bar, least)
    chosen = values[found]
    best = np.flatnonzero(chosen > bar)
    best = best[np.argsort(-chosen[best], kind="mergesort")[:depth]]
    near = chosen >= least[at[found]]
    kept = near.copy()
    kept[best] = True
    return found[kept], near[kept]


@numba.njit(cache=True, nogil=True)
def keep_best(best: Any, values: Any, at: Any) -> None:
    """Push scores into the ascending columns of ``best``, float32 (places, positions)."""
    for j in range(len(values)):
        value, p = values[j], at[j]
        if value > best[0, p]:
            place = 0
            while place + 1 < len(best) and best[place + 1, p] < value:
                best[place, p] = best[place + 1, p]
                place += 1
            best[place, p] = value


@numba.njit(cache=True, nogil=True)
def allowed_in(allowed: Any, order: Any, start: Any) -> Any:
    """Return int64 (clusters,): how many members of each are allowed."""
    found = np.zeros(len(start) - 1, dtype=np.int64)
    for cluster in range(len(found)):
        for p in range(start[cluster], start[cluster + 1]):
            found[cluster] += allowed[order[p]]
    return found


@numba.njit(cache=True, nogil=True)
def positions_of(looked: Any, start: Any, n: int) -> Any:
    """Return int64 (n,): the positions of the clusters, one after the other."""
    found = np.empty(n, dtype=np.int64)
    at = 0
    for cluster in looked:
        for p in range(start[cluster], start[cluster + 1]):
            found[at] = p
            at += 1
    return found


@numba.njit(cache=True, nogil=True)
def _bar(values: Any, depth: int) -> Any:
    """Return a value that about twice ``depth`` entries exceed."""
    stride = len(values) // _SAMPLED
    if stride < 2 or 4 * depth >= len(values):
        return LOWEST
    sample = values[::stride].copy()
    place = 1 + 2 * depth * len(sample) // len(values)
    return max(LOWEST, np.partition(sample, len(sample) - place)[len(sample) - place])


@numba.njit(cache=True, nogil=True)
def _above(values: Any, at: Any, bar: Any, least: Any) -> Any:
    """Return what is above the bar or reaches its own ``least``, and how many are above the bar."""
    found = np.empty(1024, dtype=np.int64)
    n, n_best = 0, 0
    for j in range(len(values)):
        value = values[j]
        if value > bar or value >= least[at[j]]:
            if n == len(found):
                found = np.concatenate((found, np.empty(len(found), dtype=np.int64)))
            found[n] = j
            n += 1
            n_best += value > bar
    return found[:n], n_best
