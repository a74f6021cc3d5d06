"""The online path, top to bottom: a firm (or free text) to patents, a patent to firms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from matcher.engine import Engine
from matcher.errors import InputError, UnknownSegment
from matcher.index.search import Ask, search
from matcher.notes import empty_note, shortfall_notes, stopped_note
from matcher.pick import Picked, Picker, offer_of, refusal
from matcher.profile import profile_of_text
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES
from matcher.ranking.rank import Ranked, rank
from matcher.ranking.reasons import Explainer, Pair
from matcher.readers import Readers
from matcher.types import (
    DemandId,
    FirmProfile,
    FloatArray,
    ListId,
    Patent,
    PatentId,
    PlaceSetting,
    RankedItem,
    RankedList,
    Reason,
    RowArray,
    SegmentCode,
    Uscc,
    Versions,
)

MOST_ITEMS = 200
_MOST_FIRMS = 200
_QUERY_WORDS = 40


class Recommender:
    """Answers both directions and records each list it hands out.

    Args:
        engine: encodes, routes, searches and ranks.
        explainer: builds reasons.
        readers: the catalogue now; legal state and relations are read at each request.
        clock: gives the time.
        new_id: gives ids for lists.
    """

    def __init__(
        self,
        engine: Engine,
        explainer: Explainer,
        readers: Readers,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self.engine = engine
        self._explainer = explainer
        self._readers = readers
        self._clock = clock
        self._new_id = new_id

    def profile(self, uscc: Uscc) -> FirmProfile:
        """Return a stored firm's profile as of now; raise ``FirmNotFound``."""
        return self._readers.profiles([self._readers.firms.get(uscc)])[0]

    def recommend(
        self,
        uscc: Uscc,
        n: int = 20,
        segment: SegmentCode | None = None,
        place: PlaceSetting | None = None,
    ) -> RankedList:
        """Return the best patents for a stored firm, and record the list.

        Args:
            uscc: of the firm.
            n: most items.
            segment: look in this one alone; ``None`` goes by the firm's text.
            place: what place counts; ``None`` for the policy's own setting.

        Raises:
            FirmNotFound: the firm is not in the catalogue.
            InputError: ``n`` is out of range or the segment unknown.
        """
        return self._placed(place)._patents_for(self.profile(uscc), str(uscc), n, segment)

    def recommend_text(
        self,
        text: str,
        province: str = "",
        city: str = "",
        n: int = 20,
        segment: SegmentCode | None = None,
        *,
        place: PlaceSetting | None = None,
    ) -> RankedList:
        """Return the best patents for free text (products or a need) and a place, and record it."""
        if not text.strip():
            raise InputError(
                "found an empty text", "products or a need in words", "describe the firm"
            )
        profile = profile_of_text(text, province, city)
        return self._placed(place)._patents_for(profile, "", n, segment)

    def recommend_demand(
        self, demand_id: DemandId, n: int = 20, place: PlaceSetting | None = None
    ) -> RankedList:
        """Return the best patents for one posted demand (技术需求), and record the list.

        Raises:
            DemandNotFound: the demand is not in the catalogue.
            InputError: ``n`` is out of range.
        """
        demand = self._readers.demands.get(demand_id)
        profile = self._readers.demand_profile(demand)
        return self._placed(place)._patents_for(profile, str(demand.uscc or ""), n, None)

    def firms_for(
        self, patent_id: PatentId, n: int = 20, place: PlaceSetting | None = None
    ) -> RankedList:
        """Return the firms this patent suits best, by the same scores, and record the list.

        Raises:
            PatentNotFound: the patent is not in the catalogue.
            InputError: ``n`` is out of range, or the patent is not in the current index.
        """
        _check_n(n)
        patent = self._readers.patents.get(patent_id)
        row = self.engine.index.patents.ids.row_of(patent_id)
        if row is None:
            raise InputError(
                f"found patent {patent_id!r} outside the current index",
                "a patent imported before the last build",
                "run 'panhuo build'",
            )
        if not patent.recommendable:
            return self._record(str(patent_id), "firms", [], [stopped_note(patent)], {})
        if self.engine.index.patents.main_segment(row) is None:
            note = empty_note("该专利的资料不足以确定产业细分领域", "unrouted")
            return self._record(str(patent_id), "firms", [], [note], {})
        placed = self._placed(place)
        items = placed._rank_firms(patent, row, n)
        notes = [] if items else [empty_note("没有企业达到相关性下限", "floor")]
        return placed._record(str(patent_id), "firms", items, notes, {})

    def _placed(self, place: PlaceSetting | None) -> Recommender:
        engine = self.engine.placed(place)
        if engine is self.engine:
            return self
        return Recommender(engine, self._explainer, self._readers, self._clock, self._new_id)

    def _patents_for(
        self, profile: FirmProfile, subject: str, n: int, segment: SegmentCode | None
    ) -> RankedList:
        _check_n(n)
        codes = self.engine.index.patents.codes
        if segment is not None and segment not in codes:
            raise UnknownSegment(segment, len(codes))
        query = self.engine.queries([profile], segment)[0]
        if not query.segments or not query.asked_rows().any():
            note = empty_note("企业资料中没有可用于匹配的产品或技术描述", "no_text")
            return self._record(subject, "patents", [], [note], {})
        ranked = self.engine.rank_many([query])[0]
        picker = Picker(self._readers, self.engine.index.patents, self.engine.policy)
        picked, refused = picker.pick(query.profile, ranked, n)
        items = self._items(query, picked, ranked)
        notes = shortfall_notes(len(items), n, refused)
        return self._record(subject, "patents", items, notes, dict(query.segments))

    def _items(
        self, query: FirmQuery, picked: Sequence[Picked], ranked: Ranked
    ) -> list[RankedItem]:
        pairs = [
            Pair(query, one.patent, one.row, ranked.features[one.place], one.offer)
            for one in picked
        ]
        reasons = self._explainer.of_patents(pairs, self.engine.policy)
        return [
            RankedItem(
                rank=position,
                item_id=one.patent.patent_id,
                score=round(float(ranked.scores[one.place]), 6),
                features=_named(pair.features),
                segment=self.engine.index.patents.main_segment(one.row),
                reasons=told,
                offer=one.offer,
            )
            for position, (one, pair, told) in enumerate(
                zip(picked, pairs, reasons, strict=True), start=1
            )
        ]

    def _rank_firms(self, patent: Patent, row: int, n: int) -> list[RankedItem]:
        """Score the likeliest firms exactly as they would score this patent."""
        engine = self.engine
        candidates = self._firm_candidates(patent, row)
        names = [Uscc(name) for name in engine.index.firms.ids.ids_at(candidates)]
        stored = self._readers.firms.many(names)
        firms = [stored[name] for name in names if name in stored and stored[name].active]
        group = self._readers.groups.of_patents([patent.patent_id]).get(patent.patent_id)
        offer = offer_of(self._readers, group) if group else None
        found: list[tuple[float, Pair]] = []
        rows = np.array([row], dtype=np.int64)
        for query in engine.queries(self._readers.profiles(firms)):
            own = engine.index.own_rows(query.profile.own_patents)
            ranked = rank(query, engine.index.patents, rows, own, engine.policy)
            relevant = float(ranked.relevance[0]) >= engine.policy.floor_score
            if relevant and not refusal(query.profile, patent, offer):
                pair = Pair(query, patent, row, ranked.features[0], offer)
                found.append((float(ranked.scores[0]), pair))
        found.sort(key=lambda entry: (-entry[0], str(entry[1].query.profile.uscc)))
        best = found[:n]
        reasons = self._explainer.of_firms([pair for _, pair in best], engine.policy)
        return [
            RankedItem(
                rank=position,
                item_id=str(pair.query.profile.uscc),
                score=round(score, 6),
                features=_named(pair.features),
                segment=engine.index.patents.main_segment(row),
                reasons=told,
            )
            for position, ((score, pair), told) in enumerate(
                zip(best, reasons, strict=True), start=1
            )
        ]

    def _firm_candidates(self, patent: Patent, row: int) -> RowArray:
        """Return rows of firms: dense and BM25 in the patent's segments, and among local firms."""
        engine = self.engine
        side = engine.index.patents
        words = list(dict.fromkeys(engine.tokeniser.tokenise(patent.title)))
        start, end = side.shares.indptr[row], side.shares.indptr[row + 1]
        ask = Ask(
            vectors=np.asarray(side.vectors[row : row + 1]),
            words=tuple(words[:_QUERY_WORDS]),
            segments=tuple(side.codes[column] for column in side.shares.indices[start:end]),
            province=int(side.columns["province"][row]) if self._local else -1,
        )
        return search(engine.index.firms, [ask], engine.config)[0][:_MOST_FIRMS]

    @property
    def _local(self) -> bool:
        return self.engine.policy.place is PlaceSetting.LOCAL_FIRST

    def _record(
        self,
        subject: str,
        direction: str,
        items: Sequence[RankedItem],
        notes: Sequence[Reason],
        segments: dict[SegmentCode, float],
    ) -> RankedList:
        manifest = self.engine.index.manifest
        ranked = RankedList(
            list_id=ListId(self._new_id()),
            subject=subject,
            direction=direction,
            items=tuple(items),
            versions=Versions(
                manifest.encoder.version, manifest.version, self.engine.policy.version
            ),
            made_at=self._clock(),
            notes=tuple(notes),
            segments=tuple(segments.items()),
        )
        self._readers.feedback.record_list(ranked)
        return ranked


def _named(features: FloatArray) -> dict[str, float]:
    return dict(zip(FEATURES, np.round(features, 4).tolist(), strict=True))


def _check_n(n: int) -> None:
    if not 1 <= n <= MOST_ITEMS:
        raise InputError(f"found n = {n}", f"1 to {MOST_ITEMS}", "ask for fewer items")
