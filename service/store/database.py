"""One database behind two doors: ``reading`` and ``transaction``.

The law of transactions: the edge commits. ``transaction()`` opens one, or joins the one that this
thread already holds (as a savepoint), so that a command or a request decides what belongs
together, and a writer called alone is still whole.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from matcher.errors import InputError, StoreUnavailable
from service.store.audit_trail import settle
from service.store.noted import OPTION as NOTED
from service.store.noted import Noted, number
from service.store.reader import Reader
from service.store.touched import TOUCHED, count_rows

_BUSY_MS = 15_000
# Of libpq, in seconds, the last in milliseconds: a server that vanished without a word, as behind a
# cut wire, is noticed in seconds and not in the quarter of an hour that TCP would take.
_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_WRITES = "panhuo_writes"
_SCHEMA = "panhuo_schema"
# Primary result codes that speak of the disk or of a lock, not of our SQL:
# BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
_SQLITE_OUTAGES = frozenset({5, 6, 8, 10, 11, 13, 14, 15, 26})


class Database:
    """An engine with its dialect's habits set and its outages translated.

    ``changed`` counts the transactions of this process that changed patents or firms.

    Args:
        url: of SQLite or PostgreSQL.
        linked: hold SQLite to its foreign keys; PostgreSQL always is held to those it has.
        frozen: open an SQLite file so that nothing can be written; one that is not there is not
            made. PostgreSQL is asked for that by ``snapshot``.
    """

    def __init__(self, url: str, *, linked: bool = True, frozen: bool = False) -> None:
        self._take(_engine(url, linked, frozen), "")

    def _take(self, engine: sa.Engine, schema: str) -> None:
        self._engine = engine
        self._held = threading.local()
        self._writing = threading.Lock() if engine.dialect.name == "sqlite" else None
        self.schema = schema
        self.changed = 0

    def within(self, schema: str) -> Database:
        """Return the same PostgreSQL server and pool, with one schema in sight and no other.

        The schema is letters, digits and underscores; closing what is returned closes nothing.
        """
        seen = Database.__new__(Database)
        seen._take(self._engine.execution_options(**{_SCHEMA: schema}), schema)
        return seen

    @property
    def dialect(self) -> str:
        """Return "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @property
    def engine(self) -> sa.Engine:
        """Return what hands out connections, for figures and traces."""
        return self._engine

    @property
    def place(self) -> str:
        """Return the address without its password, for messages."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def joined(self, schema: str) -> Iterator[Database]:
        """Yield one schema of the server, within the transaction that this thread holds.

        What is written there is committed or rolled back with the rest. Until the block ends the
        transaction has that schema in sight and no other.
        """
        held: sa.Connection = self._held.connection
        seen = self.within(schema)
        seen._held.connection = held
        before = held.execute(sa.select(sa.func.current_setting("search_path"))).scalar_one()
        held.execute(sa.select(sa.func.set_config("search_path", f'"{schema}"', True)))
        yield seen
        # Not after an exception: an aborted transaction takes no statement, and is rolled back.
        held.execute(sa.select(sa.func.set_config("search_path", before, True)))

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection to read with; inside a transaction, the transaction's own.

        A statement that finds the server restarted is sent once more; see ``Reader``.
        """
        held: sa.Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._outages_told(), Reader(self._engine) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one moment of the database, however long it is read."""
        with self._outages_told(), self._engine.connect() as bare:
            if self.dialect == "postgresql":
                still = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                bare = bare.execution_options(**still)
            yield bare

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection to write with; commit at the end, roll back on any exception.

        The audit row of the act at work goes with the commit.
        """
        held: sa.Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            with held.begin_nested():
                yield held
            return
        with self._outages_told(), self._turn(), self._engine.connect() as bare:
            touched: dict[str, int] = {}
            noted: Noted = {}
            own = {_WRITES: True, TOUCHED: touched, NOTED: noted}
            connection = bare.execution_options(**own)
            with connection.begin():
                self._held.connection = connection
                try:
                    yield connection
                    number(connection, noted)
                    settle(connection, touched)
                finally:
                    self._held.connection = None
            # Behind the commit: whoever sees the count finds what was written.
            self.changed += bool(noted)

    def close(self) -> None:
        """Close every pooled connection."""
        if not self.schema:
            self._engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let the writers of this process go one after the other.

        SQLite has one writer, and lets those who wait try again after pauses: of fifty some would
        wait for seconds while others go by.
        """
        if self._writing is None:
            yield
            return
        if not self._writing.acquire(timeout=_BUSY_MS / 1000):
            raise StoreUnavailable(f"{self.place}: database is locked by a writer of this process")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _outages_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if _is_outage(error):
                raise StoreUnavailable(f"{self.place}: {error.orig}") from error
            raise
        except (PoolTimeout, sqlite3.OperationalError) as error:
            raise StoreUnavailable(f"{self.place}: {error}") from error


def _is_outage(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code: int | None = getattr(original, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in _SQLITE_OUTAGES
    # psycopg's OperationalError: connection, server or resource trouble, never our SQL.
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)


def _engine(url: str, linked: bool, frozen: bool) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise _unknown(url) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, linked, frozen)
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        try:
            return _postgres(parsed)
        except (ImportError, NoSuchModuleError) as error:
            raise StoreUnavailable("found no psycopg driver") from error
    raise _unknown(parsed.render_as_string(hide_password=True))


def _postgres(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=16,
        max_overflow=32,
        pool_timeout=10,
        connect_args={name: value for name, value in _PATIENCE.items() if name not in url.query},
    )
    sa.event.listen(engine, "begin", _enter_schema)
    sa.event.listen(engine, "after_execute", count_rows)
    return engine


def _enter_schema(connection: sa.Connection) -> None:
    # LOCAL: the connection goes back to a pool that others draw from.
    if schema := connection.get_execution_options().get(_SCHEMA):
        connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')


def _unknown(url: str) -> InputError:
    return InputError(
        f"found database address {url!r}",
        "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        "set PANHUO_DATABASE_URL, or unset it to use SQLite in the home folder",
    )


def _sqlite(url: sa.URL, linked: bool, frozen: bool) -> sa.Engine:
    if url.database in {None, "", ":memory:"}:
        raise _unknown(url.render_as_string())
    if frozen:
        file = f"file:{quote(str(url.database))}"
        url = url.set(database=file, query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(
        url,
        pool_size=16,
        max_overflow=32,
        pool_timeout=10,
        connect_args={"timeout": _BUSY_MS / 1000},
    )
    sa.event.listen(engine, "connect", partial(_set_pragmas, linked=linked))
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "after_execute", count_rows)
    return engine


def _set_pragmas(connection: Any, _record: object, *, linked: bool = True) -> None:
    # Python's own BEGIN leaves SELECT, DDL and savepoints outside; ours (below) does not.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        # A refusal of WAL is told in the answer only: the statement itself succeeds.
        (mode,) = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise StoreUnavailable(f"found journal mode {mode!r} where WAL was asked for")
        # FULL, not NORMAL: in WAL mode NORMAL may forget the last commits at a power cut, and
        # an acknowledged feedback event or push receipt must not be forgotten. It costs one
        # fsync a commit; an import is one commit a file.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if linked else 'OFF'}")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        # What is erased is overwritten, not merely given free.
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("PRAGMA cache_size=-65536")
        # After a large import the log file shrinks again instead of keeping its size for ever.
        cursor.execute("PRAGMA journal_size_limit=67108864")
    finally:
        cursor.close()


def _begin(connection: sa.Connection) -> None:
    # A reader that turns writer gets SQLITE_BUSY_SNAPSHOT at once, whatever the busy timeout:
    # writers must say so at the start.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
