"""The headings of the generic family: the shipped table, and what an operator adds to it.

Both are TOML: a table for each kind of record, in it ``field = ["heading", …]``. The shipped file
says which fields there are; the operator's headings count before those of every family.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from matcher.errors import BadFile
from service.ingest.headings import tidy

Table = Mapping[str, tuple[str, ...]]

_EXPECTED = 'tables such as [patents] with lines such as title = ["成果名称"]'
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Aliases:
    """What → field → headings: as shipped, and the operator's own."""

    shipped: Mapping[str, Table]
    own: Mapping[str, Table]


def load_aliases(extra: Path | None = None) -> Aliases:
    """Return the shipped headings and those of the operator's file.

    Raises:
        BadFile: the operator's file cannot be read, is no TOML, names an unknown table or field,
            or gives one heading to two fields.
    """
    shipped = _shipped()
    return Aliases(shipped, _own(extra, shipped) if extra else {})


@cache
def _shipped() -> Mapping[str, Table]:
    text = files("service.ingest").joinpath("aliases.toml").read_text(encoding="utf-8")
    return {
        what: {field: tuple(names) for field, names in table.items()}
        for what, table in tomllib.loads(text).items()
    }


def _own(path: Path, shipped: Mapping[str, Table]) -> Mapping[str, Table]:
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    met: dict[tuple[str, str], str] = {}
    for what, field, heading in _entries(path):
        if what not in shipped:
            raise _bad(path, f"found the table [{what}]", f"one of {', '.join(shipped)}")
        if field not in shipped[what]:
            fields = ", ".join(shipped[what])
            raise _bad(path, f"found the field {field!r} in [{what}]", f"one of {fields}")
        if met.setdefault((what, tidy(heading)), field) != field:
            raise _bad(path, f"found {heading!r} for two fields of [{what}]", "one field")
        table = tables.setdefault(what, {})
        table[field] = (*table.get(field, ()), heading)
    return tables


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (what, field, heading), each checked to be text."""
    for what, table in _parsed(path).items():
        if not isinstance(table, dict):
            raise _bad(path, f"found {what!r} outside of a table", _EXPECTED)
        for field, names in table.items():
            if not isinstance(names, list) or not all(
                isinstance(name, str) and tidy(name) for name in names
            ):
                raise _bad(path, f"found no list of headings at {what}.{field}", _EXPECTED)
            for name in names:
                yield what, field, name


def _parsed(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > _LARGEST:
            raise _bad(path, "found more than 1 MB", _EXPECTED)
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _bad(path, f"found no file to read ({error.strerror})", _EXPECTED) from error
    except (ValueError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "no text"
        raise _bad(path, f"found no TOML: {said}", _EXPECTED) from error


def _bad(path: Path, found: str, expected: str) -> BadFile:
    return BadFile(str(path), found, expected, "correct the file of headings, or leave it out")
