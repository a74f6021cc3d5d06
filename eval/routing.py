"""What routing to segments costs the lists people see, and where firms and patents were filed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from eval.content import rounded
from eval.exposure import DEPTH
from eval.firm_sample import blocks, has_words, sample_firms
from eval.statistics import Bootstrap, Interval, intervals
from matcher.engine import Engine
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.rank import rank
from matcher.readers import Readers
from matcher.sieve.sieve import Sieve
from matcher.types import PatentId, RowArray, SegmentCode

_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class SegmentRecall:
    """One segment, by the firms whose strongest segment it is.

    Attributes:
        code: of the segment.
        firms: sampled firms with a list to compare.
        share: of the unrouted list's items that the routed list has too, mean over these firms;
            ``None`` where there are none.
        indexed_firms: firms that the build looked at.
        indexed_recall: share of their nearest twenty vectors that routing kept; ``None`` where
            the build looked at none.
    """

    code: SegmentCode
    firms: int
    share: Interval | None
    indexed_firms: int
    indexed_recall: float | None


@dataclass(frozen=True, slots=True)
class RoutingAudit:
    """Routed against unrouted search.

    Attributes:
        firms: sampled firms with a list to compare.
        share: of the unrouted first ten that the routed first ten have; ``None`` without firms.
        searched: mean share of the catalogue that these firms' segments hold.
        silent: sampled firms that were left out: no words, no segment, or nothing found.
        recall: the same at the level of vectors, as the build measured it.
        segments: segments of either sample, most firms first.
        per_firm: segments a firm is filed under → firms.
        per_asking: segments a sampled firm asks in → firms.
        per_patent: segments a patent is filed under → patents.
        unrouted: first patents without a segment; searched by nobody.
    """

    firms: int
    share: Interval | None
    searched: float
    silent: int
    recall: float
    segments: tuple[SegmentRecall, ...]
    per_firm: Mapping[int, int]
    per_asking: Mapping[int, int]
    per_patent: Mapping[int, int]
    unrouted: tuple[PatentId, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON content."""
        content: dict[str, Any] = rounded(asdict(self))
        return content


@dataclass(frozen=True, slots=True)
class _Asked:
    segment: SegmentCode
    asked: int
    kept: float
    searched: float


def routing_audit(
    engine: Engine,
    readers: Readers,
    n_firms: int = 100,
    *,
    seed: int = 0,
    bootstrap: Bootstrap | None = None,
) -> RoutingAudit:
    """Return how much of the lists routing loses, on a sample of firms, segment by segment.

    The unrouted system looks in every segment and ranks by the same policy and the same features;
    the first ten of its order are held against the first ten of the routed order. Patents without
    any segment are found by neither: they are counted in ``per_patent[0]``.

    Args:
        engine: the opened engine.
        readers: the catalogue, for profiles.
        n_firms: how many firms are drawn.
        seed: of the draw.
        bootstrap: how intervals are made; ``None`` for the defaults.
    """
    settings = bootstrap or Bootstrap()
    firms = sample_firms(engine, readers, n_firms, seed)
    found: list[_Asked] = []
    for part in blocks(firms):
        stored = readers.firms.many(list(part))
        found += _asked(engine, engine.queries(readers.profiles([stored[u] for u in part])))
    side, manifest = engine.index.patents, engine.index.manifest.routing["audit"]
    empty = np.flatnonzero(np.diff(side.shares.indptr) == 0)
    return RoutingAudit(
        firms=len(found),
        share=_share(found, settings),
        searched=float(np.mean([one.searched for one in found])) if found else 0.0,
        silent=len(firms) - len(found),
        recall=float(manifest["recall"]),
        segments=_segments(found, manifest.get("segments", {}), settings),
        per_firm=_per_row(engine.index.firms),
        per_asking=dict(sorted(Counter(one.asked for one in found).items())),
        per_patent=_per_row(side),
        unrouted=tuple(PatentId(name) for name in side.ids.ids_at(empty[:_EXAMPLES])),
    )


def _asked(engine: Engine, queries: Sequence[FirmQuery]) -> list[_Asked]:
    spoken = [query for query in queries if has_words(query)]
    routed = engine.rank_many(spoken)
    found = []
    for query, ranked, unrouted in zip(spoken, routed, _unrouted(engine, spoken), strict=True):
        if len(unrouted):
            kept = np.isin(unrouted, ranked.rows[:DEPTH]).mean()
            segments = tuple(query.segments)
            searched = engine.index.patents.routed(segments).mean()
            found.append(_Asked(segments[0], len(segments), float(kept), float(searched)))
    return found


def _unrouted(engine: Engine, queries: Sequence[FirmQuery]) -> list[RowArray]:
    """Return each firm's first rows where every patent is looked at, of whatever segment."""
    side, policy = engine.index.patents, engine.policy
    sieve = replace(Sieve.of(side, policy, engine.index.table), always=len(side))
    found = []
    for query in queries:
        rows = sieve.best(query, engine.config.scored)
        own = engine.index.own_rows(query.profile.own_patents)
        found.append(rank(query, side, rows, own, policy).rows[:DEPTH])
    return found


def _segments(
    found: Sequence[_Asked], indexed: Mapping[str, Mapping[str, Any]], bootstrap: Bootstrap
) -> tuple[SegmentRecall, ...]:
    by_code: dict[str, list[_Asked]] = {}
    for one in found:
        by_code.setdefault(str(one.segment), []).append(one)
    rows = [
        SegmentRecall(
            code=SegmentCode(code),
            firms=len(by_code.get(code, ())),
            share=_share(by_code.get(code, ()), bootstrap),
            indexed_firms=int(indexed[code]["firms"]) if code in indexed else 0,
            indexed_recall=float(indexed[code]["recall"]) if code in indexed else None,
        )
        for code in {**by_code, **indexed}
    ]
    return tuple(sorted(rows, key=lambda row: (-row.firms, -row.indexed_firms, row.code)))


def _share(found: Sequence[_Asked], bootstrap: Bootstrap) -> Interval | None:
    if not found:
        return None
    values = np.array([[one.kept] for one in found], dtype=np.float64)
    return intervals(values, bootstrap)[0]


def _per_row(side: Side) -> dict[int, int]:
    counts = np.bincount(np.diff(side.shares.indptr))
    return {number: int(rows) for number, rows in enumerate(counts.tolist()) if rows}
