"""Legal events as vendors and registers write them."""

from __future__ import annotations

import re

from matcher.types import LegalEvent, LegalStatus
from service.ingest.problems import BadValue

_SEPARATORS = re.compile(r"[;；|｜、,，/\n]+")
# The first word that a part contains decides. Words that end something stand before the thing.
_EVENTS = (
    ("解除", None),
    ("注销", None),
    ("恢复", LegalEvent.RESTORATION),
    ("独占", LegalEvent.EXCLUSIVE_LICENCE),
    ("排他", LegalEvent.SOLE_LICENCE),
    ("开放许可", LegalEvent.OPEN_LICENCE),
    ("许可", LegalEvent.LICENCE),
    ("避免重复授权", LegalEvent.ABANDONMENT),
    ("避重", LegalEvent.ABANDONMENT),
    ("质押", LegalEvent.PLEDGE),
    ("保全", LegalEvent.PRESERVATION),
    ("权属纠纷", LegalEvent.DISPUTE),
    ("即将放弃", LegalEvent.ABOUT_TO_ABANDON),
    ("部分无效", LegalEvent.PARTIAL_INVALIDATION),
    ("全部无效", LegalEvent.INVALIDATION),
    ("未缴", LegalEvent.FEE_UNPAID),
    ("欠费", LegalEvent.FEE_UNPAID),
    ("届满", LegalEvent.EXPIRY),
    ("放弃", LegalEvent.ABANDONMENT),
    ("驳回", LegalEvent.REJECTION),
    ("撤回", LegalEvent.WITHDRAWAL),
    ("视撤", LegalEvent.WITHDRAWAL),
    ("撤销", LegalEvent.INVALIDATION),
    ("一案双申", LegalEvent.DUAL_FILING),
    ("复审", LegalEvent.RE_EXAMINATION),
    ("转移", LegalEvent.ASSIGNMENT),
    ("转让", LegalEvent.ASSIGNMENT),
    ("变更", LegalEvent.ASSIGNMENT),
    ("实质审查", LegalEvent.EXAMINATION),
    ("实审", LegalEvent.EXAMINATION),
    ("授权", LegalEvent.GRANT),
)
# Words of these columns that say nothing that is an event.
_SILENT = (
    *("申请权", "公开", "公布", "有效", "有权", "审中", "在审"),
    *("失效", "无效", "无权", "终止", "维持"),
)
# As records tell them.
_CODES = {event.value: event for event in LegalEvent}
_LAPSING = frozenset(
    {
        LegalEvent.FEE_UNPAID,
        LegalEvent.ABANDONMENT,
        LegalEvent.EXPIRY,
        LegalEvent.REJECTION,
        LegalEvent.WITHDRAWAL,
        LegalEvent.INVALIDATION,
    }
)


def legal_events(
    written: str, field: str = "legal_events"
) -> tuple[tuple[LegalEvent, ...], list[BadValue]]:
    """Return (events in the order of ``LegalEvent``, words that mean nothing here).

    >>> legal_events("授权 | 权利转移")[0]
    (<LegalEvent.GRANT: 'grant'>, <LegalEvent.ASSIGNMENT: 'assignment'>)
    """
    found: set[LegalEvent] = set()
    unknown = []
    for part in filter(None, map(str.strip, _SEPARATORS.split(written))):
        if part.lower() in _CODES:
            found.add(_CODES[part.lower()])
            continue
        for word, event in _EVENTS:
            if word in part:
                found |= {event} if event else set()
                break
        else:
            if not any(word in part for word in _SILENT):
                cure = "Write events like 授权, 权利转移, 许可, 质押, 保全, 未缴年费 or 期限届满."
                unknown.append(BadValue(field, part, "unknown_event", cure))
    return tuple(event for event in LegalEvent if event in found), unknown


def status_of(events: tuple[LegalEvent, ...]) -> LegalStatus:
    """Return the status that follows from the events, UNKNOWN where none does.

    An event that ends the patent counts more than its grant, a restoration more than that.

    >>> status_of((LegalEvent.GRANT, LegalEvent.FEE_UNPAID)).value
    'LAPSED'
    """
    if LegalEvent.RESTORATION in events:
        return LegalStatus.IN_FORCE
    if _LAPSING & set(events):
        return LegalStatus.LAPSED
    if LegalEvent.EXAMINATION in events and LegalEvent.GRANT not in events:
        return LegalStatus.PENDING
    return LegalStatus.IN_FORCE if events else LegalStatus.UNKNOWN
