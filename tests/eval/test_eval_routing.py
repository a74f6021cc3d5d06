"""The routing audit: an oracle counts the lists again, and the sums are those of the index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval import routing_charts, tuning_tables
from eval.firm_sample import sample_firms
from eval.overview import overview
from eval.routing import RoutingAudit, SegmentRecall, routing_audit
from eval.statistics import Bootstrap, Interval
from matcher.engine import Engine
from matcher.ranking.rank import rank
from matcher.types import PatentId, SegmentCode
from service.bootstrap import Home
from tests.eval.test_eval_tables import text_of

FAST = Bootstrap(resamples=200)


@pytest.fixture(scope="module")
def audit(home: Home) -> RoutingAudit:
    return routing_audit(home.engine(), home.readers, 40, bootstrap=FAST)


def narrow(engine: Engine) -> Engine:
    """Return the engine with a router that opens one segment a text."""
    config = replace(engine.router.config, firm_segments=1, firm_floor=0.0)
    router = type(engine.router)(
        engine.router.codes,
        engine.router._ipc,
        engine.router._industry,
        engine.router.classifier,
        config,
    )
    return replace(engine, router=router)


def test_narrow_routing_loses_what_an_exhaustive_order_counts(home: Home) -> None:
    engine, readers = narrow(home.engine()), home.readers
    found = routing_audit(engine, readers, 15, seed=2, bootstrap=FAST)
    side, kept = engine.index.patents, []
    for uscc in sample_firms(engine, readers, 15, seed=2):
        (query,) = engine.queries(readers.profiles([readers.firms.get(uscc)]))
        routed = engine.rank_many([query])[0].rows[:10].tolist()
        # Searched in every segment, then ranked with the segments that the firm was routed to.
        wide = replace(query, segments=dict.fromkeys(side.codes, 0.0))
        rows = engine.rank_many([wide])[0].rows
        own = engine.index.own_rows(query.profile.own_patents)
        best = rank(query, side, rows, own, engine.policy).rows[:10].tolist()
        kept.append(len(set(best) & set(routed)) / len(best))
    assert found.share is not None
    assert found.share.mean == pytest.approx(sum(kept) / len(kept))
    assert found.share.mean < routing_audit(home.engine(), readers, 15, seed=2).share.mean  # type: ignore[union-attr]


def test_segments_add_up_to_the_whole(audit: RoutingAudit) -> None:
    assert audit.share is not None
    weighted = sum(row.share.mean * row.firms for row in audit.segments if row.share)
    assert audit.share.mean == pytest.approx(weighted / audit.firms)
    assert sum(row.firms for row in audit.segments) == audit.firms == 40 - audit.silent
    assert 0 < audit.share.low <= audit.share.mean <= audit.share.high <= 1
    assert sum(audit.per_asking.values()) == audit.firms


def test_counts_are_those_of_the_index(home: Home, audit: RoutingAudit) -> None:
    index = home.engine().index
    assert sum(audit.per_patent.values()) == len(index.patents) == 289
    assert sum(n * rows for n, rows in audit.per_patent.items()) == index.patents.shares.nnz
    assert sum(n * rows for n, rows in audit.per_firm.items()) == index.firms.shares.nnz
    assert audit.recall == index.manifest.routing["audit"]["recall"]
    told = index.manifest.routing["audit"]["segments"]
    assert {r.code: r.indexed_firms for r in audit.segments if r.indexed_firms} == {
        code: one["firms"] for code, one in told.items()
    }


def test_a_firm_that_keeps_half_is_half() -> None:
    row = SegmentRecall(SegmentCode("T01"), 1, Interval(0.5, 0.5, 0.5), 2, 0.9)
    bare = SegmentRecall(SegmentCode("T02"), 0, None, 1, None)
    found = RoutingAudit(
        firms=1,
        share=Interval(0.5, 0.5, 0.5),
        searched=0.25,
        silent=3,
        recall=0.9,
        segments=(row, bare),
        per_firm={1: 4},
        per_asking={2: 1},
        per_patent={0: 1, 1: 5},
        unrouted=(PatentId("P1"),),
    )
    text = text_of(tuning_tables.routing_table(found, {"T01": "农业"}))
    for part in ("农业", "T02", "0.5000 [0.5000, 0.5000]", "3 家", "25.0%", "1 件专利未能归类"):
        assert part in text
    (rows,) = routing_charts.recall_chart(found, {"T01": "农业"}).to_dict()["datasets"].values()
    assert [(row["segment"], row["mean"]) for row in rows] == [
        ("农业（1/2）", 0.5),
        ("农业（1/2）", 0.9),
    ]
    (bars,) = routing_charts.spread_chart(found).to_dict()["datasets"].values()
    assert {"what": "专利归入的领域数", "segments": 0, "records": 1} in bars
    assert found.to_dict()["segments"][1]["share"] is None


def test_patents_without_a_segment_are_named(home: Home, audit: RoutingAudit) -> None:
    one = next(iter(home.readers.patents.iterate()))
    lost = replace(audit, per_patent={0: 1}, unrouted=(one.patent_id, PatentId("gone")))
    table = tuning_tables.unrouted_table(lost, home.readers.patents)
    assert table.row_count == 1
    assert one.title in text_of(table)


def test_segments_with_records_are_rows(home: Home) -> None:
    found = overview(home.engine(), home.segments.taxonomy)
    filled = [c for c in found.segments if c.n_patents or c.n_firms]
    assert tuning_tables.segment_table(found).row_count == len(filled)
