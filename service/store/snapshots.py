"""Recorded lists that can be read on: what stood behind them, and what was handed out since."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from matcher.types import ListId, RankedItem, Versions
from matcher.wanted import OfferedList
from service.store.database import Database
from service.store.manners_tables import list_snapshots
from service.store.tables import list_slots, recommendation_lists
from service.store.upsert import ignoring

KEPT = timedelta(hours=24)
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a list was made from.

    Attributes:
        question: as it was asked.
        versions: what made the list.
        offered: (patent id, score) in the order in which they are offered.
    """

    list_id: ListId
    question: str
    versions: Versions
    made_at: datetime
    offered: tuple[tuple[str, float], ...]


class Snapshots:
    """The lists of the last day that can be read on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, list_id: ListId, now: datetime) -> Snapshot | None:
        """Return what stood behind a list, ``None`` for one that is unknown or over a day old."""
        kept = list_snapshots.c
        lists = recommendation_lists.c
        head = (lists.encoder, lists.index_version, lists.policy, lists.made_at)
        query = sa.select(kept.question, kept.offered, *head)
        query = query.where(kept.list_id == list_id, lists.list_id == kept.list_id)
        query = query.where(kept.made_at >= _moment(now - KEPT))
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        offered = tuple((str(name), float(score)) for name, score in json.loads(_text(row[1])))
        made_at = datetime.fromisoformat(row[5])
        return Snapshot(list_id, str(row[0]), Versions(*row[2:5]), made_at, offered)

    def hand_out(self, list_id: ListId, items: Sequence[RankedItem]) -> bool:
        """Record more slots of a list; ``False``, and nothing is written, if one was taken."""
        rows = [
            {
                "list_id": list_id,
                "slot": item.rank,
                "item_id": item.item_id,
                "score": float(item.score),
            }
            for item in items
        ]
        first = items[0].rank if items else 0
        taken = sa.select(list_slots.c.slot).where(
            list_slots.c.list_id == list_id, list_slots.c.slot >= first
        )
        with self._database.transaction() as connection:
            if rows and connection.execute(taken.limit(1)).first() is None:
                connection.execute(ignoring(connection, list_slots), rows)
        with self._database.reading() as connection:
            stored = connection.execute(
                sa.select(list_slots.c.slot, list_slots.c.item_id)
                .where(list_slots.c.list_id == list_id, list_slots.c.slot >= first)
                .order_by(list_slots.c.slot)
            ).all()
        found = {int(slot): str(name) for slot, name in stored}
        return all(found.get(item.rank) == item.item_id for item in items)


def keep(connection: sa.Connection, made: OfferedList) -> None:
    """Store what stands behind a list, and forget some of what is over a day old."""
    old = sa.select(list_snapshots.c.list_id)
    old = old.where(list_snapshots.c.made_at < _moment(made.made_at - KEPT)).limit(_PRUNED_AT_ONCE)
    connection.execute(
        sa.delete(list_snapshots).where(list_snapshots.c.list_id.in_(old.scalar_subquery()))
    )
    row = {
        "list_id": made.list_id,
        "question": made.question,
        "offered": zlib.compress(json.dumps(made.offered).encode(), 1),
        "made_at": _moment(made.made_at),
    }
    connection.execute(sa.insert(list_snapshots), row)


def _text(packed: bytes) -> str:
    return zlib.decompress(packed).decode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
