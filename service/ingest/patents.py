"""Rows of patents: checked, told apart by their numbers, merged, stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matcher.types import Patent, PatentId
from service.ingest import fields, numbers, words
from service.ingest.columns import Columns
from service.ingest.merge import Entry, entry, fold, from_patent, onto, to_patent
from service.ingest.problems import BadValue, RowProblem
from service.ingest.records import Cells, Facts, Parsed, Written, grouped, refusals
from service.store.engine import Store
from service.store.keys import application_key, publication_key
from service.store.patents import patent_hash

_TEXTS = ("abstract", "first_claim", "technical_field")
_LINES = ("title", "holder", "maturity", "price_band", "family_id")
_NUMBERS = ("application_no", "publication_no", "grant_no")
_KEYS = frozenset({"patent_id", *_NUMBERS})
_WORDS: Mapping[str, Callable[[str], object]] = {
    "kind": words.patent_kind,
    "legal_status": words.legal_status,
    "holder_kind": words.holder_kind,
    "open_licence": lambda word: words.yes_no(word, "open_licence"),
    "holder_province": lambda word: words.province(word, "holder_province"),
    "holder_city": lambda word: words.city(word, "holder_city"),
}


class PatentRecorder:
    """Turns rows into patents; implements ``records.Recorder``."""

    def __init__(self, store: Store) -> None:
        self.columns = Columns("patents")
        self._store = store

    @property
    def key_fields(self) -> frozenset[str]:
        """Return the id and the three numbers."""
        return _KEYS

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return the id, or else every number: one row may share either with another row."""
        if "patent_id" in cells:
            return (fields.text(cells["patent_id"]),)
        found = {application_key(fields.text(cells.get("application_no")))}
        found |= {publication_key(fields.text(cells.get(name))) for name in _NUMBERS[1:]}
        return tuple(found - {""})

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return the facts of the row.

        Raises:
            BadValue: no id and no number, a bad number, a bad date, an empty title, or a word for
                the stop state that could hide a patent which must not be recommended.
        """
        facts = Facts(cells)
        _numbers(facts)
        for name in _LINES:
            facts.take(name, fields.line)
        if "title" not in facts.found and self.columns.has("title", row):
            raise BadValue("title", "", "missing", "Write the title of the patent.")
        for name in _TEXTS:
            facts.take(name, fields.text)
        for name in ("filing_date", "publication_date"):
            facts.take(name, partial(fields.day, field=name))
        facts.take_list("ipc", fields.ipc)
        facts.take_list("industry_codes", fields.industry_codes)
        for name, meaning in _WORDS.items():
            if name in cells:
                facts.take_gently(name, _word(meaning))
        _states(facts)
        return Parsed(line, facts.found, tuple(facts.warnings))

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Merge the rows with each other and with what is stored, and store the patents."""
        ids = self._identified(rows)
        groups = grouped(rows, lambda row: ids[row.line])
        came = {
            patent_id: fold(entry(_kept(row.facts)) for row in group)
            for patent_id, group in groups.items()
        }
        ready: dict[PatentId, tuple[Patent, str]] = {}
        refused: list[RowProblem] = []
        for patent_id, (patent, note) in self._merged(came).items():
            if patent.title:
                ready[patent_id] = (patent, note)
            else:
                cure = "Add a column with the title, or import the patent itself first."
                bad = BadValue("title", "", "missing", cure)
                refused += refusals(groups[patent_id], "title", bad)
        counts = self._store.patents.upsert(
            (patent for patent, _ in ready.values()),
            {patent_id: note for patent_id, (_, note) in ready.items()},
        )
        return Written(counts, tuple(refused))

    def _merged(self, came: Mapping[PatentId, Entry]) -> dict[PatentId, tuple[Patent, str]]:
        patents = self._store.patents
        merged = {key: to_patent(key, one) for key, one in came.items()}
        hashes = patents.hashes(list(came))
        # What is stored with this very content needs no second look.
        other = [key for key in hashes if hashes[key] != patent_hash(*merged[key])]
        stored, notes = patents.many(other), patents.field_dates(other)
        for key, patent in stored.items():
            merged[key] = to_patent(key, onto(from_patent(patent, notes[key]), came[key]))
        return merged

    def _identified(self, rows: Sequence[Parsed]) -> dict[int, PatentId]:
        """Return line → id: the id as given, or the patent that has a number of the row, or new.

        Numbers are looked up in the store and among the rows; an application number counts more
        than a publication number, and rows that have one are told apart first.
        """
        bare = [row for row in rows if "patent_id" not in row.facts]
        numbers_met = {number for row in bare for number in _numbers_of(row)}
        known: dict[str, PatentId] = dict(self._store.patents.resolve_many(sorted(numbers_met)))
        ids: dict[int, PatentId] = {}
        for row in sorted(rows, key=_vague):
            own = _numbers_of(row)
            if "patent_id" in row.facts:
                ids[row.line] = PatentId(row.facts["patent_id"])
            else:
                ids[row.line] = next(
                    (known[number] for number in own if number in known), PatentId(own[0])
                )
            for number in own:
                known.setdefault(number, ids[row.line])
        return ids


def _numbers(facts: Facts) -> None:
    facts.take("patent_id", fields.line)
    facts.take("application_no", lambda cell: _number(cell, numbers.application_no))
    facts.take("publication_no", lambda cell: _number(cell, numbers.publication_no))
    facts.take("grant_no", lambda cell: _number(cell, _grant_no))
    published = facts.found.get("publication_no", "")
    if published and numbers.is_grant(published):
        facts.found.setdefault("grant_no", published)
    if not facts.found:
        raise BadValue(
            "application_no",
            "",
            "missing",
            "Write the application number, or the publication number where that is all there is.",
        )


def _number(cell: object, check: Callable[[str], str]) -> str:
    written = fields.text(cell)
    return check(written) if written else ""


def _grant_no(written: str) -> str:
    return numbers.publication_no(written, "grant_no")


def _word(meaning: Callable[[str], object]) -> Callable[[object], object]:
    def read(cell: object) -> object:
        word = fields.line(cell)
        return meaning(word) if word else None

    return read


def _states(facts: Facts) -> None:
    """Read the stop state; where only legal events are given, read both states from them."""
    facts.take("stop_state", _word(words.stop_state))
    events = fields.line(facts.cells.get("legal_events"))
    if events and "legal_status" not in facts.cells:
        facts.take_gently(
            "legal_events",
            lambda _: facts.found.setdefault("legal_status", words.legal_status(events)),
        )
        facts.found.pop("legal_events", None)
    if "保全" in events and "解除" not in events:
        facts.found.setdefault("stop_state", words.stop_state("保全"))


def _vague(row: Parsed) -> tuple[bool, bool]:
    return "patent_id" not in row.facts, "application_no" not in row.facts


def _numbers_of(row: Parsed) -> list[str]:
    return [row.facts[name] for name in _NUMBERS if name in row.facts]


def _kept(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if name != "patent_id"}
