"""Grades of the catalogue's patents: chosen, scored, sorted, summed up, as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matcher.engine import Engine
from matcher.errors import IndexMissing, UnknownSegment
from matcher.grading import Grade, grade
from matcher.segment_demand import Progress, SegmentDemand, segment_demand
from matcher.types import Patent, PatentId, SegmentCode
from service.bootstrap import Home
from service.export.patents import PatentChoice
from service.export.table import CellType, Column, Table
from service.store.contacts import holders_of

PART_WORDS = {
    "life": "剩余保护期",
    "text": "资料完整",
    "maturity": "技术成熟度",
    "offer": "许可与价格",
    "evidence": "状态核对",
    "demand": "产业需求",
}
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Graded:
    """A grade with the segments of its patent: the main one, and all as (code, name)."""

    grade: Grade
    segments: tuple[tuple[SegmentCode, str], ...] = ()

    @property
    def patent(self) -> Patent:
        """The patent."""
        return self.grade.patent

    @property
    def segment(self) -> str:
        """The name of the main segment, "" for a patent in none."""
        return self.segments[0][1] if self.segments else ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The patents of one holder, college or segment; ``stars[i]`` counts those with ``i`` stars."""

    name: str
    patents: int
    mean: float
    stars: tuple[int, int, int, int, int, int]
    self_graded: int


def graded(
    home: Home,
    choice: PatentChoice,
    segment: SegmentCode | None,
    today: date,
    progress: Progress | None = None,
) -> list[Graded]:
    """Return the grades of the chosen patents, best first, ties by id.

    Args:
        home: with store and index; without an index the segment demand is unknown.
        choice: by holder, college, province and status.
        segment: only patents that lie in it.
        today: for the life that is left.
        progress: called with segments done and segments in all.

    Raises:
        UnknownSegment: the index has no such segment.
        IndexMissing: a segment was asked for and nothing was built.
    """
    patents = list(choice.of(home.store.patents.iterate()))
    places = _Places(home, segment)
    patents = [patent for patent in patents if places.lies(patent.patent_id, segment)]
    demand = places.demand([patent.patent_id for patent in patents], progress)
    willing = _willing(home, [patent.patent_id for patent in patents])
    found = [
        Graded(
            grade(
                patent,
                demand.get(patent.patent_id),
                today,
                willing=patent.patent_id in willing,
            ),
            places.segments(patent.patent_id),
        )
        for patent in patents
    ]
    found.sort(key=lambda one: (-one.grade.score, one.patent.patent_id))
    return found


def summed(found: Iterable[Graded], by: str) -> list[Summary]:
    """Return the grades summed up by ``holder``, ``college`` or ``segment``, largest first.

    A patent of several holders counts for each of them, one of several segments in its main one.
    """
    groups: dict[str, list[Grade]] = defaultdict(list)
    names: Mapping[str, Callable[[Graded], Sequence[str]]] = {
        "holder": lambda one: holders_of(one.patent.holder) or ("",),
        "college": lambda one: (one.patent.college,),
        "segment": lambda one: (one.segment,),
    }
    for one in found:
        for name in names[by](one):
            groups[name].append(one.grade)
    sums = [_summary(name, grades) for name, grades in groups.items()]
    return sorted(sums, key=lambda one: (-one.patents, one.name))


def _summary(name: str, grades: Sequence[Grade]) -> Summary:
    stars = [sum(one.stars == count for one in grades) for count in range(6)]
    return Summary(
        name=name,
        patents=len(grades),
        mean=round(sum(one.score for one in grades) / len(grades), 1),
        stars=(stars[0], stars[1], stars[2], stars[3], stars[4], stars[5]),
        self_graded=sum(one.self_grade > 0 for one in grades),
    )


class _Places:
    """Where the index keeps the patents, and what follows from it; empty without an index."""

    def __init__(self, home: Home, segment: SegmentCode | None) -> None:
        self._home = home
        self._engine: Engine | None = None
        try:
            self._engine = home.engine()
        except IndexMissing:
            if segment is not None:
                raise
        if self._engine and segment is not None:
            codes = self._engine.index.patents.codes
            if segment not in codes:
                raise UnknownSegment(segment, len(codes))

    def lies(self, patent_id: PatentId, segment: SegmentCode | None) -> bool:
        """Return whether the patent lies in the segment; any patent does where none is asked."""
        return segment is None or any(code == segment for code, _ in self.segments(patent_id))

    def segments(self, patent_id: PatentId) -> tuple[tuple[SegmentCode, str], ...]:
        """Return the patent's segments with their names, the main one first."""
        row = self._engine.index.patents.ids.row_of(patent_id) if self._engine else None
        if row is None or self._engine is None:
            return ()
        side, taxonomy = self._engine.index.patents, self._home.segments.taxonomy
        start, end = side.shares.indptr[row], side.shares.indptr[row + 1]
        order = np.argsort(-side.shares.data[start:end], kind="stable")
        codes = [side.codes[at] for at in side.shares.indices[start:end][order].tolist()]
        return tuple(
            (code, taxonomy.by_code(code).name if code in taxonomy else "") for code in codes
        )

    def demand(
        self, patent_ids: Sequence[PatentId], progress: Progress | None
    ) -> dict[PatentId, SegmentDemand]:
        """Return the demand for those patents that the index knows."""
        if self._engine is None:
            return {}
        row_of = self._engine.index.patents.ids.row_of
        known = [(key, row) for key in patent_ids if (row := row_of(key)) is not None]
        rows = np.array([row for _, row in known], dtype=np.int64)
        told = segment_demand(self._engine, self._home.readers, rows, progress=progress)
        return {key: one for (key, _), one in zip(known, told, strict=True)}


def _willing(home: Home, patent_ids: Sequence[PatentId]) -> set[PatentId]:
    """Return the patents whose holder declared that it would license or assign them."""
    declared = home.store.declarations.many(patent_ids)
    return {
        key
        for key, one in declared.items()
        if any(option.first in {"拟许可", "拟转让"} for option in one.willingness)
    }


def _points(name: str) -> Callable[[Graded], float]:
    def points(one: Graded) -> float:
        return next(part.points for part in one.grade.parts if part.name == name)

    return points


def _findings(one: Graded) -> str:
    return "；".join(part.text for part in one.grade.parts)


GRADES: Table[Graded] = Table(
    "分级",
    (
        Column("patent_id", "patent_id", lambda one: one.patent.patent_id, width=22),
        Column("application_no", "申请号", lambda one: one.patent.application_no, width=20),
        Column("title", "专利名称", lambda one: one.patent.title, width=48),
        Column("holder", "专利权人", lambda one: one.patent.holder, width=32),
        Column("college", "所属学院", lambda one: one.patent.college, width=24),
        Column("segment", "产业细分领域", lambda one: one.segment, width=24),
        Column("stopped", "不宜推荐", lambda one: one.grade.stopped),
        Column("score", "系统评分", lambda one: one.grade.score, CellType.NUMBER),
        Column("known", "已知项满分", lambda one: one.grade.known, CellType.NUMBER),
        Column("stars", "系统星级", lambda one: one.grade.stars, CellType.INTEGER),
        Column("self_grade", "自评星级", lambda one: one.grade.self_grade, CellType.INTEGER),
        *(Column(name, word, _points(name), CellType.NUMBER) for name, word in PART_WORDS.items()),
        Column("findings", "评分依据", _findings, width=80),
    ),
)
