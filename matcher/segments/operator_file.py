"""Reads an operator's own CSV files: taxonomy and concordances, with a report of bad rows."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.errors import BadFile, InputError
from matcher.segments.ipc_rules import EXCLUDE, INCLUDE, IpcRule, parse_pattern

_SEGMENT = ("segment", "segment_code", "细分领域", "领域", "领域代码")
_IPC_COLUMNS = {
    "segment": _SEGMENT,
    "ipc": ("ipc", "pattern", "ipc分类号", "国际专利分类号", "国际专利分类"),
    "relation": ("relation", "关系"),
    "rule": ("rule", "规则", "序号"),
}
_INDUSTRY_COLUMNS = {
    "segment": _SEGMENT,
    "industry": ("industry", "industry_code", "行业代码", "国民经济行业", "国民经济行业代码"),
    "weight": ("weight", "权重"),
}
_RELATIONS = {
    "": INCLUDE,
    "include": INCLUDE,
    "包含": INCLUDE,
    "包括": INCLUDE,
    "exclude": EXCLUDE,
    "排除": EXCLUDE,
    "不包括": EXCLUDE,
    "除外": EXCLUDE,
}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why one row of an operator's file was left out; ``line`` is 1-based, as editors count."""

    line: int
    found: str
    expected: str
    cure: str


@dataclass(frozen=True, slots=True)
class IndustryRow:
    """An industry code (GB/T 4754, any level) belongs to a segment with a weight in (0, 1].

    ``segment`` is ``-`` where the industry is known to have no technology segment.
    """

    industry: str
    segment: str
    weight: float


def read_table(
    path: Path, columns: Mapping[str, Sequence[str]], required: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield ``(line, cells)`` of a CSV in UTF-8 or GB 18030; ``#`` lines and empty rows skipped.

    Args:
        path: the file.
        columns: for each column the headers it may bear, lower case.
        required: the columns that must be there; others read as ``""``.

    Raises:
        BadFile: the file is missing, not text, or lacks a required column.
    """
    lines = enumerate(_text_of(path).splitlines(), start=1)
    kept = [(n, line) for n, line in lines if line.strip(" ,") and not line.startswith("#")]
    rows = [[_folded(cell) for cell in row] for row in csv.reader(line for _, line in kept)]
    if len(rows) != len(kept):
        raise BadFile(
            str(path), "a quoted cell runs over several lines", "one row a line", "join the lines"
        )
    header = [cell.lower().replace(" ", "") for cell in rows[0]] if rows else []
    where = {
        column: next((header.index(name) for name in names if name in header), -1)
        for column, names in columns.items()
    }
    missing = [column for column in required if where[column] < 0]
    if missing:
        raise BadFile(
            str(path),
            f"header {header} without {missing}",
            f"a CSV with the columns {list(required)}",
            "name the columns in the first line",
        )
    for (line, _), row in zip(kept[1:], rows[1:], strict=True):
        cells = {c: row[at] if 0 <= at < len(row) else "" for c, at in where.items()}
        yield line, cells


def read_ipc_rules(
    path: Path, segments: Container[str]
) -> tuple[tuple[IpcRule, ...], tuple[RowProblem, ...]]:
    """Return the rules of an operator's IPC concordance and its bad rows.

    Columns: segment, ipc, and optionally relation (``include`` by default) and rule (rows of one
    rule are checked together; by default all rows of a segment are one rule). A pattern ends in
    ``*`` or names a subclass or main group to mean all below it; ``H01M10/05`` means that group
    alone.

    Raises:
        BadFile: the file cannot be read or lacks a column.
    """
    rules: list[IpcRule] = []
    problems: list[RowProblem] = []
    for line, cells in read_table(path, _IPC_COLUMNS, ("segment", "ipc")):
        relation = _RELATIONS.get(cells["relation"].lower())
        problem = _segment_problem(line, cells["segment"], segments)
        if problem is None and relation is None:
            problem = RowProblem(
                line, f"relation {cells['relation']!r}", "include or exclude", "correct the cell"
            )
        try:
            pattern = parse_pattern(cells["ipc"])
        except InputError as error:
            problem = problem or RowProblem(line, error.found, error.expected, error.cure)
        if problem or relation is None:
            problems.extend([problem] if problem else [])
            continue
        name = f"{path.name}:{cells['rule'] or cells['segment']}"
        rules.append(IpcRule(cells["segment"], name, relation, pattern))
    return tuple(rules), tuple(problems)


def read_industry_rows(
    path: Path, segments: Container[str], industries: Container[str]
) -> tuple[tuple[IndustryRow, ...], tuple[RowProblem, ...]]:
    """Return the rows of an operator's industry concordance and its bad rows.

    Columns: segment (``-`` for none), industry, and optionally weight in (0, 1], 1 by default.

    Raises:
        BadFile: the file cannot be read or lacks a column.
    """
    rows: list[IndustryRow] = []
    problems: list[RowProblem] = []
    for line, cells in read_table(path, _INDUSTRY_COLUMNS, ("segment", "industry")):
        code, weight = industry_digits(cells["industry"]), _weight(cells["weight"])
        problem = None
        if cells["segment"] != "-":
            problem = _segment_problem(line, cells["segment"], segments)
        if problem is None and code not in industries:
            problem = RowProblem(
                line,
                f"industry {cells['industry']!r}",
                "a code of GB/T 4754-2017: section letter, or 2 to 4 digits",
                "look the code up in the national standard",
            )
        if problem is None and weight is None:
            problem = RowProblem(
                line, f"weight {cells['weight']!r}", "a number above 0, at most 1", "correct it"
            )
        if problem or weight is None:
            problems.extend([problem] if problem else [])
            continue
        rows.append(IndustryRow(code, cells["segment"], weight))
    return tuple(rows), tuple(problems)


def industry_digits(text: str) -> str:
    """Return a GB/T 4754 code without the section letter before its digits: C4023 → 4023."""
    folded = unicodedata.normalize("NFKC", text).strip().upper()
    return folded[1:] if len(folded) > 1 and folded[:1].isalpha() else folded


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(
            str(path),
            error.strerror or "it cannot be read",
            "a readable CSV file",
            "check the path",
        ) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile(
        str(path), "bytes of no known encoding", "UTF-8 or GB 18030", "save it as CSV UTF-8"
    )


def _folded(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip()


def _segment_problem(line: int, code: str, segments: Container[str]) -> RowProblem | None:
    if code in segments:
        return None
    return RowProblem(
        line,
        f"segment {code!r}",
        "a code of the taxonomy in use",
        "correct the code, or give your own taxonomy file too",
    )


def _weight(cell: str) -> float | None:
    try:
        weight = float(cell or 1.0)
    except ValueError:
        return None
    return weight if 0.0 < weight <= 1.0 else None
