"""IPC symbols as people write them, their titles, and the bridge between editions."""

import pytest

from matcher.errors import InputError
from matcher.segments.ipc import IpcSymbol, equivalents, ipc_path, ipc_title, parse_ipc

WRITTEN = [
    "B65G47/90",
    "B65G 47/90",
    " b65g47/90 ;",
    "Ｂ６５Ｇ４７／９０",
    "B65G0047900000",
    "B65G47/90(2006.01)",
    "B65G 47/90 [2006.01] I",
    "B65G-47/90",
    "B65G 0047/90",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_reads_every_way_of_writing(text: str) -> None:
    assert parse_ipc(text) == IpcSymbol("B65G", "B65G47", "B65G47/90")


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("H01M0010052500", "H01M10/0525"),
        ("A61K0036000000", "A61K36/00"),
        ("A61K0009127000", "A61K9/127"),
        ("H01M10", "H01M10/00"),
        ("H01M", "H01M"),
    ],
)
def test_full_form(text: str, full: str) -> None:
    assert parse_ipc(text).full == full


@pytest.mark.parametrize("text", ["", "-", "14-03", "B65", "I65G47/90", "无", "B65G47/", "B65G/90"])
def test_refuses_what_is_no_symbol(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_ipc(text)
    assert repr(text) in caught.value.found
    assert "B65G" in caught.value.expected
    assert caught.value.cure


def test_title_is_of_the_level_the_symbol_reaches() -> None:
    assert ipc_title("C02F1/44") == "水、废水或污水的处理"
    assert ipc_title("H01M") == "化学能直接转变为电能的方法或装置，例如电池组"
    assert ipc_title("A") == "人类生活必需"
    assert ipc_title("A01B9999/00") is None


def test_withdrawn_places_have_titles() -> None:
    assert ipc_title("H01L31/04") == "对光或辐射敏感的半导体器件，例如太阳能电池（旧）"
    assert ipc_title("G06K9/62") is not None
    assert ipc_title("C23C16/30") == "化学气相沉积"


def test_path_runs_from_class_to_main_group() -> None:
    assert ipc_path("H01M10/0525") == (
        "电气元件",
        "化学能直接转变为电能的方法或装置，例如电池组",
        "二次电池；及其制造",
    )
    assert len(ipc_path("H01M")) == 2


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("G06V10/82", ["G06K9/62"]),
        ("G06V99/00", ["G06K9/00"]),
        ("H10K50/11", ["H01L51/50"]),
        ("H10F10/10", ["H01L31/04"]),
        ("H10F99/00", ["H01L31/00"]),
        ("H04L67/10", ["H04L29/08"]),
        ("B33Y30/00", ["B22F10/00", "B22F3/105", "B29C64/00"]),
        ("H01M10/0525", []),
        ("H10F100/00", ["H01L31/00"]),
    ],
)
def test_bridge_takes_the_longest_prefix_at_a_level(new: str, old: list[str]) -> None:
    assert sorted(symbol.full for symbol in equivalents(parse_ipc(new))) == old
