"""The firms a system serves worst, with what was asked, what was missed and what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eval.facts import FirmFacts, PatentFacts
from eval.judgments import Qrels
from eval.measures import MEASURES, Values
from eval.runs import Run
from matcher.types import PatentId

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Positive:
    """A patent that should have been found.

    Attributes:
        patent: as the judgments spell it.
        title: empty where the patent is not in the catalogue.
        grade: 1 or more.
        rank: where the run has it, ``None`` where it is not in the first k.
    """

    patent: str
    title: str
    grade: int
    rank: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A patent that was shown; ``grade`` is ``None`` where nobody judged it."""

    rank: int
    patent: str
    title: str
    holder: str
    grade: int | None


@dataclass(frozen=True, slots=True)
class WorstFirm:
    """One firm with its list.

    Attributes:
        query: its USCC.
        name: empty where the firm is not in the catalogue.
        in_catalogue: whether it could be asked for at all.
        items: what the engine asked with.
        measures: measure → value for this firm.
        positives: best rank first; those not found last, by grade and id.
        shown: the first ``SHOWN`` of its list.
    """

    query: str
    name: str
    in_catalogue: bool
    items: tuple[str, ...]
    measures: Mapping[str, float]
    positives: tuple[Positive, ...]
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of firms and patents: query → facts, catalogue id → facts, spelling → id."""

    firms: Mapping[str, FirmFacts]
    patents: Mapping[PatentId, PatentFacts]
    ids: Mapping[str, PatentId]

    def patent(self, document: str) -> PatentFacts | None:
        """Return the facts of a document as the files spell it."""
        return self.patents.get(self.ids.get(document, PatentId(document)))


def worst_queries(qrels: Qrels, values: Values, n: int) -> list[str]:
    """Return the ``n`` queries with the lowest nDCG@10, then R@100, then most positives, then id.

    Queries without a positive ask for nothing that could be found and are not among them.

    Args:
        qrels: the judgments.
        values: float64 (queries, measures), rows in their order.
        n: how many; 0 for none.
    """
    first, then = MEASURES.index("nDCG@10"), MEASURES.index("R@100")
    keys = {}
    for row, (query, grades) in enumerate(qrels.items()):
        positives = sum(grade > 0 for grade in grades.values())
        if positives:
            keys[query] = (values[row, first], values[row, then], -positives, query)
    return sorted(keys, key=lambda query: keys[query])[:n]


def worst_firms(
    qrels: Qrels, values: Values, run: Run, known: Known, n: int
) -> tuple[WorstFirm, ...]:
    """Return the ``n`` worst firms of a run, worst first.

    Args:
        qrels: the judgments.
        values: ``per_query`` of the run.
        run: the system's answers.
        known: firms and patents.
        n: how many.
    """
    row_of = {query: row for row, query in enumerate(qrels)}
    found = []
    for query in worst_queries(qrels, values, n):
        facts = known.firms.get(query)
        figures = dict(zip(MEASURES, values[row_of[query]].tolist(), strict=True))
        found.append(
            WorstFirm(
                query=query,
                name=facts.name if facts else "",
                in_catalogue=facts is not None,
                items=facts.items if facts else (),
                measures=figures,
                positives=_positives(qrels[query], run.answers.get(query, ()), known),
                shown=_shown(qrels[query], run.answers.get(query, ()), known),
            )
        )
    return tuple(found)


def _positives(
    grades: Mapping[str, int], answer: tuple[tuple[str, float], ...], known: Known
) -> tuple[Positive, ...]:
    ranks = {document: rank for rank, (document, _) in enumerate(answer, start=1)}
    found = [
        Positive(d, _title(known.patent(d)), grade, ranks.get(d))
        for d, grade in grades.items()
        if grade > 0
    ]
    last = len(answer) + 1
    return tuple(sorted(found, key=lambda p: (p.rank or last, -p.grade, p.patent)))


def _shown(
    grades: Mapping[str, int], answer: tuple[tuple[str, float], ...], known: Known
) -> tuple[Shown, ...]:
    found = []
    for rank, (document, _) in enumerate(answer[:SHOWN], start=1):
        facts = known.patent(document)
        holder = facts.holder if facts else ""
        found.append(Shown(rank, document, _title(facts), holder, grades.get(document)))
    return tuple(found)


def _title(facts: PatentFacts | None) -> str:
    return facts.title if facts else ""
