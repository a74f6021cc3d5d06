"""Rows of patents: checked, and told apart by their numbers. ``patent_writer`` stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from matcher.types import LegalEvent
from service.ingest import fields, numbers, words
from service.ingest.columns import Columns
from service.ingest.declarations import declared
from service.ingest.events import legal_events, status_of
from service.ingest.patent_writer import Beside, PatentWriter
from service.ingest.places import take_place
from service.ingest.problems import BadValue
from service.ingest.records import Cells, Facts, FileContext, Parsed, Written
from service.store.engine import Store
from service.store.keys import application_key, publication_key

_TEXTS = ("abstract", "first_claim", "technical_field")
_LINES = (
    "title",
    "holder",
    "maturity",
    "price_band",
    "family_id",
    "emerging_industry",
    "college",
)
_LISTS = ("applications", "topics")
_SENTENCES = ("problems", "effects")
_DATES = ("filing_date", "publication_date", "grant_date", "expires_on", "checked_on")
_NUMBERS = ("application_no", "publication_no", "grant_no")
_KEYS = frozenset({"patent_id", *_NUMBERS})
_LONGEST_TITLE = 500
_WORDS: Mapping[str, Callable[[str], object]] = {
    "kind": words.patent_kind,
    "legal_status": words.legal_status,
    "holder_kind": words.holder_kind,
    "open_licence": lambda word: words.yes_no(word, "open_licence"),
    "self_grade": words.stars,
}


class PatentRecorder:
    """Turns rows into patents; implements ``records.Recorder``."""

    def __init__(self, store: Store, context: FileContext) -> None:
        self.columns = Columns("patents")
        self._writer = PatentWriter(store, context)

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
            BadValue: no id and no number, a bad number, a bad date, an empty or endless title, or
                a word for the stop state that could hide a patent which must not be recommended.
        """
        facts = self._facts(cells, row)
        _states(facts)
        beside = Beside(inventors=fields.line(cells.get("inventor")))
        return Parsed(line, facts.found, tuple(facts.warnings), extra=beside)

    def parse_continued(
        self, line: int, cells: Cells, row: Mapping[str, object], more: Mapping[int, Cells]
    ) -> Parsed | None:
        """Return the facts of a patent of the 盘活 workbook and of the rows that continue it.

        Raises:
            BadValue: as ``parse``.
        """
        own = ("application_no", "title", "legal_status")
        facts = self._facts({name: cells[name] for name in own if name in cells}, row)
        told = declared(cells, list(more.values()))
        facts.found |= told.facts
        facts.found["stop_state"] = told.stop_state
        facts.warnings = [bad for bad in facts.warnings if bad.field != "legal_status"]
        inventors, person, phone = told.contact
        beside = Beside(told.content, inventors, person, phone)
        warnings = (*facts.warnings, *told.warnings)
        return Parsed(line, facts.found, warnings, tuple(more), beside)

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Merge the rows with each other and with what is stored, and store the patents."""
        return self._writer.write(rows)

    def finish(self) -> None:
        """Store the groups that the file's rows named."""
        self._writer.finish()

    def _facts(self, cells: Cells, row: Mapping[str, object]) -> Facts:
        facts = Facts(cells)
        _numbers(facts)
        for name in _LINES:
            facts.take(name, fields.line)
        self._check_title(facts.found.get("title", ""), row)
        for name in _TEXTS:
            facts.take(name, fields.text)
        for name in _DATES:
            facts.take(name, partial(fields.day, field=name))
        for name in _LISTS:
            facts.take(name, fields.texts)
        for name in _SENTENCES:
            facts.take(name, fields.sentences)
        facts.take_list("ipc", fields.ipc)
        facts.take_list("industry_codes", fields.industry_codes)
        for name, meaning in _WORDS.items():
            if name in cells:
                facts.take_gently(name, _word(meaning))
        take_place(facts, "holder_province", "holder_city")
        return facts

    def _check_title(self, title: str, row: Mapping[str, object]) -> None:
        if not title and self.columns.has("title", row):
            raise BadValue("title", "", "missing", "Write the title of the patent.")
        if len(title) > _LONGEST_TITLE:
            cure = f"Write a title of at most {_LONGEST_TITLE} characters; here are {len(title)}."
            raise BadValue("title", title, "too_long", cure)


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
    """Read stop state and events; where only events are given, the status follows from them."""
    facts.take("stop_state", _word(words.stop_state))
    events = _events(facts)
    told = {*events, *_licences(facts), *_pledges(facts)}
    if events and "legal_status" not in facts.found:
        facts.found["legal_status"] = status_of(events)
        facts.warnings = [bad for bad in facts.warnings if bad.field != "legal_status"]
    if told:
        facts.found["events"] = tuple(event for event in LegalEvent if event in told)


def _events(facts: Facts) -> tuple[LegalEvent, ...]:
    events, unknown = legal_events(fields.line(facts.cells.get("legal_events")))
    facts.warnings += unknown
    # CNIPR, CNKI and plain lists write the event into the status column: 专利权的保全.
    more, _ = legal_events(fields.line(facts.cells.get("legal_status")))
    return (*events, *more)


def _licences(facts: Facts) -> tuple[LegalEvent, ...]:
    written = fields.line(facts.cells.get("licence_kind"))
    if not written:
        return ()
    events, unknown = legal_events(written, "licence_kind")
    facts.warnings += unknown
    return events


def _pledges(facts: Facts) -> tuple[LegalEvent, ...]:
    return (LegalEvent.PLEDGE,) if fields.line(facts.cells.get("pledge")) else ()
