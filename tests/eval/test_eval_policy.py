"""Policies from links: figures of firms that the weights have not seen, and honest odds."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from eval import policy_training
from eval.judgments import Qrels, from_relations
from eval.measures import MEASURES
from eval.policy_tables import LinkSet, LinkTable, link_table
from eval.policy_training import TrainedPolicy, TrainingConfig, train_policy
from eval.pool import Pool
from eval.reliability import reliability
from eval.statistics import Bootstrap
from matcher.codes import PlaceSetting
from matcher.errors import InputError
from matcher.index.id_map import IdMap
from matcher.ranking.features import FEATURES, PLACE_FEATURES
from matcher.ranking.fit import PairTable
from matcher.ranking.policy import Placing
from matcher.ranking.policy_file import load_policy, parse_policy, policy_text
from matcher.types import PatentId, Relation, RelationKind, Uscc
from service.bootstrap import Home

POOL = 30
PLANTED = tuple(FEATURES.index(f) for f in ("whole_text", "best_item", "firm_name"))


def quiet(*_: Any) -> None:
    return None


@pytest.fixture(scope="module")
def table(home: Home, qrels: Qrels) -> LinkTable:
    links = LinkSet("sample", qrels)
    return link_table(home.engine(), home.readers, links, negatives=50, seed=0, progress=quiet)


@pytest.fixture(scope="module")
def trained(home: Home, qrels: Qrels) -> TrainedPolicy:
    return train_policy(home.engine(), home.readers, [LinkSet("sample", qrels)])


def test_the_trained_policy_is_a_file_that_ranks(home: Home, trained: TrainedPolicy) -> None:
    read = parse_policy(policy_text(replace(trained.policy, name="own")), "here")
    assert read.version.startswith("own-local_first-")
    engine = replace(home.engine(), policy=read)
    firm = next(iter(home.store.firms.iterate()))
    query = engine.queries([home.recommender().profile(firm.uscc)])
    ranked = engine.rank_many(query)[0]
    assert ranked.scores.tolist() == sorted(ranked.scores.tolist(), reverse=True)
    assert ranked.scores[0] > 0 > ranked.scores[-1]
    base = home.policy
    assert (read.floor, read.per_holder, read.diversity) == (
        base.floor,
        base.per_holder,
        base.diversity,
    )


def test_the_report_tells_every_measure_with_and_without_place(trained: TrainedPolicy) -> None:
    report = trained.sets["sample"]
    assert (report.firms, report.pool) == (95, 289)
    for comparisons in (report.trained, report.neutral):
        assert list(comparisons) == list(MEASURES)
    assert report.trained["nDCG@10"].first > 0.5
    assert set(trained.spread) >= {"whole_text", "hubness", *PLACE_FEATURES}
    for least, most in trained.spread.values():
        assert least <= most
    content = trained.to_dict()
    assert list(content) == ["sets", "spread", "reliability", "config"]


def some_links(qrels: Qrels) -> list[LinkSet]:
    return [LinkSet("some", dict(list(qrels.items())[:35]))]


def test_a_share_of_place_is_kept_and_the_same_links_give_the_same_policy(
    home: Home, qrels: Qrels
) -> None:
    configs = [TrainingConfig(place=share, folds=2) for share in (1.0, 1.0, 0.5)]
    full, again, eased = (
        train_policy(home.engine(), home.readers, some_links(qrels), config) for config in configs
    )
    assert again == full
    places = [found.policy.places[PlaceSetting.LOCAL_FIRST] for found in (full, eased)]
    assert places[0].same_province > 0
    for name in PLACE_FEATURES:
        kept = getattr(places[0], name) * 0.5
        assert getattr(places[1], name) == pytest.approx(kept, abs=0.01)
    # The slope of content does not see place.
    assert eased.policy.weights == full.policy.weights


def test_each_setting_keeps_its_promise_on_average(
    table: LinkTable, trained: TrainedPolicy
) -> None:
    # An intercept is right where the probabilities add up to the links.
    pairs = table.pairs
    for setting in (PlaceSetting.LOCAL_FIRST, PlaceSetting.NEUTRAL, PlaceSetting.CROSS_REGION):
        scores = trained.policy.placed(setting).score(pairs.features).astype(np.float64)
        expected = float((pairs.stands_for / (1 + np.exp(-scores))).sum())
        assert expected == pytest.approx(pairs.linked.sum(), rel=0.25), setting


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="0 to 1"):
        TrainingConfig(place=share)


def test_fewer_than_thirty_firms_are_refused(home: Home, qrels: Qrels) -> None:
    some = dict(list(qrels.items())[:29])
    silent = {q: dict.fromkeys(grades, 0) for q, grades in list(qrels.items())[29:60]}
    strangers = {f"stranger {n}": {"CN202119402100.4": 1} for n in range(10)}
    sets = [LinkSet("all", qrels), LinkSet("few", {**some, **silent, **strangers})]
    with pytest.raises(InputError) as refused:
        train_policy(home.engine(), home.readers, sets)
    assert str(refused.value) == (
        "found 29 firms with a link in few; expected 30 or more; "
        "import more relations, or give judgments with --qrels."
    )


def test_each_firm_stands_before_the_whole_pool(home: Home, qrels: Qrels, table: LinkTable) -> None:
    pairs = table.pairs
    assert len(pairs) == len(table.queries) == 95
    sums = np.add.reduceat(pairs.stands_for, pairs.starts[:-1])
    assert sums == pytest.approx([289.0] * 95)
    for number, query in enumerate(table.queries):
        mine = slice(pairs.starts[number], pairs.starts[number + 1])
        positives = sum(
            grades > 0 and row in table.pool.judged[query]
            for row, grades in (
                (row, qrels[query][d]) for row, d in table.pool.judged[query].items()
            )
        )
        assert pairs.linked[mine].sum() == positives
    assert (pairs.stands_for[pairs.linked] == 1).all()
    assert (np.diff(pairs.starts) <= 50 + 6).all()


def test_only_the_pool_is_drawn_and_measured(home: Home, qrels: Qrels) -> None:
    pool = [p.patent_id for p in home.readers.patents.iterate()][:40]
    found = link_table(
        home.engine(),
        home.readers,
        LinkSet("small", qrels, pool),
        negatives=20,
        seed=0,
        progress=quiet,
    )
    assert all(found.pool.mask[rows].all() for rows in found.rows)
    sums = np.add.reduceat(found.pairs.stands_for, found.pairs.starts[:-1])
    assert sums == pytest.approx([40.0] * len(found.queries))


def test_a_firm_is_in_one_fold_in_every_table(table: LinkTable) -> None:
    fewer = replace(table, queries=tuple(reversed(table.queries[10:60])))
    all_folds = dict(zip(table.queries, table.folds(5).tolist(), strict=True))
    some = dict(zip(fewer.queries, fewer.folds(5).tolist(), strict=True))
    assert some == {query: all_folds[query] for query in fewer.queries}
    assert set(all_folds.values()) == set(range(5))


def planted(folds: int) -> LinkTable:
    """Feature k marks the linked patent of the firms in fold k, and says nothing of the others.

    The linked patent is the last of the pool, so whoever cannot tell ranks it last.
    """
    queries = tuple(f"firm-{n}" for n in range(60))
    qrels = {query: {"P29": 1} for query in queries}
    links = LinkSet("planted", qrels)
    ids = IdMap.of([f"P{n:02d}" for n in range(POOL)])
    judged = {query: {POOL - 1: "P29"} for query in queries}
    pool = Pool(ids, np.ones(POOL, dtype=bool), judged, {}, 0, 0)
    rows = np.arange(POOL)
    linked = np.tile(rows == POOL - 1, 60)
    starts = np.arange(0, 60 * POOL + 1, POOL)
    features = np.zeros((60 * POOL, len(FEATURES)), dtype=np.float32)
    pairs = PairTable(features, starts, linked, np.ones(60 * POOL))
    found = LinkTable(links, pool, queries, pairs, (rows,) * 60, ())
    owner = np.repeat(found.folds(folds), POOL)
    for fold in range(folds):
        features[(owner == fold) & linked, PLANTED[fold]] = 1.0
    return replace(found, features=tuple(features.reshape(60, POOL, -1)))


def test_no_figure_comes_from_a_firm_that_the_weights_have_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = planted(3)
    monkeypatch.setattr(policy_training, "link_table", lambda *_, **__: table)
    nothing = Placing(0.0, 0.0, 0.0)
    base = replace(
        load_policy(),
        weights=(0.0,) * len(FEATURES),
        places=dict.fromkeys(PlaceSetting, nothing),
    )
    engine: Any = SimpleNamespace(policy=base)
    readers: Any = None
    found = train_policy(engine, readers, [table.links], TrainingConfig(folds=3))
    # Fitted on all firms the policy finds every link …
    scores = found.policy.score(table.pairs.features).reshape(60, POOL)
    assert (scores.argmax(axis=1) == POOL - 1).all()
    # … yet each feature is worth nothing to those who have not seen its fold.
    report = found.sets["planted"]
    for comparisons in (report.trained, report.neutral):
        assert comparisons["RR"].first == pytest.approx(1 / POOL)
        assert comparisons["nDCG@10"].first == 0.0
    for name in ("whole_text", "best_item", "firm_name"):
        least, most = found.spread[name]
        assert least == 0.0 < most
    # So the odds promise no more than the base rate.
    (only,) = found.reliability.bins
    assert only.predicted == pytest.approx(1 / POOL, rel=1e-3)


def drawn(firms: int = 200, pool: int = 200, seed: int = 0) -> tuple[np.ndarray, PairTable]:
    """Pairs whose links are drawn at the odds that their log-odds promise."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-3.0, 1.5, firms * pool)
    linked = rng.random(firms * pool) < 1 / (1 + np.exp(-log_odds))
    features = np.zeros((firms * pool, len(FEATURES)), dtype=np.float32)
    starts = np.arange(0, firms * pool + 1, pool)
    return log_odds, PairTable(features, starts, linked, np.ones(firms * pool))


def test_honest_odds_are_told_to_be_honest() -> None:
    log_odds, pairs = drawn()
    found = reliability(log_odds, pairs, Bootstrap(resamples=500))
    links = [one.linked for one in found.bins]
    assert len(links) == 10
    assert max(links) - min(links) <= 2
    assert sum(links) == pairs.linked.sum()
    assert sum(one.pairs for one in found.bins) == len(log_odds)
    predicted = [one.predicted for one in found.bins]
    assert predicted == sorted(predicted)
    for one in found.bins:
        assert one.low <= one.observed <= one.high
        assert one.observed == pytest.approx(one.linked / one.pairs)
        assert one.predicted == pytest.approx(one.observed, rel=0.2)
    assert found.base == pairs.linked.mean()
    assert found.error < 0.02


def test_boastful_odds_are_found_out() -> None:
    log_odds, pairs = drawn()
    boast = reliability(log_odds + 1.5, pairs, Bootstrap(resamples=500))
    assert all(one.predicted > one.high for one in boast.bins)
    assert boast.error > 0.1


def test_a_pair_counts_for_those_it_stands_for() -> None:
    log_odds, pairs = drawn()
    rng = np.random.default_rng(1)
    kept = pairs.linked | (rng.random(len(log_odds)) < 1 / 4)
    sizes = np.add.reduceat(kept.astype(np.int64), pairs.starts[:-1])
    sample = PairTable(
        pairs.features[kept],
        np.concatenate([[0], np.cumsum(sizes)]),
        pairs.linked[kept],
        np.where(pairs.linked[kept], 1.0, 4.0),
    )
    full = reliability(log_odds, pairs, Bootstrap(resamples=200))
    found = reliability(log_odds[kept], sample, Bootstrap(resamples=200))
    for ours, theirs in zip(found.bins, full.bins, strict=True):
        assert ours.linked == theirs.linked
        assert ours.pairs == pytest.approx(theirs.pairs, rel=0.2)
    assert found.base == pytest.approx(full.base, rel=0.05)


def test_odds_that_are_all_one_make_one_bin_and_no_link_is_told() -> None:
    log_odds, pairs = drawn(firms=5, pool=50)
    (only,) = reliability(np.zeros(250), pairs, Bootstrap(resamples=100)).bins
    assert (only.predicted, only.pairs) == (0.5, 250)
    none = replace(pairs, linked=np.zeros(250, dtype=bool))
    with pytest.raises(InputError, match="found no link"):
        reliability(log_odds, none, Bootstrap())


def test_relations_become_links_of_the_firms_asked_for() -> None:
    relations = [
        Relation(Uscc(uscc), PatentId(patent), RelationKind.LICENSED)
        for uscc, patent in (("b", "P2"), ("a", "P1"), ("b", "P1"), ("c", "P1"))
    ]
    found = from_relations(relations, lambda uscc: uscc != "c")
    assert found == {"a": {"P1": 1}, "b": {"P2": 1, "P1": 1}}
    assert list(found) == ["a", "b"]
