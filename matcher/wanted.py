"""What a request wants beside the firm and the number: left out, filtered, paged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from matcher.index.seen import Listed
from matcher.index.segment_index import Mask
from matcher.notes import empty_note
from matcher.query import FirmQuery
from matcher.types import FirmProfile, Patent, PatentId, RankedItem, RankedList, Reason, SegmentCode

Keep = Callable[[Patent, int], bool]
"""Tells whether a patent as stored now, and its row, fit the filter."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What else is asked of a list of patents.

    Attributes:
        exclude: what must not stand in it; a member keeps its whole group out.
        allowed: bool (patents,), rows that the filter holds; ``None`` without a filter.
        keep: the filter once more, on the record as it is when the list is made.
        segments: where to look too; ``allowed`` keeps out what lies elsewhere.
        question: told with the list, which then carries what stands behind it; "" for no pages.
    """

    exclude: frozenset[PatentId] = frozenset()
    allowed: Mask | None = None
    keep: Keep | None = None
    segments: tuple[SegmentCode, ...] = ()
    question: str = ""

    def of(self, profile: FirmProfile) -> FirmProfile:
        """Return the profile with all that must not come back."""
        if not self.exclude:
            return profile
        return replace(profile, excluded=profile.excluded | self.exclude)

    def routed(self, query: FirmQuery) -> FirmQuery:
        """Return the query that looks in these segments too; scores stay the firm's own."""
        more = {code: 0.0 for code in self.segments if code not in query.segments}
        return replace(query, segments={**query.segments, **more}) if more else query

    def told(self, segments: Mapping[SegmentCode, float]) -> dict[SegmentCode, float]:
        """Return those of the segments that were wanted."""
        return {
            code: share
            for code, share in segments.items()
            if not self.segments or code in self.segments
        }

    def nothing(self) -> Reason:
        """Return the note of a list from which filter or exclusions keep every patent."""
        if self.allowed is not None and not self.allowed.any():
            return empty_note("没有符合筛选条件的专利", "filters")
        return empty_note("符合条件的专利都已要求排除", "excluded")

    def mask(self, side: Listed) -> Mask | None:
        """Return bool (patents,), the rows that may be found; ``None`` for all."""
        if not self.exclude:
            return self.allowed
        found = np.ones(len(side), dtype=bool) if self.allowed is None else self.allowed.copy()
        found[side.ids.rows_of(sorted(self.exclude))] = False
        return found


PLAIN = Wanted()


@dataclass(frozen=True, slots=True)
class OfferedList(RankedList):
    """A list with what stands behind it, so that it can be read on later.

    Attributes:
        offered: (patent id, score) in the order in which they are offered, the list's own included.
        question: as it was asked.
    """

    offered: tuple[tuple[str, float], ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far a recorded list was read.

    Attributes:
        offered: as in ``OfferedList``.
        slots: slot (1-based) → patent id, all that were handed out.
        first: the slot at which the page begins.
    """

    offered: Sequence[tuple[str, float]]
    slots: dict[int, str]
    first: int


@dataclass(frozen=True, slots=True)
class Page:
    """The next part of a recorded list.

    Attributes:
        items: ranks go on from the part before.
        fresh: those of them that were not handed out before.
        left_out: how many would have stood here and may not be shown any more.
        more: whether something may follow.
    """

    items: tuple[RankedItem, ...]
    fresh: tuple[RankedItem, ...]
    left_out: int
    more: bool


def offered_list(
    made: RankedList, offered: tuple[tuple[str, float], ...], question: str
) -> OfferedList:
    """Return the list with what stands behind it."""
    own = {part.name: getattr(made, part.name) for part in fields(RankedList)}
    return OfferedList(**own, offered=offered, question=question)
