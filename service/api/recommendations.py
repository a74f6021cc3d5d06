"""Patents for a firm of the catalogue, or for free text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from matcher.errors import DemandNotFound, FirmNotFound, IndexMissing, InputError, UnknownSegment
from matcher.places.places import Place
from matcher.recommend import MOST_ITEMS
from matcher.types import DemandId, PlaceSetting, RankedList, SegmentCode, Uscc
from service.api import examples
from service.api.dependencies import Home, SeenHome, recommender_of
from service.api.documents import BODY, answers
from service.api.refusals import UnknownRegion
from service.api.schemas import (
    ForDemand,
    ForFirm,
    ForText,
    Name,
    PatentList,
    RecommendRequest,
    UsccText,
)
from service.auth.caller import Kind
from service.auth.guard import Asking
from service.auth.refusals import NotTheirs
from service.lists import patent_list

router = APIRouter(prefix="/v1", tags=["recommendations"])

_PROBLEMS = (
    FirmNotFound(examples.USCC),
    UnknownSegment("9.9", examples.SEGMENT_COUNT),
    IndexMissing(".panhuo/index"),
)


@router.post(
    "/recommendations",
    operation_id="recommend",
    summary="Patents for a firm or for free text",
    responses=answers(
        examples.PATENT_LIST,
        *_PROBLEMS,
        DemandNotFound("D-404"),
        UnknownRegion("亚特兰蒂斯"),
        NotTheirs(),
        *BODY,
    ),
)
def recommend(
    ask: Annotated[RecommendRequest, Body(openapi_examples=examples.ASKS)],
    home: Home,
    caller: Asking,
) -> PatentList:
    """Return the best patents and record the list; below the relevance floor nothing is shown."""
    # A list that was made from free text would be nobody's.
    if caller.kind is Kind.FIRM and isinstance(ask, ForText):
        raise NotTheirs
    if isinstance(ask, ForDemand):
        demand_id = DemandId(ask.demand_id)
        found = recommender_of(home).recommend_demand(demand_id, ask.n, ask.place)
    else:
        found = _for_text(home, ask) if isinstance(ask, ForText) else _for_firm(home, ask)
    return patent_list(found, home.readers, home.segments.taxonomy)


@router.get(
    "/firms/{uscc}/recommendations",
    operation_id="recommendForFirm",
    summary="Patents for a firm",
    responses=answers(examples.PATENT_LIST, *_PROBLEMS),
)
def recommend_for_firm(
    home: Home,
    uscc: Annotated[UsccText, Path(openapi_examples=examples.USCCS)],
    n: Annotated[int, Query(ge=1, le=MOST_ITEMS, openapi_examples=examples.COUNTS)] = 20,
    segment: Annotated[Name | None, Query(openapi_examples=examples.SEGMENTS)] = None,
    place: Annotated[PlaceSetting | None, Query(openapi_examples=examples.PLACES)] = None,
) -> PatentList:
    """Return the best patents for a firm of the catalogue and record the list."""
    found = _for_firm(home, ForFirm(uscc=uscc, n=n, segment=segment, place=place))
    return patent_list(found, home.readers, home.segments.taxonomy)


def _for_firm(home: SeenHome, ask: ForFirm) -> RankedList:
    return recommender_of(home).recommend(Uscc(ask.uscc), ask.n, _code(ask.segment), ask.place)


def _for_text(home: SeenHome, ask: ForText) -> RankedList:
    place = _place(home, ask.region) if ask.region else Place("", "")
    return recommender_of(home).recommend_text(
        ask.text, place.province, place.city, ask.n, _code(ask.segment), place=ask.place
    )


def _code(segment: str | None) -> SegmentCode | None:
    return SegmentCode(segment) if segment else None


def _place(home: SeenHome, region: str) -> Place:
    try:
        return home.places.parse_region(region)
    except InputError as error:
        raise UnknownRegion(region) from error
