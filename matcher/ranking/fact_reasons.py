"""What the records say of a pair and of a patent: segment, IPC, place, offer, state, gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from matcher.errors import InputError
from matcher.phrases import Phrase, application_of, effect_of, problem_of
from matcher.places.places import PlaceTable
from matcher.query import FirmQuery
from matcher.ranking.reason_order import Cause
from matcher.segments.ipc import IpcSymbol, ipc_path, parse_ipc
from matcher.segments.taxonomy import Taxonomy
from matcher.sentences import clipped
from matcher.types import FirmProfile, GroupKind, ItemKind, LegalStatus, Offer, Patent, SegmentCode

_SAME_SEGMENT = 0.15
_PHRASE = 48
_TITLE = 20

STATUS_WORDS: Mapping[LegalStatus, str] = {
    LegalStatus.IN_FORCE: "有效",
    LegalStatus.PENDING: "审中",
    LegalStatus.LAPSED: "失效",
}


def segment(query: FirmQuery, code: SegmentCode | None, taxonomy: Taxonomy) -> Cause | None:
    """Return the patent's segment; it earns score where the firm asks there."""
    if code is None or code not in taxonomy:
        return None
    path = taxonomy.path(code)
    shared = query.segments.get(code, 0.0) >= _SAME_SEGMENT
    words = "与企业同属产业细分领域" if shared else "专利所属产业细分领域"
    detail = {"code": str(code), "path": path, "shared": shared}
    return Cause("segment", f"{words}：{path}", detail, {"segment": 1.0} if shared else {})


def ipc(patent: Patent, value: Mapping[str, float]) -> Cause | None:
    """Return the first IPC place that has a title; it earns score where the firm holds patents."""
    for symbol in patent.ipc:
        path = ipc_path(symbol) if _readable(symbol) else ()
        if not path:
            continue
        subclass = parse_ipc(symbol).subclass
        # The feature looks at the first readable symbol, which may be one without a title.
        first = next(one for one in map(_readable, patent.ipc) if one)
        share = value.get("own_ipc", 0.0) if first.subclass == subclass else 0.0
        part = "均" if share == 1.0 else f"有{share:.0%}"
        own = f"，企业自有专利{part}属于同一小类{subclass}" if share else ""
        return Cause(
            "ipc",
            f"国际专利分类 {symbol}：{' › '.join(map(_short, path[-2:]))}{own}",
            {"symbol": symbol, "subclass": subclass, "title": path[-1], "path": list(path)},
            {"ipc": 1.0} if share else {},
        )
    return None


def _short(title: str) -> str:
    """Return the head of an IPC title, which may list half a class."""
    return clipped(re.split("[；;]", title)[0], _TITLE)


def _readable(text: str) -> IpcSymbol | None:
    try:
        return parse_ipc(text)
    except InputError:
        return None


def place(
    profile: FirmProfile, patent: Patent, value: Mapping[str, float], places: PlaceTable
) -> Cause | None:
    """Return that the holder sits in the firm's city or province, named as the table names it."""
    home = places.normalise_region(profile.province, profile.city)
    province, city = (home.province, home.city) if home else ("", "")
    # Between 0 and 1 the holder's place is unknown.
    if value.get("same_city", 0.0) >= 1.0:
        where, word, level = city, "同城", "city"
        earned = {"city": 1.0, "province": 1.0}
    elif value.get("same_province", 0.0) >= 1.0:
        where, word, level = province, "同省", "province"
        earned = {"province": 1.0}
    else:
        return None
    shown = f"（{where}）" if where else ""
    return Cause(
        "place",
        f"专利权人与企业{word}{shown}",
        {"level": level, "where": where, "holder": patent.holder},
        earned,
    )


def effect(patent: Patent) -> Cause | None:
    """Return what the patent achieves, else what it is for or solves, in its own words."""
    parts: dict[str, tuple[str, Phrase]] = {}
    if achieved := effect_of(patent):
        lead = "能够" if achieved.rule in {"leads_to", "done"} else "效果："
        parts["effect"] = (lead, achieved)
    if application := application_of(patent):
        parts["application"] = ("可用于：", application)
    if len(parts) < 2 and (problem := problem_of(patent)):
        parts["problem"] = ("针对：", problem)
    if not parts:
        return None
    said = [f"{lead}{clipped(_bare(lead, one), _PHRASE)}" for lead, one in parts.values()]
    return Cause(
        "effect", "；".join(said), {name: phrase_detail(one) for name, (_, one) in parts.items()}
    )


def _bare(lead: str, phrase: Phrase) -> str:
    """Return the phrase without the 了 that 能够 does not bear."""
    text = phrase.text
    return text[:2] + text[3:] if lead == "能够" and text[2:3] == "了" else text


def phrase_detail(phrase: Phrase) -> dict[str, object]:
    """Return a phrase as plain data, its sentence and span in the patent's own text."""
    return {
        "text": phrase.text,
        "field": phrase.field,
        "part": phrase.part,
        "start": phrase.sentence[0],
        "end": phrase.sentence[1],
        "spans": [[phrase.start, phrase.end]],
        "rule": phrase.rule,
    }


def terms_of_offer(patent: Patent) -> Iterator[Cause]:
    """Yield open licence, intended price and maturity, where stated."""
    if patent.open_licence:
        yield Cause("open_licence", "专利权人已声明开放许可", {})
    if patent.price_band:
        yield Cause("price", f"意向价格：{patent.price_band}", {"price_band": patent.price_band})
    if patent.maturity:
        yield Cause("maturity", f"技术成熟度：{patent.maturity}", {"maturity": patent.maturity})


def legal_status(patent: Patent, value: Mapping[str, float]) -> Cause | None:
    """Return the legal status with the day on which it was checked."""
    word = STATUS_WORDS.get(patent.legal_status)
    if word is None:
        return None
    day = patent.checked_on.isoformat() if patent.checked_on else ""
    checked = f"（核对于{day}）" if day else "（核对日期未注明）"
    earns = patent.legal_status is LegalStatus.IN_FORCE and value.get("in_force")
    return Cause(
        "legal_status",
        f"法律状态：{word}{checked}",
        {"legal_status": patent.legal_status.value, "checked_on": day or None},
        {"in_force": 1.0} if earns else {},
    )


def group(offer: Offer) -> Cause:
    """Return the sentence for a patent that stands for a pool or for grouped patents."""
    told = offer.group
    word = "专利池" if told.kind is GroupKind.PATENT_POOL else "组合专利"
    return Cause(
        "group",
        f"以{word}“{told.name}”整体提供，共{len(offer.members)}件可推荐专利",
        {"group_id": told.group_id, "kind": told.kind.value, "members": len(offer.members)},
    )


def missing_of_patent(patent: Patent) -> Cause | None:
    """Return what the record of the patent lacks and a reader would look for."""
    return _missing(
        {
            "abstract": ("摘要", not patent.abstract and not patent.first_claim),
            "ipc": ("IPC分类号", not patent.ipc),
            "legal_status": ("法律状态", patent.legal_status is LegalStatus.UNKNOWN),
            "holder": ("专利权人", not patent.holder),
        },
        "资料缺少",
    )


def missing_of_firm(profile: FirmProfile) -> Cause | None:
    """Return what the record of the firm lacks and the match therefore did not see."""
    kinds = set(profile.item_kinds)
    wants = not kinds & {ItemKind.PRODUCT, ItemKind.NEED, ItemKind.DEMAND}
    return _missing(
        {
            "business_scope": ("经营范围", ItemKind.SCOPE not in kinds),
            "products": ("产品或技术需求", wants),
            "region": ("所在地", not profile.province and not profile.city),
        },
        "企业资料缺少",
    )


def _missing(absent: Mapping[str, tuple[str, bool]], lead: str) -> Cause | None:
    fields = [name for name, (_, missing) in absent.items() if missing]
    if not fields:
        return None
    names = "、".join(absent[name][0] for name in fields)
    return Cause("missing", f"{lead}：{names}，联系前请核实", {"fields": fields})
