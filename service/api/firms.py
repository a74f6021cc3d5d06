"""Firms of the catalogue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from matcher.errors import FirmNotFound
from matcher.types import Uscc
from service.api import examples
from service.api.dependencies import Home
from service.api.documents import answers
from service.api.refusals import FieldUnknown
from service.api.schemas import FirmRecord, UsccText
from service.api.selection import selected

router = APIRouter(prefix="/v1/firms", tags=["firms"])


@router.get(
    "/{uscc}",
    operation_id="getFirm",
    summary="One firm",
    dependencies=[selected(FirmRecord, "uscc,name")],
    responses=answers(examples.FIRM, FirmNotFound(examples.USCC), FieldUnknown("colour")),
)
def get_firm(
    home: Home, uscc: Annotated[UsccText, Path(openapi_examples=examples.USCCS)]
) -> FirmRecord:
    """Return the record of a firm."""
    return FirmRecord.model_validate(home.readers.firms.get(Uscc(uscc)))
