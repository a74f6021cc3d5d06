"""Slices and their check against BM25: literal parts, and the sample catalogue."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest

from eval.facts import FirmFacts, facts_of, ipc_places, length_class
from eval.harness import EvaluationConfig, evaluate
from eval.judgments import Qrels
from eval.measures import MEASURES, Values
from eval.report import EvaluationReport
from eval.runs import Run
from eval.shuffled import worse_by_chance
from eval.slices import Part, check, firm_parts, measured, patent_parts
from eval.statistics import Bootstrap, differences
from matcher.errors import InputError
from matcher.types import HolderKind, Patent, PatentId, Uscc
from service.bootstrap import Home

FAST = Bootstrap(resamples=300)


@pytest.fixture(scope="module")
def report(home: Home, qrels: Qrels) -> EvaluationReport:
    systems = ["default", "bm25", "random"]
    config = EvaluationConfig(bootstrap=FAST)
    return evaluate(home.engine(), home.readers, qrels, systems=systems, config=config)


def part(value: str, own: list[float], bm25: list[float]) -> Part:
    def block(column: list[float]) -> Values:
        values = np.zeros((len(column), len(MEASURES)))
        values[:, 0] = column
        return values

    return Part("firm_segment", value, {"own": block(own), "bm25": block(bm25)})


def test_the_check_flags_large_slices_that_lose() -> None:
    parts = [
        part("good", [0.5] * 25, [0.25] * 25),
        part("even", [0.5] * 22, [0.5] * 22),
        part("clearly", [0.25] * 21, [0.5] * 21),
        part("worse", [0.0] * 11 + [1.0] * 9, [1.0] * 11 + [0.0] * 9),
        part("small", [0.0] * 19, [1.0] * 19),
        part("unknown", [0.0] * 30, [1.0] * 30),
        part("not_in_catalogue", [0.0] * 30, [1.0] * 30),
    ]
    found = check(parts, "own", FAST)
    assert found is not None
    assert [(s.value, s.n, s.worse, s.clearly_worse) for s in found.slices] == [
        ("good", 25, False, False),
        ("even", 22, False, False),
        ("clearly", 21, True, True),
        ("worse", 20, True, False),
    ]
    assert [s.lead.mean for s in found.slices] == pytest.approx([0.25, 0.0, -0.25, -0.1])
    assert (found.holds, found.too_small, found.least, found.baseline) == (False, 1, 20, "bm25")
    good = check(parts[:2], "own", FAST)
    assert good is not None
    assert good.holds is True


def test_a_check_tells_how_many_slices_lose_by_chance() -> None:
    # One query in ten loses all, the others win a little: small slices lose by chance.
    leads = np.tile([-1.0] + [0.15] * 9, 60)
    shuffled = np.random.default_rng(3).permutation(leads)
    mixed = [part(f"s{n}", shuffled[20 * n :][:20].tolist(), [0.0] * 20) for n in range(30)]
    found = check(mixed, "own", FAST)
    assert found is not None
    chance = found.by_chance
    assert chance is not None
    assert (chance.shuffles, chance.none) == (300, 0.0)
    assert chance.low <= chance.expected <= chance.high
    assert chance.expected == pytest.approx(30 * binomial_tail(20, 0.1, 3), rel=0.1)
    assert chance.p > 0.05
    # The same leads with the losing queries together: three slices hold all of them.
    parted = np.sort(leads)
    sorted_parts = [part(f"s{n}", parted[20 * n :][:20].tolist(), [0.0] * 20) for n in range(30)]
    lost = check(sorted_parts, "own", FAST)
    assert lost is not None
    assert lost.by_chance is not None
    assert sum(s.worse for s in lost.slices) == 3
    few = worse_by_chance(np.repeat([-0.02, 0.1], [40, 560]), [20] * 30, 2, FAST)
    assert few.none == 1.0
    assert few.p == pytest.approx(1 / 301)
    with pytest.raises(InputError, match="40 queries and 30 leads"):
        worse_by_chance(np.zeros(30), [20, 20], 0, FAST)


def binomial_tail(n: int, p: float, least: int) -> float:
    return sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(least, n + 1))


def test_a_check_without_anything_to_look_at_says_nothing() -> None:
    found = check([part("small", [0.0], [1.0])], "own", FAST)
    assert found is not None
    assert (found.holds, found.slices, found.too_small) == (None, (), 1)
    assert check([part("x", [0.0] * 20, [1.0] * 20)], "bm25", FAST) is None
    alone = [Part("firm_segment", "x", {"own": np.zeros((20, len(MEASURES)))})]
    assert check(alone, "own", FAST) is None
    assert check([], "own", FAST) is None


def test_a_slice_holds_leads_over_bm25_on_its_own_queries() -> None:
    values = {
        "own": np.arange(20.0).reshape(4, 5),
        "bm25": np.ones((4, 5)),
    }
    first, second = firm_parts("province", ["x", "y", "x", "x"], values)
    assert (first.value, len(first), second.value, len(second)) == ("x", 3, "y", 1)
    found = measured(first, FAST)
    rows = [0, 2, 3]
    expected = differences(values["own"][rows], values["bm25"][rows], FAST)
    assert list(found.leads) == ["own"]
    assert tuple(found.leads["own"].values()) == expected
    assert found.systems["own"]["nDCG@10"].mean == pytest.approx((0 + 10 + 15) / 3)
    alone = measured(firm_parts("province", ["x"], {"own": np.ones((1, 5))})[0], FAST)
    assert alone.leads == {}


def test_positives_are_parted_by_label_and_a_query_may_stand_in_several() -> None:
    qrels = {"F1": {"P1": 1, "P2": 1, "P3": 0}, "F2": {"P2": 1, "P4": 1}}
    run = Run.of("own", {"F1": [("P1", 1.0)], "F2": [("P4", 2.0), ("P2", 1.0)]})
    labels = {"P1": "firm", "P2": "university", "P3": "firm"}
    university, firm = patent_parts("holder_kind", qrels, labels, {"own": run})
    assert (university.value, len(university)) == ("university", 2)
    assert (firm.value, len(firm)) == ("firm", 1)
    rr = MEASURES.index("RR")
    assert university.values["own"][:, rr].tolist() == [0.0, 0.5]  # P2: not found, and second
    assert firm.values["own"][:, rr].tolist() == [1.0]


def test_labels_of_firms_and_patents() -> None:
    facts = FirmFacts(None, "", holds_patents=False, scope_length=120)
    dimensions = ("firm_segment", "province", "holds_patents", "scope_length")
    assert [facts.label(d) for d in dimensions] == ["unknown", "unknown", "no", "100-199"]
    lengths = (0, 1, 49, 50, 99, 100, 199, 200, 5_000)
    assert [length_class(n) for n in lengths] == [
        "0", "1-49", "1-49", "50-99", "50-99", "100-199", "100-199", "200+", "200+",
    ]  # fmt: skip
    patent = facts_of(
        Patent(PatentId("P1"), "t", holder_kind=HolderKind.HOSPITAL, ipc=("A61B5/00", "A61B 5/02"))
    )
    assert (patent.label("holder_kind"), patent.label("abstract")) == ("hospital", "without")
    assert (patent.subclasses, patent.main_groups) == ({"A61B"}, {"A61B5"})
    assert ipc_places(["09-01", "", "h01l"]) == ({"H01L"}, frozenset())


def test_slices_of_the_sample_hold_every_query_they_should(
    home: Home, qrels: Qrels, report: EvaluationReport
) -> None:
    stored = home.readers.firms.many([Uscc(query) for query in qrels])
    lengths = Counter(length_class(len(firm.business_scope)) for firm in stored.values())
    assert {s.value: s.n for s in report.slices("scope_length")} == lengths
    for dimension, label in (
        ("holder_kind", lambda patent: str(patent.holder_kind.value)),
        ("abstract", lambda patent: "with" if patent.abstract else "without"),
    ):
        expected: Counter[str] = Counter()
        for grades in qrels.values():
            ids = [home.readers.patents.resolve(d) for d, g in grades.items() if g > 0]
            expected.update({label(home.readers.patents.get(i)) for i in ids})
        assert {s.value: s.n for s in report.slices(dimension)} == expected, dimension


def test_a_sample_too_small_for_a_verdict_has_none(report: EvaluationReport) -> None:
    found = report.to_dict()["segment_check"]
    assert set(found) == {"default", "random"}
    assert found["default"]["holds"] is None
    whole = report.check("random", "holds_patents")
    assert whole is not None
    assert whole.holds is False
    assert all(s.clearly_worse for s in whole.slices)
    assert report.check() == report.check("default")
