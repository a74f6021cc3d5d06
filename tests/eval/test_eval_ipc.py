"""The view through the IPC: shares by hand, and by brute force on the sample catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from eval.facts import FirmFacts, PatentFacts, ipc_places
from eval.harness import EvaluationConfig, evaluate
from eval.ipc_view import held_places, ipc_view, shares
from eval.judgments import Qrels
from eval.statistics import Bootstrap
from matcher.types import PatentId, RelationKind, Uscc
from service.bootstrap import Home

FAST = Bootstrap(resamples=300)


def facts(*symbols: str) -> PatentFacts:
    return PatentFacts("", "", "firm", False, *ipc_places(symbols))


P = {
    PatentId(name): facts(*symbols)
    for name, symbols in {
        "own": ["B65G47/90"],
        "owned": ["A61B5/00"],
        "class": ["C08L"],
        "bare": [],
        "x1": ["B65G47/00", "H01L21/00"],
        "x2": ["B65G1/00"],
        "x3": ["A61B5/02"],
        "x4": ["C08L23/00"],
    }.items()
}
QRELS: Qrels = {
    "F1": {"as-written": 1, "x4": 0},
    "F2": {"class": 2},
    "F3": {"bare": 1},
    "F4": {"nowhere": 1},
}
IDS = {"as-written": PatentId("own")}
FIRMS = {
    "F1": FirmFacts(None, "", holds_patents=True, owned=(PatentId("owned"),)),
    "F2": FirmFacts(None, "", holds_patents=False),
}
LISTS = {
    "F1": tuple(map(PatentId, ("x1", "x2", "x3", "x4", "own"))),
    "F2": (PatentId("x4"), PatentId("bare")),
    "F3": (PatentId("x1"),),
    "F4": (),
}


def test_held_places_are_those_of_positives_and_of_owned_patents() -> None:
    held = held_places(QRELS, IDS, FIRMS, P)
    assert held == {
        "subclass": {"F1": {"B65G", "A61B"}, "F2": {"C08L"}},
        "main_group": {"F1": {"B65G47", "A61B5"}},  # C08L names no main group
    }


def test_shares_are_of_ten_places_and_firms_without_ipc_are_counted_apart() -> None:
    held = held_places(QRELS, IDS, FIRMS, P)
    view = ipc_view(held, LISTS, P, FAST)
    assert shares(held["subclass"], LISTS, P, "subclass").tolist() == [0.4, 0.1]
    assert (view.subclass.n, view.subclass.left_out) == (2, 2)
    assert view.subclass.share is not None
    assert view.subclass.share.mean == pytest.approx((4 / 10 + 1 / 10) / 2)
    assert (view.main_group.n, view.main_group.left_out) == (1, 3)
    assert view.main_group.share is not None
    assert view.main_group.share.mean == pytest.approx(3 / 10)
    assert view.unclassified == pytest.approx(1 / 8)


def test_a_pool_without_ipc_and_firms_without_ipc_have_no_share() -> None:
    held = held_places(QRELS, IDS, FIRMS, P)
    bare = ipc_view(held, {"F1": (PatentId("bare"),), "F2": ()}, P, FAST)
    assert (bare.subclass.share, bare.unclassified, bare.subclass.n) == (None, 1.0, 2)
    nobody = ipc_view({"subclass": {}, "main_group": {}}, LISTS, P, FAST)
    assert (nobody.subclass.share, nobody.subclass.n, nobody.subclass.left_out) == (None, 0, 4)


def test_only_the_first_ten_are_looked_at() -> None:
    lists = {"F1": (*[PatentId("bare")] * 10, PatentId("own"))}
    assert shares({"F1": frozenset({"B65G"})}, lists, P, "subclass").tolist() == [0.0]


def test_the_sample_home_by_brute_force(home: Home, qrels: Qrels) -> None:
    config = EvaluationConfig(bootstrap=FAST)
    report = evaluate(home.engine(), home.readers, qrels, systems=["bm25"], config=config)
    expected = []
    patents = home.readers.patents
    for query, grades in qrels.items():
        own = {patents.resolve(d) for d, grade in grades.items() if grade > 0}
        relations = home.readers.relations.of_firm(Uscc(query))
        own |= {r.patent_id for r in relations if r.kind is RelationKind.OWNS}
        groups = set().union(*(ipc_places(patents.get(i).ipc)[1] for i in own))
        found = [patents.resolve(d) for d, _ in report.runs["bm25"].answers.get(query, ())[:10]]
        hits = [bool(ipc_places(patents.get(i).ipc)[1] & groups) for i in found]
        expected += [sum(hits) / 10] if groups else []
    share = report.ipc()["bm25"].main_group
    assert share.n == len(expected)
    assert share.share is not None
    assert share.share.mean == pytest.approx(np.mean(expected))
    assert share.share.low < share.share.mean < share.share.high
