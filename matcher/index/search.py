"""Candidates of many askers at once: dense and BM25 per segment, fused by reciprocal rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Vectors
from matcher.index.kernel import inner_products
from matcher.index.segment_index import Mask, best_rows
from matcher.index.side import Side
from matcher.types import FloatArray, RowArray, SegmentCode

_RRF = 60.0  # Cormack, Clarke and Buettcher 2009

Ranking = tuple[RowArray, FloatArray]


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """How many candidates are looked at.

    Attributes:
        per_segment: dense hits of each query vector in each segment.
        per_list: length of each ranking that is fused.
        candidates: length of the fused list.
        scored: patents of a firm that the policy scores in full; see ``matcher.sieve``.
    """

    per_segment: int = 100
    per_list: int = 300
    candidates: int = 1500
    scored: int = 800


@dataclass(frozen=True, slots=True)
class Ask:
    """What one asker searches with.

    Attributes:
        vectors: float32 (m, dim), each makes a ranking of its own.
        words: BM25 query.
        segments: where to look.
        province: code whose rows get rankings of their own (local supply), -1 for none.
    """

    vectors: Vectors
    words: tuple[str, ...]
    segments: tuple[SegmentCode, ...]
    province: int = -1


def search(
    side: Side, asks: Sequence[Ask], config: SearchConfig, allowed: Mask | None = None
) -> list[RowArray]:
    """Return each asker's candidate rows, best fused rank first.

    Args:
        side: what is searched.
        asks: the askers; the answer to one does not depend on the others.
        config: list lengths.
        allowed: bool (n,), rows that may be returned; ``None`` for all.
    """
    rankings: list[list[RowArray]] = [[] for _ in asks]
    for asker, ranking in _dense(side, asks, config, allowed):
        rankings[asker].append(ranking)
    for asker, ask in enumerate(asks):
        inside = side.routed(ask.segments)
        if allowed is not None:
            inside &= allowed
        near = inside & (side.columns["province"] == ask.province) & (ask.province >= 0)
        rankings[asker].extend(_local(side, ask, config, near))
        rankings[asker].extend(_lexical(side, ask, config, inside, near))
    return [_fuse(found, config.candidates) for found in rankings]


def _dense(
    side: Side, asks: Sequence[Ask], config: SearchConfig, allowed: Mask | None
) -> Iterator[tuple[int, RowArray]]:
    """Yield (asker, ranking) of every query vector; a segment is searched once for all askers."""
    whole = [_covers(side, ask) for ask in asks]
    for asker, ask in enumerate(asks):
        if whole[asker]:
            yield from ((asker, ranking) for ranking in _through(side, ask, config, allowed))
    found: dict[tuple[int, int], list[Ranking]] = {}
    for code in dict.fromkeys(code for ask in asks for code in ask.segments):
        index, rows = side.indexes.get(code), side.members.get(code)
        inside = [
            i
            for i, ask in enumerate(asks)
            if code in ask.segments and len(ask.vectors) and not whole[i]
        ]
        if index is None or rows is None or not inside:
            continue
        hits = index.search(
            np.concatenate([asks[i].vectors for i in inside]),
            config.per_segment,
            None if allowed is None else allowed[rows],
        )
        owners = [(i, q) for i in inside for q in range(len(asks[i].vectors))]
        for number, owner in enumerate(owners):
            n = hits.counts[number]
            part = rows[hits.rows[number, :n]], hits.scores[number, :n]
            found.setdefault(owner, []).append(part)
    for (asker, _), parts in sorted(found.items()):
        yield asker, _united(parts, config.per_list)


def _covers(side: Side, ask: Ask) -> bool:
    """Say whether the segments together hold more rows than the side: it is then read once.

    Patents of several segments lie in each of them, so reading all of many segments costs more than
    reading everything.
    """
    held = sum(len(side.members[code]) for code in ask.segments if code in side.members)
    return held >= len(side)


def _through(
    side: Side, ask: Ask, config: SearchConfig, allowed: Mask | None
) -> Iterator[RowArray]:
    """Yield the ranking of every query vector over all rows of the segments at once."""
    inside = side.routed(ask.segments)
    if allowed is not None:
        inside &= allowed
    rows = np.flatnonzero(inside)
    if len(rows) and len(ask.vectors):
        # One row at a time, so that an asker's cosines do not depend on how many it asks with.
        for vector in ask.vectors:
            yield best_rows((side.vectors @ vector)[rows], rows, config.per_list)[0]


def _local(side: Side, ask: Ask, config: SearchConfig, near: Mask) -> Iterator[RowArray]:
    """Yield rankings of the asker's own province; its rows are few, so all are compared."""
    rows = np.flatnonzero(near)
    if len(rows):
        for scores in inner_products(ask.vectors, side.vectors, rows):
            yield best_rows(scores, rows, config.per_list)[0]


def _united(parts: list[Ranking], k: int) -> RowArray:
    """Return the best rows over segments; a row of several segments has one score in all."""
    rows = np.concatenate([part[0] for part in parts])
    scores = np.concatenate([part[1] for part in parts])
    rows, first = np.unique(rows, return_index=True)
    return best_rows(scores[first], rows, k)[0]


def _lexical(
    side: Side, ask: Ask, config: SearchConfig, inside: Mask, near: Mask
) -> Iterator[RowArray]:
    """Yield the BM25 ranking over the asker's segments, and the one over its province."""
    if not ask.words:
        return
    scores = side.lexical.scores(ask.words)
    for mask in (inside, near):
        rows = np.flatnonzero(mask & (scores > 0))
        yield best_rows(scores[rows], rows, config.per_list)[0]


def _fuse(rankings: list[RowArray], k: int) -> RowArray:
    """Return rows by the sum of 1 / (60 + rank) over the rankings, ties by row."""
    if not rankings:
        return np.empty(0, dtype=np.int64)
    rows: RowArray = np.concatenate(rankings)
    votes = np.concatenate([1.0 / (_RRF + 1.0 + np.arange(len(r))) for r in rankings])
    unique, place = np.unique(rows, return_inverse=True)
    fused: npt.NDArray[Any] = np.bincount(place, weights=votes, minlength=len(unique))
    best: RowArray = unique[np.lexsort((unique, -fused))[:k]].astype(np.int64)
    return best
