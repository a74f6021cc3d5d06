"""The child process that opens a workbook.

Run as ``python -P sheet_child.py FILE FOLDER BYTES SECONDS CELLS SHEET``.

A workbook of 2 kB can ask for a grid of 500 GB, and the Rust library then aborts the process it
runs in. So it runs here, under limits of memory and processor time, and writes each visible sheet
(or only SHEET) as JSON lines ``[line, [cell, …]]`` into FOLDER, and ``sheets.json`` last.

This file imports nothing of panhuo: it must start fast, and from any working directory.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

TOO_LARGE = 3
UNREADABLE = 4
PROTECTED = 5
INDEX = "sheets.json"

# What people merge are a few rows of one patent; a merge of more is decoration.
_MOST_MERGES = 100_000
_TALLEST_MERGE = 1_000
# Excel keeps 32,767 characters in a cell. The parent holds one row in memory at a time.
_LONGEST_ROW = 16 << 20


def _limit(memory: int, seconds: int, disk: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


class _TooLarge(Exception):
    """A sheet with more cells than allowed, or more text in one row."""


def _lines(sheet: Any, cell_limit: int) -> Iterator[str]:
    # The totals are the position of the last cell, counted from 0.
    if (sheet.total_height + 1) * (sheet.total_width + 1) > cell_limit:
        raise _TooLarge
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    # Empty rows above the first filled cell are given, empty columns left of it are not.
    left = [""] * (sheet.start[1] if sheet.start else 0)
    for line, cells in enumerate(sheet.iter_rows(), start=1):
        row: list[object] = [*left]
        row += [value if type(value) is str else _cell(value) for value in cells]
        if any(value != "" for value in row):
            written = encode([line, row])
            if len(written) > _LONGEST_ROW:
                raise _TooLarge
            yield written + "\n"


def _merges(sheet: Any) -> tuple[list[list[int]], int]:
    """Return merges over several rows as [first row, last row, column] from 0, and how many not."""
    kept: list[list[int]] = []
    left_out = 0
    for (top, left), (bottom, _) in sheet.merged_cell_ranges or ():
        if bottom > top:
            if len(kept) < _MOST_MERGES and bottom - top < _TALLEST_MERGE:
                kept.append([top, bottom, left])
            else:
                left_out += 1
    return sorted(kept), left_out


def _dump(source: str, folder: Path, cell_limit: int, wanted: str) -> None:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_path(source) as workbook:
        index: list[dict[str, object]] = []
        for place, known in enumerate(workbook.sheets_metadata):
            visible = known.visible == SheetVisibleEnum.Visible
            entry: dict[str, object] = {"name": known.name, "visible": visible, "rows": 0}
            index.append(entry)
            if known.typ != SheetTypeEnum.WorkSheet or not visible:
                continue
            if wanted and known.name != wanted:
                continue
            sheet = workbook.get_sheet_by_name(known.name)
            count = 0
            with (folder / f"rows-{place}").open("w", encoding="utf-8", newline="\n") as out:
                for written in _lines(sheet, cell_limit):
                    out.write(written)
                    count += 1
            merges, left_out = _merges(sheet) if count else ([], 0)
            entry |= {"rows": count, "merges": merges, "merges_left_out": left_out}
            del sheet
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def _main(source: str, folder: Path, cell_limit: int, wanted: str) -> int:
    from python_calamine import CalamineError, PasswordError

    try:
        _dump(source, folder, cell_limit, wanted)
    except _TooLarge:
        return TOO_LARGE
    except PasswordError:
        return PROTECTED
    except (CalamineError, IndexError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return UNREADABLE
    except (MemoryError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return TOO_LARGE
    return 0


if __name__ == "__main__":
    _limit(int(sys.argv[3]), int(sys.argv[4]), 4 << 30)
    sys.exit(_main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[5]), sys.argv[6]))
