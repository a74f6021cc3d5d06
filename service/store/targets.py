"""Empty databases that a home's are copied into: all of them are filled, or none is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from matcher.errors import InputError, StateError
from service.store.bulk import copy_in
from service.store.change_tables import catalogue_changes, catalogue_head
from service.store.database import Database
from service.store.engine import Store
from service.store.migrate import HEAD, current, upgrade
from service.store.schema import metadata
from service.store.site import own_file, own_schema
from service.store.tables import state
from service.store.tenant_store import prepare
from service.store.tenants import Tenant
from service.store.upsert import chunks

_OWN_BOOKS = (catalogue_changes, catalogue_head)
_CURE = "name a new, empty database"


class Target(Protocol):
    """Where the databases of one home go."""

    @property
    def place(self) -> str:
        """The address without its password."""

    def filling(self) -> AbstractContextManager[None]:
        """Keep all that is written inside when it ends, nothing of it when it raises."""

    def operator(self) -> AbstractContextManager[sa.Connection]:
        """Yield the operator's database: at the head, every table empty."""

    def own(self, tenant: Tenant) -> AbstractContextManager[sa.Connection]:
        """Yield a tenant's own database, likewise; the operator's comes first."""

    def insert(
        self, connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]
    ) -> None:
        """Store rows with a value for every column, few in memory at a time."""


class PostgresTarget:
    """One PostgreSQL database, a schema for each tenant; a single transaction fills them all.

    One transaction and not one a table: nobody could take back the tables that were committed
    before the process was killed.

    Args:
        database: to be filled, open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.place = database.place

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing; others wait with writing until then."""
        with self._database.transaction():
            yield

    @contextmanager
    def operator(self) -> Iterator[sa.Connection]:
        """Yield the operator's database.

        Raises:
            StateError: something stands there already.
        """
        with self._database.reading() as connection:
            _require_known(connection, self.place)
            upgrade(Store(self._database))
            _require_empty(connection, self.place)
            for schema in _leftovers(connection):
                with self._database.joined(schema):
                    _require_known(connection, f"schema {schema} of {self.place}")
                    if current(connection) is not None:
                        _require_empty(connection, f"schema {schema} of {self.place}")
            _clear(connection)
            yield connection

    @contextmanager
    def own(self, tenant: Tenant) -> Iterator[sa.Connection]:
        """Yield a tenant's own database."""
        with self._database.joined(own_schema(tenant)) as own, own.reading() as connection:
            prepare(own, linked=tenant.private)
            _clear(connection)
            yield connection

    def insert(
        self, connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]
    ) -> None:
        """Send the rows by COPY, let counters go on behind them, and tell the planner."""
        copy_in(connection, table, [column.name for column in table.c], rows)
        if (counter := table.autoincrement_column) is not None:
            last = sa.select(sa.func.max(counter)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, counter.name)
            # NULL for an empty table: setval is strict, and the sequence stays at its start.
            connection.execute(sa.select(sa.func.setval(sequence, last)))
        connection.exec_driver_sql(f'ANALYZE "{table.name}"')


class SqliteTarget:
    """SQLite files that are not there yet: written beside their places, then renamed.

    Args:
        file: of the operator.
        home: the folder under which tenants' files go.

    Raises:
        StateError: a file stands there already.
    """

    def __init__(self, file: Path, home: Path) -> None:
        self._file = file
        self._home = home
        self._made: list[tuple[Path, Path]] = []
        self.place = f"sqlite:///{file}"

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Put all files in place at the end, the operator's last; remove them on an exception."""
        try:
            yield
            # The operator's names the tenants: without it the others are not looked at.
            for written, place in reversed(self._made):
                os.replace(written, place)
        finally:
            for written, _ in self._made:
                _remove(written)

    def operator(self) -> AbstractContextManager[sa.Connection]:
        """Yield the operator's database."""
        return self._new(self._file, linked=True)

    def own(self, tenant: Tenant) -> AbstractContextManager[sa.Connection]:
        """Yield a tenant's own database."""
        return self._new(own_file(self._home, tenant), linked=tenant.private)

    def insert(
        self, connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]
    ) -> None:
        """Insert the rows, a thousand at a time."""
        names = [column.name for column in table.c]
        for chunk in chunks(rows):
            told = [dict(zip(names, row, strict=True)) for row in chunk]
            connection.execute(sa.insert(table), told)

    @contextmanager
    def _new(self, place: Path, *, linked: bool) -> Iterator[sa.Connection]:
        if place.exists():
            raise StateError(f"found {place} there already", "no such file", "move it away")
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        written = place.with_name(f"{place.name}.copying")
        _remove(written)
        self._made.append((written, place))
        database = Database(f"sqlite:///{written}", linked=linked)
        try:
            prepare(database, linked=linked)
            with database.transaction() as connection:
                connection.execute(sa.delete(state))
                yield connection
        finally:
            database.close()


@contextmanager
def open_target(url: str, home: Path, source: str) -> Iterator[Target]:
    """Yield where an address leads.

    Args:
        url: of a PostgreSQL database or of an SQLite file.
        home: the folder under which SQLite files of tenants go.
        source: the dialect that is copied from.

    Raises:
        InputError: the address is of no known kind, or SQLite is to be copied to SQLite.
        StoreUnavailable: PostgreSQL does not answer.
    """
    database = Database(url)
    try:
        if database.dialect == "postgresql":
            yield PostgresTarget(database)
            return
        if source == "sqlite":
            raise InputError(
                "found SQLite on both sides",
                "PostgreSQL on one of them",
                "copy the files of a home instead, as docs/operations.md tells under Backup",
            )
        yield SqliteTarget(Path(sa.make_url(url).database or ""), home)
    finally:
        database.close()


def _require_known(connection: sa.Connection, place: str) -> None:
    found = current(connection)
    if found is not None and found != HEAD:
        raise StateError(f"found {place} at revision {found}", f"{HEAD}, or no tables", _CURE)
    if found is None and (names := sa.inspect(connection).get_table_names()):
        raise StateError(f"found tables in {place}, {names[0]!r} among them", "none", _CURE)


def _require_empty(connection: sa.Connection, place: str) -> None:
    """Raise ``StateError`` where a row stands; keep others from writing until the end."""
    names = ", ".join(f'"{name}"' for name in metadata.tables)
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")
    for table in metadata.tables.values():
        # The first migration writes the stamps of no rows; nothing else is there from the start.
        rows = sa.select(sa.literal(1)).select_from(table)
        if table in _OWN_BOOKS:  # what was there once, and is gone
            continue
        if table is state:
            rows = rows.where(sa.not_(state.c.value.startswith("0-")))
        if connection.execute(rows.limit(1)).first():
            raise StateError(f"found rows in table {table.name} of {place}", "none", _CURE)


def _clear(connection: sa.Connection) -> None:
    for table in (state, *_OWN_BOOKS):
        connection.execute(sa.delete(table))


def _leftovers(connection: sa.Connection) -> Sequence[str]:
    """Return the schemas of tenants that are there already."""
    found = sa.inspect(connection).get_schema_names()
    return [name for name in found if name.startswith("tenant_")]


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
