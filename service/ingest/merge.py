"""Several rows about one application become one patent.

A row is a set of facts with one day: that of its publication. A file has a day of its own: that
on which it was checked. Two laws, one for each place:

* ``fold`` joins rows of one file. For each field the newest day wins; on one day the weightier
  value (the longer text, the later state of a patent's life). Nothing depends on the order of
  rows, and a row twice counts once.
* ``onto`` puts what a file said onto what is stored. Text belongs to a publication: it gives way
  to text of one that is as new or newer, and to text without a day, which is a correction made
  now. State (holder, price, maturity …) belongs to the check: a newer check wins; of one check the
  publication decides as for text. So files of different publications may come in any order, and
  a newer export of whatever publication brings the holder up to date.

A value never gives way to an empty one, nor to a weak one: a holder's short form fills what no
vendor's record told, and replaces nothing of it. The publications of all rows are kept together;
the patent shows the earliest A publication, or the earliest of all where no A is known.

Legal status, events and stop state are folded here, but they are not fields to merge: what counts
of them follows from what every kind of file said (``store/statuses.py``).
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
from service.store.statuses import Standing

SAID = frozenset({"legal_status", "events", "stop_state"})
"""Fields that are told by ``Standing``."""
STATES = frozenset(
    {
        "holder",
        "holder_kind",
        "holder_province",
        "holder_city",
        "open_licence",
        "price_band",
        "maturity",
        "expires_on",
        "college",
        "self_grade",
    }
)
"""Fields that belong to the day of the check, not to a publication."""
WEAK = date.min
"""The day of a value that only fills what is empty."""

_PUBLICATION = ("publication_no", "publication_date")
_ELSEWHERE = SAID | {"checked_on", *_PUBLICATION}
_DEFAULTS: Mapping[str, Any] = {
    item.name: item.default
    for item in fields(Patent)
    if item.default is not MISSING and item.name not in _ELSEWHERE
} | {"title": ""}
_LIFE = (LegalStatus.UNKNOWN, LegalStatus.PENDING, LegalStatus.IN_FORCE, LegalStatus.LAPSED)
_LATEST = "*"
# Instead of a day: the value follows from a number or a name, and is no fact to merge.
_TOLD = "?"
_CHECK = "@"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one patent: per field a value and its day, and all its publications.

    ``checks`` holds, of the state fields, the day on which each was so, where anybody knows;
    ``checked`` is the day of the whole row, of a file's entry alone.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    days: Mapping[str, date | None] = field(default_factory=dict)
    publications: frozenset[tuple[str, date | None]] = frozenset()
    checks: Mapping[str, date] = field(default_factory=dict)
    checked: date | None = None


def entry(facts: Mapping[str, Any], checked: date | None = None, weak: Iterable[str] = ()) -> Entry:
    """Return the entry of one row: the fields it gave, publication number and date among them.

    Args:
        facts: field → value.
        checked: the day of the file.
        weak: fields that only fill what is empty.
    """
    number, day = facts.get("publication_no", ""), facts.get("publication_date")
    own = {name: value for name, value in facts.items() if name not in _PUBLICATION}
    seen = frozenset({(number, day)}) if number or day else frozenset()
    days = dict.fromkeys(own, day) | dict.fromkeys(own.keys() & set(weak), WEAK)
    checks = dict.fromkeys(own.keys() & STATES, checked) if checked else {}
    return Entry(own, days, seen, checks, checked)


def fold(entries: Iterable[Entry]) -> Entry:
    """Return the join of the entries; their order does not matter."""
    facts: dict[str, Any] = {}
    days: dict[str, date | None] = {}
    publications: frozenset[tuple[str, date | None]] = frozenset()
    checks: dict[str, date] = {}
    checked: date | None = None
    for one in entries:
        publications |= one.publications
        checked = max(filter(None, (checked, one.checked)), default=None)
        for name, value in one.facts.items():
            day, check = one.days[name], one.checks.get(name)
            new = (check or date.min, *_weight(day, value))
            if name in facts:
                old = (checks.get(name, date.min), *_weight(days[name], facts[name]))
                if new <= old:
                    continue
            facts[name], days[name] = value, day
            if check:
                checks[name] = check
    return Entry(facts, days, publications, checks, checked)


def onto(stored: Entry, incoming: Entry, *, again: bool = False) -> Entry:
    """Return what is stored with what came put onto it.

    Args:
        stored: what is known.
        incoming: what a file says.
        again: the file came before: only what is strictly newer, or missing, is taken.
    """
    facts, days, checks = dict(stored.facts), dict(stored.days), dict(stored.checks)
    wins = _wins_again if again else _wins
    for name, value in incoming.facts.items():
        if name in SAID:
            continue
        old, new = days.get(name), incoming.days[name]
        before, check = checks.get(name, date.min), incoming.checks.get(name, date.min)
        if name not in facts or (wins(old, new) if check == before else check > before):
            facts[name], days[name] = value, new or old
            if name in incoming.checks:
                checks[name] = check
    return Entry(facts, days, stored.publications | incoming.publications, checks)


def _wins(old: date | None, new: date | None) -> bool:
    if new == WEAK:
        return old == WEAK
    return old is None or new is None or new >= old


def _wins_again(old: date | None, new: date | None) -> bool:
    return old is not None and new is not None and new > old


def to_patent(
    patent_id: PatentId, merged: Entry, standing: Standing | None = None
) -> tuple[Patent, str]:
    """Return the patent and the note on its fields' days, for ``Patents.put``.

    Args:
        patent_id: of the patent.
        merged: its fields; what rows said of its status is not looked at.
        standing: what counts of its status.
    """
    number, day = _published(merged.publications)
    facts = {name: value for name, value in merged.facts.items() if name not in SAID}
    told = _told(facts, number)
    standing = standing or Standing()
    patent = Patent(
        patent_id=patent_id,
        publication_no=number,
        publication_date=day,
        legal_status=standing.legal_status,
        stop_state=standing.stop_state,
        events=standing.events,
        checked_on=standing.checked_on,
        **{"title": "", **told, **facts},
    )
    return patent, _note(merged, day, told)


def from_patent(patent: Patent, note: str) -> Entry:
    """Return the entry that ``to_patent`` made the patent and the note of, without its status."""
    noted: dict[str, str] = json.loads(note) if note else {}
    latest = noted.pop(_LATEST, None)
    check = _day(noted.pop(_CHECK, ""))
    default = _day(latest) if latest is not None else patent.publication_date
    other = {name: noted.pop(name) for name in list(noted) if name.startswith(_CHECK)}
    told = {name for name, written in noted.items() if written == _TOLD}
    facts = {
        name: getattr(patent, name)
        for name, empty in _DEFAULTS.items()
        if name not in told and (name in noted or getattr(patent, name) != empty)
    }
    days = {name: _day(noted[name]) if name in noted else default for name in facts}
    published = (patent.publication_no, patent.publication_date)
    seen = frozenset({published}) if any(published) else frozenset()
    checks = {
        name: day
        for name in facts.keys() & STATES
        if (day := _day(other[_CHECK + name]) if _CHECK + name in other else check)
    }
    return Entry(facts, days, seen, checks)


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
    """Return which fields are of another day than the publication, empty on purpose, or told."""
    days = {name: day for name, day in merged.days.items() if name not in SAID}
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
    if merged.checks:
        latest_check = max(merged.checks.values())
        note[_CHECK] = _iso(latest_check)
        note |= {
            _CHECK + name: _iso(merged.checks.get(name))
            for name in sorted(merged.facts.keys() & STATES)
            if merged.checks.get(name) != latest_check
        }
    return json.dumps(note, separators=(",", ":")) if note else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None
