"""Files with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

from service.ingest.encoding import decodes, examine, undecoded
from service.ingest.families import Family
from service.ingest.headers import Sought
from service.ingest.layout import Layout, columns_seen
from service.ingest.problems import HIDDEN, RowProblem, file_problem
from service.ingest.rows import Row, Wanted

# So many objects tell which names there are; later ones may have more, and these are read too.
_LOOKED_AT = 200
_MOST_NAMES = 1_000


class NdjsonSource:
    """A file with one JSON object a line."""

    def __init__(self, path: Path, sought: Sought) -> None:
        known = examine(path)
        self.sha256 = known.sha256
        self._path = path
        self._text = known
        names: dict[str, None] = {}
        for _, row in islice(self.rows(), _LOOKED_AT):
            if not isinstance(row, RowProblem) and len(names) < _MOST_NAMES:
                names |= dict.fromkeys(row)
        self.columns = sought.settle(path, list(names))
        seen = columns_seen(self.columns, list(names))
        self.layout = Layout(
            self.columns.family.name,
            (0, 0),
            seen,
            encoding=known.encoding,
            notes=(*known.notes, *sought.doubts(list(names), self.columns)),
        )

    @property
    def family(self) -> Family:
        """Return the family of the names in the first objects."""
        return self.columns.family

    def rows(self, wanted: Wanted | None = None) -> Iterator[Row]:
        """Yield an object a line; blank lines are passed over."""
        known = self._text
        with self._path.open(encoding=known.encoding, errors=known.errors, newline="\n") as lines:
            for number, written in enumerate(lines, start=1):
                if written.strip():
                    yield number, _object(number, written)

    def close(self) -> None:
        """Do nothing: no file is held between two readings."""


def _object(number: int, written: str) -> dict[str, object] | RowProblem:
    cure = 'Write one JSON object on each line, like {"title": "…"}.'
    if not decodes(written):
        return undecoded(number)
    try:
        found = json.loads(written, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return file_problem(number, HIDDEN, "json_syntax", cure)
    if not isinstance(found, dict):
        return file_problem(number, HIDDEN, "json_object", cure)
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
