"""How much of a list lies where the firm itself holds patents, by IPC subclass and main group.

A judgment-free view of the neighbourhood: few pairs are judged, but a firm's own patents say in
which technical fields it works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.exposure import DEPTH
from eval.facts import FirmFacts, PatentFacts
from eval.judgments import Qrels
from eval.measures import Values
from eval.statistics import Bootstrap, Interval, intervals
from matcher.types import PatentId

LEVELS = ("subclass", "main_group")


@dataclass(frozen=True, slots=True)
class IpcLevel:
    """One level of the IPC.

    Attributes:
        n: firms with an own patent that has a place on this level.
        left_out: the other firms of the judgments; nothing can be said of their lists.
        share: mean over the ``n`` firms, with interval; ``None`` where there is no such firm, or
            nothing that is shown has an IPC symbol: of that pool the view says nothing.
    """

    n: int
    left_out: int
    share: Interval | None


@dataclass(frozen=True, slots=True)
class IpcView:
    """One system's lists seen through the IPC.

    Attributes:
        subclass: on the level of ``B65G``.
        main_group: on the level of ``B65G47``.
        unclassified: share of the shown patents that have no IPC; they can agree with nobody.
    """

    subclass: IpcLevel
    main_group: IpcLevel
    unclassified: float


Held = Mapping[str, Mapping[str, frozenset[str]]]
"""Level → query → places in which the firm holds a patent; firms without a place are absent."""


def held_places(
    qrels: Qrels,
    ids: Mapping[str, PatentId],
    firms: Mapping[str, FirmFacts],
    patents: Mapping[PatentId, PatentFacts],
) -> Held:
    """Return the places of each firm: of its positives and of its ``owns`` relations.

    Args:
        qrels: the judgments; a positive is taken for a patent of the firm's own.
        ids: document as the files spell it → catalogue id.
        firms: query → facts.
        patents: facts of positives and owned patents.
    """
    own = {query: _own(query, grades, ids, firms) for query, grades in qrels.items()}
    found: dict[str, dict[str, frozenset[str]]] = {}
    for level in LEVELS:
        union = {
            query: frozenset[str]().union(*(_places(patents.get(p), level) for p in held))
            for query, held in own.items()
        }
        found[level] = {query: places for query, places in union.items() if places}
    return found


def ipc_view(
    held: Held,
    lists: Mapping[str, Sequence[PatentId]],
    patents: Mapping[PatentId, PatentFacts],
    bootstrap: Bootstrap,
) -> IpcView:
    """Return one system's shares.

    Args:
        held: from ``held_places``.
        lists: query → the first ``DEPTH`` patents, one entry for every firm of the judgments.
        patents: facts of the shown patents.
        bootstrap: how intervals are made, over firms.
    """
    shown = [patents.get(p) for found in lists.values() for p in found[:DEPTH]]
    bare = sum(not _places(facts, "subclass") for facts in shown)
    levels = []
    for level in LEVELS:
        values = shares(held[level], lists, patents, level)[:, None]
        seen = len(values) and bare < len(shown)
        share = intervals(values, bootstrap)[0] if seen else None
        levels.append(IpcLevel(len(values), len(lists) - len(values), share))
    return IpcView(levels[0], levels[1], bare / len(shown) if shown else 0.0)


def shares(
    held: Mapping[str, frozenset[str]],
    lists: Mapping[str, Sequence[PatentId]],
    patents: Mapping[PatentId, PatentFacts],
    level: str,
) -> Values:
    """Return float64 (firms of ``held``,): patents of the first ten in a held place, ÷ 10.

    A list shorter than ten is not rewarded for it: empty places count as misses, as in P@10.
    """
    found = [
        sum(bool(_places(patents.get(p), level) & places) for p in lists.get(query, ())[:DEPTH])
        for query, places in held.items()
    ]
    return np.array(found, dtype=np.float64) / DEPTH


def _own(
    query: str,
    grades: Mapping[str, int],
    ids: Mapping[str, PatentId],
    firms: Mapping[str, FirmFacts],
) -> Iterable[PatentId]:
    positives = {ids.get(d, PatentId(d)) for d, grade in grades.items() if grade > 0}
    return positives.union(firms[query].owned if query in firms else ())


def _places(facts: PatentFacts | None, level: str) -> frozenset[str]:
    if facts is None:
        return frozenset()
    return facts.subclasses if level == "subclass" else facts.main_groups
