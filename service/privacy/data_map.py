"""The data map: what each column of each table is. A column that is missing fails a test."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KINDS = ("no", "firm", "ours", "text", "packed", "person", "actor", "held")


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column.

    Attributes:
        kind: one of ``KINDS``; ``data_map.toml`` says what each means.
        purpose: why the table is there.
        kept: for how long.
    """

    table: str
    column: str
    kind: str
    purpose: str
    kept: str


@cache
def data_map() -> Mapping[tuple[str, str], Mapped]:
    """Return every column that is mapped, by (table, column)."""
    found: dict[tuple[str, str], Mapped] = {}
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        tables = tomllib.load(file)
    for table, told in tables.items():
        for kind in KINDS:
            for column in told.get(kind, ()):
                found[table, column] = Mapped(table, column, kind, told["purpose"], told["kept"])
    return found


def columns_of(table: str, *kinds: str) -> list[str]:
    """Return the table's columns of these kinds, in the order of the map."""
    return [one.column for one in data_map().values() if one.table == table and one.kind in kinds]
