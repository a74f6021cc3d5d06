"""One record at a time: the checks, the words and the merging of an import, for a single write.

A field that is given is a correction made now: it takes the place of what is stored, whatever day
that is of. What counts of a patent's status follows, as always, from what every family said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from matcher.errors import PatentNotFound
from matcher.types import (
    Demand,
    DemandId,
    Firm,
    LegalStatus,
    PatentId,
    Relation,
    StopState,
    Uscc,
)
from service.ingest.changes import changes
from service.ingest.demands import DemandRecorder
from service.ingest.firms import FirmRecorder
from service.ingest.merge import SAID, STATES, Entry, from_patent, onto, to_patent
from service.ingest.numbers import application_no, publication_no
from service.ingest.patents import PatentRecorder
from service.ingest.problems import BadValue
from service.ingest.records import Cells, FileContext, Parsed
from service.ingest.sayings import earlier_said
from service.store.engine import Store
from service.store.statuses import Status, current

FAMILY = "api"
"""The family under which single writes say a patent's status."""

_PUBLICATION = frozenset({"publication_no", "publication_date"})
_OUTSIDE = frozenset({"patent_id", "checked_on"})


class RecordRefused(ValueError):
    """Values that a record cannot hold.

    Args:
        found: what is wrong, value by value.
    """

    def __init__(self, *found: BadValue) -> None:
        super().__init__("; ".join(map(str, found)))
        self.found = found


@dataclass(frozen=True, slots=True)
class Given:
    """What a single write gives.

    Attributes:
        cells: field → value, as a row of a file would have it.
        cleared: fields that are emptied.
        whole: the record is to be as given; what is not given is emptied.
    """

    cells: Cells
    cleared: frozenset[str] = frozenset()
    whole: bool = False

    def named(self, by_name: Mapping[str, str]) -> Given:
        """Return the same with what the record's own name tells and nobody else does."""
        return replace(self, cells={**by_name, **self.cells})


def patent_named(store: Store, written: str) -> tuple[PatentId, Mapping[str, str]]:
    """Return the id that a new or stored patent has under this name, and what the name tells.

    The id of a stored one is found by its numbers too; a new one that is named by its number has
    the number's one spelling, as an import would give it.
    """
    found = store.patents.resolve_many([written])
    if written in found:
        return found[written], {}
    for field, spelled in (("application_no", application_no), ("publication_no", publication_no)):
        try:
            number = spelled(written)
        except BadValue:
            continue
        return PatentId(number), {field: number}
    return PatentId(" ".join(written.split())), {}


def write_patent(store: Store, patent_id: PatentId, given: Given, context: FileContext) -> bool:
    """Store one patent with its status and history; return whether it is new.

    Raises:
        RecordRefused: a value cannot be read, or there is no title.
    """
    parsed = _read(PatentRecorder(store, context), {**given.cells, "patent_id": patent_id})
    before = store.patents.many([patent_id]).get(patent_id)
    known = store.statuses.of_patents([patent_id]).get(patent_id, [])
    if before is not None and not known:
        known = earlier_said(before)
    said = _said(patent_id, parsed.facts, given, known, context)
    families = {one.family: one for one in known} | {one.family: one for one in said}
    note = store.patents.field_dates([patent_id]).get(patent_id, "")
    stored = from_patent(before, note) if before and not given.whole else Entry()
    merged = _corrected(stored, parsed.facts, given, context.checked_on)
    patent, note = to_patent(patent_id, merged, current(list(families.values())))
    if not patent.title:
        raise RecordRefused(BadValue("title", "", "missing", "Write the title of the patent."))
    outcome = store.patents.put([patent], {patent_id: note})
    store.statuses.upsert([*known, *said] if said else [])
    if before is not None and (patent_id,) in outcome.changed:
        store.history.append(changes(before, patent, context))
    return before is None


def write_firm(store: Store, uscc: Uscc, given: Given) -> bool:
    """Store one firm; return whether it is new.

    Raises:
        RecordRefused: a value cannot be read, or there is no name.
    """
    parsed = _read(FirmRecorder(store), {**given.cells, "uscc": uscc})
    before = store.firms.many([uscc]).get(uscc)
    facts = _left(before, given) | parsed.facts
    if not facts.get("name"):
        raise RecordRefused(BadValue("name", "", "missing", "Write the name of the firm."))
    store.firms.upsert([Firm(**facts)])
    return before is None


def write_demand(store: Store, demand_id: DemandId, given: Given) -> bool:
    """Store one technical demand; return whether it is new.

    Raises:
        RecordRefused: a value cannot be read, or there is no title.
    """
    before = store.demands.many([demand_id]).get(demand_id)
    left = _left(before, given)
    cells = {**({"title": left["title"]} if "title" in left else {}), **given.cells}
    parsed = _read(DemandRecorder(store), {**cells, "demand_id": demand_id})
    store.demands.upsert([Demand(**(left | parsed.facts))])
    return before is None


def _read(recorder: PatentRecorder | FirmRecorder | DemandRecorder, cells: Cells) -> Parsed:
    """Return the facts of the cells; what an import would leave out with a warning is refused."""
    try:
        parsed = recorder.parse(1, cells, {})
    except BadValue as bad:
        raise RecordRefused(bad) from bad
    if parsed is None or parsed.warnings:
        raise RecordRefused(*(parsed.warnings if parsed else ()))
    return parsed


def _left(before: Firm | Demand | None, given: Given) -> dict[str, Any]:
    """Return the stored fields that neither the write clears nor a whole record leaves out."""
    if before is None or given.whole:
        return {}
    return {
        one.name: getattr(before, one.name)
        for one in fields(before)
        if one.name not in given.cleared
    }


def _corrected(stored: Entry, facts: Mapping[str, Any], given: Given, today: date) -> Entry:
    """Return what is stored with the facts in place of what they correct."""
    gone = given.cleared
    kept = {name: value for name, value in stored.facts.items() if name not in gone}
    days = {name: stored.days[name] for name in kept}
    known = {name: day for name, day in stored.checks.items() if name in kept}
    publications = stored.publications
    if _PUBLICATION & (facts.keys() | gone):
        number, day = max(publications, default=("", None), key=lambda one: one[1] or date.min)
        number = "" if "publication_no" in gone else facts.get("publication_no", number)
        day = None if "publication_date" in gone else facts.get("publication_date", day)
        publications = frozenset({(number, day)}) if number or day else frozenset()
    own = {
        name: value for name, value in facts.items() if name not in _PUBLICATION | _OUTSIDE | SAID
    }
    checks = {name: max(today, stored.checks.get(name, today)) for name in own.keys() & STATES}
    came = Entry(own, dict.fromkeys(own), checks=checks)
    return onto(Entry(kept, days, publications, known), came)


def _said(
    patent_id: PatentId,
    facts: Mapping[str, Any],
    given: Given,
    known: list[Status],
    context: FileContext,
) -> tuple[Status, ...]:
    """Return what the write says of the status, nothing where it says nothing."""
    old = next((one for one in known if one.family == FAMILY), None)
    named = SAID & (facts.keys() | given.cleared)
    if not named and not (given.whole and old) and "checked_on" not in facts:
        return ()
    silent = Status(patent_id, FAMILY, context.checked_on)
    last = old if old and not given.whole else silent
    word: dict[str, Any] = {name: facts[name] for name in SAID & facts.keys()}
    empty = {"legal_status": LegalStatus.UNKNOWN, "events": (), "stop_state": StopState.NONE}
    word |= {name: empty[name] for name in SAID & given.cleared}
    return (
        replace(
            last,
            checked_on=facts.get("checked_on", context.checked_on),
            published_on=None,
            source_file=context.name,
            **word,
        ),
    )


def add_relation(store: Store, one: Relation) -> bool:
    """Store a link whose ends are in the catalogue; return whether it is new.

    Raises:
        PatentNotFound: firm or patent were deleted this very moment.
    """
    try:
        return bool(store.relations.upsert([one]).new)
    except IntegrityError as error:
        raise PatentNotFound(one.patent_id) from error
