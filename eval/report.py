"""What an evaluation found: means first, then how sure they are and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.compare import Comparison, compare
from eval.content import rounded
from eval.exposure import DEPTH, Exposure, exposure
from eval.facts import FIRM_DIMENSIONS, FirmFacts, PatentFacts, top_lists
from eval.ipc_view import IpcView, held_places, ipc_view
from eval.judgments import Qrels
from eval.measures import MEASURES, Values, means
from eval.runs import Run
from eval.slices import (
    DIMENSIONS,
    NOT_IN_CATALOGUE,
    Part,
    Slice,
    SliceCheck,
    check,
    firm_parts,
    measured,
    patent_parts,
)
from eval.statistics import Bootstrap, Difference, Interval, differences, intervals
from eval.worst import Known, WorstFirm, worst_firms
from matcher.errors import InputError
from matcher.types import PatentId, SegmentCode, Versions


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Every query and every system, nothing averaged away.

    Attributes:
        qrels: the judgments.
        runs: system → run, in the order asked.
        values: system → float64 (queries, measures), rows in the order of ``qrels``.
        facts: query → facts of its firm, for firms in the catalogue.
        patent_segments: judged document → main segment.
        patent_ids: document as the files spell it → catalogue id; one that is absent is an id.
        patents: facts of positives, of owned patents and of every system's first ten.
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
    patent_ids: Mapping[str, PatentId]
    patents: Mapping[PatentId, PatentFacts]
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
        return tuple(measured(part, self.bootstrap) for part in self._parts(dimension))

    def check(
        self, system: str | None = None, dimension: str = "firm_segment"
    ) -> SliceCheck | None:
        """Return whether no slice of 20 firms or more is worse than BM25.

        Args:
            system: which is checked; ``None`` for the first.
            dimension: one of ``DIMENSIONS``; raises ``InputError`` for others.

        Returns:
            ``None`` where BM25 did not run, or is the system itself.
        """
        return check(self._parts(dimension), self._named(system), self.bootstrap)

    def exposure(self) -> dict[str, Exposure]:
        """Return system → how evenly the first ten of all lists show the pool."""
        return {n: exposure(list(self.lists(n).values()), self.n_pool) for n in self.runs}

    def ipc(self) -> dict[str, IpcView]:
        """Return system → share of the first ten where the firm itself holds patents."""
        held = held_places(self.qrels, self.patent_ids, self.facts, self.patents)
        return {
            name: ipc_view(held, self.lists(name), self.patents, self.bootstrap)
            for name in self.runs
        }

    def worst(self, n: int = 10, system: str | None = None) -> tuple[WorstFirm, ...]:
        """Return the ``n`` firms that a system (``None``: the first) serves worst, worst first."""
        name = self._named(system)
        known = Known(self.facts, self.patents, self.patent_ids)
        return worst_firms(self.qrels, self.values[name], self.runs[name], known, n)

    def compare(self, first: str, second: str) -> Comparison:
        """Return two systems compared; raise ``InputError`` for one that did not run."""
        runs = {self._named(name): self.runs[name] for name in (first, second)}
        return compare(self.qrels, runs, self.bootstrap)

    def lists(self, system: str) -> dict[str, tuple[PatentId, ...]]:
        """Return query → catalogue ids of its first ten, empty where unanswered."""
        return top_lists(self.runs[system].answers, self.qrels, self.patent_ids, DEPTH)

    def _named(self, system: str | None) -> str:
        name = next(iter(self.runs)) if system is None else system
        if name not in self.runs:
            raise InputError(f"found system {name!r}", f"one of {', '.join(self.runs)}")
        return name

    def _parts(self, dimension: str) -> tuple[Part, ...]:
        if dimension not in DIMENSIONS:
            raise InputError(f"found dimension {dimension!r}", f"one of {', '.join(DIMENSIONS)}")
        if dimension in FIRM_DIMENSIONS:
            labels = [
                self.facts[query].label(dimension) if query in self.facts else NOT_IN_CATALOGUE
                for query in self.qrels
            ]
            return firm_parts(dimension, labels, self.values)
        return patent_parts(dimension, self.qrels, self._patent_labels(dimension), self.runs)

    def _patent_labels(self, dimension: str) -> Mapping[str, str]:
        if dimension == "patent_segment":
            return self.patent_segments
        documents = {document for grades in self.qrels.values() for document in grades}
        ids = {d: self.patent_ids.get(d, PatentId(d)) for d in documents}
        return {d: self.patents[i].label(dimension) for d, i in ids.items() if i in self.patents}

    def to_dict(self, *, slices: bool = False, worst: int = 0) -> dict[str, Any]:
        """Return what ``panhuo eval --json`` prints: ``n_queries`` and ``systems`` come first.

        Args:
            slices: add the slices of every dimension.
            worst: add so many of the firms that the first system serves worst.
        """
        checked = {name: self.check(name) for name in self.runs}
        content: dict[str, Any] = {
            "n_queries": len(self.qrels),
            "systems": {name: dict(found) for name, found in self.means.items()},
            "intervals": {
                name: {measure: rounded((i.low, i.high)) for measure, i in found.items()}
                for name, found in self.intervals().items()
            },
            "differences": _content(self.differences()),
            "exposure": _content(self.exposure()),
            "ipc": _content(self.ipc()),
            "segment_check": _content({name: c for name, c in checked.items() if c}),
            "unanswered": {name: list(self.unanswered(name)) for name in self.runs},
            "missing_firms": list(self.missing_firms),
            "warnings": list(self.warnings),
            "n_pool": self.n_pool,
            "k": self.k,
            "versions": asdict(self.versions),
            "bootstrap": asdict(self.bootstrap),
        }
        if slices:
            content["slices"] = [_content(part) for d in DIMENSIONS for part in self.slices(d)]
        if worst:
            content["worst"] = {self._named(None): [_content(w) for w in self.worst(worst)]}
        return content


def _content(found: Any) -> Any:
    """Return figures as JSON content, whether one record or a mapping of them."""
    if isinstance(found, Mapping):
        return {name: _content(value) for name, value in found.items()}
    return rounded(asdict(found))
