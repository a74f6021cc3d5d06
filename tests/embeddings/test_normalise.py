from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.normalise import folded, name_words, normalise, scope_items


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("ＴｉＯ<base:Sub>2</base:Sub>  纳米管", "tio2 纳米管"),
        ("（ＬＥＤ）\r\n灯", "(led) 灯"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_normalise(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


@pytest.mark.parametrize(
    ("scope", "items"),
    [
        ("数控机床的研发、制造；货物进出口。", ("数控机床",)),
        ("生产、销售：笔。", ("笔",)),
        ("物业管理；房屋租赁。", ()),
        ("轴承加工；轴承销售", ("轴承",)),
        ("生产各类规格（4-80MM）的宽厚板", ("规格", "宽厚板")),
        (
            "许可经营项目：无。一般经营项目：工业自动化控制设备、电子产品的销售（依法须经批准的项目，"
            "经相关部门批准后方可开展经营活动）",
            ("无", "工业自动化控制设备", "电子产品"),
        ),
        ("自营和代理各类商品及技术的进出口业务", ()),
    ],
)
def test_scope_items(scope: str, items: tuple[str, ...]) -> None:
    assert scope_items(scope) == items


@given(st.text(max_size=300))
def test_scope_items_are_clean_whatever_comes(scope: str) -> None:
    items = scope_items(scope)
    assert len(items) == len(set(items))
    assert all(item and item == item.strip() for item in items)


@given(st.text(max_size=200))
def test_normalise_is_idempotent(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("name", "places", "words"),
    [
        ("杭州华阳轴承有限公司", ("浙江", "杭州"), "华阳轴承"),
        ("上海应术电站配件有限公司", ("上海", "青浦"), "应术电站配件"),
        ("中国国际集团有限公司", ("北京", ""), ""),
    ],
)
def test_name_words(name: str, places: tuple[str, str], words: str) -> None:
    assert name_words(name, places) == words


@given(
    st.text(
        alphabet=st.sampled_from(
            "泵阀，。；：（）１２ＡＢ　、《》ａＺ～！abc 12\n①㎡ｶﾞé̈½⑴︰￥°±·×÷αΩ—‘’“”≤≥"
        ),
        max_size=30,
    )
)
def test_the_short_way_folds_as_nfkc_does(text: str) -> None:
    assert folded(text) == unicodedata.normalize("NFKC", text)


def test_every_character_folds_as_nfkc_does() -> None:
    odd = [
        code
        for code in range(0x11000)
        if not 0xD800 <= code < 0xE000
        and folded(chr(code)) != unicodedata.normalize("NFKC", chr(code))
    ]
    assert odd == []
