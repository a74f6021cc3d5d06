"""The graded catalogue: demand as the recommendations see it, filters, sums, command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import UnknownSegment
from matcher.ranking.rank import rank
from matcher.segment_demand import segment_demand
from matcher.types import SegmentCode
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from service.export.patents import PatentChoice
from service.grades import graded, summed

TODAY = date(2026, 11, 23)


@pytest.fixture
def home(lsa_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=lsa_home)) as opened:
        yield opened


def test_demand_counts_the_firms_that_would_see_the_patent(home: Home) -> None:
    engine, readers = home.engine(), home.readers
    rows = np.arange(0, len(engine.index.patents), 37, dtype=np.int64)
    firms = list(readers.firms.iterate())
    queries = engine.queries(readers.profiles(firms))
    side, firm_side = engine.index.patents, engine.index.firms
    for row, found in zip(rows, segment_demand(engine, readers, rows), strict=True):
        start, end = side.shares.indptr[row], side.shares.indptr[row + 1]
        mine = {side.codes[at] for at in side.shares.indices[start:end]}
        expected = total = 0
        for firm, query in zip(firms, queries, strict=True):
            at = firm_side.ids.row_of(firm.uscc)
            assert at is not None
            if firm_side.main_segment(at) in mine:
                total += 1
                own = engine.index.own_rows(query.profile.own_patents)
                ranked = rank(query, side, np.array([row]), own, engine.policy)
                expected += ranked.relevance[0] >= engine.policy.floor_score
        assert (found.firms, found.low, found.high) == (expected, expected, expected)
        assert (found.asked, found.of) == (total, total)


def test_a_sample_brackets_the_count(home: Home) -> None:
    engine = home.engine()
    rows = np.arange(len(engine.index.patents), dtype=np.int64)
    full = segment_demand(engine, home.readers, rows)
    sampled = segment_demand(engine, home.readers, rows, sampled=4)
    assert any(one.asked < one.of for one in sampled)
    assert [one.of for one in sampled] == [one.of for one in full]
    inside = [s.low <= f.firms <= s.high for s, f in zip(sampled, full, strict=True)]
    # An even spread of four tells little; it must not lie systematically.
    assert abs(np.mean([s.firms for s in sampled]) - np.mean([f.firms for f in full])) < 1.5
    assert np.mean(inside) > 0.5


def test_grades_are_chosen_sorted_and_summed(home: Home) -> None:
    found = graded(home, PatentChoice(), None, TODAY)
    assert len(found) == home.store.patents.count()
    scores = [one.grade.score for one in found]
    assert scores == sorted(scores, reverse=True)
    holder = found[0].patent.holder
    mine = graded(home, PatentChoice(holder=holder), None, TODAY)
    assert [one.grade for one in mine] == [
        one.grade for one in found if one.patent.holder == holder
    ]
    code = found[0].segments[0][0]
    inside = graded(home, PatentChoice(), code, TODAY)
    assert 0 < len(inside) < len(found)
    assert all(code in [segment for segment, _ in one.segments] for one in inside)
    sums = summed(found, "segment")
    assert sum(one.patents for one in sums) == len(found)
    assert all(sum(one.stars) == one.patents for one in sums)


def test_a_segment_that_is_none(home: Home) -> None:
    with pytest.raises(UnknownSegment):
        graded(home, PatentChoice(), SegmentCode("nowhere"), TODAY)


def test_the_command_line(
    lsa_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "grades.csv"
    assert run(["--home", str(lsa_home), "grade", "--json", "--out", str(out)]) == 0
    grades = json.loads(capsys.readouterr().out)["grades"]
    assert set(grades[0]) >= {"score", "known", "stars", "self_grade", "parts", "demand"}
    assert len(grades[0]["parts"]) == 6
    lines = out.read_text("utf-8-sig").splitlines()
    assert len(lines) == len(grades) + 1
    assert run(["--home", str(lsa_home), "grade", "--by", "holder"]) == 0
    assert "分级汇总" in capsys.readouterr().out


def test_without_an_index_the_demand_is_unknown(tmp_path: Path) -> None:
    with open_home(Settings(home=tmp_path)) as opened:
        assert graded(opened, PatentChoice(), None, TODAY) == []
