"""Reads the project's own tables of facts out of the installed package."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_facts(package: str, name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a packaged table, without provenance lines and header.

    Args:
        package: dotted package that holds the table, such as ``matcher.segments.tables``.
        name: file name inside it; UTF-8 CSV, ``#`` lines are provenance, the first other line
            is the header.

    Returns:
        One tuple of cells per row, in file order.
    """
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    rows = csv.reader(lines)
    next(rows, None)
    return tuple(tuple(row) for row in rows)


def read_segment_facts(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a table of ``matcher/segments/tables``."""
    return read_facts("matcher.segments.tables", name)
