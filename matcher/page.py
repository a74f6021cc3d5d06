"""The next part of a recorded list: its order is fixed, what may be shown is as of now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.engine import Engine
from matcher.pick import Picked, Picker
from matcher.query import FirmQuery
from matcher.ranking.rank import Ranked
from matcher.readers import Readers
from matcher.types import PatentId
from matcher.wanted import Bookmark

_GONE = ("stopped", "excluded", "filters")


@dataclass(frozen=True, slots=True)
class ReadPage:
    """What stands on a page: items, their ranks, and where their features are."""

    picked: list[Picked]
    ranks: list[int]
    ranked: Ranked
    left_out: int
    more: bool


@dataclass(frozen=True, slots=True)
class PageReader:
    """Reads on in a recorded list.

    Attributes:
        engine: features are made anew by it; scores are the recorded ones.
        picker: caps and the last word on what may be shown.
        readers: the catalogue now.
    """

    engine: Engine
    picker: Picker
    readers: Readers

    def read(self, query: FirmQuery, mark: Bookmark, n: int, most: int) -> ReadPage:
        """Return ``n`` slots from the mark on; a list has no more than ``most`` in all."""
        names = [PatentId(name) for name, _ in mark.offered]
        ranked, places = self._ranked(query, mark)
        last = max(mark.slots, default=0)
        asked = range(mark.first, mark.first + n)
        again = {slot: PatentId(mark.slots[slot]) for slot in asked if slot in mark.slots}
        picked, ranks = self._again(query, again, places)
        left_out = len(again) - len(picked)
        begin = names.index(PatentId(mark.slots[last])) + 1 if last else 0
        rest = [places[name] for name in names[begin:] if name in places]
        room = min(n - len(again), most - last) if mark.first + len(again) == last + 1 else 0
        shown = [PatentId(name) for name in mark.slots.values()]
        fresh, refused, unseen = self.picker.walk(
            query.profile, ranked, np.array(rest, dtype=np.int64), room, shown
        )
        left_out += sum(refused[cause] for cause in _GONE)
        if room > 0:
            left_out += len(names) - begin - len(rest)
        filled = last + len(fresh)
        return ReadPage(
            picked=[*picked, *fresh],
            ranks=[*ranks, *range(last + 1, filled + 1)],
            ranked=ranked,
            left_out=left_out,
            more=filled > asked[-1] or (filled == asked[-1] and unseen > 0 and filled < most),
        )

    def _again(
        self, query: FirmQuery, slots: dict[int, PatentId], places: dict[PatentId, int]
    ) -> tuple[list[Picked], list[int]]:
        """Return what was handed out under these slots before and may still be shown."""
        names = list(slots.values())
        stored, offers = self.readers.patents.many(names), self.picker.offers(names)
        picked, ranks = list[Picked](), list[int]()
        for slot, name in slots.items():
            patent, row = stored.get(name), self.engine.seen.patents.ids.row_of(name)
            if patent is None or row is None or name not in places:
                continue
            offer = offers.get(name)
            if not self.picker.refusal(query.profile, patent, row, offer):
                picked.append(Picked(patent, row, places[name], offer))
                ranks.append(slot)
        return picked, ranks

    def _ranked(self, query: FirmQuery, mark: Bookmark) -> tuple[Ranked, dict[PatentId, int]]:
        """Return the offered rows in their order, and id → place of those the index knows."""
        ids = self.engine.seen.patents.ids
        rows = ids.rows_of([name for name, _ in mark.offered])
        known = ids.ids_at(rows)
        scored = self.engine.rank_rows(query, rows)
        back = np.argsort(np.argsort(rows, kind="stable"), kind="stable")
        order = np.argsort(scored.rows, kind="stable")[back]
        recorded = dict(mark.offered)
        scores = np.array([recorded[name] for name in known], dtype=np.float32)
        # What was above the floor when the list was made stays above it.
        above = np.full(len(rows), np.inf, dtype=np.float32)
        ranked = Ranked(rows, scores, above, scored.features[order])
        return ranked, {PatentId(name): place for place, name in enumerate(known)}
