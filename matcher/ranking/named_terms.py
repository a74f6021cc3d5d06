"""Which of the shared words are told to a reader, and how: runs of words first, no odd ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matcher.ranking.highlights import Sentence

MOST_NAMES = 4
_LONGEST_RUN = 4

# A lone character tells something where it is a stuff; 脱, 型 or 件 do not.
_STUFFS = frozenset(
    "金银铜铁铝锌锡铅镍钛镁锂钠钾钙锰铬钨钼钴硅硼碳氢氧氮氟氯硫磷砷汞钢煤油气水酸碱盐酶菌茶酒糖醋奶"
    "米麦豆肉鱼虾蟹菇菜果枣梨桃棉麻毛丝纱布绸革皮竹木纸砖瓦瓷玉石砂泥砼漆胶蜡药"
)
# Words that say of a trade what 方法 says of a patent.
_TRADE_WORDS = (
    "工程 工业 工具 改造 特种 运输 处理 管理 控制 信息 综合 辅助 基础 智能 环境 材料 机械 "
    "电子 自动化 表面 元件 部件 零部件 零配件 配件 零件 组件 安装 检测 检验 生物 化工 性能 "
    "高性能 高效 节能 环保 仪器 仪表 仪器仪表 器材 设施 装备 机电 五金 建筑 施工 城市 总成 "
    "系列 成套 制品 原料 原材料 辅料 用品 数据 网络 电器 金属 预防 安全 操作 维修 维护 保养 "
    "测试 工作 支持 整体 专用 通用 多功能 新材料 新能源 科技 现代 自动 快速 数字 集成 结合 "
    "组合 复合 配套 供应 回收 新型 机电产品 应用软件 管理系统 工艺品 日用品 半成品 成品 机器 "
    "机具 清洗 储存 包装 养护 "
)
_DULL = frozenset(_TRADE_WORDS.split())

_Run = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """A term as a reader sees it.

    Attributes:
        text: words that stand side by side in the firm's item and in the patent, joined.
        words: those words, as they were searched.
    """

    text: str
    words: _Run


def telling(word: str) -> bool:
    """Return whether the word says something by itself."""
    return word not in _DULL and (len(word) > 1 or word in _STUFFS)


def names_of(
    pieces: Sequence[str], rarity: Mapping[str, float], sentences: Sequence[Sentence]
) -> tuple[Name, ...]:
    """Return the terms that an item shares with a patent, the rarest first, at most four.

    Words side by side in both are told as one: 免耕播种机, not 免耕 and 播种机. A word that says
    nothing by itself is told within such a run only.

    Args:
        pieces: how the tokeniser cuts the item.
        rarity: weight of each shared word.
        sentences: of the patent, those that hold shared words.
    """
    texts = [_joined(sentence.pieces) for sentence in sentences]
    runs = [run for shared in _shared_runs(pieces, rarity) for run in _held_runs(shared, texts)]
    told = [run for run in dict.fromkeys(runs) if len(run) > 1 or telling(run[0])]
    inner = {word for run in told if len(run) > 1 for word in run}
    told = [run for run in told if len(run) > 1 or run[0] not in inner]
    told.sort(key=lambda run: (-sum(rarity[word] for word in run), run))
    return tuple(_name(run, pieces, texts) for run in told[:MOST_NAMES])


def _name(run: _Run, pieces: Sequence[str], texts: Sequence[str]) -> Name:
    """Return the run as a name: 中压电缆, where 中 is no searched word; 电缆, where it is not said.

    A cutter that splits a word leaves a character that tells nothing at the run's beginning.
    """
    if len(run) < 2 or len(run[0]) > 1 or telling(run[0]):
        return Name("".join(run), run)
    begins = _begins(run, pieces)
    before = pieces[begins - 1] if begins > 0 else ""
    if len(before) == 1 and any(_joined((before, *run)) in text for text in texts):
        return Name(before + "".join(run), run)
    rest = run[1:] if len("".join(run[1:])) > 2 else run
    return Name("".join(rest), rest)


def _begins(run: _Run, pieces: Sequence[str]) -> int:
    width = len(run)
    found = (i for i in range(len(pieces)) if tuple(pieces[i : i + width]) == run)
    return next(found, 0)


def _shared_runs(pieces: Sequence[str], rarity: Collection[str]) -> Iterator[_Run]:
    """Yield the longest rows of neighbouring pieces that are all shared."""
    run: list[str] = []
    for piece in (*pieces, ""):
        if piece in rarity:
            run.append(piece)
        elif run:
            yield tuple(run)
            run = []


def _held_runs(run: _Run, texts: Sequence[str]) -> Iterator[_Run]:
    """Yield the run cut into the longest parts that a sentence holds side by side."""
    start = 0
    while start < len(run):
        end = min(len(run), start + _LONGEST_RUN)
        while end > start + 1 and not any(_joined(run[start:end]) in text for text in texts):
            end -= 1
        yield run[start:end]
        start = end


def _joined(pieces: Sequence[str]) -> str:
    return "\x00" + "\x00".join(pieces) + "\x00"
