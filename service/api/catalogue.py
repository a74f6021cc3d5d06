"""Single writes of patents and firms; what is answered is found by the next request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from matcher.errors import FirmNotFound, PatentNotFound
from matcher.types import PatentId, Uscc
from service.api import catalogue_examples, examples
from service.api.addresses import PATENT
from service.api.catalogue_parts import (
    context_of,
    given_of,
    removal_answers,
    write_answers,
    writing,
)
from service.api.catalogue_schemas import FirmWrite, PatentWrite
from service.api.dependencies import Home, SeenHome
from service.api.patents import PatentText
from service.api.preconditions import Conditions, Wanting, tagged
from service.api.refusals import NameMismatch, RecordShared
from service.api.schemas import FirmRecord, PatentRecord, UsccText
from service.auth.caller import Caller
from service.auth.guard import Asking
from service.ingest.numbers import uscc as checked_uscc
from service.ingest.problems import BadValue
from service.ingest.single import RecordRefused, patent_named, write_firm, write_patent
from service.store import Store

router = APIRouter(prefix="/v1", tags=["catalogue"])

_PATENT = f"/patents/{PATENT}"
_FIRM = "/firms/{uscc}"
FirmText = Annotated[UsccText, Path(openapi_examples=examples.USCCS)]
PatentBody = Annotated[PatentWrite, Body(openapi_examples=catalogue_examples.PATENTS)]
FirmBody = Annotated[FirmWrite, Body(openapi_examples=catalogue_examples.FIRMS)]
_OTHER_PATENT = NameMismatch("patent_id", "CN202119402101.2")
_OTHER_FIRM = NameMismatch("uscc", "91110000000000000X")


@router.put(
    _PATENT,
    operation_id="putPatent",
    summary="Write a patent whole",
    responses=write_answers(examples.PATENT, _OTHER_PATENT, created=True),
)
def put_patent(
    home: Home,
    caller: Asking,
    patent: PatentText,
    sent: PatentBody,
    wanting: Wanting,
    response: Response,
) -> PatentRecord:
    """Store the patent as sent, a new one or in place of what was; fields not sent are emptied.

    The words, checks and laws are those of an import: of the legal status the newest check counts,
    and what a holder declared to stop a patent stops it, whatever is sent here.
    """
    return _write_patent(home, caller, (patent, sent, wanting, response), whole=True)


@router.patch(
    _PATENT,
    operation_id="patchPatent",
    summary="Correct a patent",
    responses=write_answers(
        examples.PATENT, PatentNotFound(examples.PATENT_ID), _OTHER_PATENT, created=False
    ),
)
def patch_patent(
    home: Home,
    caller: Asking,
    patent: PatentText,
    sent: PatentBody,
    wanting: Wanting,
    response: Response,
) -> PatentRecord:
    """Change the fields that are sent (RFC 7396): null and empty ones are emptied."""
    return _write_patent(home, caller, (patent, sent, wanting, response), whole=False)


@router.delete(
    _PATENT,
    operation_id="deletePatent",
    summary="Delete a patent",
    status_code=204,
    responses=removal_answers(PatentNotFound(examples.PATENT_ID)),
)
def delete_patent(home: Home, patent: PatentText, wanting: Wanting) -> Response:
    """Delete the patent with its declarations, history and relations; no list shows it again."""
    store = home.opened.store.writer_of("patents")
    with writing(store, "patents", patent, "patent"):
        patent_id = store.patents.resolve(patent)
        wanting.check(_patent(store, patent_id))
        store.patents.remove([patent_id])
    return Response(status_code=204)


@router.put(
    _FIRM,
    operation_id="putFirm",
    summary="Write a firm whole",
    responses=write_answers(examples.FIRM, _OTHER_FIRM, created=True),
)
def put_firm(
    home: Home,
    uscc: FirmText,
    sent: FirmBody,
    wanting: Wanting,
    response: Response,
) -> FirmRecord:
    """Store the firm as sent, a new one or in place of what was; fields not sent are emptied."""
    return _write_firm(home, uscc, (sent, wanting, response), whole=True)


@router.patch(
    _FIRM,
    operation_id="patchFirm",
    summary="Correct a firm",
    responses=write_answers(examples.FIRM, FirmNotFound(examples.USCC), _OTHER_FIRM, created=False),
)
def patch_firm(
    home: Home,
    uscc: FirmText,
    sent: FirmBody,
    wanting: Wanting,
    response: Response,
) -> FirmRecord:
    """Change the fields that are sent (RFC 7396): null and empty ones are emptied."""
    return _write_firm(home, uscc, (sent, wanting, response), whole=False)


@router.delete(
    _FIRM,
    operation_id="deleteFirm",
    summary="Delete a firm",
    status_code=204,
    responses=removal_answers(FirmNotFound(examples.USCC), RecordShared(examples.USCC)),
)
def delete_firm(home: Home, uscc: FirmText, wanting: Wanting) -> Response:
    """Delete the firm with its relations; of a shared firm a tenant takes back what it told."""
    store = home.opened.store.writer_of("firms")
    with writing(store, "firms", uscc, "uscc"):
        known = _firm(store, Uscc(uscc))
        if known is None:
            raise FirmNotFound(Uscc(uscc))
        wanting.check(known)
        if not store.firms.remove([Uscc(uscc)]):
            raise RecordShared(uscc)
    return Response(status_code=204)


def _write_patent(
    home: SeenHome,
    caller: Caller,
    asked: tuple[str, PatentWrite, Conditions, Response],
    *,
    whole: bool,
) -> PatentRecord:
    name, sent, wanting, response = asked
    store = home.opened.store.writer_of("patents")
    with writing(store, "patents", name, "patent_id"):
        patent_id, by_name = patent_named(store, name)
        before = _patent(store, patent_id)
        if before is None and not whole:
            raise PatentNotFound(PatentId(name))
        given = given_of(sent, "patent_id", patent_id, whole=whole)
        if before is None:
            given = given.named(by_name)
        wanting.check(before)
        if write_patent(store, patent_id, given, context_of(caller)):
            response.status_code = 201
        after = PatentRecord.model_validate(store.patents.get(patent_id))
    tagged(response, after)
    return after


def _write_firm(
    home: SeenHome,
    written: str,
    asked: tuple[FirmWrite, Conditions, Response],
    *,
    whole: bool,
) -> FirmRecord:
    sent, wanting, response = asked
    store = home.opened.store.writer_of("firms")
    with writing(store, "firms", written, "uscc"):
        uscc = _code(written)
        before = _firm(store, uscc)
        if before is None and not whole:
            raise FirmNotFound(uscc)
        given = given_of(sent, "uscc", uscc, whole=whole)
        wanting.check(before)
        if write_firm(store, uscc, given):
            response.status_code = 201
        after = FirmRecord.model_validate(store.firms.get(uscc))
    tagged(response, after)
    return after


def _code(written: str) -> Uscc:
    try:
        return checked_uscc(written)
    except BadValue as bad:
        raise RecordRefused(bad) from bad


def _patent(store: Store, patent_id: PatentId) -> PatentRecord | None:
    found = store.patents.many([patent_id]).get(patent_id)
    return PatentRecord.model_validate(found) if found else None


def _firm(store: Store, uscc: Uscc) -> FirmRecord | None:
    found = store.firms.many([uscc]).get(uscc)
    return FirmRecord.model_validate(found) if found else None
