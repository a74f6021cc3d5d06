"""The child process that opens a workbook.

Run as ``python -P sheet_child.py FILE OUT BYTES SECONDS CELLS``.

A workbook of 2 kB can ask for a grid of 500 GB, and the Rust library then aborts the process it
runs in. So it runs here, under limits of memory and processor time, and writes the rows of the
first sheet as JSON lines: ``[line, [cell, …]]``. Exit status 3 says that the sheet is too large.

This file imports nothing of panhuo: it must start fast, and from any working directory.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

TOO_LARGE = 3
UNREADABLE = 4


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


def _dump(source: str, target: str, cell_limit: int) -> int:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(source) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            # The totals are the position of the last cell, counted from 0.
            if (sheet.total_height + 1) * (sheet.total_width + 1) > cell_limit:
                return TOO_LARGE
            with Path(target).open("w", encoding="utf-8") as out:
                for line, cells in enumerate(sheet.iter_rows(), start=1):
                    row = [_cell(value) for value in cells]
                    if any(value != "" for value in row):
                        out.write(json.dumps([line, row]) + "\n")
    except (CalamineError, IndexError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return UNREADABLE
    except (MemoryError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return TOO_LARGE
    return 0


if __name__ == "__main__":
    _limit(int(sys.argv[3]), int(sys.argv[4]), 4 << 30)
    sys.exit(_dump(sys.argv[1], sys.argv[2], int(sys.argv[5])))
