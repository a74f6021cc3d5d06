"""Patents into the store: merged with what is there, with status, history and what stands beside.

Of each patent a file may bring five things: its fields, what the file says of its status, the
holder's declaration, personal data, and the group it is offered in. They are written together, in
the transaction of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from matcher.types import GroupKind, Patent, PatentGroup, PatentId
from service.ingest.changes import changes
from service.ingest.declarations import WEAK
from service.ingest.groups import group_id
from service.ingest.merge import Entry, entry, fold, from_patent, onto, to_patent
from service.ingest.problems import BadValue, RowProblem
from service.ingest.records import FileContext, Parsed, Written, grouped, refusals
from service.ingest.sayings import earlier_said, said_by, standing_with
from service.ingest.words import holder_kind_of
from service.store.contacts import Contact
from service.store.declarations import Declaration
from service.store.engine import Store
from service.store.keys import application_key
from service.store.patents import patent_hash
from service.store.statuses import Status
from service.store.upsert import UpsertCounts

_NUMBERS = ("application_no", "publication_no", "grant_no")
_OUTSIDE = frozenset({"patent_id", "checked_on"})
# A declaration without a day is older than any.
_EARLIER = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row brings beside the patent's own fields."""

    declaration: Declaration | None = None
    inventors: str = ""
    person: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class _Ready:
    """One patent as it will be stored, and what it was."""

    patent: Patent
    note: str
    said: tuple[Status, ...]
    before: Patent | None = None


class PatentWriter:
    """Writes the patents of one file."""

    def __init__(self, store: Store, context: FileContext) -> None:
        self._store = store
        self._context = context
        self._groups: dict[str, PatentGroup] = {}

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Merge the rows with each other and with what is stored, and store all they bring."""
        ids = self._identified(rows)
        groups = grouped(rows, lambda row: ids[row.line])
        came = {key: fold(map(self._entry, group)) for key, group in groups.items()}
        ready = self._merged(came)
        refused: list[RowProblem] = []
        for key in [key for key, one in ready.items() if not one.patent.title]:
            cure = "Add a column with the title, or import the patent itself first."
            refused += refusals(groups[key], "title", BadValue("title", "", "missing", cure))
            del ready[key]
        kept = {key: groups[key] for key in ready}
        return Written(self._stored(ready, kept), tuple(refused))

    def finish(self) -> None:
        """Store the groups that the file's rows named."""
        self._store.groups.put(self._groups.values())

    def _entry(self, row: Parsed) -> Entry:
        facts = {name: value for name, value in row.facts.items() if name not in _OUTSIDE}
        beside: Beside | None = row.extra
        weak = WEAK if beside and beside.declaration else ()
        return entry(facts, row.facts.get("checked_on", self._context.checked_on), weak)

    def _stored(
        self, ready: Mapping[PatentId, _Ready], groups: Mapping[PatentId, Sequence[Parsed]]
    ) -> UpsertCounts:
        store = self._store
        outcome = store.patents.put(
            (one.patent for one in ready.values()), {key: one.note for key, one in ready.items()}
        )
        store.statuses.upsert(status for one in ready.values() for status in one.said)
        store.history.append(
            change
            for key, one in ready.items()
            if one.before and (key,) in outcome.changed
            for change in changes(one.before, one.patent, self._context)
        )
        changed = {key[0] for key in outcome.changed}
        changed |= self._declared(groups) | self._contacted(groups)
        new = {key[0] for key in outcome.new}
        changed -= new
        return UpsertCounts(len(new), len(changed), len(ready) - len(new) - len(changed))

    def _merged(self, came: Mapping[PatentId, Entry]) -> dict[PatentId, _Ready]:
        patents = self._store.patents
        hashes = patents.hashes(list(came))
        known = self._store.statuses.of_patents(list(hashes))
        said = {key: said_by(self._context, key, one) for key, one in came.items()}
        ready: dict[PatentId, _Ready] = {}
        for key, one in came.items():
            standing, written = standing_with(self._context, known.get(key, []), said[key])
            patent, note = to_patent(key, one, standing)
            ready[key] = _Ready(self._held(patent), note, written)
        # What is stored with this very content needs no second look.
        other = [
            key for key in hashes if hashes[key] != patent_hash(ready[key].patent, ready[key].note)
        ]
        stored, notes = patents.many(other), patents.field_dates(other)
        for key, before in stored.items():
            earlier = known.get(key) or earlier_said(before)
            standing, written = standing_with(self._context, earlier, said[key])
            merged = onto(from_patent(before, notes[key]), came[key], again=self._context.again)
            patent, note = to_patent(key, merged, standing)
            ready[key] = _Ready(self._held(patent), note, written, before)
        return ready

    def _held(self, patent: Patent) -> Patent:
        holder = self._context.holder
        if patent.holder or not holder:
            return patent
        return replace(patent, holder=holder, holder_kind=holder_kind_of(holder))

    def _declared(self, groups: Mapping[PatentId, Sequence[Parsed]]) -> set[str]:
        """Store the declarations; return the patents of which one is new or changed."""
        store, context = self._store, self._context
        came = {}
        for key, rows in groups.items():
            for row in rows:  # of two declarations of one patent the later counts
                if row.extra and row.extra.declaration:
                    came[key] = replace(
                        row.extra.declaration,
                        patent_id=key,
                        source_file=context.name,
                        checked_on=context.checked_on,
                    )
        if not came:
            return set()
        stored = store.declarations.many(list(came))
        for key, one in stored.items():
            if context.again or (one.checked_on or _EARLIER) > context.checked_on:
                del came[key]
        outcome = store.declarations.put(came.values())
        for key, one in came.items():
            if (key,) in outcome.changed:
                store.history.append(changes(stored[key], one, context))
            self._group(key, one)
        return {key[0] for key in outcome.new | outcome.changed}

    def _contacted(self, groups: Mapping[PatentId, Sequence[Parsed]]) -> set[str]:
        """Store personal data; return the patents of which any is new or changed.

        A file that is older, or was here before, fills what is empty. So does a vendor's list of
        inventors: the holder's own stands first.
        """
        came = {
            key: row.extra
            for key, rows in groups.items()
            for row in rows
            if row.extra and (row.extra.inventors or row.extra.person or row.extra.phone)
        }
        if not came:
            return set()
        stored = self._store.contacts.many(list(came))
        ready = []
        for key, told in came.items():
            old = stored.get(key, Contact(key))
            new = Contact(
                key,
                told.inventors or old.inventors,
                told.person or old.person,
                told.phone or old.phone,
            )
            if self._context.again or not told.declaration:
                new = Contact(
                    key,
                    old.inventors or new.inventors,
                    old.person or new.person,
                    old.phone or new.phone,
                )
            ready.append(new)
        outcome = self._store.contacts.put(ready)
        return {key[0] for key in outcome.new | outcome.changed}

    def _group(self, key: PatentId, one: Declaration) -> None:
        if not one.group_name:
            return
        own = self._context.holder or one.college
        name = group_id(GroupKind.GROUPED, own, one.group_name)
        members = [application_key(member) for member in one.group_members]
        before = self._groups.get(name)
        known = before.members if before else ()
        self._groups[name] = PatentGroup(
            group_id=name,
            kind=GroupKind.GROUPED,
            name=one.group_name,
            description=one.group_description or (before.description if before else ""),
            holder=own,
            members=tuple(dict.fromkeys(filter(None, (*known, application_key(key), *members)))),
        )

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


def _vague(row: Parsed) -> tuple[bool, bool]:
    return "patent_id" not in row.facts, "application_no" not in row.facts


def _numbers_of(row: Parsed) -> list[str]:
    return [row.facts[name] for name in _NUMBERS if name in row.facts]
