"""Ids as judgments and pool files spell them, to rows of the index and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.judgments import Qrels
from matcher.engine import Engine
from matcher.errors import InputError, PatentNotFound
from matcher.index.id_map import IdMap
from matcher.index.segment_index import Mask
from matcher.ports import PatentReader
from matcher.types import PatentId, RowArray


@dataclass(frozen=True, slots=True)
class Pool:
    """What is ranked, and how the files call it.

    Attributes:
        ids: row ↔ id of the index.
        mask: bool (patents,), rows of the index that are ranked.
        judged: query → row → id as the qrels spell it, for judged documents that are indexed.
        spelled: row → id as the pool file spells it.
        missed: positives that no system can find: not ranked, or a second spelling of one patent.
        unknown: ids of the pool file that are not indexed.
    """

    ids: IdMap
    mask: Mask
    judged: Mapping[str, Mapping[int, str]]
    spelled: Mapping[int, str]
    missed: int
    unknown: int

    @property
    def rows(self) -> RowArray:
        """Return int64, the ranked rows, ascending."""
        return np.flatnonzero(self.mask).astype(np.int64)

    def name(self, query: str, row: int) -> str:
        """Return the id of a row as the qrels spell it, else the pool file, else the catalogue."""
        return self.judged[query].get(row) or self.spelled.get(row) or self.ids.id_at(row)

    def catalogue_ids(self) -> dict[str, PatentId]:
        """Return document as qrels or pool spell it → id of the catalogue, for indexed ones."""
        spelled = [self.spelled, *self.judged.values()]
        return {d: PatentId(self.ids.id_at(row)) for rows in spelled for row, d in rows.items()}

    def judged_ids(self, query: str) -> frozenset[PatentId]:
        """Return the catalogue ids of all documents that were judged for a query."""
        return frozenset(PatentId(self.ids.id_at(row)) for row in self.judged[query])


def open_pool(
    engine: Engine, patents: PatentReader, qrels: Qrels, pool: Sequence[str] | None
) -> Pool:
    """Return the pool of an evaluation.

    Ids may be those of the catalogue, or application or publication numbers as people write them.

    Args:
        engine: its index is what is ranked.
        patents: resolves ids of other spelling.
        qrels: the judgments.
        pool: ids that are ranked; ``None`` for every indexed patent.

    Raises:
        InputError: no id of the pool is indexed.
    """
    ids = engine.index.patents.ids
    documents = dict.fromkeys(d for grades in qrels.values() for d in grades)
    rows = _rows_of(ids, patents, [*documents, *(pool or ())])
    mask = np.full(len(ids), pool is None, dtype=bool)
    spelled: dict[int, str] = {}
    for item in pool or ():
        if item in rows:
            mask[rows[item]] = True
            spelled.setdefault(rows[item], item)
    if not mask.any():
        raise InputError(
            "found no patent of the pool in the index",
            "ids of indexed patents",
            "import the patents and run 'panhuo build'",
        )
    judged = {query: _spelling(grades, rows) for query, grades in qrels.items()}
    positives = sum(grade > 0 for grades in qrels.values() for grade in grades.values())
    findable = sum(
        bool(mask[row]) and qrels[query][document] > 0
        for query, spelling in judged.items()
        for row, document in spelling.items()
    )
    missed = positives - findable
    return Pool(ids, mask, judged, spelled, missed, sum(item not in rows for item in pool or ()))


def _spelling(grades: Mapping[str, int], rows: Mapping[str, int]) -> dict[int, str]:
    """Return row → document; of two spellings of one patent, the better judged, then the first."""
    found: dict[int, str] = {}
    for document in sorted(grades, key=lambda d: -grades[d]):
        if document in rows:
            found.setdefault(rows[document], document)
    return found


def _rows_of(ids: IdMap, patents: PatentReader, items: Iterable[str]) -> dict[str, int]:
    """Return item → row for items that name an indexed patent."""
    wanted = list(dict.fromkeys(items))
    rows = ids.rows_of(wanted)
    found = dict(zip(ids.ids_at(rows), rows.tolist(), strict=True))
    for item in wanted:
        if item not in found:
            row = _resolved(ids, patents, item)
            if row is not None:
                found[item] = row
    return found


def _resolved(ids: IdMap, patents: PatentReader, item: str) -> int | None:
    try:
        return ids.row_of(patents.resolve(item))
    except PatentNotFound:
        return None
