"""Two runs on the same judgments: who is better, by how much, and could it be chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.content import rounded
from eval.judgments import Qrels
from eval.measures import MEASURES, Values, per_query
from eval.runs import Run
from eval.statistics import Bootstrap, Difference, differences, holm, randomisation
from matcher.errors import InputError

_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class MeasureComparison:
    """One measure of two runs.

    Attributes:
        first: mean over all queries of the judgments.
        second: the same of the other run.
        difference: first minus second, with the interval and p-value of the paired bootstrap.
        p: of the paired randomisation test, two-sided.
        p_holm: ``p`` adjusted for the number of measures compared (Holm 1979).
        wins: queries on which the first is better.
        ties: queries on which the two are equal.
        losses: queries on which the second is better.
    """

    first: float
    second: float
    difference: Difference
    p: float
    p_holm: float
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same judgments.

    Attributes:
        first: what the first run is called.
        second: what the second run is called.
        n_queries: of the judgments; one that a run does not answer counts as zero.
        measures: measure → comparison, in the order of ``MEASURES``.
        warnings: what the reader of the figures must know.
        bootstrap: resamples and seed of intervals and tests.
    """

    first: str
    second: str
    n_queries: int
    measures: Mapping[str, MeasureComparison]
    warnings: tuple[str, ...]
    bootstrap: Bootstrap

    def to_dict(self) -> dict[str, Any]:
        """Return what ``panhuo eval --compare --json`` prints."""
        content: dict[str, Any] = rounded(asdict(self))
        return content


def compare(
    qrels: Qrels, runs: Mapping[str, Run], bootstrap: Bootstrap | None = None
) -> Comparison:
    """Return the comparison of two runs, named by the keys, the first minus the second.

    Args:
        qrels: the judgments; every query counts, answered or not.
        runs: exactly two, in the order of the comparison.
        bootstrap: how intervals are made and how often names are swapped; ``None`` for defaults.

    Raises:
        InputError: not two runs, no judgment, or a run that answers no judged query.
    """
    settings = bootstrap or Bootstrap()
    if len(runs) != 2 or not qrels:
        raise InputError(
            f"found {len(runs)} runs and {len(qrels)} judged queries", "two runs and a judgment"
        )
    for name, run in runs.items():
        if not run.answers.keys() & qrels.keys():
            raise InputError(
                f"found no judged query in run {name}",
                "a run of the queries of the judgments",
                "compare runs of the same judgments",
            )
    first, second = (per_query(qrels, run) for run in runs.values())
    one, other = runs
    return Comparison(
        first=one,
        second=other,
        n_queries=len(qrels),
        measures=compare_values(first, second, settings),
        warnings=_warnings(qrels, runs),
        bootstrap=settings,
    )


def compare_values(
    first: Values, second: Values, bootstrap: Bootstrap
) -> dict[str, MeasureComparison]:
    """Return measure → comparison of two ``per_query`` results."""
    gaps = differences(first, second, bootstrap)
    p = randomisation(first, second, bootstrap)
    adjusted = holm(p)
    better = first - second
    return {
        measure: MeasureComparison(
            first=float(first[:, i].mean()),
            second=float(second[:, i].mean()),
            difference=gaps[i],
            p=p[i],
            p_holm=adjusted[i],
            wins=int((better[:, i] > _TIE).sum()),
            ties=int((abs(better[:, i]) <= _TIE).sum()),
            losses=int((better[:, i] < -_TIE).sum()),
        )
        for i, measure in enumerate(MEASURES)
    }


def _warnings(qrels: Qrels, runs: Mapping[str, Run]) -> tuple[str, ...]:
    found = []
    depths = {name: max(map(len, run.answers.values())) for name, run in runs.items()}
    for name, run in runs.items():
        silent = sum(query not in run.answers for query in qrels)
        if silent:
            found.append(f"{name}: {silent} of {len(qrels)} queries unanswered, counted as zero")
        foreign = len(run.answers.keys() - qrels.keys())
        if foreign:
            found.append(f"{name}: {foreign} queries are not judged and not looked at")
    if len(set(depths.values())) > 1:
        told = ", ".join(f"{name} {depth}" for name, depth in depths.items())
        found.append(f"runs are of different depth ({told}): R@100 and RR favour the deeper")
    return tuple(found)
