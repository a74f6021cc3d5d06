"""A campaign file: what its words mean, and one sentence for every mistake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.codes import FirmTag, HolderKind, LicenceKind
from matcher.errors import BadFile
from matcher.places.places import Place, load_places
from matcher.push.campaign import Attention, Campaign, Quiet
from matcher.segments.taxonomy import load_taxonomy
from matcher.types import PatentId
from service.push.campaign_file import Gazetteer, read_campaign, terms_of
from service.push.scope import offers_of
from service.store.declarations import Declaration, Implementation, Willingness

WHOLE = """\
name = "浙江专精特新企业春季推送"

[firms]
segments = ["2.1", "航空装备产业", "新能源产业"]
regions = ["浙江省", "江苏苏州", "昆山"]
tags = ["专精特新", "high_tech"]

[[firms.strata]]
tags = ["小巨人"]
per_firm = 12

[patents]
segments = ["2.1"]
maturity = ["小批量", "批量生产、成熟应用阶段", "可以量产"]
licences = ["开放许可", "assignment"]
holders = ["高校", "institute"]

[[patents.strata]]
maturity = ["批量"]
least = 2
most = 60

[limits]
per_firm = 8
least = 1
most = 40
explore = 0.05

[repeat]
days = 90

[rotation]
rounds = 4

[attention]
items = 20
days = 30

[[quiet]]
from = 2027-02-04
until = 2027-02-18
"""


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(load_taxonomy(), load_places())


def read(text: str | bytes, folder: Path, gazetteer: Gazetteer) -> Campaign:
    path = folder / "campaign.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_campaign(path, gazetteer)


def test_every_key_is_read(tmp_path: Path, gazetteer: Gazetteer) -> None:
    found = read(WHOLE, tmp_path, gazetteer)
    taxonomy = gazetteer.taxonomy
    assert (found.terms.name, found.text) == ("浙江专精特新企业春季推送", WHOLE)
    energy = {str(one.code) for one in taxonomy if one.group == "新能源产业"}
    plane = {str(one.code) for one in taxonomy if one.name == "航空装备产业"}
    assert len(energy) > 1
    assert found.firms.segments == {"2.1", *energy, *plane}
    assert found.firms.regions == (Place("浙江"), Place("江苏", "苏州"), Place("江苏", "苏州"))
    assert found.firms.tags == {FirmTag.SPECIALISED_SME, FirmTag.HIGH_TECH}
    assert [(s.choice.tags, s.per_firm) for s in found.firm_strata] == [
        ({FirmTag.LITTLE_GIANT}, 12)
    ]
    assert found.patents.segments == {"2.1"}
    assert found.patents.stages == ("小批量", "批量", "可以量产")
    assert found.patents.licences == {LicenceKind.OPEN, LicenceKind.ASSIGNMENT}
    assert found.patents.holders == {HolderKind.UNIVERSITY, HolderKind.INSTITUTE}
    assert [(s.choice.stages, s.least, s.most) for s in found.patent_strata] == [(("批量",), 2, 60)]
    assert (found.per_firm, found.least, found.most, found.explore) == (8, 1, 40, 0.05)
    assert (found.no_repeat_days, found.rotation) == (90, 4)
    assert found.terms.attention == Attention(20, 30)
    assert found.terms.quiet == (Quiet(date(2027, 2, 4), date(2027, 2, 18)),)
    assert terms_of(WHOLE, "r1") == found.terms


def test_a_name_is_enough(tmp_path: Path, gazetteer: Gazetteer) -> None:
    text = '﻿name = "全部"\r\n'
    assert read(text, tmp_path, gazetteer) == Campaign(
        terms_of('name = "全部"', "r"), 'name = "全部"\n'
    )
    assert terms_of("", "r").name == ""


MISTAKES = {
    "": "found no name; expected a text",
    "name = 3": "found name = 3; expected a text",
    'name = "x"\nsegments = ["2.1"]': "found the key 'segments'; expected one of name, firms",
    "name = ": "found no TOML",
    'name = "x"\n[firms]\nregion = ["浙江"]': "found the key 'region'; expected one of "
    "segments, regions, tags, strata; did you mean 'regions'",
    'name = "x"\nfirms = ["浙江"]': "found firms = ['浙江']; expected a table [firms]",
    'name = "x"\n[firms]\nregions = "浙江"': "[firms]: found regions = '浙江'; expected a list",
    'name = "x"\n[firms]\nregions = []': "[firms]: found regions = []; expected a list",
    'name = "x"\n[firms]\nregions = ["浙冮"]': "found regions with '浙冮'; expected a province or "
    "a city of China, such as '浙江', '杭州' or '浙江杭州'; did you mean '浙江'",
    'name = "x"\n[firms]\nsegments = ["光伏"]': "found segments with '光伏'; expected codes, names",
    'name = "x"\n[patents]\nsegments = ["航空装备"]': "did you mean '航空装备产业'",
    'name = "x"\n[firms]\ntags = ["瞪羚企业"]': "found tags with '瞪羚企业'; expected tags of "
    "firms (专精特新, 小巨人, 高新技术企业, specialised_sme",
    'name = "x"\n[patents]\nmaturity = ["量产"]': "found maturity with '量产'; expected stages",
    'name = "x"\n[patents]\nlicences = ["许可"]': "did you mean",
    'name = "x"\n[patents]\nholders = ["大学"]': "found holders with '大学'; expected kinds",
    'name = "x"\n[[firms.strata]]\ntags = ["小巨人"]': "[[firms.strata]] 1: found no per_firm",
    'name = "x"\n[[firms.strata]]\nper_firm = 0': "found per_firm = 0; expected a whole number",
    'name = "x"\n[[firms.strata]]\nper_firm = 3\nleast = 1': "found the key 'least'",
    'name = "x"\n[firms]\nstrata = 3': "found strata = 3; expected tables [[firms.strata]]",
    'name = "x"\n[[patents.strata]]\nmaturity = ["批量"]': "found neither least nor most",
    'name = "x"\n[limits]\nper_firm = true': "[limits]: found per_firm = True; expected a whole",
    'name = "x"\n[limits]\nmost = "many"': "found most = 'many'; expected 'auto' or a whole",
    'name = "x"\n[limits]\nexplore = 0.5': "found explore = 0.5; expected a number from 0 to 0.1",
    'name = "x"\n[limits]\nleast = 3\nmost = 2': "[limits]: found at least 3 and at most 2",
    'name = "x"\n[limits]\nleast = 3\n[[patents.strata]]\nmost = 2': "[[patents.strata]] 1: found "
    "at least 3 and at most 2 firms a patent",
    'name = "x"\n[repeat]\ndays = 0': "[repeat]: found days = 0; expected a whole number from 1",
    'name = "x"\n[rotation]\nround = 3': "did you mean 'rounds'",
    'name = "x"\n[attention]\nitems = 3': "[attention]: found no days; expected items and days",
    'name = "x"\n[[quiet]]\nfrom = 2027-02-04': "[[quiet]] 1: found no until; expected a day",
    'name = "x"\n[[quiet]]\nfrom = "2027-02-04"\nuntil = 2027-02-05': "found from = '2027-02-04'",
    'name = "x"\n[[quiet]]\nfrom = 2027-02-04\nuntil = 2027-02-03': "found from 2027-02-04 until",
    'name = "x"\n[[quiet]]\nfrom = 2027-02-04T08:00:00\nuntil = 2027-02-05': "expected a day",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_is_one_sentence(text: str, tmp_path: Path, gazetteer: Gazetteer) -> None:
    with pytest.raises(BadFile) as told:
        read(text, tmp_path, gazetteer)
    sentence = str(told.value)
    assert MISTAKES[text] in sentence
    assert sentence.startswith(str(tmp_path / "campaign.toml"))
    assert "docs/campaigns.md" in sentence
    assert "\n" not in sentence


def test_a_file_that_is_none_is_refused(tmp_path: Path, gazetteer: Gazetteer) -> None:
    for content, told in (
        (b'name = "\xb4\xba"', "found no TOML"),
        (b"#" * (1 << 20) + b"##", "more than a megabyte"),
    ):
        with pytest.raises(BadFile, match=told):
            read(content, tmp_path, gazetteer)
    with pytest.raises(BadFile, match="cannot read it"):
        read_campaign(tmp_path / "none.toml", gazetteer)


@pytest.mark.parametrize(
    ("willing", "done", "offers"),
    [
        ((Willingness("拟许可", "拟开放许可"),), (), {"open_licence"}),
        ((Willingness("拟许可", "拟排他许可"), Willingness("拟转让", "拟转让")), (),
         {"sole_licence", "assignment"}),
        ((Willingness("拟转让", "拟作价入股"),), (), {"assignment"}),
        ((Willingness("拟许可"),), (), {"licence"}),
        ((), (Implementation("已许可", "已列入普通许可计划"),), {"licence"}),
        ((), (Implementation("已许可", "已签订普通许可合同"),), set()),
        ((Willingness("拟自行应用或产业化"),), (), set()),
    ],
)  # fmt: skip
def test_offers_are_read_from_the_workbook(
    willing: tuple[Willingness, ...], done: tuple[Implementation, ...], offers: set[str]
) -> None:
    one = Declaration(PatentId("p"), implementations=done, willingness=willing)
    assert {kind.value for kind in offers_of(one)} == offers
