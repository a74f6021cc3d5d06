"""Write only what is new or different; say how much that was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.audit.act import current, noted
from service.store.bulk import merge_bulk
from service.store.database import Database
from service.store.noted import note
from service.store.stamps import Stamp, same_content
from service.store.tables import AGGREGATES

# SQLite of Debian takes 32,766 parameters a statement; a composite key of three stays far below.
CHUNK = 1_000
# Of a chunk the audit tells so many rows; of all it tells how many there were.
_MOST_TOLD = 50
_DIGITS = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UpsertCounts:
    """How many rows were new, changed, or stored already as they are."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: UpsertCounts) -> UpsertCounts:
        return UpsertCounts(
            self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an upsert did, key by key; keys in neither set were stored already as they are."""

    counts: UpsertCounts
    new: frozenset[tuple[str, ...]]
    changed: frozenset[tuple[str, ...]]


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Yield the items in lists of at most ``size``."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def upsert(database: Database, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> UpsertCounts:
    """Store the rows as ``put`` does and return the counts alone."""
    return put(database, table, rows).counts


def put(database: Database, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> Outcome:
    """Store the rows (keyed by the table's primary key) and return what that changed.

    Rows carry ``content_hash``; an equal hash means that nothing is written. Of two rows with
    one key the later counts. Tables without a stamp are written without one.
    """
    counts = UpsertCounts()
    new, changed = set[tuple[str, ...]](), set[tuple[str, ...]]()
    with database.transaction() as connection:
        stamp = Stamp(connection, table.name) if table.name in AGGREGATES else None
        for chunk in chunks(rows):
            done = _write(connection, table, stamp, chunk)
            counts += done.counts
            new |= done.new
            changed |= done.changed
        if stamp:
            stamp.save()
        note(connection, table.name, new | changed)
    return Outcome(counts, frozenset(new), frozenset(changed))


def _write(
    connection: sa.Connection,
    table: sa.Table,
    stamp: Stamp | None,
    rows: Sequence[Mapping[str, Any]],
) -> Outcome:
    names = [column.name for column in table.primary_key]
    by_key = {tuple(row[name] for name in names): row for row in rows}
    stored = _hashes(connection, table, by_key)
    new = [row for key, row in by_key.items() if key not in stored]
    different = {
        key: row
        for key, row in by_key.items()
        if key in stored and stored[key] != row["content_hash"]
    }
    changed = {
        key for key, row in different.items() if not same_content(stored[key], row["content_hash"])
    }
    if stamp:
        for key, row in different.items():
            stamp.remove(stored[key])
            stamp.add(row["content_hash"])
        for row in new:
            stamp.add(row["content_hash"])
    written = {key: row for key, row in by_key.items() if key not in stored or key in changed}
    _tell(table, stored, written)
    merge_bulk(connection, table, [*new, *different.values()])
    counts = UpsertCounts(len(new), len(changed), len(by_key) - len(new) - len(changed))
    return Outcome(counts, frozenset(by_key) - frozenset(stored), frozenset(changed))


def _tell(
    table: sa.Table,
    stored: Mapping[tuple[str, ...], str],
    written: Mapping[tuple[str, ...], Mapping[str, Any]],
) -> None:
    """Tell the act at work which rows change, with the digests before and after."""
    if current() is None or not written:
        return
    names = {key: f"{table.name}:{'/'.join(key)}" for key in islice(written, _MOST_TOLD)}
    before = {names[key]: stored[key][:_DIGITS] for key in names if key in stored}
    after = {names[key]: str(written[key]["content_hash"])[:_DIGITS] for key in names}
    noted(*names.values(), before=before, after=after)


def remove(database: Database, table: sa.Table, keys: Iterable[tuple[str, ...]]) -> int:
    """Delete the rows with these primary keys and return how many there were."""
    removed = 0
    with database.transaction() as connection:
        stamp = Stamp(connection, table.name) if table.name in AGGREGATES else None
        for chunk in chunks(keys):
            stored = _hashes(connection, table, chunk)
            for row_hash in stored.values():
                if stamp:
                    stamp.remove(row_hash)
                removed += 1
            note(connection, table.name, stored)
            gone = {f"{table.name}:{'/'.join(key)}": row[:_DIGITS] for key, row in stored.items()}
            noted(*gone, before=gone)
            connection.execute(sa.delete(table).where(_keyed(table, chunk)))
        if stamp:
            stamp.save()
    return removed


def _hashes(
    connection: sa.Connection, table: sa.Table, keys: Collection[tuple[str, ...]]
) -> dict[tuple[str, ...], str]:
    query = sa.select(*table.primary_key, table.c.content_hash).where(_keyed(table, keys))
    return {tuple(row[:-1]): row[-1] for row in connection.execute(query)}


def _keyed(table: sa.Table, keys: Iterable[tuple[str, ...]]) -> sa.ColumnElement[bool]:
    columns = list(table.primary_key)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_(list(keys))


def ignoring(connection: sa.Connection, table: sa.Table) -> sa.Insert:
    """Return an INSERT that leaves rows as they are whose key stands there already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    inserted: sa.Insert = dialect.insert(table).on_conflict_do_nothing()
    return inserted
