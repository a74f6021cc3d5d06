"""A patent to firms: the likeliest firms, scored exactly as they would score this patent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.engine import Engine
from matcher.index.search import Ask, search
from matcher.pick import offer_of, refusal
from matcher.ranking.features import FEATURES
from matcher.ranking.reasons import Explainer, Pair
from matcher.readers import Readers
from matcher.types import FloatArray, Patent, PlaceSetting, RankedItem, RowArray, Uscc

_MOST_FIRMS = 200
_QUERY_WORDS = 40
# Of firms that changed since the build: so many at least, and so many times their share.
_FEWEST, _FAVOUR = 20, 4


@dataclass(frozen=True, slots=True)
class FirmRanking:
    """Ranks firms for one patent.

    Attributes:
        engine: encodes, routes, searches and ranks.
        explainer: builds reasons.
        readers: the catalogue now.
    """

    engine: Engine
    explainer: Explainer
    readers: Readers

    def items(self, patent: Patent, row: int, n: int) -> list[RankedItem]:
        """Return at most ``n`` firms above the relevance floor, best first, ties by USCC."""
        best = self._best(patent, row)[:n]
        reasons = self.explainer.of_firms([pair for _, pair in best], self.engine.policy)
        return [
            RankedItem(
                rank=position,
                item_id=str(pair.query.profile.uscc),
                score=round(score, 6),
                features=named_features(pair.features),
                segment=self.engine.seen.patents.main_segment(row),
                reasons=told,
            )
            for position, ((score, pair), told) in enumerate(
                zip(best, reasons, strict=True), start=1
            )
        ]

    def _best(self, patent: Patent, row: int) -> list[tuple[float, Pair]]:
        engine = self.engine
        candidates = self._candidates(patent, row)
        names = [Uscc(name) for name in engine.seen.firms.ids.ids_at(candidates)]
        stored = self.readers.firms.many(names)
        firms = [stored[name] for name in names if name in stored and stored[name].active]
        group = self.readers.groups.of_patents([patent.patent_id]).get(patent.patent_id)
        offer = offer_of(self.readers, group) if group else None
        found: list[tuple[float, Pair]] = []
        rows = np.array([row], dtype=np.int64)
        for query in engine.queries(self.readers.profiles(firms)):
            ranked = engine.rank_rows(query, rows)
            relevant = float(ranked.relevance[0]) >= engine.policy.floor_score
            if relevant and not refusal(query.profile, patent, offer):
                pair = Pair(query, patent, row, ranked.features[0], offer)
                found.append((float(ranked.scores[0]), pair))
        found.sort(key=lambda entry: (-entry[0], str(entry[1].query.profile.uscc)))
        return found

    def _candidates(self, patent: Patent, row: int) -> RowArray:
        """Return rows of firms: dense and BM25 in the patent's segments, and among local firms."""
        firms, ask = self.engine.seen.firms, self._ask(patent, row)
        found: list[RowArray] = []
        for part in firms.parts:
            most = _MOST_FIRMS
            if part.first:
                share = len(part.side) / max(len(firms.base), 1)
                most = min(most, max(_FEWEST, round(_FAVOUR * share * most)))
            rows = search(part.side, [ask], self.engine.config)[0]
            found.append(part.living(rows)[:most] + part.first)
        return np.concatenate(found)

    def _ask(self, patent: Patent, row: int) -> Ask:
        engine = self.engine
        part, own = engine.seen.patents.place(row)
        side = part.side
        local = engine.policy.place is PlaceSetting.LOCAL_FIRST
        words = list(dict.fromkeys(engine.tokeniser.tokenise(patent.title)))
        start, end = side.shares.indptr[own], side.shares.indptr[own + 1]
        return Ask(
            vectors=np.asarray(side.vectors[own : own + 1]),
            words=tuple(words[:_QUERY_WORDS]),
            segments=tuple(side.codes[column] for column in side.shares.indices[start:end]),
            province=int(side.columns["province"][own]) if local else -1,
        )


def named_features(features: FloatArray) -> dict[str, float]:
    """Return float32 (len(FEATURES),) by name, rounded for people."""
    return dict(zip(FEATURES, np.round(features, 4).tolist(), strict=True))
