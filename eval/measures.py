"""The measures, computed by ir-measures; a query without an answer counts as zero."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from eval.judgments import Qrels
from eval.runs import Run

MEASURES = ("nDCG@10", "R@10", "R@100", "RR", "P@10")
"""Names, in the order of the columns.

nDCG@10: gain = grade, discount = log2(rank + 1). R@k: hits in the first k ÷ positives (so a firm
with 50 positives cannot pass 0.2 at R@10). RR: 1 ÷ rank of the first hit, anywhere in the run.
P@10: hits in the first ten ÷ 10. A positive has a grade of 1 or more.
"""

Values = npt.NDArray[np.float64]


def per_query(qrels: Qrels, run: Run) -> Values:
    """Return float64 (queries, measures), rows in the order of ``qrels``.

    Every query of the qrels has a row: one that the run does not answer, or that has no positive,
    is all zero. Queries of the run that were not judged are not looked at.
    """
    import ir_measures

    wanted = {ir_measures.parse_measure(name): column for column, name in enumerate(MEASURES)}
    row_of = {query: row for row, query in enumerate(qrels)}
    values = np.zeros((len(qrels), len(MEASURES)), dtype=np.float64)
    scored = {query: dict(answer) for query, answer in run.answers.items() if query in row_of}
    if not scored:
        return values
    judged = {query: dict(grades) for query, grades in qrels.items()}
    for metric in ir_measures.evaluator(list(wanted), judged).iter_calc(scored):
        values[row_of[metric.query_id], wanted[metric.measure]] = metric.value
    return values


def means(values: Values) -> Mapping[str, float]:
    """Return measure → mean over all rows of ``per_query``."""
    return dict(zip(MEASURES, values.mean(axis=0).tolist(), strict=True))
