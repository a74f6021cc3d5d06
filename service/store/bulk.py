"""Rows by the hundred thousand: executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa

from matcher.errors import InputError, StoreUnavailable

Row = Sequence[Any]


def insert_bulk(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows, each a value for every column of the table in its order.

    The transaction of the connection goes on; where this raises it is to be rolled back.

    Raises:
        InputError: a key stands there already, or twice among the rows.
        StoreUnavailable: the server went away in the middle.
    """
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
        return
    marks = ", ".join("?" * len(table.c))
    try:
        # Tuples straight to the driver: SQLAlchemy's own way costs several times as much a row.
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})",
            cast("list[tuple[Any, ...]]", rows),
        )
    except sa.exc.IntegrityError as error:
        raise _twice(table, error.orig) from error


def _copy(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    import psycopg  # imported here: most homes are SQLite

    with cast("Any", connection.connection.cursor()) as cursor:
        try:
            with cursor.copy(f"COPY {table.name} ({_names(table)}) FROM STDIN") as out:
                for row in rows:
                    out.write_row(row)
        except psycopg.IntegrityError as error:
            raise _twice(table, error) from error
        except psycopg.OperationalError as error:
            raise StoreUnavailable(f"PostgreSQL: {error}") from error


def _names(table: sa.Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.c)


def _twice(table: sa.Table, error: object) -> InputError:
    keys = ", ".join(column.name for column in table.primary_key)
    told = str(error).splitlines()[0]
    return InputError(f"found rows of {table.name} that clash ({told})", f"each ({keys}) once")
