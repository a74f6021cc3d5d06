"""Candidates and scores over a version with what changed since, as one list."""

from __future__ import annotations

import numpy as np

from matcher.index.seen import Seen
from matcher.index.segment_index import Mask
from matcher.query import FirmQuery
from matcher.ranking.policy import Policy
from matcher.ranking.rank import Ranked, rank
from matcher.sieve.sieve import Sieve
from matcher.types import RowArray

_FEWEST = 64
_FAVOUR = 2  # so many times its share of the catalogue a small side may send into a list


def candidates(
    query: FirmQuery, seen: Seen, policy: Policy, depth: int, allowed: Mask | None = None
) -> RowArray:
    """Return int64, the rows that suit a firm best, near enough for the policy to score them.

    Args:
        query: the firm.
        seen: the catalogue.
        policy: in force.
        depth: how many, at most; of them half at least are the version's own.
        allowed: bool (patents,), rows that may be found; ``None`` for all.
    """
    segments = tuple(query.segments)
    found: list[RowArray] = []
    depths = _depths(seen, depth)
    for part, most in zip(seen.patents.parts, depths, strict=True):
        if part.table is None:
            continue
        inside = part.side.routed(segments)
        if allowed is not None:
            inside &= allowed[part.first : part.first + len(part.side)]
        rows = np.flatnonzero(inside) if part.first and len(inside) <= most else None
        if rows is None:
            rows = Sieve.of(part.side, policy, part.table).best(query, most, inside)
        found.append(part.living(rows) + part.first)
    return np.concatenate(found)


def _depths(seen: Seen, depth: int) -> list[int]:
    """Return how many rows each side may send: what the small ones send, the version does not.

    Scoring costs as much as there are candidates, wherever they lie.
    """
    base, *others = seen.patents.parts
    beside = [
        min(
            len(part.side),
            depth,
            max(_FEWEST, round(_FAVOUR * depth * len(part.side) / max(len(base.side), 1))),
        )
        for part in others
    ]
    return [max(depth - sum(beside), depth // 2), *beside]


def rank_rows(query: FirmQuery, seen: Seen, rows: RowArray, policy: Policy) -> Ranked:
    """Return chosen rows in the policy's order: scores descending, ties by id."""
    own = seen.own_rows(query.profile.own_patents)
    if seen.patents.whole:
        return rank(query, seen.patents.parts[0].side, rows, own, policy)
    found = [
        (part, rank(query, part.side, here, own + part.shift, policy))
        for part, _, here in seen.patents.split(rows)
    ]
    if not found:
        return rank(query, seen.patents.parts[0].side, rows, own, policy)
    together = Ranked(
        np.concatenate([one.rows + part.first for part, one in found]),
        np.concatenate([one.scores for _, one in found]),
        np.concatenate([one.relevance for _, one in found]),
        np.concatenate([one.features for _, one in found]),
    )
    order = _order(together, seen) if len(found) > 1 else np.arange(len(rows))
    return Ranked(
        together.rows[order],
        together.scores[order],
        together.relevance[order],
        together.features[order],
    )


def _order(ranked: Ranked, seen: Seen) -> RowArray:
    """Return where the scores descend; within one side rows stand in the order of ids already."""
    down = -ranked.scores.astype(np.float64)
    order = np.argsort(down, kind="stable")
    if (np.diff(down[order]) == 0).any():
        names = np.array([name.encode() for name in seen.patents.ids.ids_at(ranked.rows)])
        order = np.lexsort((names, down))
    return order.astype(np.int64)
