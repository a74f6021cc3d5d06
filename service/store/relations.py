"""Known links between firms and patents: ``RelationReader`` and the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.types import PatentId, Relation, RelationKind, Uscc
from service.store.database import Database
from service.store.pages import pages
from service.store.stamps import content_hash, read_stamp, stamp_text
from service.store.tables import relations
from service.store.upsert import UpsertCounts, chunks, remove, upsert

_KEY = (relations.c.uscc, relations.c.patent_id, relations.c.kind)
_SELECT = sa.select(*_KEY)
_KINDS = {kind.value: kind for kind in RelationKind}


class Relations:
    """The relations of the catalogue; implements ``matcher.ports.RelationReader``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_firm(self, uscc: Uscc) -> tuple[Relation, ...]:
        """Return the firm's relations, in the order of patent id and kind."""
        return self._where(relations.c.uscc == uscc)

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Relation, ...]]:
        """Return the relations of many firms, each as ``of_firm``; firms without are left out."""
        found: dict[Uscc, list[Relation]] = {}
        with self._database.reading() as connection:
            for chunk in chunks(usccs):
                query = _SELECT.where(relations.c.uscc.in_(chunk)).order_by(*_KEY)
                for relation in map(_relation, connection.execute(query)):
                    found.setdefault(relation.uscc, []).append(relation)
        return {uscc: tuple(rows) for uscc, rows in found.items()}

    def of_patent(self, patent_id: PatentId) -> tuple[Relation, ...]:
        """Return the patent's relations, in the order of USCC and kind."""
        return self._where(relations.c.patent_id == patent_id)

    def iterate(self, kind: RelationKind | None = None) -> Iterator[Relation]:
        """Yield relations (of one kind, or all) in the order of USCC, patent id and kind."""
        query = _SELECT if kind is None else _SELECT.where(relations.c.kind == kind.value)
        return map(_relation, pages(self._database, query, _KEY))

    def count(self) -> int:
        """Return how many relations there are."""
        with self._database.reading() as connection:
            return read_stamp(connection, "relations")[0]

    def stamp(self) -> str:
        """Return a short text that changes when any relation is added or removed."""
        with self._database.reading() as connection:
            return stamp_text(connection, "relations")

    def upsert(self, rows: Iterable[Relation]) -> UpsertCounts:
        """Store the relations; firm and patent must be in the catalogue. Return the counts."""
        return upsert(self._database, relations, map(_row, rows))

    def remove(self, rows: Iterable[Relation]) -> int:
        """Delete the relations; return how many there were."""
        keys = ((str(row.uscc), str(row.patent_id), row.kind.value) for row in rows)
        return remove(self._database, relations, keys)

    def _where(self, condition: sa.ColumnElement[bool]) -> tuple[Relation, ...]:
        query = _SELECT.where(condition).order_by(*_KEY)
        with self._database.reading() as connection:
            return tuple(_relation(row) for row in connection.execute(query))


def _row(relation: Relation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "uscc": relation.uscc,
        "patent_id": relation.patent_id,
        "kind": relation.kind.value,
    }
    row["content_hash"] = content_hash(list(row.values()))
    return row


def _relation(row: Sequence[Any]) -> Relation:
    return Relation(Uscc(row[0]), PatentId(row[1]), _KINDS[row[2]])
