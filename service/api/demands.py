"""Technical demands and known links: read and written one at a time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from matcher.codes import RelationKind
from matcher.errors import DemandNotFound, FirmNotFound, PatentNotFound
from matcher.types import DemandId, PatentId, Relation, Uscc
from service.api import catalogue_examples as written
from service.api import examples
from service.api.catalogue_parts import given_of, removal_answers, write_answers, writing
from service.api.catalogue_schemas import (
    DemandRecord,
    DemandWrite,
    RelationList,
    RelationRecord,
)
from service.api.dependencies import Home, SeenHome
from service.api.documents import answers
from service.api.patents import PatentText
from service.api.preconditions import Conditions, Wanting, tagged
from service.api.refusals import FieldUnknown, NameMismatch, RecordShared, RelationNotFound
from service.api.schemas import Name, UsccText
from service.api.selection import selected
from service.ingest.single import add_relation, write_demand
from service.store import Store

router = APIRouter(prefix="/v1", tags=["catalogue"])

_DEMAND = "/demands/{demand_id}"
_RELATION = "/relations/{uscc}/{kind}/{patent:path}"
DemandText = Annotated[Name, Path(openapi_examples=written.DEMAND_IDS)]
FirmText = Annotated[UsccText, Path(openapi_examples=examples.USCCS)]
KindText = Annotated[RelationKind, Path(openapi_examples=written.KINDS)]
DemandBody = Annotated[DemandWrite, Body(openapi_examples=written.DEMANDS)]
_OTHER = NameMismatch("demand_id", "D-2026-0002")
_GONE = RelationNotFound(examples.USCC, "owns", examples.PATENT_ID)


@router.get(
    _DEMAND,
    operation_id="getDemand",
    summary="One technical demand",
    dependencies=[selected(DemandRecord, "demand_id,title")],
    responses=answers(written.DEMAND, DemandNotFound("D-404"), FieldUnknown("colour")),
)
def get_demand(home: Home, demand_id: DemandText) -> DemandRecord:
    """Return the record of a demand."""
    return DemandRecord.model_validate(home.readers.demands.get(DemandId(demand_id)))


@router.put(
    _DEMAND,
    operation_id="putDemand",
    summary="Write a demand whole",
    responses=write_answers(written.DEMAND, _OTHER, created=True),
)
def put_demand(
    home: Home, demand_id: DemandText, sent: DemandBody, wanting: Wanting, response: Response
) -> DemandRecord:
    """Store the demand as sent, a new one or in place of what was; fields not sent are emptied."""
    return _write(home, demand_id, (sent, wanting, response), whole=True)


@router.patch(
    _DEMAND,
    operation_id="patchDemand",
    summary="Correct a demand",
    responses=write_answers(written.DEMAND, DemandNotFound("D-404"), _OTHER, created=False),
)
def patch_demand(
    home: Home, demand_id: DemandText, sent: DemandBody, wanting: Wanting, response: Response
) -> DemandRecord:
    """Change the fields that are sent (RFC 7396): null and empty ones are emptied."""
    return _write(home, demand_id, (sent, wanting, response), whole=False)


@router.delete(
    _DEMAND,
    operation_id="deleteDemand",
    summary="Delete a demand",
    status_code=204,
    responses=removal_answers(DemandNotFound("D-404"), RecordShared("D-404")),
)
def delete_demand(home: Home, demand_id: DemandText, wanting: Wanting) -> Response:
    """Delete the demand; of a shared one a tenant takes back what it told."""
    store = home.opened.store.writer_of("demands")
    with writing(store, "demands", demand_id, "demand_id"):
        known = _demand(store, DemandId(demand_id))
        if known is None:
            raise DemandNotFound(DemandId(demand_id))
        wanting.check(known)
        if not store.demands.remove([DemandId(demand_id)]):
            raise RecordShared(demand_id)
    return Response(status_code=204)


@router.get(
    "/firms/{uscc}/relations",
    operation_id="listRelations",
    summary="Known links of a firm",
    responses=answers(
        {"relations": [written.RELATION]}, FirmNotFound(examples.USCC), FieldUnknown("colour")
    ),
    dependencies=[selected(RelationList, "relations.patent_id")],
)
def list_relations(home: Home, uscc: FirmText) -> RelationList:
    """Return the firm's links to patents, in the order of patent and kind."""
    firm = home.readers.firms.get(Uscc(uscc))
    found = home.readers.relations.of_firm(firm.uscc)
    return RelationList(relations=[RelationRecord.model_validate(one) for one in found])


@router.put(
    _RELATION,
    operation_id="putRelation",
    summary="Write a link",
    responses=write_answers(
        written.RELATION,
        FirmNotFound(examples.USCC),
        PatentNotFound(examples.PATENT_ID),
        created=True,
    ),
)
def put_relation(
    home: Home,
    uscc: FirmText,
    kind: KindText,
    patent: PatentText,
    wanting: Wanting,
    response: Response,
) -> RelationRecord:
    """Store that firm and patent, both in the catalogue, are linked so.

    What a firm owns or has licensed is not recommended to it any more. A link is its own name, so
    there is nothing of it to correct.
    """
    store = home.opened.store.writer_of("relations")
    with writing(store, "relations", f"{uscc} {kind} {patent}", "patent"):
        one = _relation(store, uscc, kind, patent)
        record = RelationRecord.model_validate(one)
        wanting.check(record if one in store.relations.of_firm(one.uscc) else None)
        if add_relation(store, one):
            response.status_code = 201
    tagged(response, record)
    return record


@router.delete(
    _RELATION,
    operation_id="deleteRelation",
    summary="Delete a link",
    status_code=204,
    responses=removal_answers(
        FirmNotFound(examples.USCC),
        PatentNotFound(examples.PATENT_ID),
        _GONE,
        RecordShared(examples.USCC),
    ),
)
def delete_relation(
    home: Home, uscc: FirmText, kind: KindText, patent: PatentText, wanting: Wanting
) -> Response:
    """Delete the link; one of the shared catalogue is the operator's."""
    store = home.opened.store.writer_of("relations")
    with writing(store, "relations", f"{uscc} {kind} {patent}", "patent"):
        one = _relation(store, uscc, kind, patent)
        if one not in store.relations.of_firm(one.uscc):
            raise RelationNotFound(uscc, kind.value, patent)
        wanting.check(RelationRecord.model_validate(one))
        if not store.relations.remove([one]):
            raise RecordShared(f"{uscc} {kind} {patent}")
    return Response(status_code=204)


def _write(
    home: SeenHome,
    name: str,
    asked: tuple[DemandWrite, Conditions, Response],
    *,
    whole: bool,
) -> DemandRecord:
    sent, wanting, response = asked
    demand_id = DemandId(" ".join(name.split()))
    store = home.opened.store.writer_of("demands")
    with writing(store, "demands", name, "demand_id"):
        before = _demand(store, demand_id)
        if before is None and not whole:
            raise DemandNotFound(demand_id)
        given = given_of(sent, "demand_id", demand_id, whole=whole)
        wanting.check(before)
        if write_demand(store, demand_id, given):
            response.status_code = 201
        after = DemandRecord.model_validate(store.demands.get(demand_id))
    tagged(response, after)
    return after


def _relation(store: Store, uscc: str, kind: RelationKind, patent: str) -> Relation:
    """Return the link between two records; raise ``FirmNotFound`` or ``PatentNotFound``."""
    if uscc not in store.firms.existing([uscc]):
        raise FirmNotFound(Uscc(uscc))
    return Relation(Uscc(uscc), PatentId(store.patents.resolve(patent)), kind)


def _demand(store: Store, demand_id: DemandId) -> DemandRecord | None:
    found = store.demands.many([demand_id]).get(demand_id)
    return DemandRecord.model_validate(found) if found else None
