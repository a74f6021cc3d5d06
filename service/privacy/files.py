"""Files of a home that name somebody: uploads that wait, error workbooks, rounds, the index."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from service.privacy.subject import Subject

_PIECE = 1 << 22
# Files that are no data of anybody, or are looked at as tables.
_OWN = ("key-secret", "contact-key", "panhuo.db")
_CURES = {
    "index": "goes with the next 'panhuo build'",
    "push": "goes with the next round, or delete the round's folder",
    "imports": "goes when its job has ended; cancel it, or wait",
}


def files_of(home: Path, subject: Subject) -> Iterator[tuple[Path, str]]:
    """Yield (file, what takes it away) of every file that names the subject."""
    spellings = [word.encode(coding, "ignore") for word in subject.words for coding in _CODINGS]
    wanted = [one for one in dict.fromkeys(spellings) if one]
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if not path.is_file() or path.name.startswith(_OWN) or "audit" in inside.parts[:1]:
            continue
        if _holds(path, wanted):
            cure = next((_CURES[part] for part in inside.parts if part in _CURES), "")
            yield inside, cure or "delete it"


def erase_files(home: Path, subject: Subject) -> tuple[list[str], list[tuple[str, str]]]:
    """Delete error workbooks that name the subject; return (deleted, left with what takes it)."""
    deleted, left = [], []
    for inside, cure in files_of(home, subject):
        if inside.parts[-1] == "errors.xlsx":
            (home / inside).unlink(missing_ok=True)
            deleted.append(str(inside))
        else:
            left.append((str(inside), cure))
    return deleted, left


_CODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-32-le")


def _holds(path: Path, wanted: list[bytes]) -> bool:
    if path.suffix.lower() in {".xlsx", ".xlsm", ".npz", ".zip"} and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            return any(_in_member(packed, name, wanted) for name in packed.namelist())
    with path.open("rb") as file:
        return _in_stream(iter(lambda: file.read(_PIECE), b""), wanted)


def _in_member(packed: zipfile.ZipFile, name: str, wanted: list[bytes]) -> bool:
    with packed.open(name) as file:
        return _in_stream(iter(lambda: file.read(_PIECE), b""), wanted)


def _in_stream(pieces: Iterator[bytes], wanted: list[bytes]) -> bool:
    longest, before = max(map(len, wanted), default=0), b""
    for piece in pieces:
        seen = before + piece
        if any(word in seen for word in wanted):
            return True
        before = seen[-longest:]
    return False
