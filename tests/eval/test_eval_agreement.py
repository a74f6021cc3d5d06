"""Demands and offers: paths as people write them, lists by brute force, base rates by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from eval.agreement import agreement_matrix, fused, industry_agreement, rankings
from eval.industry import IndustryText, agrees, industry_paths, read_industry_texts
from eval.statistics import Bootstrap
from matcher.errors import BadFile, InputError
from service.bootstrap import Home

FAST = Bootstrap(resamples=300)


@pytest.mark.parametrize(
    ("written", "paths"),
    [
        ("制造业——汽车制造业", (("制造业", "汽车制造业"),)),
        ("制造业 > 汽车制造业", (("制造业", "汽车制造业"),)),
        ("电子信息-计算机软件", (("电子信息", "计算机软件"),)),
        ("制造业", (("制造业",),)),
        ("  ", ()),
        ("——", ()),
        ("制造业建筑业批发和零售业", (("制造业",), ("建筑业",), ("批发和零售业",))),
        (
            "信息传输、软件和信息技术服务业金融业",
            (("信息传输软件和信息技术服务业",), ("金融业",)),
        ),
        ("电力、热力、燃气、及水生产和供应业", (("电力热力燃气及水生产和供应业",),)),
        ("电力、热力、燃气及水生产和供应业", (("电力热力燃气及水生产和供应业",),)),
        ("制造业以外", (("制造业以外",),)),
    ],
)
def test_industry_paths(written: str, paths: tuple[tuple[str, ...], ...]) -> None:
    assert industry_paths(written) == paths


def text(title: str, industry: str, body: str = "") -> IndustryText:
    return IndustryText(title, body, industry_paths(industry))


def test_agreement_needs_the_whole_path_down_to_the_level() -> None:
    cars, cloth = text("", "制造业——汽车制造业"), text("", "制造业——纺织业")
    top, both = text("", "制造业"), text("", "建筑业制造业")
    other = text("", "建筑业——汽车制造业")
    assert [agrees(cars, o, 1) for o in (cars, cloth, top, both, other)] == [1, 1, 1, 1, 0]
    assert [agrees(cars, o, 2) for o in (cars, cloth, top, both, other)] == [1, 0, 0, 0, 0]
    texts = [cars, cloth, top, both, other, text("", "")]
    for level in (1, 2):
        expected = [[agrees(d, o, level) for o in texts] for d in texts]
        assert agreement_matrix(texts, texts, level).tolist() == expected


def test_files_of_both_kinds_are_read(tmp_path: Path) -> None:
    path = tmp_path / "offers.jsonl"
    lines = [
        {"name": "甲", "context": " 文 本\n二", "classification": "制造业", "industry": "x-y"},
        {"title": "乙", "text": None, "industry": "建筑业——房屋建筑业"},
        {"name": "甲", "context": "文 本 二", "classification": "建筑业"},
        {"name": "", "context": "", "classification": ""},
        {"name": "", "context": "只有文本", "classification": ""},
    ]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    found = read_industry_texts(path)
    assert found.texts == (
        IndustryText("甲", "文 本 二", (("制造业",),)),
        IndustryText("乙", "", (("建筑业", "房屋建筑业"),)),
        IndustryText("", "只有文本", ()),
    )
    assert (found.repeated, found.empty) == (1, 1)
    assert found.left_out("offers") == "offers: 1 repetitions and 1 empty records left out"
    assert [t.whole for t in found.texts] == ["甲。文 本 二", "乙", "只有文本"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"name": "a"}\nnot json\n', "line 2 is no JSON"),
        ('["a"]\n', "found a list in line 1"),
        ('{"name": ""}\n', "found no record with words"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(BadFile, match=words):
        read_industry_texts(path)
    with pytest.raises(BadFile, match="no readable file"):
        read_industry_texts(tmp_path / "missing.jsonl")


DEMANDS = [
    text("涂料耐候性", "制造业", "需要一种耐候的水性涂料"),
    text("农药残留检测", "农、林、牧、渔业", "快速检测农药残留"),
    text("。", "制造业"),
    text("轴承", ""),
    text("影院", "文化、体育和娱乐业", "影院座椅"),
]
OFFERS = [
    text("水性涂料", "制造业——化学原料和化学制品制造业", "耐候涂料的制备"),
    text("轴承润滑", "制造业——通用设备制造业", "轴承的润滑脂"),
    text("农药检测", "农、林、牧、渔业——农业", "农药残留的检测装置"),
    text("混凝土", "建筑业——房屋建筑业", "混凝土的养护"),
    text("涂料", ""),
]


def test_shares_and_base_rates_by_hand(home: Home) -> None:
    found = industry_agreement(DEMANDS, OFFERS, home.engine().encoder, home.tokeniser, FAST)
    level, deeper = found.levels
    assert (found.n_demands, found.n_offers) == (4, 4)
    assert (level.n_demands, level.n_industries, level.unmatched) == (4, 3, 1)
    assert level.base == pytest.approx((2 / 4 + 1 / 4 + 2 / 4 + 0) / 4)
    assert level.base_by_industry == pytest.approx((1 / 2 + 1 / 4 + 0) / 3)
    lists = rankings(
        [d for d in DEMANDS if d.paths], OFFERS[:4], home.engine().encoder, home.tokeniser
    )
    for name, figures in level.systems.items():
        industries = [OFFERS[r].paths[0][0] for r in lists[name][0]]
        first = industries.count("制造业") / 10
        second = sum(OFFERS[r].paths[0][0] == "农林牧渔业" for r in lists[name][1]) / 10
        assert len(lists[name][2]) == 0  # no word: no list, and zero
        assert figures.share.mean == pytest.approx((first + second) / 4)
        assert figures.by_industry == pytest.approx((first / 2 + second) / 3)
        assert figures.lead.mean == pytest.approx(figures.share.mean - level.base)
    assert (deeper.level, deeper.n_demands, deeper.systems) == (2, 0, {})
    assert found.notes == (
        "1 demands and 1 offers name no industry: left out",
        "level 1: 1 demands name an industry that no offer has; they count as zero",
        "level 2 is not measured: 0 demands reach it, and no offer shares an industry with them "
        "there",
    )
    assert json.loads(json.dumps(found.to_dict()))["levels"][0]["systems"]["bm25"]["share"]


def test_the_second_level_is_measured_where_both_have_it(home: Home) -> None:
    found = industry_agreement(OFFERS, OFFERS, home.engine().encoder, home.tokeniser, FAST)
    first, second = found.levels
    assert (second.n_demands, second.n_industries, second.base) == (4, 4, 1 / 4)
    # Each offer finds itself first; nothing else stands in its industry.
    assert second.systems["bm25"].share.mean == pytest.approx(1 / 10)
    assert first.systems["dense"].share.mean >= second.systems["dense"].share.mean


def test_rankings_are_brute_force(home: Home) -> None:
    texts = [
        IndustryText(p.title, p.abstract, (("制造业",),))
        for p in list(home.readers.patents.iterate())[:150]
    ]
    asked, encoder = texts[:7], home.engine().encoder
    found = rankings(asked, texts, encoder, home.tokeniser)
    similar = encoder.encode_query([t.whole for t in asked]).astype(
        np.float64
    ) @ encoder.encode_document([t.whole for t in texts]).T.astype(np.float64)
    for i, scores in enumerate(similar):
        got = scores[found["dense"][i]]
        np.testing.assert_allclose(got, np.sort(scores)[::-1][:10], atol=1e-6)
        assert found["bm25"][i][0] == i
        assert found["dense"][i][0] == i
    assert {len(rows) for rows in found["fusion"]} == {10}


def test_fusion_by_hand() -> None:
    lists = [np.array([5, 1, 2]), np.array([2, 9])]
    votes = {5: 1 / 61, 1: 1 / 62, 2: 1 / 63 + 1 / 61, 9: 1 / 62}
    expected = sorted(votes, key=lambda row: (-votes[row], row))
    assert fused(lists, 10).tolist() == expected == [2, 5, 1, 9]
    assert fused([np.array([], dtype=np.int64)] * 2, 3).tolist() == []


def test_files_of_different_classifications_are_refused(home: Home) -> None:
    foreign = [text("涂料", "新材料——涂料")]
    with pytest.raises(InputError, match="found no industry that the 1 demands and 4 offers share"):
        industry_agreement(foreign, OFFERS, home.engine().encoder, home.tokeniser)
