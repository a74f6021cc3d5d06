"""Regions as registries and people write them."""

import pytest

from matcher.errors import InputError
from matcher.places.places import Place, load_places
from matcher.segments.facts import read_facts

PLACES = load_places()
INSTITUTIONS = read_facts("matcher.places.tables", "institutions.csv")
REGIONS = read_facts("matcher.places.tables", "regions.csv")


@pytest.mark.parametrize(
    ("province", "city", "place"),
    [
        ("浙江省", "杭州市", Place("浙江", "杭州")),
        ("浙江", "杭州", Place("浙江", "杭州")),
        ("浙江省", "", Place("浙江")),
        ("浙江省", "保税区", Place("浙江")),
        ("北京市", "市辖区", Place("北京", "北京")),
        ("北京", "海淀", Place("北京", "北京")),
        ("上海", "自贸区", Place("上海", "上海")),
        ("重庆市", "县", Place("重庆", "重庆")),
        ("内蒙古自治区", "锡林郭勒盟", Place("内蒙古", "锡林郭勒")),
        ("广西壮族自治区", "南宁市", Place("广西", "南宁")),
        ("新疆维吾尔自治区", "伊犁哈萨克自治州", Place("新疆", "伊犁")),
        ("新疆", "克孜勒苏柯尔克孜", Place("新疆", "克孜勒苏")),
        ("湖北省", "恩施土家族苗族自治州", Place("湖北", "恩施")),
        ("吉林", "延边州", Place("吉林", "延边")),
        ("吉林省", "吉林市", Place("吉林", "吉林")),
        ("吉林", "", Place("吉林")),
        ("青海省", "海南藏族自治州", Place("青海", "海南")),
        ("湖北", "仙桃", Place("湖北", "仙桃")),
        ("江苏省", "昆山市", Place("江苏", "苏州")),
        ("辽宁", "朝阳", Place("辽宁", "朝阳")),
        ("", "杭州市", Place("浙江", "杭州")),
        ("普通合伙", "405万人民币", None),
        ("", "", None),
    ],
)
def test_normalise_region(province: str, city: str, place: Place | None) -> None:
    assert PLACES.normalise_region(province, city) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("浙江杭州", Place("浙江", "杭州")),
        ("杭州", Place("浙江", "杭州")),
        ("江苏省苏州市", Place("江苏", "苏州")),
        ("江苏省苏州市昆山市", Place("江苏", "苏州")),
        ("江苏 / 苏州", Place("江苏", "苏州")),
        ("昆山", Place("江苏", "苏州")),
        ("浙江", Place("浙江")),
        ("上海", Place("上海", "上海")),
        ("上海市浦东新区", Place("上海", "上海")),
        ("北京市朝阳区", Place("北京", "北京")),
        ("北京市市辖区", Place("北京", "北京")),
        ("朝阳市", Place("辽宁", "朝阳")),
        ("海南", Place("海南")),
        ("海南州", Place("青海", "海南")),
        ("吉林市", Place("吉林", "吉林")),
        ("中国广东深圳", Place("广东", "深圳")),
    ],
)
def test_parse_region(text: str, place: Place) -> None:
    assert PLACES.parse_region(text) == place


@pytest.mark.parametrize("text", ["", "火星", "浙江苏州", "南京路", "东京", "江苏省某某"])
def test_parse_region_refuses_with_a_cure(text: str) -> None:
    with pytest.raises(InputError) as caught:
        PLACES.parse_region(text)
    assert repr(text) in caught.value.found
    assert "province" in caught.value.cure


def test_regions_are_complete_and_consistent() -> None:
    provinces = {row[2] for row in REGIONS if row[1] == "province"}
    cities = {(row[3], row[2]) for row in REGIONS if row[1] == "city"}
    assert len(provinces) == 34
    assert len(cities) > 360
    assert {province for province, _ in cities} == provinces
    for municipality in ("北京", "天津", "上海", "重庆"):
        assert (municipality, municipality) in cities
    parents = {tuple(row[3].split("/")) for row in REGIONS if row[1] == "county"}
    assert parents <= cities


def test_every_city_is_normalised_to_itself() -> None:
    for _, level, name, parent in REGIONS:
        if level == "city":
            assert PLACES.normalise_region(parent, name) == Place(parent, name)


def test_institutions_sit_in_known_regions() -> None:
    provinces = {row[2] for row in REGIONS if row[1] == "province"}
    cities = {(row[3], row[2]) for row in REGIONS if row[1] == "city"}
    assert len({row[0] for row in INSTITUTIONS}) == len(INSTITUTIONS) > 3500
    for _, province, city, branches in INSTITUTIONS:
        assert province in provinces
        assert city == "" or (province, city) in cities
        assert branches in ("inherit", "own")


def test_undergraduate_universities_have_a_city() -> None:
    blank = [row[0] for row in INSTITUTIONS if not row[2]]
    assert [name for name in blank if name.endswith("大学") and "职业" not in name] == []
    assert len(blank) < 260
