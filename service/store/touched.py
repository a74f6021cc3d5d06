"""Which tables a transaction writes, counted while it runs; the audit tells it with the commit."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

# The execution option under which a writing connection carries its counts.
TOUCHED = "panhuo_touched"


def touch(connection: sa.Connection, table: str, rows: int) -> None:
    """Count rows that were written past SQLAlchemy's own statements."""
    touched = connection.get_execution_options().get(TOUCHED)
    if touched is not None:
        touched[table] = touched.get(table, 0) + rows


def count_rows(
    connection: sa.Connection,
    statement: object,
    rows: object,
    _one: object,
    _options: object,
    result: sa.CursorResult[Any],
) -> None:
    """Count what a statement wrote; a listener of ``after_execute``."""
    if not isinstance(statement, sa.UpdateBase):
        return
    if isinstance(statement, sa.Insert):
        count = len(rows) if isinstance(rows, list) and rows else 1
    else:
        count = max(result.rowcount, 0)
    if count:
        touch(connection, getattr(statement.table, "name", ""), count)
