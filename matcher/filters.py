"""What an asker wants to see of the catalogue: filters, held against records and whole indexes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from matcher.codes import HolderKind, LegalStatus, LicenceKind
from matcher.grading import expiry
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.places.places import Place
from matcher.types import Patent, RowArray, SegmentCode

NEGOTIABLE = "具体面议"
_YEAR = 365.25
_AMOUNT = r"(\d+(?:\.\d+)?)"
_BAND = re.compile(rf"{_AMOUNT}(?:万元?)?[-–—~～至到]{_AMOUNT}万元?")
_ONE_SIDED = re.compile(rf"{_AMOUNT}万元?(以上|以下|以内|)")


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Prices in 万元 that an asker would pay; a band that only touches an end does not count.

    ``negotiable``: also what is to be negotiated (具体面议).
    """

    least: float = 0.0
    most: float = math.inf
    negotiable: bool = False

    def holds(self, band: str) -> bool:
        """Return whether the stated price may lie in the range; what is not stated may not.

        >>> PriceRange(10, 20).holds("0-10万"), PriceRange(10, 20).holds("10-50万")
        (False, True)
        """
        if band == NEGOTIABLE:
            return self.negotiable
        stated = _bounds(band)
        if stated is None:
            return False
        low, high = stated
        if low == high or self.least == self.most:
            return low <= self.most and high >= self.least
        return low < self.most and high > self.least


@dataclass(frozen=True, slots=True)
class PatentFacts:
    """What a filter looks at in a patent, but for its segment and its life."""

    place: Place | None
    maturity: str
    licences: frozenset[LicenceKind]
    price_band: str
    holder: HolderKind
    status: LegalStatus


@dataclass(frozen=True, slots=True)
class PatentFilter:
    """Which patents: one of each part that says anything; a part that is empty asks nothing.

    What is not known of a patent fits no part that asks for it.

    Attributes:
        segments: main segments.
        regions: where the holder sits; a province holds its cities.
        maturity: 技术成熟度, as stated.
        life: years of protection that must be left.
    """

    segments: frozenset[SegmentCode] = frozenset()
    regions: tuple[Place, ...] = ()
    maturity: frozenset[str] = frozenset()
    licences: frozenset[LicenceKind] = frozenset()
    price: PriceRange | None = None
    holders: frozenset[HolderKind] = frozenset()
    statuses: frozenset[LegalStatus] = frozenset()
    life: float | None = None

    def holds(self, facts: PatentFacts) -> bool:
        """Return whether all parts but segments and life fit."""
        return (
            (not self.regions or any(_lies_in(facts.place, one) for one in self.regions))
            and (not self.maturity or facts.maturity in self.maturity)
            and (not self.licences or bool(self.licences & facts.licences))
            and (self.price is None or self.price.holds(facts.price_band))
            and (not self.holders or facts.holder in self.holders)
            and (not self.statuses or facts.status in self.statuses)
        )

    def last_day(self, today: date) -> int:
        """Return the ordinal of the day that a term must reach, 0 where life is not asked for."""
        return 0 if self.life is None else today.toordinal() + math.ceil(self.life * _YEAR)


@dataclass(frozen=True, slots=True)
class FactTable:
    """The facts of every row of one index, as columns.

    Attributes:
        kinds: each combination of facts once.
        codes: int32 (n,), which of them a row has; -1 for one that left the catalogue.
        ends: int32 (n,), ordinal of the day on which the term ends, 0 for unknown.
        segments: int32 (n,), column of the main segment, -1 for none.
        names: codes of the segments' columns.
    """

    kinds: tuple[PatentFacts, ...]
    codes: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    segments: npt.NDArray[np.int32]
    names: tuple[SegmentCode, ...]

    @classmethod
    def of(cls, side: Side, known: Iterable[tuple[Patent, PatentFacts]]) -> FactTable:
        """Return the table of an index's patents; what the index does not know is passed over."""
        kinds: dict[PatentFacts, int] = {}
        ids, codes, ends = list[str](), list[int](), list[int]()
        for patent, facts in known:
            ids.append(patent.patent_id)
            codes.append(kinds.setdefault(facts, len(kinds)))
            ends.append(end_of(patent))
        rows, met = _placed(side, ids)
        table = np.full((2, len(side)), -1, dtype=np.int32)
        table[0, rows] = np.array(codes, dtype=np.int32)[met]
        table[1, rows] = np.array(ends, dtype=np.int32)[met]
        return cls(tuple(kinds), table[0], np.maximum(table[1], 0), _main(side), side.codes)

    def joined(self, others: Sequence[FactTable]) -> FactTable:
        """Return the table of these rows and, behind them, of the others'."""
        kinds, codes = list(self.kinds), [self.codes]
        for other in others:
            codes.append(np.where(other.codes >= 0, other.codes + len(kinds), -1).astype(np.int32))
            kinds += other.kinds
        every = (self, *others)
        return FactTable(
            tuple(kinds),
            np.concatenate(codes),
            np.concatenate([one.ends for one in every]),
            np.concatenate([one.segments for one in every]),
            self.names,
        )

    def licences(self, row: int) -> frozenset[LicenceKind]:
        """Return what the holder of a row's patent offers."""
        code = int(self.codes[row])
        return self.kinds[code].licences if code >= 0 else frozenset()

    def segment(self, row: int) -> SegmentCode | None:
        """Return the main segment of a row."""
        column = int(self.segments[row])
        return self.names[column] if column >= 0 else None

    def mask(self, wanted: PatentFilter, today: date) -> Mask:
        """Return bool (n,), the rows that the filter holds."""
        fits = np.array([wanted.holds(kind) for kind in self.kinds] + [False], dtype=bool)
        found: Mask = fits[self.codes]
        if wanted.segments:
            columns = [at for at, name in enumerate(self.names) if name in wanted.segments]
            found &= np.isin(self.segments, columns)
        found &= self.ends >= wanted.last_day(today)
        return found


def end_of(patent: Patent) -> int:
    """Return the ordinal of the day on which a patent's term ends, 0 for unknown."""
    ends = expiry(patent)
    return ends.toordinal() if ends else 0


def _bounds(band: str) -> tuple[float, float] | None:
    text = re.sub(r"\s", "", band)
    if found := _BAND.fullmatch(text):
        return float(found[1]), float(found[2])
    if found := _ONE_SIDED.fullmatch(text):
        amount = float(found[1])
        return {"以上": (amount, math.inf), "": (amount, amount)}.get(found[2], (0.0, amount))
    return None


def _lies_in(place: Place | None, region: Place) -> bool:
    if place is None or place.province != region.province:
        return False
    return not region.city or place.city == region.city


def _placed(side: Side, ids: list[str]) -> tuple[RowArray, RowArray]:
    """Return the rows of those ids that are indexed, and where these stand in ``ids``."""
    rows = side.ids.rows_of(ids)
    known = set(side.ids.ids_at(rows))
    met = np.array([at for at, name in enumerate(ids) if name in known], dtype=np.int64)
    return rows, met


def _main(side: Side) -> npt.NDArray[np.int32]:
    """Return int32 (n,), the column of highest share of each row, the first of equal ones."""
    shares = side.shares
    of = np.repeat(np.arange(len(side)), np.diff(shares.indptr))
    order = np.lexsort((np.arange(len(of)), -shares.data, of))
    found = np.full(len(side), -1, dtype=np.int32)
    # Written from the last to the first, so that the best of each row is what stays.
    found[of[order][::-1]] = shares.indices[order][::-1]
    return found
