"""What every kind of record does on its way from a row to the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeVar

from service.ingest.columns import Columns
from service.ingest.problems import BadValue, RowProblem, row_problem
from service.store.upsert import UpsertCounts

Cells = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileContext:
    """What is known of a file before its first row.

    Attributes:
        family: which kind of file it is.
        name: as people know it.
        sha256: of its bytes.
        checked_on: the day on which what it says of status and holder was so.
        again: a file with these very bytes was imported before.
        holder: in whose name the file is handed in; counts where the file names no holder.
        at: the moment of the import, ISO 8601 in UTC.
    """

    family: str
    name: str
    sha256: str
    checked_on: date
    again: bool = False
    holder: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The checked facts of one row: only fields that the row gave.

    ``more`` are the lines that continue it, ``extra`` is what goes beside the record itself.
    """

    line: int
    facts: dict[str, Any]
    warnings: tuple[BadValue, ...] = ()
    more: tuple[int, ...] = ()
    extra: Any = None

    @property
    def lines(self) -> tuple[int, ...]:
        """All lines of the file that this came from."""
        return (self.line, *self.more)


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch: counts of records, and rows that the store's content refuses."""

    counts: UpsertCounts
    refused: tuple[RowProblem, ...] = ()


@dataclass(slots=True)
class Facts:
    """Collects the facts of one row; a value that only warns is left out."""

    cells: Cells
    found: dict[str, Any] = field(default_factory=dict)
    warnings: list[BadValue] = field(default_factory=list)

    def take(self, name: str, read: Callable[[object], Any]) -> None:
        """Set the field to what ``read`` makes of the cell, if there is one and it holds anything.

        Raises:
            BadValue: the value refuses the row.
        """
        if name in self.cells:
            value = read(self.cells[name])
            if value not in {"", None, ()}:
                self.found[name] = value

    def take_gently(self, name: str, read: Callable[[object], Any]) -> None:
        """Do as ``take``, but turn a bad value into a warning."""
        try:
            self.take(name, read)
        except BadValue as bad:
            self.warnings.append(bad)

    def take_list(
        self, name: str, read: Callable[[object], tuple[tuple[str, ...], list[BadValue]]]
    ) -> None:
        """Set the field to the good parts of a list; warn of the others."""
        if name in self.cells:
            values, dropped = read(self.cells[name])
            self.warnings.extend(dropped)
            if values:
                self.found[name] = values


class Recorder(Protocol):
    """Turns rows of one kind into records in the store."""

    columns: Columns

    @property
    def key_fields(self) -> frozenset[str]:
        """Return the fields that ``keys`` looks at."""

    def keys(self, cells: Cells) -> Sequence[str]:
        """Return what the row is known by, unchecked; rows that share a key are one record."""

    def parse(self, line: int, cells: Cells, row: Mapping[str, object]) -> Parsed | None:
        """Return the row's facts, None for a row to pass over; raise ``BadValue``."""

    def write(self, rows: Sequence[Parsed]) -> Written:
        """Store the rows; all rows of one record are in one call."""


def refusals(rows: Sequence[Parsed], column: str, bad: BadValue) -> list[RowProblem]:
    """Return one problem for each line of the rows."""
    return [row_problem(line, column, bad) for row in rows for line in row.lines]


def grouped(rows: Sequence[Parsed], key: Callable[[Parsed], T]) -> dict[T, list[Parsed]]:
    """Return key → rows, both in the order of coming."""
    groups: dict[T, list[Parsed]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
