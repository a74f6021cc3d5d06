"""Why a list is short or empty, in words and with the counts behind them."""

from __future__ import annotations

from collections import Counter

from matcher.types import Patent, Reason


def empty_note(text: str, cause: str) -> Reason:
    """Return the note of an empty list: the sentence, and the cause for machines."""
    return Reason("empty", text, {"cause": cause})


def stopped_note(patent: Patent) -> Reason:
    """Return the note of a patent that may not be recommended to anyone."""
    return Reason(
        "empty",
        "该专利已失效或处于不宜推荐的状态",
        {"legal_status": patent.legal_status.value, "stop_state": patent.stop_state.value},
    )


def shortfall_notes(found: int, n: int, refused: Counter[str]) -> list[Reason]:
    """Return what to say of a list of ``found`` items where ``n`` were asked; nothing if full.

    Args:
        found: items of the list.
        n: items asked for.
        refused: cause → how many candidates it kept out.
    """
    if found == n:
        return []
    words = {
        "floor": "低于相关性下限",
        "excluded": "为本企业已有、已许可或已表示不适合的专利",
        "stopped": "已失效或不宜推荐",
        "filters": "现已不符合筛选条件",
        "family": "与已列专利同族",
        "holder": "超过同一专利权人的上限",
        "group": "与已列专利属同一专利池或组合",
    }
    found_causes = [(cause, count) for cause, count in refused.most_common() if count]
    causes = "；".join(f"{count}件{words[cause]}" for cause, count in found_causes)
    text = f"只有{found}件专利可推荐" + (f"（{causes}）" if causes else "")
    return [
        Reason("short" if found else "empty", text, {"found": found, "refused": dict(found_causes)})
    ]


def left_out_note(count: int) -> Reason:
    """Return the note of a page on which items stood that may not be shown any more."""
    text = f"自列表生成以来，有{count}件专利已不宜推荐或不再符合条件，未列出"
    return Reason("left_out", text, {"left_out": count})
