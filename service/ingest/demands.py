"""Rows of technical demands: checked and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from functools import partial
from hashlib import blake2b
from typing import Any

from matcher.types import Demand, DemandId
from service.ingest import fields, numbers
from service.ingest.columns import Columns
from service.ingest.places import take_place
from service.ingest.problems import BadValue
from service.ingest.records import Cells, Facts, Parsed, Written, grouped
from service.store.engine import Store

_KEYS = frozenset({"demand_id", "title", "text"})
_FIELDS = tuple(item.name for item in fields_of(Demand))


class DemandRecorder:
    """Turns rows into demands; implements ``records.Recorder``."""

    def __init__(self, store: Store) -> None:
        self.columns = Columns("demands")
        self._store = store

    @property
    def key_fields(self) -> frozenset[str]:
        """Return the id and what stands in for it."""
        return _KEYS

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return the id, or one made of title and text."""
        title, text = fields.line(cells.get("title")), fields.text(cells.get("text"))
        return (fields.line(cells.get("demand_id")) or demand_id(title, text),)

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return the facts of the row.

        Raises:
            BadValue: an empty title, a wrong USCC or a bad date.
        """
        facts = Facts(cells)
        facts.take("demand_id", fields.line)
        facts.take("title", fields.line)
        facts.take("text", fields.text)
        if "title" not in facts.found:
            raise BadValue("title", "", "missing", "Write the title of the demand.")
        facts.take("uscc", lambda cell: numbers.uscc(fields.text(cell)))
        facts.take("industry", fields.line)
        facts.take("posted_on", partial(fields.day, field="posted_on"))
        facts.take("cooperation", fields.texts)
        take_place(facts, "province", "city")
        found = facts.found
        found.setdefault("demand_id", demand_id(found["title"], found.get("text", "")))
        return Parsed(line, found, tuple(facts.warnings))

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Store the demands: a later row's value counts, an empty one never does."""
        groups = grouped(rows, lambda row: DemandId(row.facts["demand_id"]))
        stored = self._store.demands.many(list(groups))
        ready = []
        for key, group in groups.items():
            facts: dict[str, Any] = {}
            if key in stored:
                facts = {name: getattr(stored[key], name) for name in _FIELDS}
            for row in group:
                facts |= row.facts
            ready.append(Demand(**facts))
        return Written(self._store.demands.upsert(ready))


def demand_id(title: str, text: str) -> DemandId:
    """Return the id of a demand that came without one: the same words, the same id.

    >>> demand_id("求电机", "")
    'D500801c33f7de804'
    """
    digest = blake2b(f"{title}\n{text}".encode("utf-8", "replace"), digest_size=8)
    return DemandId("D" + digest.hexdigest())
