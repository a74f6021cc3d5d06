"""Patents for a firm of the catalogue, or for free text."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from matcher.errors import DemandNotFound, FirmNotFound, IndexMissing, UnknownSegment
from matcher.places.places import Place
from matcher.recommend import MOST_ITEMS
from matcher.types import DemandId, PlaceSetting, RankedList, SegmentCode, Uscc
from service.api import examples
from service.api.asks import (
    ForAsker,
    ForDemand,
    ForFirm,
    ForText,
    NextPage,
    Question,
    RecommendRequest,
)
from service.api.choices import place_of, wanted_of
from service.api.dependencies import Home, SeenHome, recommender_of
from service.api.documents import BODY, answers
from service.api.pages import first_cursor, next_page, note_of
from service.api.refusals import (
    CursorDamaged,
    CursorMismatch,
    CursorNotFound,
    FieldUnknown,
    UnknownRegion,
)
from service.api.schemas import Name, PatentList, UsccText
from service.api.selection import selected
from service.auth.caller import Caller, Kind
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
        CursorNotFound(),
        CursorDamaged(),
        CursorMismatch(),
        *BODY,
    ),
)
def recommend(
    ask: Annotated[RecommendRequest, Body(openapi_examples=examples.ASKS)],
    home: Home,
    caller: Asking,
) -> PatentList:
    """Return the best patents and record the list; below the relevance floor nothing is shown.

    With a cursor, the next part of a recorded list comes: without repeats and gaps, whatever
    changed since; what may not be shown any more is left out and counted.
    """
    asked = ask.flat() if isinstance(ask, ForAsker) else ask
    # A list that was made from free text would be nobody's.
    if caller.kind is Kind.FIRM and isinstance(asked, ForText):
        raise NotTheirs
    if isinstance(asked, NextPage):
        return _told(home, *next_page(home, asked.cursor, asked.n, caller, None))
    if asked.cursor is not None:
        return _told(home, *next_page(home, asked.cursor, asked.n, caller, asked))
    return _first(home, asked, caller)


@router.get(
    "/firms/{uscc}/recommendations",
    operation_id="recommendForFirm",
    summary="Patents for a firm",
    dependencies=[selected(PatentList, "list_id,items.rank,items.patent.title")],
    responses=answers(examples.PATENT_LIST, *_PROBLEMS, FieldUnknown("colour")),
)
def recommend_for_firm(
    home: Home,
    caller: Asking,
    uscc: Annotated[UsccText, Path(openapi_examples=examples.USCCS)],
    n: Annotated[int, Query(ge=1, le=MOST_ITEMS, openapi_examples=examples.COUNTS)] = 20,
    segment: Annotated[Name | None, Query(openapi_examples=examples.SEGMENTS)] = None,
    place: Annotated[PlaceSetting | None, Query(openapi_examples=examples.PLACES)] = None,
) -> PatentList:
    """Return the best patents for a firm of the catalogue and record the list."""
    return _first(home, ForFirm(uscc=uscc, n=n, segment=segment, place=place), caller)


def _first(home: SeenHome, ask: Question, caller: Caller) -> PatentList:
    recommender = recommender_of(home)
    wanted = wanted_of(home, ask, recommender.engine, note_of(ask))
    if isinstance(ask, ForDemand):
        found = recommender.recommend_demand(
            DemandId(ask.demand_id), ask.n, ask.place, wanted=wanted
        )
    elif isinstance(ask, ForFirm):
        found = recommender.recommend(
            Uscc(ask.uscc), ask.n, _code(ask.segment), ask.place, wanted=wanted
        )
    else:
        place = place_of(home, ask.region) if ask.region else Place("", "")
        found = recommender.recommend_text(
            ask.text,
            place.province,
            place.city,
            ask.n,
            _code(ask.segment),
            place=ask.place,
            wanted=wanted,
        )
    return _told(home, found, first_cursor(found, ask.n, caller))


def _told(home: SeenHome, found: RankedList, cursor: str | None) -> PatentList:
    told = patent_list(found, home.readers, home.segments.taxonomy)
    return told.model_copy(update={"next_cursor": cursor})


def _code(segment: str | None) -> SegmentCode | None:
    return SegmentCode(segment) if segment else None
