"""The same measures for parts of the queries: by segment, place, and what is known of the firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.judgments import Qrels
from eval.measures import MEASURES, Values, per_query
from eval.runs import Run
from eval.statistics import Bootstrap, Interval, intervals

DIMENSIONS = ("firm_segment", "patent_segment", "province", "holds_patents")
"""What queries are parted by.

firm_segment: the firm's strongest segment; province: where the firm sits; holds_patents: whether
patents of its own describe it. Each query is in one slice of these. patent_segment: the queries
with positives in a segment, measured on these positives alone; a query may be in several slices.
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the queries.

    Attributes:
        dimension: one of ``DIMENSIONS``.
        value: which part.
        n: queries in it.
        systems: system → measure → mean with its interval.
    """

    dimension: str
    value: str
    n: int
    systems: Mapping[str, Mapping[str, Interval]]


def firm_slices(
    dimension: str, labels: Sequence[str], values: Mapping[str, Values], bootstrap: Bootstrap
) -> tuple[Slice, ...]:
    """Return one slice a label, largest first.

    Args:
        dimension: what the labels tell.
        labels: one a query.
        values: system → (queries, measures).
        bootstrap: how intervals are made.
    """
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    found = [
        Slice(
            dimension,
            label,
            len(part),
            _measured({n: v[part] for n, v in values.items()}, bootstrap),
        )
        for label, part in rows.items()
    ]
    return _ordered(found)


def patent_slices(
    qrels: Qrels, segments: Mapping[str, str], runs: Mapping[str, Run], bootstrap: Bootstrap
) -> tuple[Slice, ...]:
    """Return one slice a segment of positives, largest first.

    Args:
        qrels: the judgments.
        segments: document → main segment; positives without one are in no slice.
        runs: system → run.
        bootstrap: how intervals are made.
    """
    parts: dict[str, dict[str, dict[str, int]]] = {}
    for query, grades in qrels.items():
        for document, grade in grades.items():
            if grade > 0 and document in segments:
                parts.setdefault(segments[document], {}).setdefault(query, {})[document] = grade
    found = [
        Slice(
            "patent_segment",
            code,
            len(part),
            _measured({name: per_query(part, run) for name, run in runs.items()}, bootstrap),
        )
        for code, part in parts.items()
    ]
    return _ordered(found)


def _measured(values: Mapping[str, Values], bootstrap: Bootstrap) -> dict[str, dict[str, Interval]]:
    # One call for all systems: the same resamples for each.
    columns = intervals(np.concatenate(list(values.values()), axis=1), bootstrap)
    width = len(MEASURES)
    return {
        name: dict(zip(MEASURES, columns[i * width : (i + 1) * width], strict=True))
        for i, name in enumerate(values)
    }


def _ordered(found: Sequence[Slice]) -> tuple[Slice, ...]:
    return tuple(sorted(found, key=lambda part: (-part.n, part.value)))
