"""Several rows about one application become one patent.

A row is a set of facts with one day: that of its publication. Two laws, one for each place:

* ``fold`` joins rows of one file. For each field the newest day wins; on one day the weightier
  value (the longer text, the later state of a patent's life). Nothing depends on the order of
  rows, and a row twice counts once.
* ``onto`` puts what a file said onto what is stored. A field gives way to one that is as new or
  newer, and to one without a day: an import without publication dates is a correction made now.
  Files whose rows carry different days may come in any order.

A value never gives way to an empty one. The publications of all rows are kept together; the
patent shows the earliest A publication, or the earliest of all where no A is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from typing import Any

from matcher.types import LegalStatus, Patent, PatentId
from service.ingest.numbers import is_grant, kind_of
from service.ingest.words import holder_kind_of

_PUBLICATION = ("publication_no", "publication_date")
_DEFAULTS: Mapping[str, Any] = {
    item.name: item.default
    for item in fields(Patent)
    if item.default is not MISSING and item.name not in _PUBLICATION
} | {"title": ""}
_LIFE = (LegalStatus.UNKNOWN, LegalStatus.PENDING, LegalStatus.IN_FORCE, LegalStatus.LAPSED)
_LATEST = "*"
# Instead of a day: the value follows from a number or a name, and is no fact to merge.
_TOLD = "?"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one patent: per field a value and its day, and all its publications."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    days: Mapping[str, date | None] = field(default_factory=dict)
    publications: frozenset[tuple[str, date | None]] = frozenset()


def entry(facts: Mapping[str, Any]) -> Entry:
    """Return the entry of one row: the fields it gave, publication number and date among them."""
    number, day = facts.get("publication_no", ""), facts.get("publication_date")
    own = {name: value for name, value in facts.items() if name not in _PUBLICATION}
    seen = frozenset({(number, day)}) if number or day else frozenset()
    return Entry(own, dict.fromkeys(own, day), seen)


def fold(entries: Iterable[Entry]) -> Entry:
    """Return the join of the entries; their order does not matter."""
    facts: dict[str, Any] = {}
    days: dict[str, date | None] = {}
    publications: frozenset[tuple[str, date | None]] = frozenset()
    for one in entries:
        publications |= one.publications
        for name, value in one.facts.items():
            day = one.days[name]
            if name not in facts or _weight(day, value) > _weight(days[name], facts[name]):
                facts[name], days[name] = value, day
    return Entry(facts, days, publications)


def onto(stored: Entry, incoming: Entry) -> Entry:
    """Return what is stored with what came put onto it."""
    facts, days = dict(stored.facts), dict(stored.days)
    for name, value in incoming.facts.items():
        old, new = days.get(name), incoming.days[name]
        if name not in facts or old is None or new is None or new >= old:
            facts[name], days[name] = value, new or old
    return Entry(facts, days, stored.publications | incoming.publications)


def to_patent(patent_id: PatentId, merged: Entry) -> tuple[Patent, str]:
    """Return the patent and the note on its fields' days, for ``Patents.upsert``."""
    number, day = _published(merged.publications)
    told = _told(merged.facts, number)
    facts = told | dict(merged.facts)
    patent = Patent(
        patent_id=patent_id,
        title=facts.pop("title", ""),
        publication_no=number,
        publication_date=day,
        **facts,
    )
    return patent, _note(merged, day, told)


def from_patent(patent: Patent, note: str) -> Entry:
    """Return the entry that ``to_patent`` made the patent and the note of."""
    noted: dict[str, str] = json.loads(note) if note else {}
    latest = noted.pop(_LATEST, None)
    default = _day(latest) if latest is not None else patent.publication_date
    told = {name for name, written in noted.items() if written == _TOLD}
    facts = {
        name: getattr(patent, name)
        for name, empty in _DEFAULTS.items()
        if name not in told and (name in noted or getattr(patent, name) != empty)
    }
    days = {name: _day(noted[name]) if name in noted else default for name in facts}
    published = (patent.publication_no, patent.publication_date)
    return Entry(facts, days, frozenset({published}) if any(published) else frozenset())


def _told(facts: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return what numbers and names tell of fields that no row gave."""
    told: dict[str, Any] = {}
    if "kind" not in facts:
        told["kind"] = kind_of(facts.get("application_no", ""), number or facts.get("grant_no", ""))
    if "holder_kind" not in facts:
        told["holder_kind"] = holder_kind_of(facts.get("holder", ""))
    return {name: value for name, value in told.items() if value != _DEFAULTS[name]}


def _weight(day: date | None, value: object) -> tuple[date, int, str]:
    if isinstance(value, LegalStatus):
        size = _LIFE.index(value)
    elif isinstance(value, tuple):
        size = sum(map(len, value))
    else:
        size = len(value) if isinstance(value, str) else int(value is True)
    return day or date.min, size, str(value)


def _published(seen: frozenset[tuple[str, date | None]]) -> tuple[str, date | None]:
    def standing(number: str) -> int:
        return 2 if not number else int(is_grant(number))

    numbers = [(standing(number), day or date.max, number) for number, day in seen if number]
    dates = [(standing(number), day) for number, day in seen if day]
    return (min(numbers)[2] if numbers else ""), (min(dates)[1] if dates else None)


def _note(merged: Entry, published: date | None, told: Iterable[str]) -> str:
    """Return which fields are of another day than the publication, empty on purpose, or told.

    Most patents come from one row that gave no such field: their note is empty.
    """
    days = merged.days
    known = [day for day in days.values() if day is not None]
    latest = max(known, default=published)
    note = {
        name: _iso(day)
        for name, day in sorted(days.items())
        if day != latest or merged.facts[name] == _DEFAULTS[name]
    }
    note |= dict.fromkeys(told, _TOLD)
    if latest != published:
        note[_LATEST] = _iso(latest)
    return json.dumps(note, separators=(",", ":")) if note else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None
