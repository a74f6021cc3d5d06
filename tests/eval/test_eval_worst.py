"""The worst firms: a stated order, and lists that say what was asked, missed and shown."""

from __future__ import annotations

import numpy as np
import pytest

from eval.facts import FirmFacts, PatentFacts
from eval.harness import evaluate
from eval.judgments import Qrels
from eval.measures import MEASURES
from eval.runs import Run
from eval.worst import Known, Positive, Shown, worst_firms, worst_queries
from matcher.errors import InputError
from matcher.types import PatentId
from service.bootstrap import Home


def values(*rows: tuple[float, float]) -> np.ndarray:
    found = np.zeros((len(rows), len(MEASURES)))
    found[:, MEASURES.index("nDCG@10")] = [row[0] for row in rows]
    found[:, MEASURES.index("R@100")] = [row[1] for row in rows]
    return found


def test_lowest_ndcg_then_recall_then_most_positives_then_id() -> None:
    qrels: Qrels = {
        "F9": {"P1": 1},
        "F1": {"P1": 1, "P2": 1},
        "F2": {"P1": 1, "P2": 1},
        "F3": {"P1": 1, "P2": 1, "P3": 0},
        "F4": {"P1": 1},
        "F5": {"P1": 0},
        "F0": {"P1": 1, "P2": 2, "P3": 3},
    }
    rows = values((0.9, 1), (0, 0.5), (0, 0), (0, 0), (0.1, 0), (0, 0), (0, 0))
    assert worst_queries(qrels, rows, 10) == ["F0", "F2", "F3", "F1", "F4", "F9"]
    assert worst_queries(qrels, rows, 2) == ["F0", "F2"]
    assert worst_queries(qrels, rows, 0) == []


def test_a_firm_tells_what_was_asked_missed_and_shown() -> None:
    qrels: Qrels = {"F1": {"as-written": 2, "P3": 1, "P2": 1, "P9": 3, "P5": 0}, "F2": {"P1": 1}}
    answers = [("P5", 9.0), ("P7", 8.0), ("P2", 7.0), ("as-written", 6.0), ("P6", 5.0), ("P8", 4.0)]
    run = Run.of("own", {"F1": answers})
    patents = {PatentId(f"P{i}"): fact(f"title {i}") for i in range(1, 9)}
    firms = {"F1": FirmFacts(None, "", holds_patents=False, name="甲公司", items=("轴承", "齿轮"))}
    known = Known(firms, patents, {"as-written": PatentId("P1")})
    first, second = worst_firms(qrels, values((0.3, 0.4), (0.2, 0.0)), run, known, 5)
    assert (first.query, first.name, first.in_catalogue, first.items) == ("F2", "", False, ())
    assert (first.shown, first.positives) == ((), (Positive("P1", "title 1", 1, None),))
    assert (second.name, second.items, second.in_catalogue) == ("甲公司", ("轴承", "齿轮"), True)
    assert second.measures["nDCG@10"] == 0.3
    assert second.positives == (
        Positive("P2", "title 2", 1, 3),
        Positive("as-written", "title 1", 2, 4),
        Positive("P9", "", 3, None),
        Positive("P3", "title 3", 1, None),
    )
    assert second.shown == (
        Shown(1, "P5", "title 5", "holder", 0),
        Shown(2, "P7", "title 7", "holder", None),
        Shown(3, "P2", "title 2", "holder", 1),
        Shown(4, "as-written", "title 1", "holder", 2),
        Shown(5, "P6", "title 6", "holder", None),
    )


def fact(title: str) -> PatentFacts:
    return PatentFacts(title, "holder", "firm", False, frozenset(), frozenset())


def test_the_report_gives_the_worst_of_the_first_system_or_of_another(
    home: Home, qrels: Qrels
) -> None:
    report = evaluate(home.engine(), home.readers, qrels, systems=["default", "random"])
    found = report.worst(3)
    ndcg = report.values["default"][:, 0]
    assert [f.measures["nDCG@10"] for f in found] == sorted(ndcg.tolist())[:3]
    firm = home.readers.firms.get(found[0].query)  # type: ignore[arg-type]
    assert found[0].name == firm.name
    assert found[0].items
    top = report.runs["default"].answers[found[0].query][:5]
    assert [s.patent for s in found[0].shown] == [document for document, _ in top]
    title = home.readers.patents.get(home.readers.patents.resolve(top[0][0])).title
    assert found[0].shown[0].title == title
    assert found[0].positives[-1].title
    content = report.to_dict(worst=3)
    assert [w["query"] for w in content["worst"]["default"]] == [f.query for f in found]
    assert "worst" not in report.to_dict()
    assert report.worst(1, "random")[0].measures["nDCG@10"] == 0.0
    with pytest.raises(InputError, match="system 'dense'"):
        report.worst(1, "dense")
