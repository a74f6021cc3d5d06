"""How many firms of its segments a patent would match above the floor, counted or estimated.

A firm belongs here to its main segment alone, so that none is counted twice. A segment with few
firms is counted; of a large one an even spread of its firms is asked, and the answer is an
estimate with its interval. Scores are those of the recommendations, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.engine import Engine
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.features import pair_features
from matcher.readers import Readers
from matcher.types import RowArray, SegmentCode, Uscc

SAMPLED = 100
"""Firms asked of a segment that has more."""

_95 = 1.96
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SegmentDemand:
    """Firms above the floor for one patent.

    Attributes:
        firms: the count, or its estimate.
        low, high: 95 % interval; both equal ``firms`` where every firm was asked.
        asked: firms that were scored.
        of: firms of the patent's segments.
    """

    firms: int
    low: int
    high: int
    asked: int
    of: int


@dataclass(slots=True)
class _Sums:
    """Sums over segments, one entry a patent; float64 (n,) each."""

    firms: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]
    of: npt.NDArray[np.float64]


def segment_demand(
    engine: Engine,
    readers: Readers,
    rows: RowArray,
    *,
    sampled: int = SAMPLED,
    progress: Progress | None = None,
) -> list[SegmentDemand]:
    """Return the demand for each patent row, in their order.

    Args:
        engine: the opened index and its policy.
        readers: the catalogue now, for the firms' profiles.
        rows: int64 (n,), rows of the patent side.
        sampled: firms asked of a segment that has more.
        progress: called with segments done and segments in all.
    """
    side = engine.index.patents
    sums = _Sums(*(np.zeros(len(rows)) for _ in range(4)))
    shares = side.shares[rows].tocsc()
    firms_by_segment = _by_main_segment(engine.index.firms)
    touched = [at for at in range(len(side.codes)) if shares.indptr[at] < shares.indptr[at + 1]]
    for done, at in enumerate(touched, start=1):
        places = np.sort(shares.indices[shares.indptr[at] : shares.indptr[at + 1]])
        firms = firms_by_segment.get(side.codes[at])
        if firms is not None:
            _add(sums, places, len(firms), _above(engine, readers, rows[places], firms, sampled))
        if progress:
            progress(done, len(touched))
    return _estimates(sums)


def _above(
    engine: Engine, readers: Readers, rows: RowArray, firms: RowArray, sampled: int
) -> tuple[RowArray, int]:
    """Return (for each row how many of the asked firms it is relevant to, firms asked)."""
    if len(firms) > sampled:
        firms = firms[np.linspace(0, len(firms) - 1, sampled).astype(np.int64)]
    above = np.zeros(len(rows), dtype=np.int64)
    asked = 0
    for query in _queries(engine, readers, firms):
        asked += 1
        own = engine.index.own_rows(query.profile.own_patents)
        features = pair_features(query, engine.index.patents, rows, own)
        above += engine.policy.relevance(features) >= engine.policy.floor_score
    return above, asked


def _queries(engine: Engine, readers: Readers, firms: RowArray) -> Sequence[FirmQuery]:
    names = [Uscc(name) for name in engine.index.firms.ids.ids_at(firms)]
    stored = readers.firms.many(names)
    known = [stored[name] for name in names if name in stored and stored[name].active]
    return engine.queries(readers.profiles(known))


def _add(sums: _Sums, places: RowArray, size: int, counted: tuple[RowArray, int]) -> None:
    above, asked = counted
    sums.of[places] += size
    sums.asked[places] += asked
    if not asked:
        return
    share = above / asked
    sums.firms[places] += share * size
    # The finite population takes the variance to nothing where every firm was asked.
    rest = max(0.0, 1 - asked / size)
    sums.variance[places] += size * size * share * (1 - share) / asked * rest


def _estimates(sums: _Sums) -> list[SegmentDemand]:
    spread = _95 * np.sqrt(sums.variance)
    low, high = np.maximum(0, sums.firms - spread), np.minimum(sums.of, sums.firms + spread)
    table = np.rint(np.column_stack([sums.firms, low, high, sums.asked, sums.of])).astype(int)
    return [SegmentDemand(*row) for row in table.tolist()]


def _by_main_segment(side: Side) -> dict[SegmentCode, RowArray]:
    """Return segment → rows whose highest share lies there, ascending."""
    shares = side.shares
    owners = np.repeat(np.arange(shares.shape[0]), np.diff(shares.indptr))
    order = np.lexsort((np.arange(len(owners)), -shares.data, owners))
    rows, first = np.unique(owners[order], return_index=True)
    columns = shares.indices[order][first]
    return {
        side.codes[at]: rows[columns == at].astype(np.int64) for at in np.unique(columns).tolist()
    }
