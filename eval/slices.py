"""The same measures for parts of the queries: by segment, place, and what is known of the firm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.facts import FIRM_DIMENSIONS, PATENT_DIMENSIONS, UNKNOWN
from eval.judgments import Qrels
from eval.measures import MEASURES, Values, per_query
from eval.runs import Run
from eval.shuffled import ByChance, worse_by_chance
from eval.statistics import Bootstrap, Difference, Interval, differences, intervals

DIMENSIONS = (*FIRM_DIMENSIONS, *PATENT_DIMENSIONS)
"""What queries are parted by.

Of the firm, each query in one slice — firm_segment: its strongest segment; province: where it
sits; holds_patents: whether patents of its own describe it; scope_length: characters of its
business scope. Of the positives, a query in several slices, in each measured on these positives
alone — patent_segment: their main segment; holder_kind: who holds them; abstract: whether one is
stored.
"""

NOT_IN_CATALOGUE = "not_in_catalogue"
BASELINE = "bm25"
LEAST_FIRMS = 20
CHECKED = "nDCG@10"


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the queries.

    Attributes:
        dimension: one of ``DIMENSIONS``.
        value: which part.
        values: system → float64 (queries of the part, measures).
    """

    dimension: str
    value: str
    values: Mapping[str, Values]

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the queries, measured.

    Attributes:
        dimension: one of ``DIMENSIONS``.
        value: which part.
        n: queries in it.
        systems: system → measure → mean with its interval.
        leads: system → measure → system minus ``BASELINE`` on these queries; empty without it.
    """

    dimension: str
    value: str
    n: int
    systems: Mapping[str, Mapping[str, Interval]]
    leads: Mapping[str, Mapping[str, Difference]]


@dataclass(frozen=True, slots=True)
class CheckedSlice:
    """One slice held against the baseline.

    Attributes:
        value: which part.
        n: queries in it.
        lead: system minus baseline in the measure ``CHECKED``.
        worse: the mean lead is below zero.
        clearly_worse: its whole interval is.
    """

    value: str
    n: int
    lead: Difference
    worse: bool
    clearly_worse: bool


@dataclass(frozen=True, slots=True)
class SliceCheck:
    """Whether a system holds its lead over the baseline everywhere.

    Attributes:
        dimension: one of ``DIMENSIONS``.
        system: which is checked.
        baseline: against which.
        measure: in which measure.
        least: queries that a slice needs to be looked at.
        holds: no slice looked at is worse; ``None`` where every slice is too small.
        by_chance: how many would be worse if slices meant nothing; ``None`` as above.
        slices: those looked at, largest first.
        too_small: how many slices were not looked at.
    """

    dimension: str
    system: str
    baseline: str
    measure: str
    least: int
    holds: bool | None
    by_chance: ByChance | None
    slices: tuple[CheckedSlice, ...]
    too_small: int


def firm_parts(
    dimension: str, labels: Sequence[str], values: Mapping[str, Values]
) -> tuple[Part, ...]:
    """Return one part a label, largest first.

    Args:
        dimension: what the labels tell.
        labels: one a query.
        values: system → (queries, measures).
    """
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    return _ordered(
        Part(dimension, label, {name: found[part] for name, found in values.items()})
        for label, part in rows.items()
    )


def patent_parts(
    dimension: str, qrels: Qrels, labels: Mapping[str, str], runs: Mapping[str, Run]
) -> tuple[Part, ...]:
    """Return one part a label of positives, largest first, measured on these positives alone.

    Args:
        dimension: what the labels tell.
        qrels: the judgments.
        labels: document → label; positives without one are in no part.
        runs: system → run.
    """
    judged: dict[str, dict[str, dict[str, int]]] = {}
    for query, grades in qrels.items():
        for document, grade in grades.items():
            if grade > 0 and document in labels:
                judged.setdefault(labels[document], {}).setdefault(query, {})[document] = grade
    return _ordered(
        Part(dimension, label, {name: per_query(part, run) for name, run in runs.items()})
        for label, part in judged.items()
    )


def measured(part: Part, bootstrap: Bootstrap) -> Slice:
    """Return the part's means with intervals, and its leads over ``BASELINE`` where that ran."""
    # One call for all systems: the same resamples for each.
    columns = intervals(np.concatenate(list(part.values.values()), axis=1), bootstrap)
    width = len(MEASURES)
    systems = {
        name: dict(zip(MEASURES, columns[i * width : (i + 1) * width], strict=True))
        for i, name in enumerate(part.values)
    }
    leads = {n: _lead(part, n, bootstrap) for n in part.values if n != BASELINE}
    return Slice(
        part.dimension,
        part.value,
        len(part),
        systems,
        leads if BASELINE in part.values else {},
    )


def check(parts: Sequence[Part], system: str, bootstrap: Bootstrap) -> SliceCheck | None:
    """Return whether no part of ``LEAST_FIRMS`` queries is worse than ``BASELINE``.

    Queries that belong nowhere (unknown, not in the catalogue) make no slice here. ``None`` where
    the baseline did not run, is the system itself, or there are no parts.
    """
    if not parts or system == BASELINE or BASELINE not in parts[0].values:
        return None
    real = [part for part in parts if part.value not in {UNKNOWN, NOT_IN_CATALOGUE}]
    large = [part for part in real if len(part) >= LEAST_FIRMS]
    found = tuple(_checked(part, system, bootstrap) for part in large)
    worse = sum(part.worse for part in found)
    return SliceCheck(
        dimension=parts[0].dimension,
        system=system,
        baseline=BASELINE,
        measure=CHECKED,
        least=LEAST_FIRMS,
        holds=not worse if found else None,
        by_chance=_shuffled(real, large, system, worse, bootstrap) if found else None,
        slices=found,
        too_small=len(real) - len(large),
    )


def _checked(part: Part, system: str, bootstrap: Bootstrap) -> CheckedSlice:
    lead = _lead(part, system, bootstrap)[CHECKED]
    return CheckedSlice(part.value, len(part), lead, lead.mean < 0.0, lead.high < 0.0)


def _shuffled(
    real: Sequence[Part], large: Sequence[Part], system: str, worse: int, bootstrap: Bootstrap
) -> ByChance:
    """Deal the queries of all slices, small ones too, to the large ones."""
    column = MEASURES.index(CHECKED)
    leads = [p.values[system][:, column] - p.values[BASELINE][:, column] for p in real]
    return worse_by_chance(np.concatenate(leads), [len(p) for p in large], worse, bootstrap)


def _lead(part: Part, system: str, bootstrap: Bootstrap) -> dict[str, Difference]:
    if BASELINE not in part.values:
        return {}
    found = differences(part.values[system], part.values[BASELINE], bootstrap)
    return dict(zip(MEASURES, found, strict=True))


def _ordered(found: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(found, key=lambda part: (-len(part), part.value)))
