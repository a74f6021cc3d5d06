"""Patent pools (专利池) and grouped patents (组合专利)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.types import GroupKind, PatentGroup, PatentId
from service.store.database import Database
from service.store.pages import list_text, list_values
from service.store.stamps import content_hash
from service.store.stock_tables import patent_group_members, patent_groups
from service.store.tables import patents
from service.store.upsert import Outcome, chunks, put

_COLUMNS = tuple(column for column in patent_groups.c if column.name != "content_hash")


class Groups:
    """The groups of the catalogue; implements ``matcher.ports.GroupReader``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def many(self, group_ids: Sequence[str]) -> dict[str, PatentGroup]:
        """Return those that exist, keyed by id."""
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(group_ids):
                query = sa.select(*_COLUMNS).where(patent_groups.c.group_id.in_(chunk))
                for row in connection.execute(query):
                    found[str(row[0])] = _group(row)
        return found

    def of_patents(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, PatentGroup]:
        """Return patent → the group it is offered in; of several the first id counts."""
        member = patent_group_members.c
        query = (
            sa.select(patents.c.patent_id, sa.func.min(member.group_id))
            .join(patents, patents.c.application_no == member.application_no)
            .group_by(patents.c.patent_id)
        )
        found: dict[PatentId, str] = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                asked = query.where(patents.c.patent_id.in_(chunk))
                found |= {PatentId(row[0]): str(row[1]) for row in connection.execute(asked)}
        groups = self.many(sorted(set(found.values())))
        return {key: groups[group_id] for key, group_id in found.items()}

    def members_of(self, group: PatentGroup) -> tuple[PatentId, ...]:
        """Return those members that are in the catalogue, in the group's order."""
        query = sa.select(patents.c.application_no, sa.func.min(patents.c.patent_id)).group_by(
            patents.c.application_no
        )
        with self._database.reading() as connection:
            asked = query.where(patents.c.application_no.in_(group.members))
            ids = {row[0]: PatentId(row[1]) for row in connection.execute(asked)}
        return tuple(ids[member] for member in group.members if member in ids)

    def iterate(self) -> Iterator[PatentGroup]:
        """Yield every group in the order of ids."""
        query = sa.select(*_COLUMNS).order_by(patent_groups.c.group_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        yield from map(_group, rows)

    def count(self) -> int:
        """Return how many groups there are."""
        with self._database.reading() as connection:
            query = sa.select(sa.func.count()).select_from(patent_groups)
            return int(connection.execute(query).scalar_one())

    def put(self, groups: Iterable[PatentGroup]) -> Outcome:
        """Store the groups, each in place of the one of its id; say what changed."""
        by_id: Mapping[str, PatentGroup] = {group.group_id: group for group in groups}
        with self._database.transaction() as connection:
            outcome = put(self._database, patent_groups, map(_row, by_id.values()))
            touched = sorted(key[0] for key in outcome.new | outcome.changed)
            for chunk in chunks(touched):
                member = patent_group_members
                connection.execute(sa.delete(member).where(member.c.group_id.in_(chunk)))
                rows = [
                    {"group_id": group_id, "application_no": number}
                    for group_id in chunk
                    for number in by_id[group_id].members
                ]
                if rows:
                    connection.execute(sa.insert(member), rows)
        return outcome


def _row(group: PatentGroup) -> dict[str, Any]:
    row: dict[str, Any] = {
        "group_id": group.group_id,
        "kind": group.kind.value,
        "name": group.name,
        "description": group.description,
        "holder": group.holder,
        "members": list_text(tuple(dict.fromkeys(group.members))),
    }
    return row | {"content_hash": content_hash(list(row.values()))}


def _group(row: Sequence[Any]) -> PatentGroup:
    return PatentGroup(
        group_id=row[0],
        kind=GroupKind(row[1]),
        name=row[2],
        description=row[3],
        holder=row[4],
        members=list_values(row[5]),
    )
