"""What is held for storage alone: rows of the audit that speak of somebody who was erased.

The law keeps the audit for 180 days at least, so these rows stay and stay proven; nobody is shown
any more whom they speak of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.store import Store
from service.store.audit_tables import audit_rows, held_subjects

BASIS = "audit: kept by law for 180 days at least (Cybersecurity Law, network logs)"
_HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Masked:
    """Hides what is held.

    Attributes:
        held: numbers of the rows.
    """

    held: frozenset[int]

    @classmethod
    def of(cls, store: Store) -> Masked:
        """Return what is held in one store."""
        with store.database.reading() as connection:
            found = connection.execute(sa.select(held_subjects.c.rows)).scalars().all()
        return cls(frozenset(seq for text in found for seq in json.loads(text)))

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row as it may be shown."""
        if row["seq"] not in self.held:
            return dict(row)
        hidden = {"objects": json.dumps([_HIDDEN]), "detail": '{"held":"stored only"}'}
        actor = row["actor"] if row["actor_kind"] in {"key", "user", "service"} else _HIDDEN
        return {**row, **hidden, "actor": actor}


def mentioning(connection: sa.Connection, words: Iterable[str]) -> list[int]:
    """Return the numbers of the rows of the audit that name one of the words."""
    columns = (audit_rows.c.objects, audit_rows.c.detail, audit_rows.c.actor)
    found: set[int] = set()
    for word in words:
        told = json.dumps(word, ensure_ascii=False)[1:-1]
        named = sa.or_(*(column.contains(told, autoescape=True) for column in columns))
        found |= set(connection.execute(sa.select(audit_rows.c.seq).where(named)).scalars())
    return sorted(found)


def hold(
    connection: sa.Connection, digest: str, kind: str, rows: list[int], days: int, now: datetime
) -> None:
    """Mark the rows as held for storage alone, until retention takes them."""
    row = {
        "subject_digest": digest,
        "kind": kind,
        "since": now.isoformat(timespec="seconds"),
        "basis": BASIS,
        "until": (now + timedelta(days=days)).isoformat(timespec="seconds"),
        "rows": json.dumps(rows),
    }
    table = held_subjects
    connection.execute(sa.delete(table).where(table.c.subject_digest == digest))
    connection.execute(sa.insert(table), row)
