"""Rows of firms: checked, merged by USCC, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from functools import partial
from typing import Any

from matcher.types import Firm, Uscc
from service.ingest import fields, numbers
from service.ingest.columns import Columns
from service.ingest.places import take_place
from service.ingest.problems import BadValue, RowProblem
from service.ingest.records import Cells, Facts, Parsed, Written, grouped, refusals
from service.store.engine import Store
from service.store.keys import compact

_KEYS = frozenset({"uscc"})
_FIELDS = tuple(item.name for item in fields_of(Firm))
_LINES = ("name", "org_type", "capital", "registration_status")


class FirmRecorder:
    """Turns rows into firms; implements ``records.Recorder``."""

    def __init__(self, store: Store) -> None:
        self.columns = Columns("firms")
        self._store = store

    @property
    def key_fields(self) -> frozenset[str]:
        """Return the USCC."""
        return _KEYS

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return the code as written."""
        return (compact(fields.text(cells.get("uscc"))),)

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return the facts of the row.

        Raises:
            BadValue: a missing or wrong USCC, an empty name, or a bad date.
        """
        facts = Facts(cells)
        facts.found["uscc"] = numbers.uscc(fields.text(cells.get("uscc")))
        for name in _LINES:
            facts.take(name, fields.line)
        if "name" not in facts.found and self.columns.has("name", row):
            raise BadValue("name", "", "missing", "Write the name of the firm.")
        facts.take("business_scope", fields.text)
        facts.take("registered_on", partial(fields.day, field="registered_on"))
        facts.take_gently("industry_code", _industry)
        facts.take("products", fields.texts)
        facts.take("needs", fields.sentences)
        facts.take("tags", fields.texts)
        take_place(facts, "province", "city")
        return Parsed(line, facts.found, tuple(facts.warnings))

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Store the firms: a later row's value counts, an empty one never does."""
        groups = grouped(rows, lambda row: Uscc(row.facts["uscc"]))
        stored = self._store.firms.many(list(groups))
        ready, refused = [], list[RowProblem]()
        for uscc, group in groups.items():
            facts = _facts_of(stored[uscc]) if uscc in stored else {}
            for row in group:
                facts |= row.facts
            if facts.get("name"):
                ready.append(Firm(**facts))
            else:
                cure = "Add a column with the name, or import the firm itself first."
                refused += refusals(group, "name", BadValue("name", "", "missing", cure))
        return Written(self._store.firms.upsert(ready), tuple(refused))


def _facts_of(firm: Firm) -> dict[str, Any]:
    return {name: getattr(firm, name) for name in _FIELDS}


def _industry(cell: object) -> str:
    codes, dropped = fields.industry_codes(cell, "industry_code")
    if dropped:
        raise dropped[0]
    return codes[0] if codes else ""
