"""Every patent scored for a block of firms at once, near enough to pick candidates from.

The policy is linear, so most of it is one inner product: what a firm weighs (texts, place,
segments) against what a patent has. Only the best item, the few nearest own patents, own IPC and
cities that nobody told are left out; ``rank`` adds them for the candidates. BM25 is added word by
word from its postings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES, unknown_place
from matcher.ranking.policy import Policy
from matcher.types import FloatArray, RowArray

_NEVER = np.float32(-1e9)
_FACTS = 2  # columns beside vectors and segments: constant, unknown province
_CELLS = 1 << 25
_SAMPLED = 2_048
_LOWEST = np.float32(-5e8)  # below it lie only rows that may not be offered


@dataclass(frozen=True, slots=True)
class Sieve:
    """What blocks of firms are multiplied with.

    Attributes:
        table: float32 (patents, dim + 2 + segments), may be mapped from disk.
        side: the patents.
        weights: feature → weight of the policy in force.
        places: ``province`` and ``city`` → code → rows that lie there.
    """

    table: FloatArray
    side: Side
    weights: dict[str, float]
    places: dict[str, list[RowArray]]

    @classmethod
    def of(cls, side: Side, policy: Policy, table: FloatArray) -> Sieve:
        """Return the sieve over a table that ``table_of`` made for the same side and policy."""
        weights = dict(zip(FEATURES, policy.effective, strict=True))
        places = {level: _rows_by_code(side.columns[level]) for level in ("province", "city")}
        return cls(table, side, weights, places)

    @property
    def block(self) -> int:
        """How many firms are looked at together, so that their scores stay within 128 MiB."""
        return int(np.clip(_CELLS // max(len(self.side), 1), 8, 1024))

    def scores(self, queries: Sequence[FirmQuery]) -> FloatArray:
        """Return float32 (firms, patents): log-odds but for what is left out, and a constant."""
        asked = np.vstack([self._asked(query) for query in queries])
        found: FloatArray = asked @ self.table.T
        for row, query in zip(found, queries, strict=True):
            self._add_places(row, query)
            weight = np.float32(self.weights["shared_words"] / 10)
            self.side.lexical.add_scores(query.words, weight, row)
        return found

    def _asked(self, query: FirmQuery) -> FloatArray:
        w, dim = self.weights, len(query.whole)
        row = np.zeros(self.table.shape[1], dtype=np.float32)
        row[:dim] = (w["whole_text"] + w["best_item"]) * query.whole + w["firm_name"] * query.name
        if len(query.own):
            row[:dim] += w["own_patents"] * query.own.mean(axis=0)
        row[dim] = 1.0
        row[dim + 1] = w["same_province"] * unknown_place(self.side, "province", query.province)
        for column, code in enumerate(self.side.codes, start=dim + _FACTS):
            row[column] = w["segment"] * query.segments.get(code, 0.0)
        return row

    def _add_places(self, row: FloatArray, query: FirmQuery) -> None:
        for level, code in (("province", query.province), ("city", query.city)):
            if 0 <= code < len(self.places[level]):
                row[self.places[level][code]] += np.float32(self.weights[f"same_{level}"])


def table_of(side: Side, policy: Policy, allowed: Mask) -> FloatArray:
    """Return float32 (patents, dim + 2 + segments), the patents as ``Sieve`` multiplies them.

    Args:
        side: the patents.
        policy: weighs what a patent has by itself.
        allowed: bool (patents,), those that may be recommended; the others score nothing.
    """
    weights = dict(zip(FEATURES, policy.effective, strict=True))
    dim = side.vectors.shape[1]
    table = np.zeros((len(side), dim + _FACTS + len(side.codes)), dtype=np.float32)
    table[:, :dim] = side.vectors
    columns = side.columns
    table[:, dim] = (
        weights["hubness"] * columns["hubness"]
        + weights["public_holder"] * (columns["public_holder"] == 1)
        + weights["in_force"] * (columns["in_force"] == 1)
    )
    table[~allowed, dim] = _NEVER
    table[:, dim + 1] = columns["province"] < 0
    table[:, dim + _FACTS :] = side.shares.toarray()
    return table


def select(scores: FloatArray, depth: int, least: FloatArray) -> list[tuple[RowArray, Mask]]:
    """Return each firm's best rows, and all those on whose own short list the firm may stand.

    Args:
        scores: float32 (firms, patents), from ``Sieve.scores``.
        depth: how many of the best.
        least: float32 (patents,), from what score on a firm is one of the patent's best.

    Returns:
        For each firm: int64 rows ascending, and bool which of them reach ``least``.
    """
    return [_select(row, depth, least) for row in scores]


def thresholds(samples: Iterable[FloatArray], n: int, place: int) -> FloatArray:
    """Return float32 (patents,): the score of each patent's ``place``-th best firm of a sample.

    Args:
        samples: blocks of scores, float32 (firms, patents); at least ``place`` firms together.
        n: how many patents there are.
        place: 1-based.
    """
    best = np.full((place, n), _NEVER * 2, dtype=np.float32)
    for block in samples:
        for row in block:
            _keep_best(best, row)
    found: FloatArray = best[0].copy()
    return found


def _rows_by_code(codes: npt.NDArray[Any]) -> list[RowArray]:
    order = np.argsort(codes, kind="stable").astype(np.int64)
    known = order[codes[order] >= 0]
    counts = np.bincount(codes[known]) if len(known) else np.zeros(0, dtype=np.int64)
    return [np.sort(part) for part in np.split(known, np.cumsum(counts)[:-1])] if len(known) else []


@numba.njit(cache=True, nogil=True)
def _select(row: Any, depth: int, least: Any) -> Any:
    """Collect what lies above a bar that a sample of the row suggests; lower it if that was few."""
    bar = _bar(row, depth)
    rows, n_best = _above(row, bar, least)
    if n_best < min(depth, len(row)) and bar > _LOWEST:
        bar = _LOWEST
        rows, n_best = _above(row, bar, least)
    values = row[rows]
    best = np.flatnonzero(values > bar)
    best = best[np.argsort(-values[best], kind="mergesort")[:depth]]
    near = values >= least[rows]
    kept = near.copy()
    kept[best] = True
    return rows[kept], near[kept]


@numba.njit(cache=True, nogil=True)
def _bar(row: Any, depth: int) -> Any:
    """Return a value that about twice ``depth`` entries exceed."""
    stride = len(row) // _SAMPLED
    if stride < 2 or 4 * depth >= len(row):
        return _LOWEST
    sample = row[::stride].copy()
    place = 1 + 2 * depth * len(sample) // len(row)
    return max(_LOWEST, np.partition(sample, len(sample) - place)[len(sample) - place])


@numba.njit(cache=True, nogil=True)
def _above(row: Any, bar: Any, least: Any) -> Any:
    """Return the rows above the bar or their own ``least``, and how many are above the bar."""
    rows = np.empty(1024, dtype=np.int64)
    n, n_best = 0, 0
    for j in range(len(row)):
        value = row[j]
        if value > bar or (value >= least[j] and value > _LOWEST):
            if n == len(rows):
                rows = np.concatenate((rows, np.empty(len(rows), dtype=np.int64)))
            rows[n] = j
            n += 1
            n_best += value > bar
    return rows[:n], n_best


@numba.njit(cache=True, nogil=True)
def _keep_best(best: Any, row: Any) -> None:
    """Push a row's scores into the ascending columns of ``best``."""
    for j in range(len(row)):
        value = row[j]
        if value > best[0, j]:
            place = 0
            while place + 1 < len(best) and best[place + 1, j] < value:
                best[place, j] = best[place + 1, j]
                place += 1
            best[place, j] = value
