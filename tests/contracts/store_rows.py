"""Rows for every table there is, made from the declarations: a new table gets its own unasked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from service.store.schema import metadata
from service.store.tables import state

# What a text may hold and a file format in between may trip over: COPY's own marks above all.
_ODD = (
    "",
    "\\N",
    "\\.",
    "tab\there",
    "line\nbreak\r\n",
    "\\",
    "\"quoted\", 'too'",
    "盘活 🏭 é",
    " a ",
)
_NUMBERS = (0.1 + 0.2, -0.0, 1e-300, 1.7976931348623157e308, 3.0)


def fill(connection: sa.Connection, count: int = 12) -> None:
    """Write so many rows into every table, whole and without contradiction, stamps aside."""
    connection.execute(sa.delete(state))
    for table in metadata.sorted_tables:
        connection.execute(sa.insert(table), [row(table, number) for number in range(count)])


def row(table: sa.Table, number: int) -> dict[str, Any]:
    """Return the row of this number; rows of one number refer to each other."""
    return {column.name: _value(column, number) for column in table.c}


def content(connection: sa.Connection) -> dict[str, list[str]]:
    """Return every table with its rows, spelled so that equal means equal."""
    return {
        table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
        for table in metadata.sorted_tables
    }


def named_content(connection: sa.Connection) -> dict[str, list[Mapping[str, Any]]]:
    """Return the tables that are there now, whatever the revision, with their rows by name."""
    found = sa.MetaData()
    found.reflect(connection)
    return {
        name: sorted(
            (dict(row) for row in connection.execute(sa.select(table)).mappings()), key=repr
        )
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


def _value(column: sa.Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        return _value(key.column, number)
    if column.nullable and number % 3 == 0:
        return None
    kind = column.type
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Date):
        return date(1900 + number, 1 + number % 12, 28)
    if isinstance(kind, sa.BigInteger):
        return 7 * number + 2
    if isinstance(kind, sa.Integer):
        return 2_147_483_647 - number
    if isinstance(kind, sa.Float):
        return _NUMBERS[number % len(_NUMBERS)]
    if isinstance(kind, sa.LargeBinary):
        return bytes(range(256)) * number
    if isinstance(kind, sa.Text):
        odd = _ODD[number % len(_ODD)]
        return f"{column.name} {number} {odd}" if _tells(column) else odd
    raise TypeError(f"found {column} of type {kind!r}; say here what it may hold")


def _tells(column: sa.Column[Any]) -> bool:
    """Return whether rows must differ in this column."""
    unique = [
        held
        for held in column.table.constraints
        if isinstance(held, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    return any(column.name in held.columns for held in unique)
