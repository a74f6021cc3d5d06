"""TREC judgments (qrels) and pool files: read strictly, every bad line named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from matcher.errors import BadFile

Qrels = Mapping[str, Mapping[str, int]]
"""Query → document → grade; 0 is judged and not relevant."""

MOST_GRADE = 100
_GRADE = re.compile(r"[+-]?[0-9]{1,9}")


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return the judgments of a TREC qrels file, queries and documents in file order.

    A line is ``query iteration document grade``; the iteration is not looked at. TREC writes
    negative grades for spam: they count as 0. The same pair twice with one grade counts once.

    Raises:
        BadFile: unreadable, empty, a line of another form, or a pair with two grades.

    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile("w", suffix=".qrels") as file:
    ...     _ = file.write("F1 0 P1 2") + file.seek(0)
    ...     read_qrels(Path(file.name))
    {'F1': {'P1': 2}}
    """
    found: dict[str, dict[str, int]] = {}
    for number, line in lines_of(path, "a TREC qrels file"):
        cells = line.split()
        if len(cells) != 4:
            raise _bad_line(
                path, number, f"{len(cells)} columns", "query, iteration, document, grade"
            )
        query, _, document, written = cells
        if not _GRADE.fullmatch(written) or int(written) > MOST_GRADE:
            raise _bad_line(
                path, number, f"grade {written!r}", f"a whole number up to {MOST_GRADE}"
            )
        grade = max(int(written), 0)
        known = found.setdefault(query, {}).setdefault(document, grade)
        if known != grade:
            raise _bad_line(
                path, number, f"grade {grade} for {query} {document}", f"{known}, as judged before"
            )
    if not found:
        raise _empty(path, "one judgment or more")
    return found


def read_pool(path: Path) -> tuple[str, ...]:
    """Return the ids of a pool file, one a line, in file order, each once.

    Raises:
        BadFile: unreadable, empty, or a line of several words.
    """
    found: dict[str, None] = {}
    for number, line in lines_of(path, "a list of patent ids"):
        if len(line.split()) != 1:
            raise _bad_line(path, number, f"{len(line.split())} words", "one patent id")
        found[line] = None
    if not found:
        raise _empty(path, "one patent id or more")
    return tuple(found)


def lines_of(path: Path, what: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, text without margins) of lines that are not blank.

    Raises:
        BadFile: the file is missing or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if text := line.strip():
                    yield number, text
    except OSError as error:
        raise BadFile(
            str(path), f"found no readable file ({error.strerror})", what, "check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise BadFile(
            str(path), f"found a byte that is not UTF-8 ({error.reason})", what, "save it as UTF-8"
        ) from error


def _bad_line(path: Path, number: int, found: str, expected: str) -> BadFile:
    return BadFile(
        str(path), f"found {found} in line {number}", expected, "mend or remove the line"
    )


def _empty(path: Path, expected: str) -> BadFile:
    return BadFile(str(path), "found no line", expected, "check that this is the right file")
