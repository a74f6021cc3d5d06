"""From a choice that nearly keeps the limits to one that does, giving up as little as it can."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from matcher.push.bids import Market
from matcher.push.choice import Taken, loads
from matcher.push.edges import Edges, Limits

_SWEEPS = 8


def repaired(edges: Edges, market: Market, limits: Limits, taken: Taken) -> Taken:
    """Return a choice that no firm and no U is against, with every L met that can be met.

    In this order: items over U lose the firms to which they are worth least more than their next
    best; items under L get the firm that gives up least for them, while no other falls under its
    own L; then firms fill free places and exchange items for better ones with room, until nothing
    moves. One firm after the other in fixed order: the same input gives the same choice.

    Args:
        edges: the candidates.
        market: of these edges.
        limits: all limits.
        taken: int64 (firms, K) edges, from ``choose``; it is not changed.
    """
    taken = taken.copy()
    load = loads(edges, taken)
    shape = edges.start, edges.item, edges.worth, edges.holder
    caps = limits.per_firm, limits.per_holder
    over = np.flatnonzero(load > limits.most)
    _unload(*shape, market.start, market.edge, market.firm, taken, load, limits.most, over)
    _fill(*shape, *caps, taken, load, limits.most)
    under = np.flatnonzero(load < limits.least)
    _supply(
        *shape, *caps, market.start, market.edge, market.firm,
        taken, load, limits.least, limits.most, under,
    )  # fmt: skip
    for _ in range(_SWEEPS):
        moved = _improve(*shape, *caps, taken, load, limits.least, limits.most)
        if not moved:
            break
    return taken


@numba.njit(cache=True)
def _unload(
    start: Any, item: Any, worth: Any, holder: Any, at: Any, edge: Any, firm: Any,
    taken: Any, load: Any, most: Any, over: Any,
) -> None:  # fmt: skip
    for j in over:
        mine = edge[at[j] : at[j + 1]]
        loss = np.full(len(mine), np.inf)
        for place in range(len(mine)):
            i = firm[mine[place]]
            if _place_of(taken[i], mine[place]) >= 0:
                other = _best_free(start, item, worth, taken, load, most, i)
                loss[place] = worth[mine[place]] - (worth[other] if other >= 0 else 0.0)
        for place in np.argsort(loss, kind="mergesort")[: load[j] - most[j]]:
            i = firm[mine[place]]
            taken[i, _place_of(taken[i], mine[place])] = -1
            load[j] -= 1


@numba.njit(cache=True)
def _best_free(start: Any, item: Any, worth: Any, taken: Any, load: Any, most: Any, i: int) -> int:
    """Return the firm's best edge not taken whose item has room, of any holder; -1 if none."""
    best = -1
    for edge in range(start[i], start[i + 1]):
        room = load[item[edge]] < most[item[edge]]
        if room and (best < 0 or worth[edge] > worth[best]) and _place_of(taken[i], edge) < 0:
            best = edge
    return best


@numba.njit(cache=True)
def _place_of(row: Any, edge: int) -> int:
    for place in range(len(row)):
        if row[place] == edge:
            return place
    return -1


@numba.njit(cache=True)
def _held(row: Any, item: Any, holder: Any, code: int, without: int) -> int:
    """Return how many items of the holder the firm has, not counting one place."""
    if code < 0:
        return -1
    count = 0
    for place in range(len(row)):
        if place != without and row[place] >= 0 and holder[item[row[place]]] == code:
            count += 1
    return count


@numba.njit(cache=True)
def _free_place(row: Any, k: int) -> int:
    count, at = 0, -1
    for place in range(len(row)):
        if row[place] >= 0:
            count += 1
        elif at < 0:
            at = place
    return at if count < k else -1


@numba.njit(cache=True)
def _fill(
    start: Any, item: Any, worth: Any, holder: Any, per_firm: Any, cap: int,
    taken: Any, load: Any, most: Any,
) -> None:  # fmt: skip
    for i in range(len(start) - 1):
        at = _free_place(taken[i], per_firm[i])
        while at >= 0:
            best = -1
            for edge in range(start[i], start[i + 1]):
                j = item[edge]
                if (
                    load[j] < most[j]
                    and (best < 0 or worth[edge] > worth[best])
                    and _place_of(taken[i], edge) < 0
                    and _held(taken[i], item, holder, holder[j], -1) < cap
                ):
                    best = edge
            if best < 0:
                break
            taken[i, at] = best
            load[item[best]] += 1
            at = _free_place(taken[i], per_firm[i])


@numba.njit(cache=True)
def _supply(
    start: Any, item: Any, worth: Any, holder: Any, per_firm: Any, cap: int,
    at: Any, edge: Any, firm: Any, taken: Any, load: Any, least: Any, most: Any, under: Any,
) -> None:  # fmt: skip
    for j in under:
        while load[j] < least[j]:
            best_edge, best_place, best_gain = -1, -1, -np.inf
            for e in edge[at[j] : at[j + 1]]:
                i = firm[e]
                if per_firm[i] == 0 or _place_of(taken[i], e) >= 0:
                    continue
                place, lost = _cheapest(
                    item, worth, holder, per_firm, cap, taken[i], load, least, i, j
                )
                if place >= 0 and worth[e] - lost > best_gain:
                    best_edge, best_place, best_gain = e, place, worth[e] - lost
            if best_edge < 0:
                break
            row = taken[firm[best_edge]]
            if row[best_place] >= 0:
                load[item[row[best_place]]] -= 1
            row[best_place] = best_edge
            load[j] += 1


@numba.njit(cache=True)
def _cheapest(
    item: Any, worth: Any, holder: Any, per_firm: Any, cap: int,
    row: Any, load: Any, least: Any, i: int, j: int,
) -> tuple[int, float]:  # fmt: skip
    """Return where item j could stand in the firm's row, and the worth that would make way."""
    free = _free_place(row, per_firm[i])
    if free >= 0 and _held(row, item, holder, holder[j], -1) < cap:
        return free, 0.0
    at, lost = -1, np.inf
    for place in range(len(row)):
        if row[place] < 0:
            continue
        other = item[row[place]]
        if (
            load[other] > least[other]
            and worth[row[place]] < lost
            and _held(row, item, holder, holder[j], place) < cap
        ):
            at, lost = place, worth[row[place]]
    return at, lost


@numba.njit(cache=True)
def _improve(
    start: Any, item: Any, worth: Any, holder: Any, per_firm: Any, cap: int,
    taken: Any, load: Any, least: Any, most: Any,
) -> int:  # fmt: skip
    moved = 0
    for i in range(len(start) - 1):
        if per_firm[i] == 0:
            continue
        low = _weakest(taken[i], per_firm[i], worth)
        for e in range(start[i], start[i + 1]):
            j = item[e]
            # Nearly all candidates are worth less than all that the firm has.
            if worth[e] <= low or load[j] >= most[j] or _place_of(taken[i], e) >= 0:
                continue
            place, lost = _cheapest(item, worth, holder, per_firm, cap, taken[i], load, least, i, j)
            if place >= 0 and worth[e] > lost:
                if taken[i, place] >= 0:
                    load[item[taken[i, place]]] -= 1
                taken[i, place] = e
                load[j] += 1
                moved += 1
                low = _weakest(taken[i], per_firm[i], worth)
    return moved


@numba.njit(cache=True)
def _weakest(row: Any, k: int, worth: Any) -> Any:
    """Return the least worth that a full row holds, 0 where it has room."""
    count, low = 0, np.inf
    for place in range(len(row)):
        if row[place] >= 0:
            count += 1
            low = min(low, worth[row[place]])
    return low if count >= k else 0.0
