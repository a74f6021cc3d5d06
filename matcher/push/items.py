"""What is offered as one: a patent, a group with its members, or a family."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from matcher.index.id_map import IdMap
from matcher.index.segment_index import Mask
from matcher.ports import GroupReader, PatentReader
from matcher.types import Patent

_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a round.

    Attributes:
        names: str (items,), ascending: the patent's id, or ``group:`` or ``family:`` and its id.
        of_row: int32 (rows,), the item of each patent of the index, -1 for those not offered.
        holder: int32 (items,), equal for items of one holder, -1 where it is not known.
        kept_out: why patents of the catalogue are not offered → how many.
    """

    names: npt.NDArray[np.str_]
    of_row: npt.NDArray[np.int32]
    holder: npt.NDArray[np.int32]
    kept_out: dict[str, int]

    @property
    def offered(self) -> Mask:
        """bool (rows,): patents that may be recommended."""
        return np.asarray(self.of_row >= 0)

    def __len__(self) -> int:
        return len(self.names)


def items_of(ids: IdMap, patents: PatentReader, groups: GroupReader) -> Items:
    """Return the items of the patents that lie in the index and may be recommended now.

    Args:
        ids: the index's patents.
        patents: the catalogue now.
        groups: pools and grouped patents; a family counts where a patent is in no group.
    """
    kept_out = {"stopped": 0, "not_indexed": 0}
    rows: list[int] = []
    names: list[str] = []
    holders: list[str] = []
    for page in _pages(patents.iterate()):
        grouped = groups.of_patents([patent.patent_id for patent in page])
        for patent in page:
            row = ids.row_of(patent.patent_id)
            if row is None or not patent.recommendable:
                kept_out["not_indexed" if row is None else "stopped"] += 1
                continue
            group = grouped.get(patent.patent_id)
            rows.append(row)
            names.append(f"group:{group.group_id}" if group else _alone(patent))
            holders.append(group.holder if group else patent.holder)
    unique, first, item = np.unique(np.array(names, dtype=np.str_), True, True)
    of_row = np.full(len(ids), -1, dtype=np.int32)
    of_row[np.array(rows, dtype=np.int64)] = item
    named, codes = np.unique(np.array(holders, dtype=np.str_)[first], return_inverse=True)
    holder = np.where(named[codes] == "", -1, codes) if len(named) else codes
    return Items(unique, of_row, holder.astype(np.int32), kept_out)


def _alone(patent: Patent) -> str:
    return f"family:{patent.family_id}" if patent.family_id else str(patent.patent_id)


def _pages(patents: Iterable[Patent]) -> Iterator[list[Patent]]:
    left = iter(patents)
    while page := list(islice(left, _PAGE)):
        yield page
