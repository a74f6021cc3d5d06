"""Rows of patent pools (专利池) and grouped patents (组合专利): checked, joined by name, stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from matcher.types import GroupKind, PatentGroup
from service.ingest import fields, numbers
from service.ingest.columns import Columns
from service.ingest.problems import BadValue
from service.ingest.records import Cells, Facts, FileContext, Parsed, Written, grouped
from service.store.engine import Store

_KEYS = frozenset({"group_id", "name", "holder"})
_POOL = ("池", "POOL")


class GroupRecorder:
    """Turns rows into groups; implements ``records.Recorder``.

    A group may stand on one row that lists its members, or on a row for each member.
    """

    def __init__(self, store: Store, context: FileContext) -> None:
        self.columns = Columns("groups")
        self._store = store
        self._context = context

    @property
    def key_fields(self) -> frozenset[str]:
        """Return id, name and holder."""
        return _KEYS

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return the id, or else holder and name."""
        parts = [fields.line(cells.get(name)) for name in ("group_id", "holder", "name")]
        return (parts[0] or "\t".join(parts[1:]),)

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return the facts of the row.

        Raises:
            BadValue: no name, or no member that is an application number.
        """
        facts = Facts(cells)
        for name in ("group_id", "name", "holder"):
            facts.take(name, fields.line)
        facts.take("description", fields.text)
        if "name" not in facts.found:
            raise BadValue("name", "", "missing", "Write the name of the pool or the group.")
        facts.found["kind"] = _kind(fields.line(cells.get("kind")), facts.found["name"])
        facts.take_list("members", _members)
        if "members" not in facts.found:
            cure = "List the application numbers of the members, with ； between them."
            raise BadValue("members", fields.line(cells.get("members")), "missing", cure)
        return Parsed(line, facts.found, tuple(facts.warnings))

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Store the groups; the members of all rows of one group stand together."""
        groups = [self._group(group) for group in grouped(rows, self._id).values()]
        return Written(self._store.groups.put(groups).counts)

    def _id(self, row: Parsed) -> str:
        facts = row.facts
        holder = facts.get("holder", self._context.holder)
        return facts.get("group_id") or group_id(facts["kind"], holder, facts["name"])

    def _group(self, rows: Sequence[Parsed]) -> PatentGroup:
        members = [member for row in rows for member in row.facts["members"]]
        found = PatentGroup(
            group_id=self._id(rows[0]),
            kind=rows[0].facts["kind"],
            name=rows[0].facts["name"],
            holder=rows[0].facts.get("holder", self._context.holder),
            members=tuple(dict.fromkeys(members)),
        )
        told = [row.facts["description"] for row in rows if "description" in row.facts]
        return replace(found, description=told[0]) if told else found


def group_id(kind: GroupKind, holder: str, name: str) -> str:
    """Return the id of a group that came without one: the same names, the same id.

    >>> group_id(GroupKind.PATENT_POOL, "甲大学", "电机") == group_id(GroupKind.GROUPED, "", "电机")
    False
    """
    written = f"{kind.value}\n{holder}\n{name}".encode("utf-8", "replace")
    return "G" + blake2b(written, digest_size=8).hexdigest()


def _kind(word: str, name: str) -> GroupKind:
    told = (word or name).upper()
    if any(mark in told for mark in _POOL):
        return GroupKind.PATENT_POOL
    return GroupKind.GROUPED


def _members(cell: object) -> tuple[tuple[str, ...], list[BadValue]]:
    good, bad = [], []
    for part in fields.texts(cell):
        try:
            good.append(numbers.application_no(part, "members"))
        except BadValue as error:
            bad.append(error)
    return tuple(good), bad
