"""Workbooks (XLSX, XLS): read by a child process under limits, rows back through a file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from itertools import islice
from pathlib import Path

from matcher.errors import BadFile
from service.ingest.delimited import as_row, find_header
from service.ingest.rows import Row, Wanted
from service.ingest.sheet_child import TOO_LARGE, UNREADABLE

_HEADER_LINES = 10


@dataclass(frozen=True, slots=True)
class SheetLimits:
    """What a workbook may cost.

    Absolute limits, no compression ratio: a ratio refuses honest workbooks that are mostly
    styles.
    """

    memory_bytes: int = 2 << 30
    seconds: int = 120
    cells: int = 30_000_000
    unpacked_bytes: int = 1 << 30
    parts: int = 10_000


class SheetSource:
    """The first sheet of a workbook."""

    def __init__(
        self,
        path: Path,
        recognised: Callable[[list[str]], int],
        limits: SheetLimits | None = None,
    ) -> None:
        self._path = path
        self._limits = limits or SheetLimits()
        with path.open("rb") as source:
            self.sha256 = file_digest(source, "sha256").hexdigest()
        self._check_parts()
        self._folder = tempfile.TemporaryDirectory(prefix="panhuo-sheet-")
        try:
            self._dump = Path(self._folder.name) / "rows"
            self._read()
            head = [cells for _, cells in islice(self._records(), _HEADER_LINES)]
            self._header_at, self._header = find_header(
                path, [[str(cell) for cell in cells] for cells in head], recognised
            )
        except BaseException:
            self.close()
            raise

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield the rows below the header; empty rows are passed over."""
        for line, cells in islice(self._records(), self._header_at + 1, None):
            yield line, as_row(line, self._header, cells)

    def close(self) -> None:
        """Delete the rows that the child wrote."""
        self._folder.cleanup()

    def _records(self) -> Iterator[tuple[int, list[object]]]:
        with self._dump.open(encoding="utf-8") as lines:
            for written in lines:
                line, cells = json.loads(written)
                yield line, cells

    def _check_parts(self) -> None:
        if self._path.suffix.lower() == ".xls":
            return
        try:
            with zipfile.ZipFile(self._path) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise self._refused(f"found no workbook: {error}") from error
        if len(parts) > self._limits.parts:
            raise self._refused(f"found {len(parts)} parts")
        unpacked = sum(part.file_size for part in parts)
        if unpacked > self._limits.unpacked_bytes:
            raise self._refused(f"found {unpacked:,} bytes unpacked")

    def _read(self) -> None:
        limits = self._limits
        child = Path(__file__).with_name("sheet_child.py")
        # -P: this folder holds a module named numbers, which would hide Python's own.
        command = [sys.executable, "-P", str(child), str(self._path.resolve()), str(self._dump)]
        numbers = (limits.memory_bytes, limits.seconds, limits.cells)
        try:
            done = subprocess.run(
                [*command, *map(str, numbers)],
                capture_output=True,
                check=False,
                timeout=limits.seconds + 5,
            )
        except subprocess.TimeoutExpired as error:
            raise self._refused(f"found no end after {limits.seconds} seconds") from error
        if done.returncode == 0:
            if not self._dump.exists():
                self._dump.touch()
            return
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = said[-1] if said else f"status {done.returncode}"
        if done.returncode == UNREADABLE:
            raise self._refused(f"found a workbook that cannot be read: {last}")
        if done.returncode == TOO_LARGE or done.returncode < 0:
            # Negative: the library aborted, or a limit stopped it.
            raise self._refused("found a sheet that is too large to open")
        raise self._refused(f"found a workbook that stopped its reader: {last}")

    def _refused(self, found: str) -> BadFile:
        limits = self._limits
        return BadFile(
            str(self._path),
            found,
            f"a workbook of at most {limits.cells:,} cells from A1 to the last one, "
            f"{limits.unpacked_bytes >> 20} MB unpacked, read within {limits.seconds} seconds",
            "delete empty rows and columns beyond the data, or save the sheet as CSV",
        )
