"""What a campaign asks of a round: whom it is for, what it offers, how often, and when not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from matcher.codes import FirmTag, HolderKind, LicenceKind
from matcher.errors import StateError
from matcher.places.places import Place

Codes = npt.NDArray[np.int32]

OUTSIDE = -1
"""Code of firms and patents that a campaign does not choose; 0: no stratum, n: the n-th."""
STAGES = ("样品", "试生产", "小批量", "批量")
"""How the four stages of the 盘活 workbook (技术成熟度) begin, the least mature first."""
OTHER_STAGES = ("技术构思", "正在研发", "已有样品", "通过小试", "通过中试", "可以量产")
"""Stages as other files tell them."""
# Quiet days are days of the calendar in China, wherever the process runs.
_CHINA = timezone(timedelta(hours=8))
_TAG_WORDS = {
    # A little giant is a specialised SME of the second step, whatever else its tags say.
    FirmTag.SPECIALISED_SME: ("专精特新", "小巨人"),
    FirmTag.LITTLE_GIANT: ("小巨人",),
    FirmTag.HIGH_TECH: ("高新技术", "高新企业", "高企"),
}


@dataclass(frozen=True, slots=True)
class FirmFacts:
    """What a campaign looks at in a firm: main segment ("" for none), place, and tags."""

    segment: str = ""
    place: Place | None = None
    tags: frozenset[FirmTag] = frozenset()


@dataclass(frozen=True, slots=True)
class PatentFacts:
    """What a campaign looks at in a patent: main segment, stage, what is offered, who holds it."""

    segment: str = ""
    maturity: str = ""
    licences: frozenset[LicenceKind] = frozenset()
    holder: HolderKind = HolderKind.OTHER


@dataclass(frozen=True, slots=True)
class FirmChoice:
    """Which firms: one of each part that says anything; a part that is empty asks nothing."""

    segments: frozenset[str] = frozenset()
    regions: tuple[Place, ...] = ()
    tags: frozenset[FirmTag] = frozenset()

    def holds(self, firm: FirmFacts) -> bool:
        """Return whether the firm is chosen."""
        return (
            (not self.segments or firm.segment in self.segments)
            and (not self.regions or any(_lies_in(firm.place, one) for one in self.regions))
            and (not self.tags or bool(self.tags & firm.tags))
        )


@dataclass(frozen=True, slots=True)
class PatentChoice:
    """Which patents: one of each part that says anything; a part that is empty asks nothing.

    ``stages`` are beginnings of what a patent says of its maturity.
    """

    segments: frozenset[str] = frozenset()
    stages: tuple[str, ...] = ()
    licences: frozenset[LicenceKind] = frozenset()
    holders: frozenset[HolderKind] = frozenset()

    def holds(self, patent: PatentFacts) -> bool:
        """Return whether the patent is chosen."""
        return (
            (not self.segments or patent.segment in self.segments)
            and (not self.stages or patent.maturity.startswith(self.stages))
            and (not self.licences or bool(self.licences & patent.licences))
            and (not self.holders or patent.holder in self.holders)
        )


@dataclass(frozen=True, slots=True)
class FirmStratum:
    """Firms of a campaign that have a K of their own."""

    choice: FirmChoice
    per_firm: int


@dataclass(frozen=True, slots=True)
class PatentStratum:
    """Patents of a campaign that have an L or a U of their own; ``None`` for the campaign's."""

    choice: PatentChoice
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Days on which nothing of a campaign is planned or sent, the first and the last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Attention:
    """At most so many items reach a firm in so many days, in all rounds together."""

    items: int
    days: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a campaign lasts longer than one round: its name, its quiet days, its budget."""

    name: str
    quiet: tuple[Quiet, ...] = ()
    attention: Attention | None = None

    def refuse_quiet(self, at: datetime) -> None:
        """Raise ``StateError`` where the moment lies in a quiet period."""
        day = at.astimezone(_CHINA).date()
        for quiet in self.quiet:
            if quiet.first <= day <= quiet.last:
                raise StateError(
                    f"found {day} in a quiet period of the campaign {self.name!r}, "
                    f"{quiet.first} until {quiet.last}",
                    "a day outside it: nothing of the campaign is planned or sent in it",
                    f"wait until it has ended: {quiet.last + timedelta(days=1)} is the next day",
                )


@dataclass(frozen=True, slots=True)
class Campaign:
    """A whole campaign. The first stratum that fits a firm or a patent counts.

    Attributes:
        terms: name, quiet days, budget.
        text: the file as it was written; it is kept with the round.
        firms: whom it is for.
        patents: what it offers.
        per_firm: K of firms in no stratum.
        least: L of patents in no stratum, or in one without an own.
        most: U likewise; ``None`` for five times the mean load.
        explore: share of places given to chance.
        firm_strata: in the order of the file.
        patent_strata: in the order of the file.
        no_repeat_days: so long a firm is not offered an item again; 0 for no such window.
        rotation: a patent offered in one of so many last rounds has no L.
    """

    terms: Terms
    text: str = ""
    firms: FirmChoice = field(default_factory=FirmChoice)
    patents: PatentChoice = field(default_factory=PatentChoice)
    per_firm: int = 10
    least: int = 1
    most: int | None = None
    explore: float = 0.03
    firm_strata: tuple[FirmStratum, ...] = ()
    patent_strata: tuple[PatentStratum, ...] = ()
    no_repeat_days: int = 0
    rotation: int = 0

    def code_of_firm(self, firm: FirmFacts) -> int:
        """Return the code of a firm's stratum; ``OUTSIDE`` for firms that are not chosen."""
        if not self.firms.holds(firm):
            return OUTSIDE
        return _first([stratum.choice.holds(firm) for stratum in self.firm_strata])

    def code_of_patent(self, patent: PatentFacts) -> int:
        """Return the code of a patent's stratum; ``OUTSIDE`` for patents that are not chosen."""
        if not self.patents.holds(patent):
            return OUTSIDE
        return _first([stratum.choice.holds(patent) for stratum in self.patent_strata])

    @property
    def looks_at_licences(self) -> bool:
        """Whether it matters anywhere what is offered: that is told beside the patents."""
        choices = (self.patents, *(stratum.choice for stratum in self.patent_strata))
        return any(choice.licences for choice in choices)

    @property
    def looks_at_firm_segments(self) -> bool:
        """Whether the main segment of a firm matters anywhere."""
        choices = (self.firms, *(stratum.choice for stratum in self.firm_strata))
        return any(choice.segments for choice in choices)

    def per_firm_of(self, codes: Codes) -> Codes:
        """Return int32 (firms,), K of each."""
        own = [stratum.per_firm for stratum in self.firm_strata]
        return _looked_up([self.per_firm, *own], codes)

    def least_of(self, codes: Codes) -> Codes:
        """Return int32 (items,), L of each."""
        own = [stratum.least for stratum in self.patent_strata]
        return _looked_up([self.least, *(self.least if n is None else n for n in own)], codes)

    def most_of(self, codes: Codes) -> Codes:
        """Return int32 (items,), U of each, -1 where it follows from the mean load."""
        usual = -1 if self.most is None else self.most
        own = [stratum.most for stratum in self.patent_strata]
        return _looked_up([usual, *(usual if n is None else n for n in own)], codes)


def tags_of(words: Sequence[str]) -> frozenset[FirmTag]:
    """Return the tags that a firm's words mean.

    >>> sorted(tag.value for tag in tags_of(["国家级专精特新“小巨人”企业"]))
    ['little_giant', 'specialised_sme']
    """
    told = "；".join(words)
    return frozenset(tag for tag, own in _TAG_WORDS.items() if any(word in told for word in own))


def _lies_in(place: Place | None, region: Place) -> bool:
    if place is None or place.province != region.province:
        return False
    return not region.city or place.city == region.city


def _first(fits: Sequence[bool]) -> int:
    return fits.index(True) + 1 if True in fits else 0


def _looked_up(values: Sequence[int], codes: Codes) -> Codes:
    found: Codes = np.array(values, dtype=np.int32)[codes]
    return found
