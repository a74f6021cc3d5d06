"""What a file turned out to be: its family, its header, and what becomes of each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.ingest.columns import Columns
from service.ingest.headings import is_personal, tidy

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """One column of the file.

    Attributes:
        letter: A, B, … as a spreadsheet counts.
        heading: as written, on one line, cut to 60 characters.
        field: the field that is read from it, None for a column that is not read.
        note: why it is not read, or how it shares its field; "" for a plain column.
    """

    letter: str
    heading: str
    field: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one file is read.

    Attributes:
        family: name of the family.
        sheet: name of the sheet, "" for files without sheets.
        header_rows: first and last line of the header from 1, (0, 0) where lines have no header.
        columns: every column that has a heading, from the left.
        encoding: of a text file, else "".
        other_sheets: visible sheets that look like data too and are not read.
        notes: sentences on what else is worth knowing.
    """

    family: str
    header_rows: tuple[int, int]
    columns: tuple[ColumnSeen, ...]
    sheet: str = ""
    encoding: str = ""
    other_sheets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the layout as JSON values."""
        return {
            "family": self.family,
            "sheet": self.sheet,
            "header_rows": list(self.header_rows),
            "encoding": self.encoding,
            "other_sheets": list(self.other_sheets),
            "notes": list(self.notes),
            "columns": [
                {
                    "letter": seen.letter,
                    "heading": seen.heading,
                    "field": seen.field,
                    "note": seen.note,
                }
                for seen in self.columns
            ],
        }


def columns_seen(columns: Columns, headings: Sequence[str]) -> tuple[ColumnSeen, ...]:
    """Return what becomes of each column that has a heading."""
    letters: dict[str, str] = {}
    for at, heading in enumerate(headings):
        letters.setdefault(heading, letter_of(at))
    by_field = columns.by_field(headings)
    seen = []
    for at, heading in enumerate(headings):
        if heading:
            field = columns.field_of(heading)
            note = _note(columns, heading, letter_of(at), letters, by_field)
            seen.append(ColumnSeen(letter_of(at), _short(heading), field, note))
    return tuple(seen)


def _note(
    columns: Columns,
    heading: str,
    letter: str,
    letters: dict[str, str],
    by_field: dict[str, tuple[str, ...]],
) -> str:
    field = columns.field_of(heading)
    if field is None:
        return "personal data, not read" if is_personal(heading) else "not used"
    if letters[heading] != letter:
        return f"duplicate of {letters[heading]}, counts where that is empty"
    first = by_field[field][0]
    if first == heading:
        return ""
    if columns.joins(field):
        return f"read together with {letters[first]}"
    same = "duplicate of" if tidy(first) == tidy(heading) else "after"
    return f"{same} {letters[first]}, counts where that is empty"


def letter_of(at: int) -> str:
    """Return the letter of a column counted from 0.

    >>> letter_of(0), letter_of(25), letter_of(26)
    ('A', 'Z', 'AA')
    """
    letter = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letter = chr(65 + rest) + letter
    return letter


def _short(heading: str) -> str:
    name = " ".join(heading.split())
    return name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
