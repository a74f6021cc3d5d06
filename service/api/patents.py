"""Patents of the catalogue, and the firms that one suits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path

from matcher.errors import IndexMissing, InputError, PatentNotFound
from service.api import examples
from service.api.addresses import PATENT
from service.api.asks import FirmsRequest
from service.api.dependencies import Home, recommender_of
from service.api.documents import BODY, answers
from service.api.refusals import FieldUnknown, PatentNotIndexed
from service.api.schemas import FirmList, Name, PatentRecord
from service.api.selection import selected
from service.lists import firm_list

router = APIRouter(prefix="/v1/patents", tags=["patents"])

PatentText = Annotated[Name, Path(openapi_examples=examples.PATENTS)]
_FIRMS = f"/{PATENT}/firms"
_TWENTY = FirmsRequest(n=20, place=None)


@router.post(
    _FIRMS,
    operation_id="firmsForPatent",
    summary="Firms for a patent",
    tags=["recommendations"],
    responses=answers(
        examples.FIRM_LIST,
        PatentNotFound(examples.PATENT_ID),
        PatentNotIndexed(examples.PATENT_ID),
        IndexMissing(".panhuo/index"),
        *BODY,
    ),
)
def firms_for_patent(
    home: Home,
    patent: PatentText,
    ask: Annotated[FirmsRequest, Body(openapi_examples=examples.FIRMS_ASKS)] = _TWENTY,
) -> FirmList:
    """Return the firms the patent suits best, by the same scores, and record the list."""
    recommender = recommender_of(home)
    patent_id = home.readers.patents.resolve(patent)
    try:
        found = recommender.firms_for(patent_id, ask.n, ask.place)
    except PatentNotFound:
        raise
    except InputError as error:
        raise PatentNotIndexed(patent_id) from error
    return firm_list(found, home.readers, home.segments.taxonomy)


@router.get(
    f"/{PATENT}",
    operation_id="getPatent",
    summary="One patent",
    dependencies=[selected(PatentRecord, "patent_id,title,holder")],
    responses=answers(examples.PATENT, PatentNotFound(examples.PATENT_ID), FieldUnknown("colour")),
)
def get_patent(home: Home, patent: PatentText) -> PatentRecord:
    """Return the record of a patent, found by id, application number or publication number."""
    patents = home.readers.patents
    return PatentRecord.model_validate(patents.get(patents.resolve(patent)))
