"""The dry run: sums by hand on three lists, lists as handed out, and no trace left behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval import push_charts, push_tables
from eval.dry_run import CapEffect, DryRun, FirmList, Shown, dry_run
from matcher.errors import InputError
from matcher.types import PatentId, Uscc
from service.bootstrap import Home
from tests.eval.test_eval_tables import text_of


def shown(name: str, holder: str = "甲大学", province: str = "浙江") -> Shown:
    return Shown(PatentId(name), f"专利{name}", holder, province, 0.25)


def listed(uscc: str, province: str, *items: Shown, cause: str = "") -> FirmList:
    refused = {"floor": 3} if cause == "floor" else {}
    return FirmList(Uscc(uscc), f"企业{uscc}", province, ("涂料",), items, cause, refused)


HAND = DryRun(
    lists=(
        listed("F1", "浙江", shown("P1"), shown("P2", "乙大学", "江苏")),
        listed("F2", "江苏", shown("P1"), shown("P3", "", "unknown")),
        listed("F3", "unknown", shown("P1")),
        listed("F4", "浙江", cause="floor"),
        listed("F5", "浙江", cause="no_text"),
    ),
    n_pool=10,
    n=2,
    policy="linear",
)


def test_sums_by_hand() -> None:
    assert HAND.causes == {"floor": 1, "no_text": 1}
    assert HAND.refused == {"floor": 3}
    assert HAND.times == {"P1": 3, "P2": 1, "P3": 1}
    assert HAND.histogram == {0: 7, 1: 2, 3: 1}
    assert HAND.holders == {"甲大学": 3, "乙大学": 1, "": 1}
    assert HAND.flows == {
        ("浙江", "浙江"): 1,
        ("浙江", "江苏"): 1,
        ("江苏", "浙江"): 1,
        ("江苏", "unknown"): 1,
        ("unknown", "浙江"): 1,
    }
    assert HAND.local == 1 / 3
    found = HAND.exposure()
    assert (found.n_lists, found.n_slots, found.coverage) == (3, 5, 0.3)
    # Sorted counts 0 ×7, 1, 1, 3 with weights 2i - 11 for i = 8, 9, 10.
    assert found.gini == pytest.approx((5 * 1 + 7 * 1 + 9 * 3) / (10 * 5))


def test_caps_count_the_places_beyond_them() -> None:
    assert HAND.caps((1, 2, 3)) == (
        CapEffect(1, 1, 2, 2 / 5),
        CapEffect(2, 1, 1, 1 / 5),
        CapEffect(3, 0, 0, 0.0),
    )
    assert replace(HAND, lists=()).caps((1,)) == (CapEffect(1, 0, 0, 0.0),)


def test_no_known_provinces_give_no_share() -> None:
    assert replace(HAND, lists=HAND.lists[2:]).local is None


def test_lists_are_those_that_are_handed_out(home: Home) -> None:
    found = dry_run(home.engine(), home.readers, 12, n=5, seed=4)
    assert len(found.lists) == 12
    for one in found.lists:
        ranked = home.recommender().recommend(one.uscc, n=5)
        assert [i.patent_id for i in one.items] == [i.item_id for i in ranked.items]
        for mine, theirs in zip(one.items, ranked.items, strict=True):
            assert mine.probability == pytest.approx(1 / (1 + 2.718281828**-theirs.score), rel=1e-4)


def test_a_dry_run_records_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a list was recorded")

    monkeypatch.setattr(type(home.readers.feedback), "record_list", refuse)
    assert dry_run(home.engine(), home.readers, 5).lists


def test_a_floor_that_none_passes_is_named_as_the_cause(home: Home) -> None:
    engine = home.engine()
    strict = replace(engine, policy=replace(engine.policy, floor=0.999_999_99))
    found = dry_run(strict, home.readers, 6)
    assert found.causes == {"floor": 6}
    assert not found.times
    assert found.exposure().n_lists == 0
    with pytest.raises(InputError):
        dry_run(engine, home.readers, 0)


def test_tables_tell_the_figures(home: Home) -> None:
    text = text_of(push_tables.dry_run_table(HAND))
    for part in ("5 家企业", "空单：低于相关性下限", "3 / 10（30.0%）", "7（70.0%）", "33.3%"):
        assert part in text
    assert "60.0%" in text_of(push_tables.holders_table(HAND))
    assert "（未写明）" in text_of(push_tables.holders_table(HAND))
    text = text_of(push_tables.caps_table(HAND))
    assert "每件专利至多出现 1 次" in text
    assert "40.0%" in text
    text = text_of(push_tables.lists_table(HAND, 4))
    for part in ("企业F1（浙江）", "1、专利P1（甲大学，浙江，25.00%）", "省份未知", "空单：低于"):
        assert part in text
    assert "企业F5" not in text
    found = dry_run(home.engine(), home.readers, 30)
    most = text_of(push_tables.most_shown_table(found, home.readers.patents, 3))
    assert home.readers.patents.get(next(iter(found.times))).title in most


def test_charts_hold_the_figures() -> None:
    (bars,) = push_charts.shown_chart(HAND).to_dict()["datasets"].values()
    assert {"times": 0, "patents": 7} in bars
    (states,) = push_charts.cause_chart(HAND).to_dict()["datasets"].values()
    assert {row["state"]: row["firms"] for row in states} == {
        "足额": 2,
        "不足": 1,
        "空：低于相关性下限": 1,
        "空：没有可用于匹配的描述": 1,
    }
    (cells,) = push_charts.flow_chart(HAND).to_dict()["datasets"].values()
    assert {"firm": "未知", "holder": "浙江", "items": 1} in cells
    (caps,) = push_charts.cap_chart(HAND).to_dict()["datasets"].values()
    assert caps[0] == {"most": 1, "share": 0.4, "slots": 2}
    content = HAND.to_dict()
    assert content["histogram"] == {"0": 7, "1": 2, "3": 1}
    assert content["firms"] == 5
