"""What a reason looks like to a client: kind, sentence, and the data behind it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from matcher.ranking.reason_order import REASON_KINDS


def _whole(description: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": description}


_SPANS = {
    "type": "array",
    "items": {
        "type": "array",
        "items": {"type": "integer", "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
    },
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_PLACE = {
    "field": {
        "type": "string",
        "description": "field of the patent: title, abstract, first_claim, technical_field, "
        "problems, effects, applications or topics",
    },
    "part": _whole("which text of a field that is a list, else 0"),
    "start": _whole("where the sentence begins, in characters of that text"),
    "end": _whole("behind its last character"),
    "spans": {**_SPANS, "description": "[start, end] of what to mark, in the same text"},
}
_HIGHLIGHT = {
    "type": "object",
    "properties": {**_PLACE, "sentence": {"type": "string"}},
    "required": ["field", "part", "start", "end", "sentence", "spans"],
}
_PHRASE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        **_PLACE,
        "rule": {"type": "string", "description": "what found it; vendor for a vendor's phrase"},
    },
}
DETAIL: dict[str, Any] = {
    "properties": {
        "scored": {
            "type": "boolean",
            "description": "whether it earns score; absent in the notes of a list",
        },
        "contribution": {
            "type": "number",
            "description": "what the score would lose without it; only where scored",
        },
        "features": {
            **_TEXTS,
            "description": "the item's features that it earns by; only where scored",
        },
        "terms": {**_TEXTS, "description": "shared_terms: what both name"},
        "words": {**_TEXTS, "description": "shared_terms: the searched words of the terms"},
        "item": {"type": "string", "description": "shared_terms, similar_text: the firm's text"},
        "item_kind": {
            "type": "string",
            "enum": ["need", "demand", "product", "scope", "name", "text"],
            "description": "shared_terms, similar_text: what that text is",
        },
        "item_spans": {**_SPANS, "description": "shared_terms: [start, end] of words in it"},
        "highlights": {
            "type": "array",
            "items": _HIGHLIGHT,
            "description": "shared_terms: sentences of the patent that hold every word",
        },
        "effect": {**_PHRASE, "description": "effect: what the patent achieves"},
        "application": {**_PHRASE, "description": "effect: what it is for"},
        "problem": {**_PHRASE, "description": "effect: what it solves"},
        "fields": {**_TEXTS, "description": "missing: what the record lacks"},
    },
    "additionalProperties": True,
}


class ReasonTold(BaseModel):
    """Why an item stands in a list, or why a list is short."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    kind: str = Field(
        description=f"for machines: {', '.join(REASON_KINDS)}; in notes: short, empty"
    )
    text: str = Field(description="one Chinese sentence")
    detail: dict[str, Any] = Field(
        description="the data behind the sentence; further members depend on the kind",
        json_schema_extra=DETAIL,
    )
