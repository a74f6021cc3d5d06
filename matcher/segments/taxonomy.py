"""The segments: 40 strategic emerging industries and the project's traditional ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from matcher.errors import BadFile, UnknownSegment
from matcher.segments.facts import read_segment_facts
from matcher.segments.operator_file import read_table
from matcher.types import SegmentCode

EMERGING = "emerging"
TRADITIONAL = "traditional"
OWN = "own"
_TAXONOMY_COLUMNS = {
    "code": ("code", "segment", "代码", "领域代码"),
    "name": ("name", "名称", "领域名称"),
    "name_en": ("name_en", "英文名称"),
    "group": ("group", "分组", "门类"),
    "kind": ("kind", "类别"),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment (产业细分领域).

    Attributes:
        code: official code such as ``1.1`` for an emerging industry, ``T01`` … for a
            traditional one, the operator's own otherwise.
        name: Chinese name.
        name_en: English name, may be empty.
        group: the division above it, may be empty.
        kind: ``emerging``, ``traditional``, or ``own`` for an operator's segment.
    """

    code: SegmentCode
    name: str
    name_en: str = ""
    group: str = ""
    kind: str = OWN


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All segments in use, in order; codes are unique (the last one given wins)."""

    segments: tuple[Segment, ...]
    _by_code: dict[str, Segment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unique = {segment.code: segment for segment in self.segments}
        object.__setattr__(self, "segments", tuple(unique.values()))
        object.__setattr__(self, "_by_code", dict(unique))

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def by_code(self, code: str) -> Segment:
        """Return the segment; raise ``UnknownSegment`` for a code outside the taxonomy."""
        try:
            return self._by_code[code]
        except KeyError:
            raise UnknownSegment(code, len(self.segments)) from None

    def path(self, code: str) -> str:
        """Return group and name, ``新能源产业 › 太阳能产业``; raise ``UnknownSegment``."""
        segment = self.by_code(code)
        return " › ".join(part for part in (segment.group, segment.name) if part)

    def extended(self, other: Taxonomy) -> Taxonomy:
        """Return both; a code of ``other`` replaces the same code here, in its place."""
        return Taxonomy((*self.segments, *other.segments))


def load_taxonomy(path: Path | None = None, *, extend: bool = False) -> Taxonomy:
    """Return the packaged taxonomy, or an operator's own.

    Args:
        path: CSV with the columns code and name, and optionally name_en, group, kind (Chinese
            headers are read too); ``None`` for the packaged taxonomy.
        extend: keep the packaged segments too; otherwise the file replaces them.

    Raises:
        BadFile: the file cannot be read, or a row has no code or no name (the line is named).
    """
    if path is None:
        rows = read_segment_facts("segments.csv")
        return Taxonomy(tuple(Segment(SegmentCode(row[0]), *row[1:]) for row in rows))
    own = Taxonomy(tuple(_own_segments(path)))
    return load_taxonomy().extended(own) if extend else own


def _own_segments(path: Path) -> Iterator[Segment]:
    """Yield an operator's segments; a taxonomy with holes is refused, not repaired."""
    for line, cells in read_table(path, _TAXONOMY_COLUMNS, ("code", "name")):
        if not cells["code"] or not cells["name"]:
            raise BadFile(
                str(path),
                f"line {line} has code {cells['code']!r} and name {cells['name']!r}",
                "a code and a name in every row",
                "fill in the row or delete it",
            )
        yield Segment(
            SegmentCode(cells["code"]),
            cells["name"],
            cells["name_en"],
            cells["group"],
            cells["kind"] or OWN,
        )
