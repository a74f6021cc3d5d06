"""What published rounds took up already: of a firm's attention, of its lists, of the coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from matcher.index.id_map import IdMap
from matcher.ports import GroupReader, PatentReader
from matcher.push.campaign import Attention, Campaign
from matcher.push.items import Items, names_of
from matcher.pushed import PushRound, RoundId
from matcher.types import Firm, FirmProfile, PatentId

Places = npt.NDArray[np.int64]
Profiles = Callable[[Sequence[Firm]], Sequence[FirmProfile]]
PastReader = Callable[[RoundId], Iterable[tuple[Sequence[str], Sequence[str]]]]
"""A published round → its pairs as columns, firms (USCC) and patents, page by page."""

UNBOUNDED = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Windows:
    """Which published rounds bear on a new one.

    Attributes:
        repeat: what a firm got in these it is not offered again.
        rotation: what was offered in these has no L.
        budgets: at most so many items a firm, counted with those of the rounds beside.
        counted: what these took of firms' lists and of items counts as taken by the new round.
    """

    repeat: frozenset[RoundId] = frozenset()
    rotation: frozenset[RoundId] = frozenset()
    budgets: tuple[tuple[int, frozenset[RoundId]], ...] = ()
    counted: frozenset[RoundId] = frozenset()

    @property
    def rounds(self) -> list[RoundId]:
        """Every round that bears on the new one, by id."""
        told = (of for _, of in self.budgets)
        return sorted(self.repeat.union(self.rotation, self.counted, *told))


def windows_of(
    rounds: Sequence[PushRound],
    at: datetime,
    campaign: Campaign | None,
    promised: Mapping[RoundId, Attention],
) -> Windows:
    """Return which rounds bear on one that is planned at a moment.

    A budget binds every round while its days run, whoever told it: so it is kept in each stretch
    of so many days that holds a round of its campaign.

    Args:
        rounds: the published ones, newest first.
        at: when the new round is planned, with zone.
        campaign: of the new round, ``None`` for none.
        promised: the budgets that earlier rounds were planned with.
    """

    def within(days: int) -> frozenset[RoundId]:
        since = at - timedelta(days=days)
        return frozenset(one.round_id for one in rounds if one.made_at > since)

    own = campaign.terms.attention if campaign else None
    told = [one for key, one in promised.items() if key in within(one.days)]
    budgets = {*told, *([own] if own else [])}
    return Windows(
        repeat=within(campaign.no_repeat_days) if campaign else frozenset(),
        rotation=frozenset(one.round_id for one in rounds[: campaign.rotation])
        if campaign
        else frozenset(),
        budgets=tuple((one.items, within(one.days)) for one in sorted(budgets, key=_order)),
    )


@dataclass(frozen=True, slots=True)
class Lately:
    """What earlier rounds leave to a new one.

    Attributes:
        left: int32 (firms,), how many items each firm may still get, ``UNBOUNDED`` without budget.
        firm: int64 (pairs,), ascending: pairs that are not offered again.
        item: int64 (pairs,), their items.
        offered: bool (items,), those that were offered in the rounds of the rotation.
        had: int64 (firms,), items that each firm got in the rounds that are counted.
        load: int64 (items,), firms that each item went to in them, whether of the new round or not.
    """

    left: npt.NDArray[np.int32]
    firm: Places
    item: Places
    offered: npt.NDArray[np.bool_]
    had: Places
    load: Places

    def only(self, kept: npt.NDArray[np.bool_]) -> Lately:
        """Return what is left to those of a bool (firms,), which stand closer together then."""
        place, pairs = np.cumsum(kept) - 1, kept[self.firm]
        return Lately(
            self.left[kept],
            place[self.firm[pairs]],
            self.item[pairs],
            self.offered,
            self.had[kept],
            self.load,
        )


@dataclass(frozen=True, slots=True)
class Past:
    """Reads pairs of published rounds as positions among the firms and items of a new one.

    Attributes:
        read: of the store.
        firms: str (firms,), USCC of the new round's firms, in any order.
        items: of the new round.
        ids: the index's patents.
        patents: the catalogue now.
        groups: pools and grouped patents now.
    """

    read: PastReader
    firms: npt.NDArray[np.str_]
    items: Items
    ids: IdMap
    patents: PatentReader
    groups: GroupReader

    def pairs(self, rounds: Sequence[RoundId]) -> Iterator[tuple[RoundId, Places, Places]]:
        """Yield rounds with pairs: int64 firms and items, -1 for what is not in the new round."""
        positions = Positions(self.firms)
        known: dict[str, int] = {}
        for round_id in rounds:
            for usccs, patents in self.read(round_id):
                self._learn(known, patents)
                item = np.array([known[name] for name in patents], dtype=np.int64)
                yield round_id, positions.of(usccs), item

    def _learn(self, known: dict[str, int], patents: Sequence[str]) -> None:
        """Add the items of patents that were not met before.

        One that is stopped by now, or gone from the index, may have been offered in a group whose
        other members still are: its record tells.
        """
        new = sorted(set(patents) - known.keys())
        rows = self.ids.rows_of(new)
        found = dict(zip(self.ids.ids_at(rows), self.items.of_row[rows].tolist(), strict=True))
        records = list(
            self.patents.many([PatentId(n) for n in new if found.get(n, -1) < 0]).values()
        )
        names = np.array(names_of(records, self.groups), dtype=np.str_)
        for record, place in zip(records, self.items.places_of(names).tolist(), strict=True):
            found[record.patent_id] = place
        known.update((name, found.get(name, -1)) for name in new)


def read_lately(windows: Windows, past: Past) -> Lately:
    """Return what earlier rounds leave to the firms and items of a new one."""
    n_firms, n_items = len(past.firms), len(past.items)
    spent = [np.zeros(n_firms, dtype=np.int64) for _ in windows.budgets]
    offered = np.zeros(n_items, dtype=bool)
    had, load = np.zeros(n_firms, dtype=np.int64), np.zeros(n_items, dtype=np.int64)
    repeated = [np.zeros(0, dtype=np.int64)]
    for round_id, firm, item in past.pairs(windows.rounds):
        here = firm >= 0
        for count, (_, rounds) in zip(spent, windows.budgets, strict=True):
            if round_id in rounds:
                count += np.bincount(firm[here], minlength=n_firms)
        if round_id in windows.counted:
            had += np.bincount(firm[here], minlength=n_firms)
            load += np.bincount(item[item >= 0], minlength=n_items)
        if round_id in windows.rotation:
            offered[item[item >= 0]] = True
        if round_id in windows.repeat:
            both = here & (item >= 0)
            repeated.append(firm[both] * n_items + item[both])
    pairs = np.unique(np.concatenate(repeated))
    left = np.full(n_firms, UNBOUNDED, dtype=np.int64)
    for count, (most, _) in zip(spent, windows.budgets, strict=True):
        left = np.minimum(left, np.maximum(most - count, 0))
    firm, item = np.divmod(pairs, max(n_items, 1))
    return Lately(left.astype(np.int32), firm, item, offered, had, load)


class Unrepeated:
    """Profiles with what a firm got lately among what must not come back to it.

    Args:
        profiles: firms to profiles, as of now.
        firms: str (firms,), of the round.
        firm: int64 (pairs,), ascending positions among them.
        row: int64 (pairs,), a row of each item that is not offered again.
        ids: the index's patents.
    """

    def __init__(
        self,
        profiles: Profiles,
        firms: npt.NDArray[np.str_],
        firm: Places,
        row: Places,
        ids: IdMap,
    ) -> None:
        self._profiles = profiles
        self._positions = Positions(firms)
        self._firm = firm
        self._row = row
        self._ids = ids

    def __call__(self, firms: Sequence[Firm]) -> list[FirmProfile]:
        """Return the profiles of firms of the round."""
        found = list(self._profiles(firms))
        place = self._positions.of([str(firm.uscc) for firm in firms])
        start, end = (np.searchsorted(self._firm, at) for at in (place, place + 1))
        gone = [
            map(PatentId, self._ids.ids_at(self._row[a:b])) for a, b in zip(start, end, strict=True)
        ]
        return [
            replace(one, excluded=one.excluded.union(more))
            for one, more in zip(found, gone, strict=True)
        ]


class Positions:
    """Where names stand in an array of names that is in no order."""

    def __init__(self, names: npt.NDArray[np.str_]) -> None:
        self._order = np.argsort(names, kind="stable")
        self._ordered = names[self._order]

    def of(self, names: Sequence[str]) -> Places:
        """Return int64 (names,), the position of each, -1 for unknown ones."""
        wanted = np.array(names, dtype=np.str_)
        if not len(self._ordered) or not len(wanted):
            return np.full(len(wanted), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self._ordered, wanted), len(self._ordered) - 1)
        return np.where(self._ordered[place] == wanted, self._order[place], -1).astype(np.int64)


def _order(budget: Attention) -> tuple[int, int]:
    return budget.days, budget.items
