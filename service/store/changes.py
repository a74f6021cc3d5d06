"""What changed in the catalogue, in order: what an index that was built before does not know.

One row for each patent and firm that was ever added, changed or deleted, with the number of the
transaction that did it last. The number is taken as the last thing before the commit, under the
lock of one row, so that numbers become visible in their order: whoever has read up to a number has
missed nothing below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from service.store.bulk import merge_bulk
from service.store.change_tables import catalogue_changes, catalogue_head
from service.store.noted import Noted
from service.store.upsert import ignoring

_HEAD = "head"
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Moment:
    """How far the catalogue is.

    Attributes:
        seq: of the newest change, 0 where nothing was ever written.
        floor: changes up to this one are remembered no longer.
    """

    seq: int = 0
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Changed:
    """Which records changed after a moment.

    Attributes:
        records: (kind, id), each once, the newest change first.
        more: how many there are beside these.
        until: the number of the newest.
    """

    records: tuple[tuple[str, str], ...]
    more: int
    until: int


class Reading(Protocol):
    """The doors of ``service.store.database.Database`` that are needed here."""

    def reading(self) -> Any:
        """Yield a connection to read with."""

    def transaction(self) -> Any:
        """Yield a connection to write with."""


def keep(connection: sa.Connection, noted: Noted) -> None:
    """Number what was noted; the transaction is about to be committed."""
    rows = [(kind, name) for kind, names in noted.items() for name in names]
    if not rows:
        return
    head = _locked(connection)
    seq, at = head.seq + 1, datetime.now(UTC).isoformat(timespec="seconds")
    for start in range(0, len(rows), _AT_ONCE):
        merge_bulk(
            connection,
            catalogue_changes,
            [
                {"kind": kind, "record_id": name, "seq": seq, "at": at}
                for kind, name in rows[start : start + _AT_ONCE]
            ],
        )
    _set(connection, {"seq": seq})


class Changes:
    """The changes of one database's catalogue."""

    def __init__(self, database: Reading) -> None:
        self._database = database

    def moment(self) -> Moment:
        """Return how far the catalogue is; one look at one row."""
        with self._database.reading() as connection:
            return _head(connection)

    def since(self, seq: int, most: int) -> Changed:
        """Return at most so many of the records that changed after the moment of this number."""
        row = catalogue_changes.c
        later = row.seq > seq
        newest = (row.seq.desc(), row.kind, row.record_id)
        query = sa.select(row.kind, row.record_id, row.seq).where(later).order_by(*newest)
        count = sa.select(sa.func.count(), sa.func.max(row.seq)).where(later)
        with self._database.reading() as connection:
            # The count first: what comes in between is told as more, and looked for again.
            total, until = connection.execute(count).one()
            rows = connection.execute(query.limit(most).where(row.seq <= (until or seq))).all()
        records = tuple((str(kind), str(name)) for kind, name, _ in rows)
        return Changed(records, max(int(total) - len(records), 0), int(until or seq))

    def forget(self, seq: int) -> int:
        """Delete what no index needs that knows all up to this number; return how many rows."""
        gone = sa.delete(catalogue_changes).where(catalogue_changes.c.seq <= seq)
        with self._database.transaction() as connection:
            head = _locked(connection)
            if seq <= head.floor:
                return 0
            _set(connection, {"floor": min(seq, head.seq)})
            return int(connection.execute(gone).rowcount)


def _head(connection: sa.Connection, *, lock: bool = False) -> Moment:
    query = sa.select(catalogue_head.c.seq, catalogue_head.c.floor)
    query = query.where(catalogue_head.c.name == _HEAD)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return Moment(int(row[0]), int(row[1])) if row else Moment()


def _locked(connection: sa.Connection) -> Moment:
    first = {"name": _HEAD, "seq": 0, "floor": 0}
    head = _head(connection, lock=True)
    if head == Moment():
        # Of two who write the first change at once one makes the row; the other waits for it.
        connection.execute(ignoring(connection, catalogue_head), [first])
        head = _head(connection, lock=True)
    return head


def _set(connection: sa.Connection, values: Mapping[str, int]) -> None:
    change = sa.update(catalogue_head).where(catalogue_head.c.name == _HEAD)
    connection.execute(change.values(values))
