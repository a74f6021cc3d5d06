"""Tuning: figures counted again from the lists, and the same quality as the harness measures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.table import Table

from eval import policy_charts, tuning_tables
from eval.firm_sample import known_links, sample_firms
from eval.harness import EvaluationConfig, evaluate
from eval.judgments import Qrels
from eval.policy_tables import LinkSet
from eval.policy_training import TrainedPolicy, TrainingConfig, train_policy
from eval.reliability import Bin, Reliability
from eval.remembered import remembering
from eval.statistics import Bootstrap
from eval.tuning import FIGURES, Tuning, tuning
from matcher.errors import InputError
from matcher.ranking.policy import Policy
from matcher.types import PatentId, PlaceSetting, Uscc
from service.bootstrap import Home
from tests.eval.sample_home import SAMPLE
from tests.eval.test_eval_tables import text_of


@pytest.fixture(scope="module")
def firms(qrels: Qrels) -> list[Uscc]:
    return [Uscc(query) for query in qrels]


@pytest.fixture(scope="module")
def tuned(home: Home, firms: list[Uscc]) -> Tuning:
    return tuning(
        home.engine(),
        home.readers,
        firms[:12],
        places=["local_first", "cross_region"],
        diversities=[0.0, 1.0],
        floors=[1e-8, 0.001, 0.9999],
    )


def own(policy: Policy) -> dict[str, Any]:
    return {"places": [policy.place], "diversities": [policy.diversity], "floors": [policy.floor]}


def test_every_combination_has_a_row_in_the_order_asked(tuned: Tuning) -> None:
    found = [(row.place.value, row.diversity, row.floor) for row in tuned.settings]
    assert len(found) == 2 * 2 * 3
    assert found[0] == ("local_first", 0.0, 1e-8)
    assert found[4] == ("local_first", 1.0, 0.001)
    assert found[-1] == ("cross_region", 1.0, 0.9999)


def test_the_figures_are_those_of_the_lists_that_are_handed_out(home: Home) -> None:
    engine = home.engine()
    firms = sample_firms(engine, home.readers, 9, seed=3)
    (row,) = tuning(engine, home.readers, firms, n=4, **own(engine.policy)).settings
    lists = [home.recommender().recommend(uscc, n=4) for uscc in firms]
    side = engine.index.patents
    held = [[home.readers.patents.get(item.item_id) for item in one.items] for one in lists]  # type: ignore[arg-type]
    shown = [patent for patents in held for patent in patents]
    fields = [
        {p.ipc[0][:4] for p in patents if p.ipc} for patents in held
    ]  # the index files a patent under its first symbol
    assert row.length == pytest.approx(len(shown) / 9)
    assert row.empty == sum(not patents for patents in held) / 9
    assert row.holders == pytest.approx(sum(len({p.holder for p in ps}) for ps in held) / 9)
    assert row.subclasses == pytest.approx(sum(map(len, fields)) / 9)
    assert row.coverage == pytest.approx(len({p.patent_id for p in shown}) / len(side))
    chances = [1 / (1 + 2.718281828459045**-item.score) for one in lists for item in one.items]
    assert row.probability == pytest.approx(sum(chances) / len(chances), rel=1e-4)
    assert row.ndcg is None


def test_quality_is_that_of_the_served_system(home: Home, qrels: Qrels, firms: list[Uscc]) -> None:
    engine, fast = home.engine(), EvaluationConfig(bootstrap=Bootstrap(resamples=50))
    found = tuning(engine, home.readers, firms, qrels, **own(engine.policy))
    report = evaluate(engine, home.readers, qrels, systems=["served"], k=10, config=fast)
    assert found.n_judged == len(qrels)
    assert found.settings[0].ndcg == pytest.approx(report.means["served"]["nDCG@10"])


def test_the_knobs_pull_where_they_should(tuned: Tuning) -> None:
    rows = {(r.place, r.diversity, r.floor): r for r in tuned.settings}
    near, far = PlaceSetting.LOCAL_FIRST, PlaceSetting.CROSS_REGION
    low, middle, high = 1e-8, 0.001, 0.9999
    assert rows[near, 0.0, low].length > rows[near, 0.0, middle].length
    assert rows[near, 0.0, high].length == 0 < rows[near, 0.0, high].empty == 1
    assert rows[near, 0.0, high].local is None
    assert rows[near, 0.0, high].probability == rows[near, 0.0, high].coverage == 0
    assert (rows[near, 0.0, low].local or 0) > (rows[far, 0.0, low].local or 0)
    assert rows[near, 1.0, low].probability < rows[near, 0.0, low].probability


def test_knobs_out_of_range_and_nobody_to_ask_are_refused(home: Home, firms: list[Uscc]) -> None:
    engine, readers = home.engine(), home.readers
    for wrong in ({"places": ["near"]}, {"diversities": [1.1]}, {"floors": [0.0]}, {"places": []}):
        with pytest.raises(InputError):
            tuning(engine, readers, firms[:1], **wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="found 0 firms"):
        tuning(engine, readers, [Uscc("nobody")])


def test_nothing_is_recorded(
    home: Home, firms: list[Uscc], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a list was recorded")

    monkeypatch.setattr(type(home.readers.feedback), "record_list", refuse)
    assert tuning(home.engine(), home.readers, firms[:2]).n_firms == 2


def test_table_and_chart_hold_the_figures(tuned: Tuning) -> None:
    text = text_of(tuning_tables.tuning_table(tuned))
    first = tuned.settings[0]
    assert f"{first.length:.2f}" in text
    assert f"{first.coverage:.1%}" in text
    spec = policy_charts.tuning_chart(tuned).to_dict()
    (rows,) = spec["datasets"].values()
    assert len(spec["hconcat"]) == 3
    assert [row["length"] for row in rows] == [row.length for row in tuned.settings]
    assert set(FIGURES) <= set(rows[0])
    with pytest.raises(InputError, match="found figure"):
        policy_charts.tuning_chart(tuned, ("local", "local", "speed"))
    content = tuned.to_dict()
    assert content["settings"][0]["place"] == "local_first"
    assert content["n_firms"] == 12


def test_reliability_stands_on_log_axes_even_where_nothing_was_observed() -> None:
    bins = (Bin(0.002, 0.0, 0.0, 0.01, 0, 90.0), Bin(0.5, 0.4, 0.2, 0.6, 4, 10.0))
    spec = policy_charts.reliability_chart(Reliability(bins, 0.04, 0.1)).to_dict()
    drawn = [row for rows in spec["datasets"].values() for row in rows]
    assert min(value for row in drawn for value in row.values() if value) == 0.001
    assert {"predicted": 0.5, "observed": 0.4, "low": 0.2, "high": 0.6, "linked": 4} in drawn
    assert {"predicted": 1.0, "observed": 1.0} in drawn


def test_trained_weights_are_shown_with_their_spread(home: Home, qrels: Qrels) -> None:
    links = [LinkSet("sample", qrels)]
    config = TrainingConfig(folds=2, negatives=40)
    found: TrainedPolicy = train_policy(home.engine(), home.readers, links, config)
    table: Table = tuning_tables.weights_table(found)
    low, high = found.spread["whole_text"]
    assert f"{low:.4f}" in text_of(table)
    (rows,) = policy_charts.weights_chart(found).to_dict()["datasets"].values()
    assert (rows[0]["low"], rows[0]["high"]) == (low, high)


def test_samples_are_active_firms_and_the_same_each_time(home: Home) -> None:
    engine, readers = home.engine(), home.readers
    found = sample_firms(engine, readers, 10, seed=1)
    assert found == sample_firms(engine, readers, 10, seed=1) != sample_firms(engine, readers, 10)
    assert len(set(found)) == 10
    assert len(sample_firms(engine, readers, 1_000)) == sum(
        f.active for f in readers.firms.iterate()
    )


def test_judgments_are_the_files_or_else_the_homes_own_links(home: Home, qrels: Qrels) -> None:
    engine, readers = home.engine(), home.readers
    assert known_links(engine, readers, SAMPLE / "judgments.qrels") == qrels
    assert len(known_links(engine, readers, SAMPLE / "judgments.qrels", most=7)) == 7


def test_a_file_about_other_firms_gives_the_homes_links(home: Home, tmp_path: Any) -> None:
    path = tmp_path / "other.qrels"
    path.write_text("911100000000000000 0 P1 1\n", "utf-8")
    found = known_links(home.engine(), home.readers, path)
    stored = {str(r.uscc) for r in home.readers.relations.iterate() if r.kind.value != "owns"}
    assert set(found) <= stored
    assert "911100000000000000" not in found


def test_a_policy_that_is_not_in_force_changes_no_lists(home: Home, firms: list[Uscc]) -> None:
    engine = home.engine()
    other = replace(engine, policy=replace(engine.policy, floor=0.5))
    first = tuning(engine, home.readers, firms[:5], floors=[0.001]).settings
    assert first == tuning(other, home.readers, firms[:5], floors=[0.001]).settings


def test_remembered_readers_answer_alike_and_ask_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [patent.patent_id for patent in home.readers.patents.iterate()][:5]
    asked = [PatentId("absent"), *ids]
    told = home.readers.patents.many(asked)
    groups = home.readers.groups.of_patents(asked)
    held = remembering(home.readers)
    assert held.patents.many(asked[:3]) == {p: told[p] for p in ids[:2]}
    assert list(held.patents.many(asked)) == list(held.patents.many(asked)) == ids
    assert held.patents.many(asked) == told
    assert held.groups.of_patents(asked) == held.groups.of_patents(asked) == groups

    assert held.patents.get(ids[0]) == told[ids[0]]
    assert held.patents.resolve(ids[0]) == ids[0]
    assert held.patents.count() == len(list(held.patents.iterate()))
    assert held.patents.stamp() == home.readers.patents.stamp()

    def refuse(*_: object) -> None:
        raise AssertionError("the catalogue was asked again")

    monkeypatch.setattr(type(home.readers.patents), "many", refuse)
    assert held.patents.many(asked) == told
