"""The header of a table: in which of its first lines it stands, and whose family it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matcher.errors import BadFile, InputError
from service.ingest.aliases import Aliases, load_aliases
from service.ingest.columns import Columns
from service.ingest.families import AUTO, FAMILIES, GENERIC, Family, family_names
from service.ingest.headings import tidy
from service.ingest.problems import shown

HEADER_LINES = 30
"""So many lines may stand above the data, the header included."""

# Two headings of one product: a single one stands in other products' files too.
_ENOUGH = 2
_MARK_WEIGHT = 3
_REFERENCES = re.compile(r"RT |%0 |TY {1,2}- |\{Reference Type\}|SrcDatabase-")
# A sheet may be 16,384 columns wide; no export has known names that far to the right.
_WIDEST = 1_000


@dataclass(frozen=True, slots=True)
class Header:
    """The header as found.

    Attributes:
        at: how many non-empty lines stand up to and with the header.
        lines: its first and last line in the file, from 1.
        names: the headings, stripped; "" where a column has none.
        score: how many fields the headings name.
    """

    at: int
    lines: tuple[int, int]
    names: tuple[str, ...]
    score: int
    above: str = ""


@dataclass(frozen=True)
class Sought:
    """What a file is opened for; see ``rows.open_source``.

    Raises:
        InputError: no such kind of record, or no such family of it.
    """

    what: str = "patents"
    family: str = AUTO
    sheet: str = ""
    aliases: Aliases | None = None

    def __post_init__(self) -> None:
        if self.what not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise InputError(f"found {self.what!r}", f"one of {known}", "name one of them")
        if self.family not in family_names(self.what):
            known = ", ".join(family_names(self.what))
            raise InputError(
                f"found the family {self.family!r}", f"one of {known}", "name one of them"
            )

    @cached_property
    def candidates(self) -> tuple[Columns, ...]:
        """Return the columns of each family that the file may be of."""
        known = self.aliases or load_aliases()
        families = FAMILIES[self.what]
        return tuple(
            Columns(self.what, family, known)
            for family in families
            if self.family in {AUTO, family.name}
        )

    def score(self, cells: Sequence[str]) -> int:
        """Return how many fields the family that knows most of the cells finds among them."""
        near = cells[:_WIDEST]
        return max(columns.recognised(near) for columns in self.candidates)

    def named(self, cells: Sequence[str]) -> int:
        """Return how many columns the family that knows most of the cells finds among them."""
        near = cells[:_WIDEST]
        return max(sum(map(bool, map(known.field_of, near))) for known in self.candidates)

    def settle(self, path: Path, names: Sequence[str], above: str = "") -> Columns:
        """Return the columns of the family that is forced, or that fits the headings best.

        Args:
            path: for the error.
            names: the headings.
            above: what stands above them.

        Raises:
            BadFile: the forced family's key columns are not among the headings.
        """
        if self.family != AUTO:
            (columns,) = self.candidates
            self._check(path, names, columns)
            return columns
        best = max(self.candidates, key=lambda columns: _fit(columns.family, names, above))
        return best if _fit(best.family, names, above) >= _ENOUGH else self.candidates[-1]

    def likely(self, names: Sequence[str]) -> Family:
        """Return the family that the headings look like, whichever is forced."""
        open_minded = Sought(self.what, aliases=self.aliases)
        return open_minded.settle(Path(), names).family

    def doubts(self, names: Sequence[str], columns: Columns) -> tuple[str, ...]:
        """Return a sentence where the forced family is not the one that the headings look like."""
        if self.family == AUTO:
            return ()
        likely = self.likely(names)
        if likely.name in {GENERIC, columns.family.name}:
            return ()
        return (f"the headings look like {likely.name}; read as {columns.family.name}",)

    def _check(self, path: Path, names: Sequence[str], columns: Columns) -> None:
        named = columns.named_here(names)
        for group in columns.family.required:
            if not named & set(group):
                likely = self.likely(names)
                heads = " or ".join(columns.family.headings[field][0] for field in group)
                found = ", ".join(shown(name) for name in names[:8] if name)
                raise BadFile(
                    str(path),
                    f"found the headings {found}, which look like {likely.name}",
                    f"a {columns.family.name} file with the heading {heads}",
                    f"say --as {likely.name}, or leave --as out",
                )


def _fit(family: Family, names: Sequence[str], above: str) -> int:
    if family.name == GENERIC:
        return 0
    present = {tidy(name) for name in names}
    # A heading with rules in brackets behind it (盘活 template) is still the heading.
    present |= {name.partition("(")[0] for name in present if len(name) > 20}
    marks = _MARK_WEIGHT * any(mark in above for mark in family.marks)
    return marks + sum(tidy(heading) in present for heading in family.distinctive)


def find_header(path: Path, head: Sequence[tuple[int, list[str]]], sought: Sought) -> Header:
    """Return the header among (line, cells) of the first lines.

    That is the line with most known names, the first of equals; or that line together with the
    cells of the line above where its own are empty, if both give more names than any line alone.

    Raises:
        BadFile: no line has a known name.
    """
    best = _best(head, sought)
    if not head:
        raise BadFile(
            str(path),
            "found an empty file",
            "a line of column names, and rows below it",
            "export or save the file again",
        )
    if best is None and _REFERENCES.match(head[0][1][0] if head[0][1] else ""):
        raise BadFile(
            str(path),
            "found a list of references (RefWorks, EndNote, NoteExpress or RIS)",
            "a table with a line of column names",
            "export the list as Excel or CSV and import that",
        )
    if best is None:
        first = ", ".join(shown(cell) for cell in head[0][1][:8])
        raise BadFile(
            str(path),
            f"found no known column name (first line: {first})",
            "a line of column names, like title, application_no, uscc",
            "name the columns as docs/stock-taking.md says, or add headings with --aliases",
        )
    return best


def best_score(head: Sequence[tuple[int, list[str]]], sought: Sought) -> int:
    """Return how many fields the best header of the lines names, 0 where there is none."""
    best = _best(head, sought)
    return best.score if best else 0


def _best(head: Sequence[tuple[int, list[str]]], sought: Sought) -> Header | None:
    scores = [sought.score(cells) for _, cells in head]
    at = max(range(len(head)), key=lambda place: scores[place], default=None)
    if at is None or not scores[at]:
        return None
    found, first = tuple(head[at][1]), at
    top = scores[at]
    for place in range(1, len(head)):
        # Below a header stand data; a data cell or two may be a heading's word by chance.
        if min(scores[place - 1 : place + 1]) >= 1 and scores[place] >= _ENOUGH:
            both = _together(head[place - 1][1], head[place][1])
            score = sought.score(both)
            # The first of equals: further down the header may stand again in one line.
            if score > top or (score == top and place < at):
                top, at, first, found = score, place, place - 1, tuple(both)
    if first == at and at + 1 < len(head) and (both := _parts(found, head[at + 1][1], sought)):
        at, found = at + 1, tuple(both)
    above = "\n".join(" ".join(cells) for _, cells in head[:first])
    names = tuple(name.strip() for name in found)
    return Header(at + 1, (head[first][0], head[at][0]), names, top, above[:2_000])


def _parts(upper: Sequence[str], lower: Sequence[str], sought: Sought) -> list[str]:
    """Return the header of both lines where the lower one only names parts of the upper; else [].

    国标行业 above 大类 and 小类: no further field, but a further column.
    """
    written = sum(bool(cell.strip()) for cell in lower[:_WIDEST])
    if written < _ENOUGH or sought.named(lower) < written:
        return []
    both = _together(upper, lower)
    return both if sought.named(both) > sought.named(upper) else []


def _together(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    above = [*upper, *[""] * (width - len(upper))]
    below = [*lower, *[""] * (width - len(lower))]
    return [low if low.strip() else high for high, low in zip(above, below, strict=True)]
