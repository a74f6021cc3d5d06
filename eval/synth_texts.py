"""Texts cut where they may be cut, and put together anew with parts of others of their kind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Protocol

from embeddings.tokeniser import Tokeniser
from eval.synth_source import Alike

_JOINTS = ("的", "及", "和", "与", "、", "用", "以及", "及其")
_NO_START = tuple("的及和与、，用以其等中上下")
_LEAST_TITLES = 24
_LEAST_PARTS = 120
_ATTEMPTS = 12
DRAWS_OF_TITLE = 2 * _ATTEMPTS
"""Random numbers that one title may use."""
DRAWS_OF_TEXT = 32
"""Random numbers that one text may use."""

_PART = re.compile(r"[^。；;！\n]+[。；;！]?")
_NUMBERING = re.compile(
    r"^\s*(?:\[\d{4}\]|[(（]\w{1,2}[)）]|\d{1,2}[.、)）](?!\d)|[A-Z]\d{1,2}[:：、])\s*"
)
# What belongs to one claim alone, and whatever could name someone or something real.
_UNFIT = re.compile(r"权利要求|其特征|公司|先生|女士|保藏|登记号|\d{6,}")
_SHORTEST_THING = 4
_SHORTEST, _LONGEST = 8, 160
_LEAST_ROOM = 12

_LINKS = (
    "所述{a}与{b}相配合，用于{o}。",
    "{o}包括{a}和{b}，二者依次连接。",
    "其中{a}设于{b}的一侧，便于{o}的调整。",
    "在{a}的基础上，结合{b}，提高了{o}的稳定性。",
    "与现有的{a}相比，{o}结构简单，并可用于{b}。",
    "{o}通过{a}与{b}协同工作，降低了能耗。",
    "采用{a}对{b}进行处理，得到{o}。",
    "解决了现有{a}和{b}效率低、成本高的问题。",
)


class Cutter(Protocol):
    """Cuts a text into words."""

    def cut(self, text: str) -> list[str]:
        """Return every piece of the text, in order."""


class Titles:
    """Titles of a source and new ones made of their parts; none is handed out twice.

    Args:
        titles: in the order of ``symbols``.
        symbols: first IPC symbol of each, ascending.
        cutter: cuts them into words.
    """

    def __init__(
        self, titles: Sequence[str], symbols: Sequence[str], cutter: Cutter | None = None
    ) -> None:
        cutter = cutter or Tokeniser()
        self._titles = titles
        self._symbols = symbols
        self._alike = Alike(symbols, _LEAST_TITLES)
        self._cuts = [_cuts(title, cutter) for title in titles]
        self._best = [_best(title, cuts) for title, cuts in zip(titles, self._cuts, strict=True)]
        self._seen = set(titles)
        self.repeated = 0

    def make(self, row: int, draws: Sequence[float]) -> str:
        """Return a title like the one of ``row``: its beginning, and the end of one of its kind.

        What was handed out, or stands in the source, is drawn again: cut elsewhere, then from ever
        wider kinds, then of three parts. Only where nothing new is found one comes back twice,
        and is counted in ``repeated``.

        Args:
            row: of the title that gives the beginning.
            draws: ``DRAWS_OF_TITLE`` numbers from 0 to below 1.
        """
        spans = self._alike.of(self._symbols[row])
        made = self._titles[row]
        for attempt in range(_ATTEMPTS):
            start, end = spans[min(attempt // 3, len(spans) - 1)]
            first, second = draws[2 * attempt], draws[2 * attempt + 1]
            made = self._joined(row, start + int(first * (end - start)), attempt, second)
            if made not in self._seen and self._fits(made, row, attempt):
                self._seen.add(made)
                return made
        self.repeated += made in self._seen
        self._seen.add(made)
        return made

    def thing(self, row: int) -> str:
        """Return what the title of the row names."""
        return thing_of(self._titles[row])

    def link(self, row: int, thing: str, draws: Sequence[float]) -> str:
        """Return a sentence that speaks of a thing and two more of its kind; ``draws``: three."""
        start, end = self._alike.of(self._symbols[row])[0]
        frame = _LINKS[int(draws[0] * len(_LINKS))]
        one, two = (start + int(draw * (end - start)) for draw in draws[1:3])
        return frame.format(o=thing, a=self.thing(one), b=self.thing(two))

    def _joined(self, row: int, other: int, attempt: int, draw: float) -> str:
        cut, end = self._best[row], self._best[other]
        if attempt >= 2:
            end = _any(self._cuts[other], draw, end)
        if attempt >= 6:
            cut = _any(self._cuts[row], draw * 7 % 1, cut)
        made = self._titles[row][:cut] + self._titles[other][end:]
        if attempt >= 9:
            third = int(draw * 1_000_003) % len(self._titles)
            made += "及" + self.thing(third)
        return made

    def _fits(self, made: str, row: int, attempt: int) -> bool:
        if attempt >= 6:
            return len(made) <= 100
        length = len(self._titles[row])
        half = made[max(self._best[row] - 2, 0) : self._best[row]]
        stutters = len(half) == 2 and made.startswith(half, self._best[row])
        return not stutters and abs(len(made) - length) <= 4 + length // 3


class Parts:
    """Sentences of texts, in the order of their symbols, and new texts made of them.

    Args:
        texts: (first IPC symbol, text) in ascending order of symbols.
        opened: the first sentence says what the text is about, so it is left out.
    """

    def __init__(self, texts: Iterable[tuple[str, str]], *, opened: bool = False) -> None:
        self._parts: list[str] = []
        keys: list[str] = []
        for symbol, text in texts:
            found = parts_of(text)[opened:]
            self._parts += found
            keys += [symbol] * len(found)
        self._alike = Alike(keys, _LEAST_PARTS)

    def __len__(self) -> int:
        return len(self._parts)

    def make(self, opening: str, symbol: str, length: int, draws: Sequence[float]) -> str:
        """Return the opening and parts of texts of this symbol's kind, about ``length`` characters.

        Args:
            opening: how the text begins; it stands even where it is longer.
            symbol: whose kind is drawn from.
            length: how long it should be.
            draws: ``DRAWS_OF_TEXT`` numbers from 0 to below 1.
        """
        if not self._parts:
            return opening
        start, end = self._alike.of(symbol)[0]
        chosen, room = [opening], length - len(opening)
        for draw in draws:
            if room < _LEAST_ROOM:
                break
            part = _within(self._parts[start + int(draw * (end - start))], room)
            if part and part not in chosen:
                chosen.append(part)
                room -= len(part)
        return "".join(chosen).rstrip("；") + "。" * chosen[-1].endswith("；")


def thing_of(title: str) -> str:
    """Return what a title names, without what is said of it.

    >>> thing_of("一种用于机床的滚珠丝杠"), thing_of("一种导轨"), thing_of("雷击干扰的系统")
    ('滚珠丝杠', '导轨', '雷击干扰的系统')
    """
    title = title.removeprefix("一种")
    last = title.rpartition("的")[2]
    return last if len(last) >= _SHORTEST_THING else title


def parts_of(text: str) -> list[str]:
    """Return the sentences and long clauses of a text that may stand in another one.

    >>> parts_of("[0001]一种装置，包括阀体和阀芯。(2)加热到200摄氏度；如权利要求1所述的装置。短。")
    ['一种装置，包括阀体和阀芯。', '加热到200摄氏度；']
    """
    found = (_NUMBERING.sub("", part).strip() for part in _PART.findall(text))
    return [
        part for part in found if _SHORTEST <= len(part) <= _LONGEST and not _UNFIT.search(part)
    ]


def _within(part: str, room: int) -> str:
    """Return the part, or what of its clauses fits; "" where not even the first one does."""
    if len(part) <= room:
        return part
    at = part.rfind("，", _SHORTEST, room)
    return part[:at] + "。" if at > 0 else ""


def _cuts(title: str, cutter: Cutter) -> tuple[int, ...]:
    """Return the places between the words of a title where its second part may begin."""
    pieces = cutter.cut(title)
    ends = list(accumulate(map(len, pieces)))
    if not ends or ends[-1] != len(title):  # the cutter folded signs of another width
        ends = list(range(1, len(title) + 1))
    return tuple(
        at for at in ends[:-1] if len(title) - at >= 2 and not title.startswith(_NO_START, at)
    )


def _best(title: str, cuts: tuple[int, ...]) -> int:
    """Return the cut nearest the middle, after a joint if there is one; 0 for a single word."""
    if not cuts:
        return 0
    joints = [at for at in cuts if title.endswith(_JOINTS, 0, at)]
    return min(joints or cuts, key=lambda at: abs(2 * at - len(title)))


def _any(cuts: tuple[int, ...], draw: float, default: int) -> int:
    return cuts[int(draw * len(cuts))] if cuts else default
