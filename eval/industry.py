"""Industry paths as people write them, cut into levels; and the texts that carry them.

An industry (行业) is a path of names, outermost first: ``制造业——汽车制造业``. Names are compared
without commas, blanks and width, since the same section of GB/T 4754 is written
``电力、热力、燃气及水生产和供应业`` here and ``电力、热力、燃气、及水生产和供应业`` there.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eval.judgments import lines_of
from matcher.errors import BadFile
from matcher.segments.facts import read_segment_facts

Levels = tuple[str, ...]

TITLE, TEXT, INDUSTRY = ("title", "name"), ("text", "context"), ("classification", "industry")
_BETWEEN_LEVELS = re.compile(r"\s*(?:[—–―]+|->|[>›＞/-])\s*")
_MARKS = re.compile(r"[、,，;；\s]")


@dataclass(frozen=True, slots=True)
class IndustryText:
    """A demand or an offer.

    Attributes:
        title: as posted, may be empty where there is text.
        text: as posted, may be empty.
        paths: industry paths; several where several sections are named, none where no industry is.
    """

    title: str
    text: str
    paths: tuple[Levels, ...]

    @property
    def whole(self) -> str:
        """Title and text, as they are encoded and cut into words."""
        return "。".join(part for part in (self.title, self.text) if part)

    def level(self, level: int) -> frozenset[Levels]:
        """Return the paths cut to ``level`` names; those that do not reach it are left out."""
        return frozenset(path[:level] for path in self.paths if len(path) >= level)


@dataclass(frozen=True, slots=True)
class IndustryFile:
    """What a file of demands or offers holds.

    Attributes:
        texts: in file order.
        repeated: records with title and text of one before, left out: repeated offers would fill a
            list with one.
        empty: records without title and text, left out.
    """

    texts: tuple[IndustryText, ...]
    repeated: int
    empty: int

    def left_out(self, what: str) -> str:
        """Return what is to be said of records left out, ``""`` for nothing."""
        if not self.repeated and not self.empty:
            return ""
        return f"{what}: {self.repeated} repetitions and {self.empty} empty records left out"


def agrees(demand: IndustryText, offer: IndustryText, level: int) -> bool:
    """Say whether the first ``level`` names of a path of the one are those of a path of the other.

    >>> one = IndustryText("", "", (("制造业", "汽车制造业"),))
    >>> other = IndustryText("", "", (("制造业", "纺织业"), ("建筑业",)))
    >>> agrees(one, other, 1), agrees(one, other, 2)
    (True, False)
    """
    return bool(demand.level(level) & offer.level(level))


def industry_paths(written: str) -> tuple[Levels, ...]:
    """Return the paths of an industry cell.

    A first level that is several sections of GB/T 4754 run together is one path for each.

    >>> industry_paths("制造业——汽车制造业")
    (('制造业', '汽车制造业'),)
    >>> industry_paths("制造业建筑业")
    (('制造业',), ('建筑业',))
    >>> industry_paths("")
    ()
    """
    names = [_plain(name) for name in _BETWEEN_LEVELS.split(written)]
    names = [name for name in names if name]
    if not names:
        return ()
    sections = _cut(names[0], _sections())
    if len(sections) > 1:
        return tuple((section,) for section in sections)
    return (tuple(names),)


def read_industry_texts(path: Path) -> IndustryFile:
    """Return the texts of a JSON-lines file.

    Each line is an object with ``title`` or ``name``, ``text`` or ``context``, and
    ``classification`` or, where that key is absent, ``industry``.

    Raises:
        BadFile: unreadable, a line that is no JSON object, or no record with words.
    """
    found: dict[tuple[str, str], IndustryText] = {}
    read = empty = 0
    for number, line in lines_of(path, "a file of JSON lines"):
        record = _object(path, number, line)
        title, text, industry = (_first(record, keys) for keys in (TITLE, TEXT, INDUSTRY))
        read += 1
        if title or text:
            found.setdefault((title, text), IndustryText(title, text, industry_paths(industry)))
        else:
            empty += 1
    if not found:
        raise _bad(path, "no record with words", "'title' or 'name', 'text' or 'context'")
    return IndustryFile(tuple(found.values()), read - empty - len(found), empty)


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise _bad(path, f"line {number} is no JSON ({error.msg})", "one object a line") from error
    if not isinstance(record, dict):
        raise _bad(path, f"a {type(record).__name__} in line {number}", "one object a line")
    return record


def _first(record: Mapping[str, Any], keys: Iterable[str]) -> str:
    value = next((record[key] for key in keys if key in record), None)
    return " ".join(str(value).split()) if value else ""


def _bad(path: Path, found: str, expected: str) -> BadFile:
    return BadFile(str(path), f"found {found}", expected, "mend or remove the line")


def _plain(name: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", name))


@cache
def _sections() -> frozenset[str]:
    names = read_segment_facts("industry_names.csv")
    return frozenset(_plain(name) for code, name, *_ in names if code.isalpha())


def _cut(text: str, names: frozenset[str]) -> Sequence[str]:
    """Return the names that a text is made of without rest, in order; the text itself if none."""
    cuts: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(text) + 1):
        for start in range(end):
            if start in cuts and text[start:end] in names:
                cuts.setdefault(end, (*cuts[start], text[start:end]))
    return cuts.get(len(text), (text,))
