"""A ranked list with the public records of its items: one shape for API and command line."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any, get_args

from matcher.readers import Readers
from matcher.segments.taxonomy import Taxonomy
from matcher.types import Offer, PatentId, RankedItem, RankedList, Reason, SegmentCode, Uscc
from service.api.reason_schema import ReasonTold
from service.api.schemas import (
    EmptyReason,
    FirmItem,
    FirmList,
    FirmRecord,
    GroupTold,
    MemberTold,
    PatentItem,
    PatentList,
    PatentRecord,
    SegmentPlace,
    SegmentTold,
    VersionsTold,
)

_EMPTY = frozenset(get_args(EmptyReason))


def list_of(ranked: RankedList, readers: Readers, taxonomy: Taxonomy) -> PatentList | FirmList:
    """Return the list of either direction."""
    join = patent_list if ranked.direction == "patents" else firm_list
    return join(ranked, readers, taxonomy)


def patent_list(ranked: RankedList, readers: Readers, taxonomy: Taxonomy) -> PatentList:
    """Return the list with its patents as stored now; one deleted or stopped is left out."""
    stored = readers.patents.many([PatentId(item.item_id) for item in ranked.items])
    items = [
        PatentItem(
            patent_id=patent.patent_id,
            patent=PatentRecord.model_validate(patent),
            group=_group(item.offer, readers) if item.offer else None,
            **_item(item, taxonomy),
        )
        for item in ranked.items
        if (patent := stored.get(PatentId(item.item_id))) and patent.recommendable
    ]
    return PatentList(items=items, **_head(ranked, taxonomy))


def firm_list(ranked: RankedList, readers: Readers, taxonomy: Taxonomy) -> FirmList:
    """Return the list with its firms as stored now; one deleted meanwhile is left out."""
    stored = readers.firms.many([Uscc(item.item_id) for item in ranked.items])
    items = [
        FirmItem(firm=FirmRecord.model_validate(firm), **_item(item, taxonomy))
        for item in ranked.items
        if (firm := stored.get(Uscc(item.item_id)))
    ]
    return FirmList(items=items, **_head(ranked, taxonomy))


def _group(offer: Offer, readers: Readers) -> GroupTold:
    stored = readers.patents.many(offer.members)
    return GroupTold(
        group_id=offer.group.group_id,
        kind=offer.group.kind,
        name=offer.group.name,
        description=offer.group.description,
        holder=offer.group.holder,
        members=[MemberTold.model_validate(stored[key]) for key in offer.members if key in stored],
    )


def _head(ranked: RankedList, taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "list_id": ranked.list_id,
        "direction": ranked.direction,
        "subject": ranked.subject,
        "versions": VersionsTold.model_validate(ranked.versions),
        "made_at": ranked.made_at,
        "empty_reason": None if ranked.items else _empty_reason(ranked.notes),
        "notes": [ReasonTold.model_validate(note) for note in ranked.notes],
        "segments": [
            SegmentTold(code=code, name=_name(code, taxonomy), confidence=round(confidence, 4))
            for code, confidence in ranked.segments
        ],
    }


def _empty_reason(notes: Sequence[Reason]) -> str:
    """Return the first cause that the notes of an empty list name."""
    for note in notes:
        if note.kind == "left_out":
            return "left_out"
        causes: list[str] = [note.detail["cause"]] if "cause" in note.detail else []
        causes += list(note.detail.get("refused", ()))
        if "legal_status" in note.detail:
            return "stopped"
        known = [cause for cause in causes if cause in _EMPTY]
        if known:
            return known[0]
    return "nothing_left"


def _item(item: RankedItem, taxonomy: Taxonomy) -> dict[str, Any]:
    return {
        "rank": item.rank,
        "slot": item.rank,
        "item_id": item.item_id,
        "score": item.score,
        "probability": round(1.0 / (1.0 + exp(-item.score)), 8),
        "segment": _place(item.segment, taxonomy),
        "missing": [
            ReasonTold.model_validate(reason) for reason in item.reasons if reason.kind == "missing"
        ],
        "reasons": [ReasonTold.model_validate(reason) for reason in item.reasons],
        # float32 in float64 shows digits that mean nothing.
        "features": {name: round(value, 4) for name, value in item.features.items()},
    }


# An index may be older than the operator's taxonomy: a code that left it has no name any more.
def _name(code: SegmentCode, taxonomy: Taxonomy) -> str:
    return taxonomy.by_code(code).name if code in taxonomy else ""


def _place(code: SegmentCode | None, taxonomy: Taxonomy) -> SegmentPlace | None:
    if code is None:
        return None
    return SegmentPlace(code=code, path=taxonomy.path(code) if code in taxonomy else "")
