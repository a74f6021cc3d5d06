"""What an evaluation found: means first, then how sure they are and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.judgments import Qrels
from eval.measures import MEASURES, Values, means
from eval.runs import Run
from eval.slices import DIMENSIONS, Slice, firm_slices, patent_slices
from eval.statistics import Bootstrap, Difference, Interval, differences, intervals
from matcher.errors import InputError
from matcher.types import SegmentCode, Versions

NOT_IN_CATALOGUE = "not_in_catalogue"
UNKNOWN = "unknown"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class FirmFacts:
    """What slices need to know of a firm.

    Attributes:
        segment: its strongest segment, ``None`` where text and code lead nowhere.
        province: as registered, may be empty.
        holds_patents: whether indexed patents of its own describe it.
    """

    segment: SegmentCode | None
    province: str
    holds_patents: bool

    def label(self, dimension: str) -> str:
        """Return the slice the firm is in."""
        if dimension == "holds_patents":
            return "yes" if self.holds_patents else "no"
        return (self.segment if dimension == "firm_segment" else self.province) or UNKNOWN


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Every query and every system, nothing averaged away.

    Attributes:
        qrels: the judgments.
        runs: system → run, in the order asked.
        values: system → float64 (queries, measures), rows in the order of ``qrels``.
        facts: query → facts of its firm, for firms in the catalogue.
        patent_segments: judged document → main segment.
        missing_firms: queries whose firm is not in the catalogue; they count as zero.
        warnings: what the reader of the figures must know.
        versions: encoder, index and policy that were measured.
        n_pool: how many patents were ranked.
        k: depth of the runs.
        bootstrap: how intervals are made.
    """

    qrels: Qrels
    runs: Mapping[str, Run]
    values: Mapping[str, Values]
    facts: Mapping[str, FirmFacts]
    patent_segments: Mapping[str, SegmentCode]
    missing_firms: tuple[str, ...]
    warnings: tuple[str, ...]
    versions: Versions
    n_pool: int
    k: int
    bootstrap: Bootstrap

    @property
    def means(self) -> dict[str, Mapping[str, float]]:
        """System → measure → mean over every query of the qrels."""
        return {name: means(values) for name, values in self.values.items()}

    def unanswered(self, system: str) -> tuple[str, ...]:
        """Return the queries a system has no answer for, missing firms included."""
        return tuple(query for query in self.qrels if query not in self.runs[system].answers)

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Return system → measure → mean and interval."""
        return {
            name: dict(zip(MEASURES, intervals(values, self.bootstrap), strict=True))
            for name, values in self.values.items()
        }

    def differences(self) -> dict[str, dict[str, Difference]]:
        """Return system → measure → first system minus this one, for all but the first."""
        first, *others = self.values
        return {
            name: dict(
                zip(
                    MEASURES,
                    differences(self.values[first], self.values[name], self.bootstrap),
                    strict=True,
                )
            )
            for name in others
        }

    def slices(self, dimension: str) -> tuple[Slice, ...]:
        """Return the slices of one of ``DIMENSIONS``, largest first; raise ``InputError``."""
        if dimension not in DIMENSIONS:
            raise InputError(f"found dimension {dimension!r}", f"one of {', '.join(DIMENSIONS)}")
        if dimension == "patent_segment":
            return patent_slices(self.qrels, self.patent_segments, self.runs, self.bootstrap)
        labels = [
            self.facts[query].label(dimension) if query in self.facts else NOT_IN_CATALOGUE
            for query in self.qrels
        ]
        return firm_slices(dimension, labels, self.values, self.bootstrap)

    def to_dict(self, *, slices: bool = False) -> dict[str, Any]:
        """Return what ``panhuo eval --json`` prints: ``n_queries`` and ``systems`` come first.

        Args:
            slices: add the slices of every dimension.
        """
        content: dict[str, Any] = {
            "n_queries": len(self.qrels),
            "systems": {name: dict(found) for name, found in self.means.items()},
            "intervals": {name: _ends(found) for name, found in self.intervals().items()},
            "differences": {
                name: {measure: _rounded(asdict(gap)) for measure, gap in found.items()}
                for name, found in self.differences().items()
            },
            "unanswered": {name: list(self.unanswered(name)) for name in self.runs},
            "missing_firms": list(self.missing_firms),
            "warnings": list(self.warnings),
            "n_pool": self.n_pool,
            "k": self.k,
            "versions": asdict(self.versions),
            "bootstrap": asdict(self.bootstrap),
        }
        if slices:
            content["slices"] = [_slice(part) for d in DIMENSIONS for part in self.slices(d)]
        return content


def _slice(part: Slice) -> dict[str, Any]:
    systems = {
        name: {measure: _rounded(asdict(interval)) for measure, interval in found.items()}
        for name, found in part.systems.items()
    }
    return {"dimension": part.dimension, "value": part.value, "n": part.n, "systems": systems}


def _ends(found: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {
        measure: [round(interval.low, _DIGITS), round(interval.high, _DIGITS)]
        for measure, interval in found.items()
    }


def _rounded(found: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in found.items()}
