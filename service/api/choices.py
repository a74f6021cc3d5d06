"""From what a client asks to what the engine wants: filters, exclusions, segments, regions."""

from __future__ import annotations

import math

from matcher.engine import Engine
from matcher.errors import InputError, UnknownSegment
from matcher.filters import PatentFilter, PriceRange
from matcher.places.places import Place
from matcher.types import PatentId, SegmentCode
from matcher.wanted import Wanted
from service.api.asks import Filters, PriceBand, Question
from service.api.dependencies import SeenHome
from service.api.refusals import UnknownRegion


def wanted_of(home: SeenHome, asked: Question, engine: Engine, question: str = "") -> Wanted:
    """Return what the question wants beside firm and number.

    Args:
        home: as the caller sees it.
        asked: the question.
        engine: over the index that is searched.
        question: to be told with the list, so that it can be read on.

    Raises:
        UnknownRegion: a region of the filter names no place.
        UnknownSegment: a segment of the filter is unknown.
    """
    exclude = frozenset(PatentId(name) for name in asked.exclude)
    if asked.filters is None or asked.filters == Filters():
        return Wanted(exclude=exclude, question=question)
    wanted = _filter(home, asked.filters, engine)
    allowed, keep = home.opened.filters.chosen(wanted, engine)
    return Wanted(
        exclude=exclude,
        allowed=allowed,
        keep=keep,
        segments=tuple(sorted(wanted.segments)),
        question=question,
    )


def place_of(home: SeenHome, region: str) -> Place:
    """Return the place that a region means; raise ``UnknownRegion``."""
    try:
        return home.places.parse_region(region)
    except InputError as error:
        raise UnknownRegion(region) from error


def _filter(home: SeenHome, asked: Filters, engine: Engine) -> PatentFilter:
    codes = engine.index.patents.codes
    for name in asked.segments:
        if name not in codes:
            raise UnknownSegment(SegmentCode(name), len(codes))
    return PatentFilter(
        segments=frozenset(map(SegmentCode, asked.segments)),
        regions=tuple(place_of(home, region) for region in asked.regions),
        maturity=frozenset(asked.maturity),
        licences=frozenset(asked.licence_kinds),
        price=_range(asked.price_band) if asked.price_band else None,
        holders=frozenset(asked.holder_kinds),
        statuses=frozenset(asked.legal_status),
        life=asked.life_years,
    )


def _range(asked: PriceBand) -> PriceRange:
    return PriceRange(asked.least, math.inf if asked.most is None else asked.most, asked.negotiable)
