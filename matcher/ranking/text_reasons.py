"""What a patent and a firm both speak of: shared words, near texts, near own patents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.lexical import LexicalIndex
from embeddings.tokeniser import Tokeniser
from matcher.query import FirmQuery
from matcher.ranking.highlights import (
    Highlight,
    Sentence,
    highlights,
    sentences_with,
    term_spans,
)
from matcher.ranking.named_terms import Name, names_of, telling
from matcher.ranking.reason_order import Cause
from matcher.sentences import clipped
from matcher.types import FloatArray, ItemKind, Patent, PatentId

_MOST_TOUCHED = 2
_SECOND = 0.3
_FAR = 0.2
_NAME = 0.4
_AS_NEAR = 0.8
_NEAR_OWN = 0.4
_NEAR_ITEM = 0.15
_CLOSE = 0.5
_ITEM = 30

ITEM_WORDS: Mapping[ItemKind, str] = {
    ItemKind.NEED: "需求",
    ItemKind.DEMAND: "发布的需求",
    ItemKind.PRODUCT: "产品",
    ItemKind.SCOPE: "经营范围",
    ItemKind.NAME: "名称",
    ItemKind.TEXT: "描述",
}
FIELD_WORDS: Mapping[str, str] = {
    "title": "名称",
    "abstract": "摘要",
    "first_claim": "权利要求",
    "technical_field": "技术领域",
    "problems": "技术问题",
    "effects": "技术功效",
    "applications": "应用领域",
    "topics": "技术主题",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One text of the firm.

    Attributes:
        text: the text.
        kind: what it is.
        pieces: how the tokeniser cuts it.
        row: its row among the query's items; -1 for a name that is asked beside them.
    """

    text: str
    kind: ItemKind
    pieces: tuple[str, ...]
    row: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A firm's words, looked up once for all patents of a list.

    Attributes:
        query: the firm.
        items: what it asks for, then its name.
        rarity: word → weight, of the words that the index knows; others earn nothing.
        scored: those that BM25 asks with.
    """

    query: FirmQuery
    items: tuple[Item, ...]
    rarity: Mapping[str, float]
    scored: frozenset[str]

    @classmethod
    def of(cls, query: FirmQuery, tokeniser: Tokeniser, lexical: LexicalIndex) -> Asked:
        """Return the words of a firm."""
        profile = query.profile
        kinds = profile.item_kinds or (ItemKind.TEXT,) * len(profile.items)
        told = [
            (text, kind, row)
            for row, (text, kind) in enumerate(zip(profile.items, kinds, strict=True))
        ]
        if profile.name_words and ItemKind.NAME not in kinds:
            told.append((profile.name_words, ItemKind.NAME, -1))
        items = tuple(Item(text, kind, tuple(tokeniser.cut(text)), row) for text, kind, row in told)
        content = {word for item in items for word in tokeniser.tokenise(item.text)}
        words = [
            word
            for word in dict.fromkeys(piece for item in items for piece in item.pieces)
            if word in content
        ]
        weights = zip(words, lexical.weights(words).tolist(), strict=True)
        return cls(query, items, {w: x for w, x in weights if x > 0}, frozenset(query.words))

    def nearness(self, vector: FloatArray) -> list[float]:
        """Return the cosine of each item with a patent's vector, in the order of ``items``."""
        near = self.query.items @ vector if len(self.query.items) else np.zeros(0)
        name = float(self.query.name @ vector)
        return [float(near[item.row]) if item.row >= 0 else name for item in self.items]


@dataclass(frozen=True, slots=True)
class Touched:
    """An item of the firm that names what the patent names."""

    place: int
    names: tuple[Name, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the names, each once."""
        return tuple(dict.fromkeys(word for name in self.names for word in name.words))


def text_causes(
    asked: Asked, patent: Patent, vector: FloatArray, tokeniser: Tokeniser
) -> Iterator[Cause]:
    """Yield the items of the firm that the patent names, at most two, and the one nearest to it.

    The nearest is told by itself where no item that is named is about as near. The cosines of the
    texts go to the nearest item that is told, BM25 to the words by their rarity.
    """
    sentences = sentences_with(patent, asked.rarity, tokeniser)
    held = {word for sentence in sentences for word in sentence.words}
    rarity = {word: weight for word, weight in asked.rarity.items() if word in held}
    near = asked.nearness(vector)
    touched = _touched(asked, rarity, near, sentences)
    bearer, alone = _nearest(asked, touched, near)
    for one in touched:
        shares = _shares(asked, one, rarity, whole=one.place == bearer)
        marked = highlights(sentences, one.words, rarity)
        yield _shared(asked.items[one.place], one, marked, shares)
    if alone is not None:
        yield _similar(asked.items[alone], near[alone])


def _touched(
    asked: Asked,
    rarity: Mapping[str, float],
    near: Sequence[float],
    sentences: Sequence[Sentence],
) -> list[Touched]:
    """Return the items that say most of what is shared; the second must add some weight.

    A rare word of an item that is far from the patent in meaning counts less, and so does a name:
    what a firm says that it makes tells more.
    """
    left, found, least = dict(rarity), list[Touched](), 0.0
    while len(found) < _MOST_TOUCHED:
        masses = [
            sum(left[word] for word in set(item.pieces) if word in left and telling(word))
            * (_FAR + max(0.0, cosine))
            * (_NAME if item.kind is ItemKind.NAME else 1.0)
            for item, cosine in zip(asked.items, near, strict=True)
        ]
        best = max(range(len(masses)), key=masses.__getitem__, default=-1)
        if best < 0 or masses[best] <= least:
            break
        one = Touched(best, names_of(asked.items[best].pieces, left, sentences))
        found.append(one)
        least = _SECOND * masses[best]
        for word in asked.items[best].pieces:
            left.pop(word, None)
    return found


def _nearest(
    asked: Asked, touched: Sequence[Touched], near: Sequence[float]
) -> tuple[int | None, int | None]:
    """Return which told item bears the cosines, and which further item is told as nearest."""
    rows = [place for place, item in enumerate(asked.items) if item.row >= 0 or not touched]
    if not rows:
        return None, None
    nearest = max(rows, key=lambda place: near[place])
    named = [one.place for one in touched if asked.items[one.place].row >= 0]
    if named:
        bearer = max(named, key=lambda place: near[place])
        says_it = asked.items[nearest].text in asked.items[bearer].text
        if says_it or near[bearer] >= _AS_NEAR * near[nearest] or near[nearest] < _CLOSE:
            return bearer, None
    return None, nearest if near[nearest] >= _NEAR_ITEM else None


def _shares(
    asked: Asked, touched: Touched, rarity: Mapping[str, float], *, whole: bool
) -> dict[str, float]:
    """Return what of the score a named item stands for."""
    scored = {word: weight for word, weight in rarity.items() if word in asked.scored}
    part = sum(scored.get(word, 0.0) for word in touched.words)
    shares = {"words": part / sum(scored.values())} if part else {}
    if asked.items[touched.place].kind is ItemKind.NAME:
        shares["name"] = 1.0
    return {**shares, "text": 1.0} if whole else shares


def _shared(
    item: Item,
    touched: Touched,
    marked: Sequence[Highlight],
    shares: Mapping[str, float],
) -> Cause:
    first = marked[0]
    field = FIELD_WORDS[first.sentence.field]
    # The title stands beside the reasons in every list.
    seen = f"见专利{field}" if field == "名称" else f"专利{field}：“{first.quote()}”"
    names = "、".join(name.text for name in touched.names)
    return Cause(
        "shared_terms",
        f"与企业{ITEM_WORDS[item.kind]}“{clipped(item.text, _ITEM)}”共有关键词：{names}（{seen}）",
        {
            "terms": [name.text for name in touched.names],
            "words": list(touched.words),
            "item": item.text,
            "item_kind": item.kind.value,
            "item_spans": [
                list(span) for span in term_spans(item.text, item.pieces, touched.words)
            ],
            "highlights": [one.detail for one in marked],
        },
        shares,
    )


def _similar(item: Item, similarity: float) -> Cause:
    """Return the item nearest in meaning."""
    said = f"{ITEM_WORDS[item.kind]}“{clipped(item.text, _ITEM)}”"
    return Cause(
        "similar_text",
        f"与企业{said}{_closeness(similarity)}",
        {"item": item.text, "item_kind": item.kind.value, "similarity": round(similarity, 4)},
        _text_shares(item),
    )


def _text_shares(item: Item) -> dict[str, float]:
    """Return what nearness to an item earns: a name beside the items has a feature of its own."""
    if item.kind is not ItemKind.NAME:
        return {"text": 1.0}
    return {"text": 1.0, "name": 1.0} if item.row >= 0 else {"name": 1.0}


def nearest_own(own: FloatArray, vector: FloatArray) -> tuple[int, float] | None:
    """Return (position, cosine) of the nearest own patent; ``None`` where none is near.

    Args:
        own: float32 (o, dim), rows of the patents that the firm holds.
        vector: float32 (dim,), the patent's row.
    """
    if not len(own):
        return None
    near = own @ vector
    best = int(np.argmax(near))
    return (best, float(near[best])) if near[best] >= _NEAR_OWN else None


def own_patent(patent_id: PatentId, title: str, similarity: float) -> Cause:
    """Return the cause that an own patent of the firm is near."""
    return Cause(
        "own_patents",
        f"与企业自有专利《{title}》{_closeness(similarity)}",
        {"patent_id": str(patent_id), "title": title, "similarity": round(similarity, 4)},
        {"own": 1.0},
    )


def _closeness(similarity: float) -> str:
    word = "内容相近" if similarity >= _CLOSE else "内容有一定关联"
    return f"{word}（相似度 {similarity:.2f}）"
