"""A ranked list with the public records of its items, as plain values for JSON."""

from __future__ import annotations

from typing import Any

from matcher.recommend import Readers
from matcher.segments.taxonomy import Taxonomy
from matcher.types import Firm, Patent, PatentId, RankedItem, RankedList, Reason, Uscc


def list_to_dict(found: RankedList, readers: Readers, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the list; each item carries the record it recommends."""
    ids = [item.item_id for item in found.items]
    records: dict[str, dict[str, Any]] = {}
    if found.direction == "patents":
        patents = readers.patents.many([PatentId(name) for name in ids])
        records = {str(name): {"patent": patent_to_dict(p)} for name, p in patents.items()}
    else:
        firms = readers.firms.many([Uscc(name) for name in ids])
        records = {str(name): {"firm": firm_to_dict(f)} for name, f in firms.items()}
    return {
        "list_id": found.list_id,
        "subject": found.subject,
        "direction": found.direction,
        "versions": {
            "encoder": found.versions.encoder,
            "index": found.versions.index,
            "policy": found.versions.policy,
        },
        "made_at": found.made_at.isoformat(),
        "segments": [
            {"code": code, "name": _name(taxonomy, code), "confidence": round(confidence, 4)}
            for code, confidence in found.segments
        ],
        "notes": [_reason(note) for note in found.notes],
        "items": [_item(item, records, taxonomy) for item in found.items],
    }


def patent_to_dict(patent: Patent) -> dict[str, Any]:
    """Return the public record of a patent; no inventor, no contact."""
    return {
        "patent_id": patent.patent_id,
        "title": patent.title,
        "application_no": patent.application_no,
        "publication_no": patent.publication_no,
        "grant_no": patent.grant_no,
        "abstract": patent.abstract,
        "ipc": list(patent.ipc),
        "industry_codes": list(patent.industry_codes),
        "kind": patent.kind.value,
        "filing_date": patent.filing_date.isoformat() if patent.filing_date else None,
        "publication_date": (
            patent.publication_date.isoformat() if patent.publication_date else None
        ),
        "legal_status": patent.legal_status.value,
        "stop_state": patent.stop_state.value,
        "holder": patent.holder,
        "holder_kind": patent.holder_kind.value,
        "holder_province": patent.holder_province,
        "holder_city": patent.holder_city,
        "maturity": patent.maturity,
        "open_licence": patent.open_licence,
        "price_band": patent.price_band,
        "family_id": patent.family_id,
    }


def firm_to_dict(firm: Firm) -> dict[str, Any]:
    """Return the public record of a firm."""
    return {
        "uscc": firm.uscc,
        "name": firm.name,
        "business_scope": firm.business_scope,
        "registered_on": firm.registered_on.isoformat() if firm.registered_on else None,
        "org_type": firm.org_type,
        "capital": firm.capital,
        "province": firm.province,
        "city": firm.city,
        "industry_code": firm.industry_code,
        "products": list(firm.products),
        "needs": list(firm.needs),
        "tags": list(firm.tags),
    }


def _item(
    item: RankedItem, records: dict[str, dict[str, Any]], taxonomy: Taxonomy
) -> dict[str, Any]:
    segment = None
    if item.segment is not None and item.segment in taxonomy:
        segment = {"code": item.segment, "path": taxonomy.path(item.segment)}
    return {
        "rank": item.rank,
        "slot": item.rank,
        "item_id": item.item_id,
        "score": item.score,
        "segment": segment,
        "reasons": [_reason(reason) for reason in item.reasons],
        "features": dict(item.features),
        **records.get(item.item_id, {}),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"kind": reason.kind, "text": reason.text, "detail": dict(reason.detail)}


def _name(taxonomy: Taxonomy, code: str) -> str:
    return taxonomy.by_code(code).name if code in taxonomy else code
