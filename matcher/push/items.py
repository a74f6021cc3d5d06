"""What is offered as one: a patent, a group with its members, or a family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from matcher.index.id_map import IdMap
from matcher.index.segment_index import Mask
from matcher.ports import GroupReader, PatentReader
from matcher.push.campaign import OUTSIDE
from matcher.types import Patent, PatentGroup

_PAGE = 2_000

Choose = Callable[[Sequence[Patent], Sequence[int]], Sequence[int]]
"""Patents and their rows → the code of each one's stratum, ``OUTSIDE`` for those not chosen."""


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a round.

    Attributes:
        names: str (items,), ascending: the patent's id, or ``group:`` or ``family:`` and its id.
        of_row: int32 (rows,), the item of each patent of the index, -1 for those not offered.
        holder: int32 (items,), equal for items of one holder, -1 where it is not known.
        kept_out: why patents of the catalogue are not offered → how many.
        stratum: int32 (items,), the first stratum of a campaign that any of its patents is in.
    """

    names: npt.NDArray[np.str_]
    of_row: npt.NDArray[np.int32]
    holder: npt.NDArray[np.int32]
    kept_out: dict[str, int]
    stratum: npt.NDArray[np.int32]

    @property
    def offered(self) -> Mask:
        """bool (rows,): patents that may be recommended."""
        return np.asarray(self.of_row >= 0)

    def __len__(self) -> int:
        return len(self.names)

    def places_of(self, names: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
        """Return int64 (names,), the position of each item, -1 for names of none."""
        if not len(self):
            return np.full(len(names), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.names, names), len(self) - 1)
        return np.where(self.names[place] == names, place, -1).astype(np.int64)


def items_of(
    ids: IdMap, patents: PatentReader, groups: GroupReader, choose: Choose | None = None
) -> Items:
    """Return the items of the patents that lie in the index and may be recommended now.

    Args:
        ids: the index's patents.
        patents: the catalogue now.
        groups: pools and grouped patents; a family counts where a patent is in no group.
        choose: tells which patents a campaign chooses; ``None`` for all.
    """
    kept_out = {"stopped": 0, "not_indexed": 0, **({"outside_campaign": 0} if choose else {})}
    columns = _Columns([], [], [], [])
    for page in _pages(patents.iterate()):
        known = _indexed(page, ids, kept_out)
        codes = choose(*zip(*known, strict=True)) if choose and known else [0] * len(known)
        chosen = [(*one, code) for one, code in zip(known, codes, strict=True) if code != OUTSIDE]
        if choose:
            kept_out["outside_campaign"] += len(known) - len(chosen)
        columns.add(chosen, groups)
    return columns.items(len(ids), kept_out)


def names_of(patents: Sequence[Patent], groups: GroupReader) -> list[str]:
    """Return the name of the item that each patent is offered in."""
    grouped = groups.of_patents([patent.patent_id for patent in patents])
    return [_name(patent, grouped.get(patent.patent_id)) for patent in patents]


@dataclass(slots=True)
class _Columns:
    """What is offered, patent by patent."""

    rows: list[int]
    names: list[str]
    holders: list[str]
    codes: list[int]

    def add(self, chosen: Sequence[tuple[Patent, int, int]], groups: GroupReader) -> None:
        grouped = groups.of_patents([patent.patent_id for patent, _, _ in chosen])
        for patent, row, code in chosen:
            group = grouped.get(patent.patent_id)
            self.rows.append(row)
            self.names.append(_name(patent, group))
            self.holders.append(group.holder if group else patent.holder)
            self.codes.append(code)

    def items(self, n_rows: int, kept_out: dict[str, int]) -> Items:
        names, first, item = np.unique(np.array(self.names, dtype=np.str_), True, True)
        of_row = np.full(n_rows, -1, dtype=np.int32)
        of_row[np.array(self.rows, dtype=np.int64)] = item
        named, codes = np.unique(np.array(self.holders, dtype=np.str_)[first], return_inverse=True)
        holder = np.where(named[codes] == "", -1, codes) if len(named) else codes
        return Items(names, of_row, holder.astype(np.int32), kept_out, self._strata(item, names))

    def _strata(
        self, item: npt.NDArray[np.int64], names: npt.NDArray[np.str_]
    ) -> npt.NDArray[np.int32]:
        """Return the first stratum of each item; 0, which is none, gives way to any."""
        never = np.int32(1 << 30)
        found = np.full(len(names), never, dtype=np.int32)
        codes = np.array(self.codes, dtype=np.int32)
        np.minimum.at(found, item, np.where(codes > 0, codes, never))
        return np.where(found == never, 0, found).astype(np.int32)


def _indexed(
    page: Sequence[Patent], ids: IdMap, kept_out: dict[str, int]
) -> list[tuple[Patent, int]]:
    """Return those that lie in the index and may be recommended, with their rows."""
    found = []
    for patent in page:
        row = ids.row_of(patent.patent_id)
        if row is None or not patent.recommendable:
            kept_out["not_indexed" if row is None else "stopped"] += 1
        else:
            found.append((patent, row))
    return found


def _name(patent: Patent, group: PatentGroup | None) -> str:
    if group:
        return f"group:{group.group_id}"
    return f"family:{patent.family_id}" if patent.family_id else str(patent.patent_id)


def _pages(patents: Iterable[Patent]) -> Iterator[list[Patent]]:
    left = iter(patents)
    while page := list(islice(left, _PAGE)):
        yield page
