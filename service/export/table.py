"""Records as a table: its columns, and what stands in a cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

Cell = str | int | float | bool | date | tuple[str, ...] | None

SEPARATOR = "；"
"""Stands between the parts of a list in a single cell."""


class CellType(Enum):
    """What a column holds; ``None`` may stand in each."""

    TEXT = "text"
    TEXTS = "texts"
    DATE = "date"
    TRUTH = "truth"
    INTEGER = "integer"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column.

    Attributes:
        field: its name for programs (NDJSON, Parquet), as the importer knows it.
        heading: its name for people (XLSX, CSV), as the importer knows it.
        value: the cell for programs.
        shown: the cell for people, where that differs.
        width: in characters, in a workbook.
    """

    field: str
    heading: str
    value: Callable[[T], Cell]
    type: CellType = CellType.TEXT
    shown: Callable[[T], Cell] | None = None
    width: int = 16

    def for_people(self, record: T) -> str | int | float | date | None:
        """Return the cell as people read it: words, and lists as one text."""
        cell = (self.shown or self.value)(record)
        if isinstance(cell, tuple):
            return SEPARATOR.join(cell)
        if isinstance(cell, bool):
            return "是" if cell else "否"
        return cell


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """The columns of one kind of record, and the name of its sheet."""

    name: str
    columns: Sequence[Column[T]]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: records, and the texts that were cut to what a workbook holds."""

    records: int
    cut: int = 0
