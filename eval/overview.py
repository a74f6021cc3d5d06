"""What index and catalogue hold, counted for people: segments, routing, texts, holders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from matcher.engine import Engine
from matcher.index.side import Side
from matcher.ports import PatentReader
from matcher.segments.taxonomy import Segment, Taxonomy


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """One segment with what is filed under it; a record of several segments counts in each."""

    segment: Segment
    n_patents: int
    n_firms: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What an index holds.

    Attributes:
        n_patents: indexed patents.
        n_firms: indexed firms.
        segments: one a segment of the taxonomy, in its order, empty ones included.
        routing: ``patents`` and ``firms`` → basis (ipc, industry, text, none) → records.
        recall: share of the unrouted best twenty that routing keeps, on a sample of firms.
        searched: mean share of the catalogue that routing leaves to search.
    """

    n_patents: int
    n_firms: int
    segments: tuple[SegmentCount, ...]
    routing: dict[str, dict[str, int]]
    recall: float
    searched: float


@dataclass(frozen=True, slots=True)
class Contents:
    """What the records of the catalogue hold; it decides what can be measured by slices.

    Attributes:
        n: patents.
        abstract: those with an abstract.
        claim: those with a first claim.
        ipc: those with an IPC symbol.
        holder_kinds: value of ``HolderKind`` → patents, most first.
    """

    n: int
    abstract: int
    claim: int
    ipc: int
    holder_kinds: Mapping[str, int]


def contents(patents: PatentReader) -> Contents:
    """Return the contents of the whole catalogue, read once."""
    found: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for patent in patents.iterate():
        parts = {"abstract": patent.abstract, "claim": patent.first_claim, "ipc": patent.ipc}
        found.update(name for name, part in parts.items() if part)
        kinds[str(patent.holder_kind.value)] += 1
    return Contents(
        n=kinds.total(),
        abstract=found["abstract"],
        claim=found["claim"],
        ipc=found["ipc"],
        holder_kinds=dict(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
    )


def overview(engine: Engine, taxonomy: Taxonomy) -> Overview:
    """Return the overview of the engine's index."""
    index = engine.index
    routing = index.manifest.routing
    return Overview(
        n_patents=len(index.patents),
        n_firms=len(index.firms),
        segments=tuple(
            SegmentCount(segment, _count(index.patents, segment), _count(index.firms, segment))
            for segment in taxonomy
        ),
        routing={what: dict(routing[what]) for what in ("patents", "firms")},
        recall=float(routing["audit"]["recall"]),
        searched=float(routing["audit"]["searched"]),
    )


def _count(side: Side, segment: Segment) -> int:
    return len(side.members.get(segment.code, ()))
