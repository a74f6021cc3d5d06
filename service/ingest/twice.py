"""Declarations of one patent that stand apart in one workbook, so that only the last counts.

Rows that follow each other are one declaration, see ``continued``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from service.ingest.patent_writer import Beside
from service.ingest.problems import BadValue
from service.ingest.records import Parsed
from service.store.declarations import Declaration


class Declarations:
    """The last declaration of each number that stands in several rows of a file."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Parsed, Declaration]] = {}

    def replaced(self, row: Parsed) -> Iterator[tuple[int, BadValue]]:
        """Yield (line, warning) for this row and the one whose declaration it replaces.

        Nothing where both say the same: nothing is lost then.
        """
        beside, number = row.extra, row.facts.get("application_no", "")
        if not (isinstance(beside, Beside) and beside.declaration and number):
            return
        before = self._last.get(number)
        self._last[number] = row, beside.declaration
        if before is None or _said(before[1]) == _said(beside.declaration):
            return
        earlier = before[0].line
        cure = (
            f"Row {row.line} declares the same application number otherwise and counts; the "
            "options of this row are not kept: write all options below one row."
        )
        yield earlier, BadValue("application_no", number, "declared_before", cure, row=row.line)
        cure = (
            f"Row {earlier} declares the same application number otherwise; this row counts: "
            "write all options below one row."
        )
        yield row.line, BadValue("application_no", number, "declared_again", cure, row=earlier)


def _said(one: Declaration) -> Declaration:
    return replace(one, sequence=None)
