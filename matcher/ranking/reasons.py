"""Why an item stands in a list, in words a factory owner understands, from the data alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.tokeniser import Tokeniser
from matcher.index.index_set import IndexSet
from matcher.places.places import PlaceTable
from matcher.ports import PatentReader
from matcher.query import FirmQuery
from matcher.ranking import fact_reasons as facts
from matcher.ranking.features import FEATURES
from matcher.ranking.policy import Policy
from matcher.ranking.reason_order import Cause, contributions, weighed
from matcher.ranking.text_reasons import Asked, nearest_own, own_patent, text_causes
from matcher.segments.taxonomy import Taxonomy
from matcher.types import FloatArray, Offer, Patent, PatentId, Reason


@dataclass(frozen=True, slots=True)
class Pair:
    """A firm and a patent that were ranked together.

    Attributes:
        query: the firm.
        patent: the record as it is now.
        row: the patent's row.
        features: float32 (len(FEATURES),), what the score was made of.
        offer: the group that the patent stands for, ``None`` for one by itself.
    """

    query: FirmQuery
    patent: Patent
    row: int
    features: FloatArray
    offer: Offer | None = None

    @property
    def value(self) -> dict[str, float]:
        """The features by name."""
        return dict(zip(FEATURES, self.features.tolist(), strict=True))


_Near = tuple[PatentId, float]


@dataclass(frozen=True, slots=True)
class Explainer:
    """Builds the reasons of pairs.

    A reason that names a feature is its cause: without it the pair scores less. Reasons that
    earn nothing say ``"scored": false`` in their detail.

    Attributes:
        taxonomy: names of segments.
        tokeniser: cuts texts as the index did.
        index: vectors, segments and rare words of the patents.
        patents: tells the titles of a firm's own patents.
        places: names of regions.
    """

    taxonomy: Taxonomy
    tokeniser: Tokeniser
    index: IndexSet
    patents: PatentReader
    places: PlaceTable

    def of_patents(self, pairs: Sequence[Pair], policy: Policy) -> list[tuple[Reason, ...]]:
        """Return the reasons of each pair in a list of patents: of the pair, and of the patent."""
        told = [(*pair_causes, *_patent_causes(pair)) for pair, pair_causes in self._causes(pairs)]
        return _weighed(pairs, told, policy)

    def of_firms(self, pairs: Sequence[Pair], policy: Policy) -> list[tuple[Reason, ...]]:
        """Return the reasons of each pair in a list of firms: what tells this firm from others.

        What is so of the patent whoever reads it stands in no firm's reasons; what the firm's own
        record lacks does.
        """
        told = [
            (*_earning(pair_causes), facts.missing_of_firm(pair.query.profile))
            for pair, pair_causes in self._causes(pairs)
        ]
        return _weighed(pairs, told, policy)

    def _causes(self, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, list[Cause | None]]]:
        near = [self._nearest_own(pair) for pair in pairs]
        titles = self.patents.many(sorted({one[0] for one in near if one}))
        lexical = self.index.patents.lexical
        asked: dict[int, Asked] = {}
        for pair, own in zip(pairs, near, strict=True):
            # One query for a list of patents, many for one of firms.
            if id(pair.query) not in asked:
                asked[id(pair.query)] = Asked.of(pair.query, self.tokeniser, lexical)
            ours = asked[id(pair.query)]
            causes: list[Cause | None] = [
                *text_causes(ours, pair.patent, self._vector(pair), self.tokeniser)
            ]
            if own and own[0] in titles:
                causes.append(own_patent(own[0], titles[own[0]].title, own[1]))
            causes += self._pair_facts(pair)
            yield pair, causes

    def _pair_facts(self, pair: Pair) -> list[Cause | None]:
        code = self.index.patents.main_segment(pair.row)
        return [
            facts.group(pair.offer) if pair.offer else None,
            facts.place(pair.query.profile, pair.patent, pair.value, self.places),
            facts.segment(pair.query, code, self.taxonomy),
            facts.ipc(pair.patent, pair.value),
        ]

    def _nearest_own(self, pair: Pair) -> _Near | None:
        near = nearest_own(pair.query.own, self._vector(pair))
        if near is None:
            return None
        rows = self.index.own_rows(pair.query.profile.own_patents)
        (name,) = self.index.patents.ids.ids_at(rows[near[0] : near[0] + 1])
        return PatentId(name), near[1]

    def _vector(self, pair: Pair) -> FloatArray:
        return np.asarray(self.index.patents.vectors[pair.row])


def _earning(causes: Sequence[Cause | None]) -> list[Cause]:
    return [cause for cause in causes if cause and (cause.shares or cause.kind == "group")]


def _patent_causes(pair: Pair) -> list[Cause | None]:
    return [
        facts.effect(pair.patent),
        *facts.terms_of_offer(pair.patent),
        facts.legal_status(pair.patent, pair.value),
        facts.missing_of_patent(pair.patent),
    ]


def _weighed(
    pairs: Sequence[Pair], told: Sequence[Sequence[Cause | None]], policy: Policy
) -> list[tuple[Reason, ...]]:
    if not pairs:
        return []
    lost = contributions(policy, np.stack([pair.features for pair in pairs]))
    return [
        weighed([cause for cause in causes if cause], row)
        for causes, row in zip(told, lost, strict=True)
    ]
