"""Rows by the hundred thousand: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from matcher.errors import InputError, StoreUnavailable
from service.store.touched import touch

Row = Sequence[Any]

# With fewer rows making a staging table costs more than COPY saves.
_WORTH_STAGING = 50


def insert_bulk(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows, each a value for every column of the table in its order.

    The transaction of the connection goes on; where this raises it is to be rolled back.

    Raises:
        InputError: a key stands there already, or twice among the rows, or PostgreSQL cannot hold
            a value.
        StoreUnavailable: the server went away in the middle.
    """
    if connection.dialect.name == "postgresql":
        copy_in(connection, table, [column.name for column in table.c], rows)
        return
    marks = ", ".join("?" * len(table.c))
    try:
        # Tuples straight to the driver: SQLAlchemy's own way costs several times as much a row.
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({_names(column.name for column in table.c)}) "
            f"VALUES ({marks})",
            cast("list[tuple[Any, ...]]", rows),
        )
    except sa.exc.IntegrityError as error:
        raise _twice(table, error.orig) from error
    touch(connection, table.name, len(rows))


def merge_bulk(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows, each with the same columns; one whose key stands there takes its place.

    No key may come twice. Raises as ``insert_bulk``, but for keys that are there already.
    """
    _merge(connection, table, rows, _replacing)


def add_bulk(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, each with the same columns; one whose key stands there stays as it is.

    Raises as ``insert_bulk``, but for keys that are there already.
    """
    _merge(connection, table, rows, _ignoring)


def append_bulk(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert the rows, each with the same columns, in their order; none has a key of its own.

    Raises as ``insert_bulk``.
    """
    if connection.dialect.name != "postgresql" or len(rows) < _WORTH_STAGING:
        if rows:
            connection.execute(sa.insert(table), list(rows))
        return
    names = list(rows[0])
    copy_in(connection, table, names, ([row[name] for name in names] for row in rows))


def copy_in(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    into: str = "",
) -> None:
    """Send the rows to PostgreSQL by COPY as they come; none is held.

    Args:
        connection: in a transaction, to be rolled back where this raises.
        table: that they belong to.
        columns: in the order of the values.
        rows: one value a column.
        into: the name of a table of the same columns, to send them there instead.

    Raises:
        InputError: as ``insert_bulk``.
        StoreUnavailable: the server went away in the middle.
    """
    import psycopg  # imported here: most homes are SQLite

    command = f'COPY "{into or table.name}" ({_names(columns)}) FROM STDIN'
    line = 0
    with cast("Any", connection.connection.cursor()) as cursor:
        try:
            with cursor.copy(command) as out:
                for row in rows:
                    line += 1
                    out.write_row(row)
        except psycopg.IntegrityError as error:
            raise _twice(table, error) from error
        except psycopg.DataError as error:
            raise _unfit(table, error, line) from error
        except psycopg.OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL: {error}") from error
    if not into:
        touch(connection, table.name, line)


def _merge(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], clause: Any
) -> None:
    if not rows:
        return
    if connection.dialect.name != "postgresql" or len(rows) < _WORTH_STAGING:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(clause(dialect.insert(table), table), list(rows))
        return
    names = list(rows[0])
    stage = _stage(connection, table)
    copy_in(
        connection, table, names, ([row[name] for name in names] for row in rows), into=stage.name
    )
    columns = [stage.c[name] for name in names]
    moved = postgresql.insert(table).from_select(names, sa.select(*columns))
    connection.execute(clause(moved, table))


def _stage(connection: sa.Connection, table: sa.Table) -> sa.TableClause:
    """Return an empty table like this one, seen by this transaction alone and gone at its end."""
    name = f"incoming_{table.name}"
    connection.exec_driver_sql(
        f'CREATE TEMPORARY TABLE IF NOT EXISTS "{name}" '
        f'(LIKE "{table.name}" INCLUDING DEFAULTS) ON COMMIT DROP'
    )
    connection.exec_driver_sql(f'TRUNCATE "{name}"')
    return sa.table(name, *(sa.column(column.name) for column in table.c))


def _replacing(statement: Any, table: sa.Table) -> Any:
    keys = [column.name for column in table.primary_key]
    values = {
        column.name: statement.excluded[column.name]
        for column in table.c
        if column.name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


def _ignoring(statement: Any, _table: sa.Table) -> Any:
    return statement.on_conflict_do_nothing()


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _twice(table: sa.Table, error: object) -> InputError:
    keys = ", ".join(column.name for column in table.primary_key)
    told = str(error).splitlines()[0]
    return InputError(f"found rows of {table.name} that clash ({told})", f"each ({keys}) once")


def _unfit(table: sa.Table, error: Any, line: int) -> InputError:
    # Up to the colon: behind it both repeat the value, which may be personal data.
    told = str(error).splitlines()[0].partition(":")[0]
    context = str(error.diag.context or "").partition(":")[0].removeprefix("COPY ")
    place = context or f"{table.name}, line {line}"  # without a context the driver refused it
    return InputError(
        f"found a value in {place} that PostgreSQL cannot hold ({told})",
        "text without NUL, whole numbers of 32 bits, real days",
        "correct the record by importing it again",
    )
