"""What a message says: the items of one firm that may still be recommended to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matcher.ports import PushRoundReader
from matcher.pushed import PushItem, PushMessage, PushRound, RoundId
from matcher.readers import Readers
from matcher.segments.taxonomy import Taxonomy
from matcher.types import Patent, PatentId, RelationKind, Uscc

_DONE = {RelationKind.OWNS, RelationKind.CO_APPLIED, RelationKind.LICENSED}


class Bodies:
    """Composes messages from the push_round and the catalogue as it is now.

    The legal gate has the last word: a patent that was planned and has since lapsed, been stopped,
    been taken out, or been dismissed or acquired by the firm, is left out. While nothing of this
    changes, a message has the same bytes at every attempt.

    Args:
        rounds: published rounds.
        readers: the catalogue now.
        taxonomy: names of segments.
    """

    def __init__(self, rounds: PushRoundReader, readers: Readers, taxonomy: Taxonomy) -> None:
        self._rounds = rounds
        self._readers = readers
        self._taxonomy = taxonomy

    def __call__(self, messages: Sequence[PushMessage]) -> list[PushMessage]:
        """Return the messages in their order; those without an item left have no body."""
        bodies: dict[tuple[RoundId, Uscc], bytes] = {}
        for round_id in dict.fromkeys(message.round_id for message in messages):
            usccs = [message.uscc for message in messages if message.round_id == round_id]
            made = self._rounds.round(round_id)
            for uscc, items in self._allowed(round_id, usccs).items():
                bodies[round_id, uscc] = _body(made, uscc, items)
        return [
            replace(message, body=bodies.get((message.round_id, message.uscc), b""))
            for message in messages
        ]

    def _allowed(
        self, round_id: RoundId, usccs: Sequence[Uscc]
    ) -> dict[Uscc, list[dict[str, Any]]]:
        """Return the items of each firm that has any left, by rank."""
        items = self._rounds.items_of_firms(round_id, usccs)
        wanted = {item.patent_id for of_firm in items.values() for item in of_firm}
        patents = self._readers.patents.many(sorted(wanted))
        relations = self._readers.relations.of_firms(usccs)
        dismissed = self._readers.feedback.dismissed_by(usccs)
        allowed: dict[Uscc, list[dict[str, Any]]] = {}
        for uscc, of_firm in items.items():
            done = {r.patent_id for r in relations.get(uscc, ()) if r.kind in _DONE}
            done.update(dismissed.get(uscc, ()))
            told = [
                self._item(item, patent)
                for item in of_firm
                if (patent := _live(patents, item.patent_id)) and item.patent_id not in done
            ]
            if told:
                allowed[uscc] = told
        return allowed

    def _item(self, item: PushItem, patent: Patent) -> dict[str, Any]:
        code = item.segment
        name = self._taxonomy.by_code(code).name if code in self._taxonomy and code else ""
        return {
            "rank": item.rank,
            "patent_id": item.patent_id,
            "application_no": patent.application_no,
            "title": patent.title,
            "score": round(item.score, 6),
            "segment": {"code": code, "name": name} if code else None,
        }


def _live(patents: Mapping[PatentId, Patent], patent_id: PatentId) -> Patent | None:
    patent = patents.get(patent_id)
    return patent if patent is not None and patent.recommendable else None


def _body(made: PushRound, uscc: Uscc, items: list[dict[str, Any]]) -> bytes:
    told = {
        "round_id": made.round_id,
        "uscc": uscc,
        "made_at": made.made_at.isoformat(timespec="seconds"),
        "items": items,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
