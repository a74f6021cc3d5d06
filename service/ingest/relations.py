"""Rows of relations: firm and patent looked up, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcher.types import PatentId, Relation, RelationKind, Uscc
from service.ingest import fields, numbers, words
from service.ingest.columns import Columns
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.ingest.records import Cells, Facts, Parsed, Written
from service.store.engine import Store
from service.store.keys import compact

_KEYS = frozenset({"uscc", "patent", "kind"})


class RelationRecorder:
    """Turns rows into relations; implements ``records.Recorder``.

    Both ends must be in the catalogue: a link to nothing would neither exclude nor teach
    anything, and would hide a mistyped number.
    """

    def __init__(self, store: Store, kind: RelationKind | None = None) -> None:
        self.columns = Columns("relations")
        self._store = store
        self._kind = kind

    @property
    def key_fields(self) -> frozenset[str]:
        """Return both ends and the kind."""
        return _KEYS

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return both ends and the kind as one key."""
        parts = (fields.text(cells.get(name)) for name in ("uscc", "patent", "kind"))
        return ("\t".join(map(compact, parts)),)

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return uscc, patent (as written) and kind; None for a row judged not relevant.

        Raises:
            BadValue: a wrong USCC, no patent, an unknown kind or none, a relevance that is no
                number.
        """
        relevance = fields.text(cells.get("relevance"))
        if relevance and _whole(relevance) <= 0:
            return None
        facts = Facts(cells)
        facts.found["uscc"] = numbers.uscc(fields.text(cells.get("uscc")))
        facts.take("patent", fields.line)
        numbers.check_written(facts.found.get("patent", ""), "patent")
        if "patent" not in facts.found:
            raise BadValue("patent", "", "missing", "Write the patent's id or number.")
        kind = fields.line(cells.get("kind"))
        facts.found["kind"] = words.relation_kind(kind) if kind else self._kind
        if facts.found["kind"] is None:
            cure = "Add a column 'kind', or say --kind owns, co_applied, licensed or contacted."
            raise BadValue("kind", "", "missing", cure)
        return Parsed(line, facts.found)

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Store the relations whose firm and patent are in the catalogue."""
        firms = self._store.firms.existing({row.facts["uscc"] for row in rows})
        texts = sorted({row.facts["patent"] for row in rows})
        patents = self._store.patents.resolve_many(texts)
        ready: dict[Relation, None] = {}
        refused: list[RowProblem] = []
        for row in rows:
            bad = _absent(row, firms, patents)
            if bad is None:
                facts = row.facts
                patent = patents[facts["patent"]]
                ready[Relation(Uscc(facts["uscc"]), patent, facts["kind"])] = None
            else:
                refused.append(row_problem(row.line, bad.field, bad))
        return Written(self._store.relations.upsert(ready), tuple(refused))


def _absent(row: Parsed, firms: set[str], patents: Mapping[str, PatentId]) -> BadValue | None:
    uscc, patent = row.facts["uscc"], row.facts["patent"]
    if uscc not in firms:
        cure = "Import the firm first: panhuo import firms FILE."
        return BadValue("uscc", uscc, "no_firm", cure)
    if patent not in patents:
        cure = "Import the patent first: panhuo import patents FILE."
        return BadValue("patent", patent, "no_patent", cure)
    return None


def _whole(written: str) -> int:
    try:
        return int(written)
    except ValueError as error:
        cure = "Write the relevance as a whole number; above 0 means related."
        raise BadValue("relevance", written, "syntax", cure) from error
