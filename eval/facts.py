"""What slices and lists need to know of firms and patents, read once through the ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matcher.errors import InputError
from matcher.ports import PatentReader
from matcher.segments.ipc import parse_ipc
from matcher.types import Patent, PatentId, SegmentCode

UNKNOWN = "unknown"
FIRM_DIMENSIONS = ("firm_segment", "province", "holds_patents", "scope_length")
PATENT_DIMENSIONS = ("patent_segment", "holder_kind", "abstract")
_LENGTHS = ((0, "0"), (49, "1-49"), (99, "50-99"), (199, "100-199"))
_LONGEST = "200+"


@dataclass(frozen=True, slots=True)
class FirmFacts:
    """What slices and lists need to know of a firm.

    Attributes:
        segment: its strongest segment, ``None`` where text and code lead nowhere.
        province: as registered, may be empty.
        holds_patents: whether indexed patents of its own describe it.
        name: as registered.
        items: what the engine asked with, in order.
        scope_length: characters of the business scope as registered.
        owned: patents of its ``owns`` relations, the judged ones included.
    """

    segment: SegmentCode | None
    province: str
    holds_patents: bool
    name: str = ""
    items: tuple[str, ...] = ()
    scope_length: int = 0
    owned: tuple[PatentId, ...] = ()

    def label(self, dimension: str) -> str:
        """Return the slice the firm is in, for one of ``FIRM_DIMENSIONS``."""
        if dimension == "holds_patents":
            return "yes" if self.holds_patents else "no"
        if dimension == "scope_length":
            return length_class(self.scope_length)
        return (self.segment if dimension == "firm_segment" else self.province) or UNKNOWN


@dataclass(frozen=True, slots=True)
class PatentFacts:
    """What slices and lists need to know of a patent.

    Attributes:
        title: as stored.
        holder: as stored, may be empty.
        holder_kind: value of ``HolderKind``.
        has_abstract: whether an abstract is stored.
        subclasses: IPC subclasses of all its symbols, ``B65G``.
        main_groups: IPC main groups of all its symbols, ``B65G47``.
    """

    title: str
    holder: str
    holder_kind: str
    has_abstract: bool
    subclasses: frozenset[str]
    main_groups: frozenset[str]

    def label(self, dimension: str) -> str:
        """Return the slice a positive is in, for ``holder_kind`` and ``abstract``."""
        if dimension == "holder_kind":
            return self.holder_kind
        return "with" if self.has_abstract else "without"


def length_class(characters: int) -> str:
    """Return the class of a scope's length; bounds near the quarters of registered scopes.

    >>> length_class(0), length_class(50), length_class(500)
    ('0', '50-99', '200+')
    """
    return next((name for most, name in _LENGTHS if characters <= most), _LONGEST)


def ipc_places(symbols: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return (subclasses, main groups) of IPC symbols; what is no symbol has no place.

    Symbols are compared as written: places renumbered between editions stay two places.

    >>> ipc_places(["B65G47/90", "B65G", "08-05"])
    (frozenset({'B65G'}), frozenset({'B65G47'}))
    """
    subclasses, main_groups = set(), set()
    for symbol in symbols:
        try:
            parsed = parse_ipc(symbol)
        except InputError:  # Locarno codes of designs stand in the same cell
            continue
        subclasses.add(parsed.subclass)
        main_groups.add(parsed.main_group)
    return frozenset(subclasses), frozenset(main_groups - {""})


def patent_facts(
    patents: PatentReader, wanted: Iterable[PatentId]
) -> Mapping[PatentId, PatentFacts]:
    """Return facts of those that are in the catalogue."""
    found = patents.many(sorted(set(wanted)))
    return {patent_id: facts_of(patent) for patent_id, patent in found.items()}


def facts_of(patent: Patent) -> PatentFacts:
    """Return the facts of one patent."""
    subclasses, main_groups = ipc_places(patent.ipc)
    return PatentFacts(
        title=patent.title,
        holder=patent.holder,
        holder_kind=str(patent.holder_kind.value),
        has_abstract=bool(patent.abstract),
        subclasses=subclasses,
        main_groups=main_groups,
    )


def top_lists(
    answers: Mapping[str, Sequence[tuple[str, float]]],
    queries: Iterable[str],
    ids: Mapping[str, PatentId],
    depth: int,
) -> dict[str, tuple[PatentId, ...]]:
    """Return query → catalogue ids of its first ``depth`` documents, empty where unanswered.

    Args:
        answers: of a run.
        queries: whom the judgments ask for; other answers are not looked at.
        ids: document as the files spell it → catalogue id; one that is absent is an id.
        depth: places that count.
    """
    return {
        query: tuple(ids.get(d, PatentId(d)) for d, _ in answers.get(query, ())[:depth])
        for query in queries
    }
