"""Which patents and firms a transaction writes, noted while it runs; ``changes`` numbers them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

OPTION = "panhuo_noted"
PATENTS, FIRMS = "patents", "firms"
# What a filter looks at in a patent stands partly in its holder's declaration.
_KINDS = {"patents": PATENTS, "declarations": PATENTS, "firms": FIRMS}

Noted = dict[str, dict[str, None]]
"""Kind of record → ids, each once."""


def note(connection: sa.Connection, table: str, keys: Iterable[tuple[str, ...]]) -> None:
    """Remember rows of a table that are new, changed or gone, by the first column of their key.

    A savepoint that is taken back leaves its notes: a record that did not change is then looked at
    once in vain.
    """
    kind = _KINDS.get(table)
    noted: Noted | None = connection.get_execution_options().get(OPTION)
    if kind is not None and noted is not None:
        noted.setdefault(kind, {}).update((key[0], None) for key in keys)


def number(connection: sa.Connection, noted: Noted) -> None:
    """Give what was noted its number; the last but the audit's row that a transaction does."""
    if noted:
        from service.store.changes import keep  # it writes through modules that need the database

        keep(connection, noted)
