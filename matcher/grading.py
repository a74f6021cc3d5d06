"""Grading (分级): the system's own score of a patent, every part of it shown.

Six parts of known weight make 100 points. What is not known earns nothing and is said to be
unknown, beside how many points were open to knowledge at all. The weights are a judgment on what
a transfer officer asks first; they are not fitted to anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from matcher.segment_demand import SegmentDemand
from matcher.types import LegalStatus, Patent, PatentKind, StopState

# Patent law §42: years from filing. A design filed before June 2021 has ten.
_TERMS = {PatentKind.INVENTION: 20, PatentKind.UTILITY_MODEL: 10, PatentKind.DESIGN: 15}
_DESIGN_CHANGED = date(2021, 6, 1)
_STAGES = ("样品", "试生产", "小批量", "批量")
_EARLY = ("技术构思", "正在研发", "已有样品", "通过小试", "通过中试", "可以量产")
_FULL_LIFE = 10
_FULL_DEMAND = 1_000
_STAR_FLOORS = (0, 20, 40, 60, 80)


@dataclass(frozen=True, slots=True)
class Weights:
    """Points that each part can earn; they make 100."""

    life: float = 20
    text: float = 15
    maturity: float = 20
    offer: float = 15
    evidence: float = 5
    demand: float = 25


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a grade.

    Attributes:
        name: life, text, maturity, offer, evidence or demand.
        points: what it earns.
        most: what it could earn.
        known: whether anything is known of it.
        text: one Chinese sentence: the finding behind the points.
    """

    name: str
    points: float
    most: float
    known: bool
    text: str


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of one patent beside the holder's own.

    Attributes:
        parts: every part, in a fixed order.
        self_grade: the holder's stars, 0 for none.
        stopped: why it may not be recommended at all, "" for a patent that may.
    """

    patent: Patent
    parts: tuple[Part, ...]
    self_grade: int = 0
    stopped: str = ""
    demand: SegmentDemand | None = field(default=None)

    @property
    def score(self) -> float:
        """Points out of 100; a patent that may not be recommended keeps them, and has no stars."""
        return round(sum(part.points for part in self.parts), 1)

    @property
    def known(self) -> float:
        """Points that were open to knowledge."""
        return round(sum(part.most for part in self.parts if part.known), 1)

    @property
    def stars(self) -> int:
        """1 to 5 by twenties of the score, 0 for a stopped patent."""
        if self.stopped:
            return 0
        return sum(self.score >= floor for floor in _STAR_FLOORS)


def grade(
    patent: Patent,
    demand: SegmentDemand | None,
    today: date,
    *,
    willing: bool = False,
    weights: Weights | None = None,
) -> Grade:
    """Return the grade of a patent.

    Args:
        patent: as stored now.
        demand: of its segments; None where no index knows the patent.
        today: for the life that is left.
        willing: the holder declared that it would license or assign (转化意愿).
        weights: of the parts.
    """
    weigh = weights or Weights()
    return Grade(
        patent=patent,
        parts=(
            _life(patent, today, weigh.life),
            _text(patent, weigh.text),
            _maturity(patent, weigh.maturity),
            _offer(patent, weigh.offer, willing=willing),
            _evidence(patent, today, weigh.evidence),
            _demand(demand, weigh.demand),
        ),
        self_grade=patent.self_grade,
        stopped=_stopped(patent),
        demand=demand,
    )


def expiry(patent: Patent) -> date | None:
    """Return the end of the term: as stated, or from filing date and kind; None if unknown."""
    if patent.expires_on:
        return patent.expires_on
    term = _TERMS.get(patent.kind)
    if patent.filing_date is None or term is None:
        return None
    if patent.kind is PatentKind.DESIGN and patent.filing_date < _DESIGN_CHANGED:
        term = 10
    filed = patent.filing_date
    day = 28 if (filed.month, filed.day) == (2, 29) else filed.day
    return date(filed.year + term, filed.month, day)


def _stopped(patent: Patent) -> str:
    if patent.legal_status is LegalStatus.LAPSED:
        return "已失效"
    words = {
        StopState.ABOUT_TO_ABANDON: "即将放弃专利权",
        StopState.OWNERSHIP_DISPUTE: "涉及权属纠纷",
        StopState.UNSUITABLE: "不适宜转化",
        StopState.EXCLUSIVELY_LICENSED: "已独占或排他许可",
        StopState.PRESERVED: "被保全",
    }
    return words.get(patent.stop_state, "")


def _life(patent: Patent, today: date, most: float) -> Part:
    end = expiry(patent)
    if end is None:
        return Part("life", 0, most, False, "剩余保护期未知（缺申请日或专利类型）")
    years = max(0.0, (end - today).days / 365.25)
    if patent.legal_status is LegalStatus.LAPSED:
        return Part("life", 0, most, True, "已失效，无剩余保护期")
    points = most * min(1.0, years / _FULL_LIFE)
    return Part("life", round(points, 1), most, True, f"剩余保护期约{years:.1f}年（至{end}）")


def _text(patent: Patent, most: float) -> Part:
    held: Sequence[tuple[str, bool]] = (
        ("摘要", bool(patent.abstract)),
        ("权利要求", bool(patent.first_claim)),
        ("IPC分类", bool(patent.ipc)),
        ("技术问题或功效", bool(patent.problems or patent.effects)),
        ("应用领域", bool(patent.applications or patent.technical_field)),
    )
    there = [name for name, has in held if has]
    absent = [name for name, has in held if not has]
    text = f"资料含{'、'.join(there)}" if there else "仅有题名"
    text += f"；缺{'、'.join(absent)}" if absent else ""
    return Part("text", round(most * len(there) / len(held), 1), most, True, text)


def _maturity(patent: Patent, most: float) -> Part:
    if not patent.maturity:
        return Part("maturity", 0, most, False, "技术成熟度未填报")
    for place in range(len(_STAGES), 0, -1):
        if patent.maturity.startswith(_STAGES[place - 1]):
            share = place / len(_STAGES)
            return Part("maturity", most * share, most, True, f"技术成熟度：{patent.maturity}")
    if patent.maturity in _EARLY:
        share = (_EARLY.index(patent.maturity) + 1) / len(_EARLY)
        points = round(most * share, 1)
        return Part("maturity", points, most, True, f"技术成熟度：{patent.maturity}")
    return Part("maturity", 0, most, False, f"技术成熟度“{patent.maturity}”不在代码表中")


def _offer(patent: Patent, most: float, *, willing: bool) -> Part:
    if patent.open_licence:
        return Part("offer", most, most, True, "已声明或已列入开放许可")
    if patent.price_band and patent.price_band != "具体面议":
        return Part("offer", most * 2 / 3, most, True, f"意向价格{patent.price_band}")
    if patent.price_band or willing:
        return Part("offer", most / 3, most, True, "有转化意愿，价格面议")
    return Part("offer", 0, most, False, "许可或转让意愿未填报")


def _evidence(patent: Patent, today: date, most: float) -> Part:
    if patent.checked_on is None or patent.legal_status is LegalStatus.UNKNOWN:
        return Part("evidence", 0, most, False, "法律状态未核对")
    age = (today - patent.checked_on).days
    share = 1.0 if age <= 183 else 0.5 if age <= 365 else 0.0
    return Part("evidence", most * share, most, True, f"法律状态核对于{patent.checked_on}")


def _demand(demand: SegmentDemand | None, most: float) -> Part:
    if demand is None:
        return Part("demand", 0, most, False, "产业需求未知（未进入索引）")
    points = most * min(1.0, math.log10(1 + demand.firms) / math.log10(1 + _FULL_DEMAND))
    if demand.asked >= demand.of:
        text = f"所属细分领域{demand.of}家企业中，{demand.firms}家达到相关性下限"
    else:
        text = (
            f"所属细分领域{demand.of}家企业中，约{demand.firms}家达到相关性下限"
            f"（抽查{demand.asked}家，95%区间{demand.low}–{demand.high}家）"
        )
    return Part("demand", round(points, 1), most, True, text)
