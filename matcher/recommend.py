"""The online path, top to bottom: a firm (or free text) to patents, a patent to firms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from matcher.engine import Engine
from matcher.errors import InputError, UnknownSegment
from matcher.firm_ranking import FirmRanking, named_features
from matcher.notes import empty_note, shortfall_notes, stopped_note
from matcher.page import PageReader
from matcher.pick import Picked, Picker
from matcher.profile import profile_of_text
from matcher.query import FirmQuery
from matcher.ranking.rank import Ranked
from matcher.ranking.reasons import Explainer, Pair
from matcher.readers import Readers
from matcher.types import (
    DemandId,
    FirmProfile,
    ListId,
    PatentId,
    PlaceSetting,
    RankedItem,
    RankedList,
    Reason,
    SegmentCode,
    Uscc,
    Versions,
)
from matcher.wanted import PLAIN, Bookmark, Page, Wanted, offered_list

MOST_ITEMS = 200
_KEPT = 3 * MOST_ITEMS  # candidates kept behind a list: caps will refuse some


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
        *,
        wanted: Wanted = PLAIN,
    ) -> RankedList:
        """Return the best patents for a stored firm, and record the list.

        Args:
            uscc: of the firm.
            n: most items.
            segment: look in this one alone; ``None`` goes by the firm's text.
            place: what place counts; ``None`` for the policy's own setting.
            wanted: what else is asked.

        Raises:
            FirmNotFound: the firm is not in the catalogue.
            InputError: ``n`` is out of range or the segment unknown.
        """
        profile = self.profile(uscc)
        return self._placed(place)._patents_for(profile, str(uscc), n, segment, wanted)

    def recommend_text(
        self,
        text: str,
        province: str = "",
        city: str = "",
        n: int = 20,
        segment: SegmentCode | None = None,
        *,
        place: PlaceSetting | None = None,
        wanted: Wanted = PLAIN,
    ) -> RankedList:
        """Return the best patents for free text (products or a need) and a place, and record it."""
        if not text.strip():
            raise InputError(
                "found an empty text", "products or a need in words", "describe the firm"
            )
        profile = profile_of_text(text, province, city)
        return self._placed(place)._patents_for(profile, "", n, segment, wanted)

    def recommend_demand(
        self,
        demand_id: DemandId,
        n: int = 20,
        place: PlaceSetting | None = None,
        *,
        wanted: Wanted = PLAIN,
    ) -> RankedList:
        """Return the best patents for one posted demand (技术需求), and record the list.

        Raises:
            DemandNotFound: the demand is not in the catalogue.
            InputError: ``n`` is out of range.
        """
        demand = self._readers.demands.get(demand_id)
        profile = self._readers.demand_profile(demand)
        subject = str(demand.uscc or "")
        return self._placed(place)._patents_for(profile, subject, n, None, wanted)

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
        row = self.engine.seen.patents.ids.row_of(patent_id)
        if row is None:
            raise InputError(
                f"found patent {patent_id!r} outside the current index",
                "a patent that the index has taken in; after a large import it may take a while",
                "try again in a moment, or run 'panhuo build --compact'",
            )
        if not patent.recommendable:
            return self._record(str(patent_id), "firms", [], [stopped_note(patent)], {})
        if self.engine.seen.patents.main_segment(row) is None:
            note = empty_note("该专利的资料不足以确定产业细分领域", "unrouted")
            return self._record(str(patent_id), "firms", [], [note], {})
        placed = self._placed(place)
        ranking = FirmRanking(placed.engine, self._explainer, self._readers)
        items = ranking.items(patent, row, n)
        notes = [] if items else [empty_note("没有企业达到相关性下限", "floor")]
        return placed._record(str(patent_id), "firms", items, notes, {})

    def _placed(self, place: PlaceSetting | None) -> Recommender:
        engine = self.engine.placed(place)
        if engine is self.engine:
            return self
        return Recommender(engine, self._explainer, self._readers, self._clock, self._new_id)

    def page(
        self,
        profile: FirmProfile,
        mark: Bookmark,
        n: int,
        place: PlaceSetting | None = None,
        wanted: Wanted = PLAIN,
    ) -> Page:
        """Return the next part of a recorded list; nothing is recorded here.

        What was handed out before under these slots comes again, but for what may not be shown any
        more. The rest is taken from what stood behind the list, in its order.

        Raises:
            InputError: ``n`` is out of range.
        """
        _check_n(n)
        placed = self._placed(place)
        query = placed.engine.queries([wanted.of(profile)])[0]
        reader = PageReader(placed.engine, self._picker(placed, wanted), self._readers)
        found = reader.read(query, mark, n, MOST_ITEMS)
        items = placed._items(query, found.picked, found.ranked, found.ranks)
        fresh = tuple(item for item in items if item.rank not in mark.slots)
        return Page(tuple(items), fresh, found.left_out, found.more)

    def _picker(self, placed: Recommender, wanted: Wanted) -> Picker:
        engine = placed.engine
        return Picker(self._readers, engine.seen.patents, engine.policy, wanted.keep)

    def _patents_for(
        self,
        profile: FirmProfile,
        subject: str,
        n: int,
        segment: SegmentCode | None,
        wanted: Wanted,
    ) -> RankedList:
        _check_n(n)
        side = self.engine.seen.patents
        for code in (*wanted.segments, *([segment] if segment is not None else [])):
            if code not in side.codes:
                raise UnknownSegment(code, len(side.codes))
        query = wanted.routed(self.engine.queries([wanted.of(profile)], segment)[0])
        if not query.segments or not query.asked_rows().any():
            note = empty_note("企业资料中没有可用于匹配的产品或技术描述", "no_text")
            return self._record(subject, "patents", [], [note], {})
        mask, segments = wanted.mask(side), wanted.told(query.segments)
        if mask is not None and not mask.any():
            return self._record(subject, "patents", [], [wanted.nothing()], segments)
        ranked = self.engine.rank_many([query], mask)[0]
        picker = self._picker(self, wanted)
        places = picker.order(ranked, n)
        picked, refused, _ = picker.walk(query.profile, ranked, places, n)
        refused["floor"] = len(ranked.rows) - len(places)
        items = self._items(query, picked, ranked, range(1, len(picked) + 1))
        notes = shortfall_notes(len(items), n, refused)
        made = self._made(subject, "patents", items, notes, segments)
        if wanted.question:
            kept = places[:_KEPT]
            names, scores = side.ids.ids_at(ranked.rows[kept]), ranked.scores[kept].tolist()
            made = offered_list(made, tuple(zip(names, scores, strict=True)), wanted.question)
        return self._recorded(made)

    def _items(
        self,
        query: FirmQuery,
        picked: Sequence[Picked],
        ranked: Ranked,
        ranks: Sequence[int],
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
                features=named_features(pair.features),
                segment=self.engine.seen.patents.main_segment(one.row),
                reasons=told,
                offer=one.offer,
            )
            for position, one, pair, told in zip(ranks, picked, pairs, reasons, strict=True)
        ]

    def _record(
        self,
        subject: str,
        direction: str,
        items: Sequence[RankedItem],
        notes: Sequence[Reason],
        segments: dict[SegmentCode, float],
    ) -> RankedList:
        return self._recorded(self._made(subject, direction, items, notes, segments))

    def _made(
        self,
        subject: str,
        direction: str,
        items: Sequence[RankedItem],
        notes: Sequence[Reason],
        segments: dict[SegmentCode, float],
    ) -> RankedList:
        manifest = self.engine.index.manifest
        return RankedList(
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

    def _recorded(self, made: RankedList) -> RankedList:
        self._readers.feedback.record_list(made)
        return made


def _check_n(n: int) -> None:
    if not 1 <= n <= MOST_ITEMS:
        raise InputError(f"found n = {n}", f"1 to {MOST_ITEMS}", "ask for fewer items")
