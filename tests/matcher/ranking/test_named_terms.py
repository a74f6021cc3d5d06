"""Terms are told as people write them, and odd ones are not told."""

from __future__ import annotations

import pytest

from matcher.ranking.highlights import Sentence
from matcher.ranking.named_terms import names_of, telling


def sentence(*pieces: str) -> Sentence:
    return Sentence("title", 0, 0, "".join(pieces), pieces, frozenset(pieces))


@pytest.mark.parametrize(
    ("item", "patent", "names"),
    [
        (
            ("免耕", "播种机", "秸秆", "堵塞"),
            ("免耕", "播种机", "的", "秸秆"),
            ["免耕播种机", "秸秆"],
        ),
        (("钣", "金", "加工"), ("钣", "金", "翻孔", "模具"), ["钣金"]),
        (("组件", "轴承"), ("轴承", "组件"), ["轴承"]),
        (("在线", "检测"), ("红外", "在线", "检测"), ["在线检测"]),
        (("中", "压", "电缆"), ("中", "压", "电缆"), ["中压电缆"]),
        (("中", "压", "交联", "电缆"), ("高", "压", "交联", "电缆"), ["交联电缆"]),
        (("脱", "硫"), ("硫", "的", "脱"), ["硫"]),
        (("铜", "材"), ("铜", "材", "与", "铜"), ["铜材"]),
        (("工程", "运输"), ("运输", "工程"), []),
        (("泵",), ("阀",), []),
    ],
)
def test_names(item: tuple[str, ...], patent: tuple[str, ...], names: list[str]) -> None:
    rarity = {word: 1.0 + 1 / (1 + i) for i, word in enumerate(item) if word in patent}
    rarity.pop("中", None)  # a stop word
    assert [name.text for name in names_of(item, rarity, [sentence(*patent)])] == names


def test_four_names_at_most_and_the_rarest_first() -> None:
    words = ("泵体", "阀门", "轴承", "叶轮", "机壳")
    pieces = tuple(piece for word in words for piece in (word, "、"))
    rarity = {word: float(weight) for weight, word in enumerate(words, 1)}
    named = names_of(pieces, rarity, [sentence(word) for word in words])
    assert [name.text for name in named] == ["机壳", "叶轮", "轴承", "阀门"]


@pytest.mark.parametrize(
    ("word", "tells"), [("铜", True), ("件", False), ("工程", False), ("隧道", True)]
)
def test_which_words_tell(word: str, tells: bool) -> None:
    assert telling(word) is tells
