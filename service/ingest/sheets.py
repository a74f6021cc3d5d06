"""Workbooks (XLSX, XLS): read by a child process under limits, rows back through a file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from itertools import islice
from pathlib import Path

from matcher.errors import BadFile
from service.ingest.containers import (
    Container,
    SheetLimits,
    examine_workbook,
    protected,
    too_large,
)
from service.ingest.families import Family
from service.ingest.headers import HEADER_LINES, Sought, best_score, find_header
from service.ingest.layout import Layout, columns_seen
from service.ingest.problems import shown
from service.ingest.rows import Row, Wanted, row_maker
from service.ingest.sheet_child import INDEX, PROTECTED, TOO_LARGE, UNREADABLE

# A sheet whose header names so few fields is a cover or a list of words, no data.
_LIKE_DATA = 2


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One sheet as the child wrote it down; merges are (first row, last row, column) from 0."""

    name: str
    visible: bool
    count: int
    file: Path
    merges: Sequence[Sequence[int]] = field(default=())
    merges_left_out: int = 0

    def records(self) -> Iterator[tuple[int, list[object]]]:
        """Yield (line, cells) of the rows that hold something."""
        with self.file.open(encoding="utf-8", newline="\n") as lines:
            for written in lines:
                line, cells = json.loads(written)
                yield line, cells

    def head(self) -> list[tuple[int, list[str]]]:
        """Return the lines among which the header stands."""
        return [
            (line, [str(cell) for cell in cells])
            for line, cells in islice(self.records(), HEADER_LINES)
        ]


class SheetSource:
    """One sheet of a workbook: the one that is asked for, or whose header fits best."""

    def __init__(self, path: Path, sought: Sought, limits: SheetLimits | None = None) -> None:
        self._path = path
        self._limits = limits or SheetLimits()
        with path.open("rb") as source:
            self.sha256 = file_digest(source, "sha256").hexdigest()
        book = examine_workbook(path, self._limits)
        self._folder = tempfile.TemporaryDirectory(prefix="panhuo-sheet-")
        try:
            sheets = self._sheets(book, sought.sheet)
            self._sheet = self._chosen(sheets, sought)
            head = self._sheet.head()
            self._header = find_header(path, head, sought)
            self.columns = sought.settle(path, self._header.names, self._header.above)
            self.layout = self._layout(sheets, sought)
        except BaseException:
            self.close()
            raise

    @property
    def family(self) -> Family:
        """Return the family of the header."""
        return self.columns.family

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows below the header; empty rows are passed over."""
        make = row_maker(self._header.names, wanted)
        records = islice(self._sheet.records(), self._header.at, None)
        for line, cells in _filled(records, self._sheet.merges, self._keys()):
            yield line, make(line, cells)

    def _keys(self) -> tuple[int, ...]:
        """Return the columns that tell a patent's first row from those that continue it."""
        if not self.family.continues:
            return ()
        named = map(self.columns.field_of, self._header.names)
        keys = {field for group in self.family.required for field in group}
        return tuple(at for at, field in enumerate(named) if field in keys)

    def close(self) -> None:
        """Delete the rows that the child wrote."""
        self._folder.cleanup()

    def _sheets(self, book: Container, wanted: str) -> list[_Sheet]:
        folder = Path(self._folder.name)
        # The library goes by the ending, people do not: the link has the one that is right.
        link = folder / f"book{book.ending}"
        link.symlink_to(self._path.resolve())
        self._read(link, book.memory(self._limits), wanted)
        known = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        return [
            _Sheet(
                one["name"],
                one["visible"],
                one["rows"],
                folder / f"rows-{place}",
                one.get("merges", ()),
                one.get("merges_left_out", 0),
            )
            for place, one in enumerate(known)
        ]

    def _chosen(self, sheets: Sequence[_Sheet], sought: Sought) -> _Sheet:
        named = [sheet for sheet in sheets if sheet.visible]
        if sought.sheet:
            named = [sheet for sheet in named if sheet.name == sought.sheet]
        if not named:
            raise self._no_sheet(sheets, sought.sheet)
        filled = [sheet for sheet in named if sheet.count]
        if not filled:
            raise BadFile(
                str(self._path), "found no cell with a value", "a sheet with rows", "fill it in"
            )
        if len(filled) == 1:
            return filled[0]
        return max(filled, key=lambda sheet: (best_score(sheet.head(), sought), sheet.count > 1))

    def _no_sheet(self, sheets: Sequence[_Sheet], wanted: str) -> BadFile:
        visible = "、".join(shown(sheet.name) for sheet in sheets if sheet.visible)
        if not visible:
            found, cure = "found only hidden sheets", "unhide the sheet with the data (取消隐藏)"
            return BadFile(str(self._path), found, "a visible sheet", cure)
        hidden = any(sheet.name == wanted for sheet in sheets)
        return BadFile(
            str(self._path),
            f"found {'only a hidden' if hidden else 'no'} sheet named {wanted!r}",
            f"one of {visible}",
            "unhide it (取消隐藏)" if hidden else "name one of these with --sheet",
        )

    def _layout(self, sheets: Sequence[_Sheet], sought: Sought) -> Layout:
        others = tuple(
            sheet.name
            for sheet in sheets
            if sheet is not self._sheet
            and sheet.count > 1
            and best_score(sheet.head(), sought) >= _LIKE_DATA
        )
        notes = [*sought.doubts(self._header.names, self.columns)]
        notes += [f"sheet {name} not read; use --sheet" for name in others]
        if self._sheet.merges_left_out:
            notes.append(f"{self._sheet.merges_left_out} merged cells not spread over their rows")
        return Layout(
            self.columns.family.name,
            self._header.lines,
            columns_seen(self.columns, self._header.names),
            sheet=self._sheet.name,
            other_sheets=others,
            notes=tuple(notes),
        )

    def _read(self, link: Path, memory: int, wanted: str) -> None:
        limits = self._limits
        child = Path(__file__).with_name("sheet_child.py")
        # -P: this folder holds a module named numbers, which would hide Python's own.
        command = [sys.executable, "-P", str(child), str(link), str(link.parent)]
        numbers = map(str, (memory, limits.seconds, limits.cells))
        try:
            done = subprocess.run(
                [*command, *numbers, wanted],
                capture_output=True,
                check=False,
                timeout=limits.seconds + 5,
            )
        except subprocess.TimeoutExpired as error:
            found = f"found no end after {limits.seconds} seconds"
            raise too_large(self._path, found, limits) from error
        if done.returncode:
            raise self._refused(done.returncode, done.stderr)

    def _refused(self, status: int, stderr: bytes) -> BadFile:
        said = stderr.decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else f"status {status}"
        if status == PROTECTED:
            return protected(self._path)
        if status == TOO_LARGE or status < 0:
            # Negative: the library aborted, or a limit stopped it.
            return too_large(self._path, "found a sheet that is too large to open", self._limits)
        what = "cannot be read" if status == UNREADABLE else "stopped its reader"
        return BadFile(
            str(self._path),
            f"found a workbook that {what}: {shown(last)}",
            "a workbook as Excel or WPS writes it",
            "open it in Excel or WPS and save it as .xlsx again, or save the sheet as CSV UTF-8",
        )


def _filled(
    records: Iterator[tuple[int, list[object]]],
    merges: Sequence[Sequence[int]],
    keys: Sequence[int],
) -> Iterator[tuple[int, list[object]]]:
    """Yield the records with the value of each merge in all of its rows.

    A row whose ``keys`` are empty continues the one above: what that says is not said again.
    """
    waiting = list(reversed(merges))
    spread: dict[int, tuple[int, object]] = {}
    for line, cells in records:
        at = line - 1
        while waiting and waiting[-1][0] <= at:
            top, bottom, column = waiting.pop()
            # A merge that begins in the header, or in a row without values, spreads nothing.
            if top == at and column < len(cells) and cells[column] != "":
                spread[column] = (bottom, cells[column])
        if spread and not (keys and all(cells[key] == "" for key in keys)):
            for column, (bottom, value) in list(spread.items()):
                if bottom < at:
                    del spread[column]
                elif cells[column] == "":
                    cells[column] = value
        yield line, cells
