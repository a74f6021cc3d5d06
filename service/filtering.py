"""Filters over the catalogue as it is now: facts of every indexed patent, read when it changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from matcher.codes import LicenceKind
from matcher.engine import Engine
from matcher.filters import FactTable, PatentFacts, PatentFilter, end_of
from matcher.index.seen import Seen
from matcher.index.segment_index import Mask
from matcher.places.places import Place, PlaceTable
from matcher.types import Patent, PatentId
from matcher.wanted import Keep
from service.store import Store
from service.store.declarations import Declaration

_REST_SECONDS = 2.0
# What changed is told by the rows beside the index; only what those left out is read again.
_LONG_REST_SECONDS = 60.0
_AT_ONCE = 1_000
_CHINA = timezone(timedelta(hours=8))

Offers = Callable[[Declaration], frozenset[LicenceKind]]


@dataclass(frozen=True, slots=True)
class _Read:
    """A table, what it was read from, and when on the monotonic clock."""

    table: FactTable
    origin: tuple[str, str, int]
    at: float


class FactTables:
    """The facts of one home's patents, for all its filters; safe from many threads.

    Reading them takes about a second per 200,000 patents, so it is done when the catalogue or the
    index has changed, at most every two seconds. What changed in between is caught by ``Keep``:
    every item of a list is held against its record once more.

    Args:
        store: of the catalogue.
        places: tells where holders sit.
        offers: tells what a declaration offers.
    """

    def __init__(self, store: Store, places: PlaceTable, offers: Offers) -> None:
        self._store = store
        self._offers = offers
        self._places = places
        self._seats: dict[tuple[str, str, str], Place | None] = {}
        self._reading = threading.Lock()
        self._last: _Read | None = None
        self._live: tuple[FactTable, Seen, FactTable] | None = None

    def chosen(
        self, wanted: PatentFilter, engine: Engine, clock: Callable[[], datetime] | None = None
    ) -> tuple[Mask, Keep]:
        """Return bool (patents,), the rows that fit, and the same question for one record.

        Args:
            wanted: the filter.
            engine: over the index that is searched.
            clock: gives the time; a term ends with the day in China.
        """
        table = self._with_changes(self._table(engine), engine.seen)
        now = clock() if clock else datetime.now(UTC)
        today = now.astimezone(_CHINA).date()
        last = wanted.last_day(today)

        def keep(patent: Patent, row: int) -> bool:
            if wanted.segments and table.segment(row) not in wanted.segments:
                return False
            if last and end_of(patent) < last:
                return False
            return wanted.holds(self._facts(patent, table.licences(row)))

        return table.mask(wanted, today), keep

    def _table(self, engine: Engine) -> FactTable:
        folder = str(engine.index.folder)
        origin = (folder, self._store.patents.stamp(), self._store.imports.last())
        last = self._last
        if last and last.origin[0] == folder:
            rest = _REST_SECONDS if engine.seen.patents.whole else _LONG_REST_SECONDS
            fresh = last.origin == origin or time.monotonic() - last.at < rest
            # One thread reads; the others go on with the table before.
            if fresh or not self._reading.acquire(blocking=False):
                return last.table
        else:
            self._reading.acquire()
        try:
            last = self._last
            if last is None or last.origin != origin:
                table = FactTable.of(engine.index.patents, self._known())
                last = self._last = _Read(table, origin, time.monotonic())
            return last.table
        finally:
            self._reading.release()

    def _with_changes(self, table: FactTable, seen: Seen) -> FactTable:
        """Return the table with the rows beside the version behind its own."""
        tiers = [part.tier for part in seen.patents.parts if part.tier]
        if not tiers:
            return table
        live = self._live
        if live is None or live[0] is not table or live[1] is not seen:
            more = [FactTable.of(one.side, self._told(list(one.batch.outlines))) for one in tiers]
            live = self._live = (table, seen, table.joined(more))
        return live[2]

    def _known(self) -> Iterator[tuple[Patent, PatentFacts]]:
        page: list[Patent] = []
        for patent in self._store.patents.outlines():
            page.append(patent)
            if len(page) == _AT_ONCE:
                yield from self._told(page)
                page = []
        yield from self._told(page)

    def _told(self, page: list[Patent]) -> Iterator[tuple[Patent, PatentFacts]]:
        names = [PatentId(patent.patent_id) for patent in page]
        declared = self._store.declarations.many(names) if names else {}
        offers = {name: self._offers(one) for name, one in declared.items()}
        for patent in page:
            yield patent, self._facts(patent, offers.get(patent.patent_id, frozenset()))

    def _facts(self, patent: Patent, licences: frozenset[LicenceKind]) -> PatentFacts:
        offered = licences - {LicenceKind.OPEN}
        # An open licence stands in the record; who declared one and took it back has none.
        if patent.open_licence:
            offered |= {LicenceKind.OPEN}
        return PatentFacts(
            place=self._place(patent),
            maturity=patent.maturity,
            licences=offered,
            price_band=patent.price_band,
            holder=patent.holder_kind,
            status=patent.legal_status,
        )

    def _place(self, patent: Patent) -> Place | None:
        """Return where the holder sits: by the record, else by the institution table."""
        seat = (patent.holder_province, patent.holder_city, patent.holder)
        if patent.holder_province or patent.holder_city:
            seat = (patent.holder_province, patent.holder_city, "")
        if seat not in self._seats:
            province, city, holder = seat
            by_record = not holder and (province or city)
            self._seats[seat] = (
                self._places.normalise_region(province, city)
                if by_record
                else self._places.of_holder(holder)
            )
        return self._seats[seat]
