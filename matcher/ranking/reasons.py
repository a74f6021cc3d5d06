"""Why an item stands in a list, in words a factory owner understands, from the data alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from embeddings.lexical import LexicalIndex
from embeddings.tokeniser import Tokeniser
from matcher.errors import InputError
from matcher.patent_text import document_text
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES
from matcher.segments.ipc import ipc_path, parse_ipc
from matcher.segments.taxonomy import Taxonomy
from matcher.types import FloatArray, GroupKind, LegalStatus, Offer, Patent, Reason, SegmentCode

_MOST_TERMS = 4
_NEAR_OWN = 0.5
_SAME_SEGMENT = 0.15


@dataclass(frozen=True, slots=True)
class Explainer:
    """Builds the reasons of one pair.

    Attributes:
        taxonomy: names of segments.
        tokeniser: cuts patent texts as the index did.
        lexical: tells which words are rare.
    """

    taxonomy: Taxonomy
    tokeniser: Tokeniser
    lexical: LexicalIndex

    def explain(
        self, query: FirmQuery, patent: Patent, segment: SegmentCode | None, features: FloatArray
    ) -> tuple[Reason, ...]:
        """Return the reasons that hold for this pair, strongest kind first, what is missing last.

        Args:
            query: the firm.
            patent: the record as it is now.
            segment: the patent's main segment.
            features: float32 (len(FEATURES),) of the pair.
        """
        value = dict(zip(FEATURES, features.tolist(), strict=True))
        found = [
            self._terms(query, patent),
            self._segment(query, segment),
            _ipc(patent),
            _own(value),
            _place(value, patent),
            *_offer(patent),
            _missing(patent),
        ]
        return tuple(reason for reason in found if reason is not None)

    def _terms(self, query: FirmQuery, patent: Patent) -> Reason | None:
        words = set(self.tokeniser.tokenise(document_text(patent)))
        shared = [word for word in query.words if word in words]
        if not shared:
            return None
        rarity = dict(zip(shared, self.lexical.weights(shared).tolist(), strict=True))
        terms = sorted(shared, key=lambda word: (-rarity[word], word))[:_MOST_TERMS]
        item = _item_of(query, terms)
        return Reason(
            "shared_terms",
            f"与企业“{item}”共有关键词：{'、'.join(terms)}",
            {"terms": terms, "item": item},
        )

    def _segment(self, query: FirmQuery, segment: SegmentCode | None) -> Reason | None:
        if segment is None or segment not in self.taxonomy:
            return None
        path = self.taxonomy.path(segment)
        shared = query.segments.get(segment, 0.0) >= _SAME_SEGMENT
        words = "与企业同属产业细分领域" if shared else "专利所属产业细分领域"
        return Reason(
            "segment", f"{words}：{path}", {"code": segment, "path": path, "shared": shared}
        )


def _item_of(query: FirmQuery, terms: list[str]) -> str:
    """Return the firm's own item that holds most of the terms (the first such)."""
    wanted = set(terms)
    counts = [len(wanted & set(words)) for words in query.item_words]
    return query.profile.items[counts.index(max(counts))]


def _ipc(patent: Patent) -> Reason | None:
    for symbol in patent.ipc:
        titles = _or_none(ipc_path, symbol)
        if titles:
            subclass = parse_ipc(symbol).subclass
            title = titles[-1]
            return Reason(
                "ipc",
                f"国际专利分类 {symbol}：{title}",
                {"symbol": symbol, "subclass": subclass, "title": title},
            )
    return None


def _or_none(method: Callable[[str], tuple[str, ...]], symbol: str) -> tuple[str, ...] | None:
    try:
        return method(symbol)
    except InputError:
        return None


def _own(value: dict[str, float]) -> Reason | None:
    if value["own_patents"] < _NEAR_OWN:
        return None
    return Reason(
        "own_patents",
        f"与企业自有专利内容相近（相似度 {value['own_patents']:.2f}）",
        {"similarity": round(value["own_patents"], 4)},
    )


def _place(value: dict[str, float], patent: Patent) -> Reason | None:
    if value["same_city"]:
        return Reason("place", "专利权人与企业同城", {"level": "city", "holder": patent.holder})
    if value["same_province"]:
        return Reason("place", "专利权人与企业同省", {"level": "province", "holder": patent.holder})
    return None


def offer_reason(offer: Offer) -> Reason:
    """Return the sentence for a patent that stands for a pool or for grouped patents."""
    group = offer.group
    word = "专利池" if group.kind is GroupKind.PATENT_POOL else "组合专利"
    return Reason(
        "group",
        f"以{word}“{group.name}”整体提供，共{len(offer.members)}件可推荐专利",
        {"group_id": group.group_id, "kind": group.kind.value, "members": len(offer.members)},
    )


def _offer(patent: Patent) -> list[Reason]:
    found: list[Reason] = []
    if patent.open_licence:
        found.append(Reason("open_licence", "专利权人已声明开放许可", {}))
    if patent.maturity:
        found.append(
            Reason("maturity", f"技术成熟度：{patent.maturity}", {"maturity": patent.maturity})
        )
    if patent.price_band:
        found.append(
            Reason("price", f"意向价格：{patent.price_band}", {"price_band": patent.price_band})
        )
    return found


def _missing(patent: Patent) -> Reason | None:
    absent = {
        "abstract": ("摘要", not patent.abstract and not patent.first_claim),
        "ipc": ("IPC分类号", not patent.ipc),
        "legal_status": ("法律状态", patent.legal_status is LegalStatus.UNKNOWN),
        "holder": ("专利权人", not patent.holder),
    }
    fields = [name for name, (_, missing) in absent.items() if missing]
    if not fields:
        return None
    names = "、".join(absent[name][0] for name in fields)
    return Reason("missing", f"资料缺少：{names}，联系前请核实", {"fields": fields})
