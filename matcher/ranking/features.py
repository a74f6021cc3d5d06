"""What the policy sees of a pair firm × patent; the same numbers online, in batches, both ways."""

from __future__ import annotations

import numpy as np

from matcher.index.kernel import inner_products
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.types import FloatArray, RowArray

FEATURES = (
    "whole_text",
    "best_item",
    "firm_name",
    "own_patents",
    "shared_words",
    "segment",
    "own_ipc",
    "same_province",
    "same_city",
    "public_holder",
    "in_force",
    "hubness",
)
"""Names and order of the feature columns.

whole_text, best_item, firm_name: cosine of the patent with all items, its best item, the name;
own_patents: mean cosine with the three nearest patents the firm holds (0 without);
shared_words: BM25 of all content words, divided by 10; segment: confidence-weighted agreement of
segments; own_ipc: share of the firm's patents in the patent's IPC subclass; same_province,
same_city: place of firm and holder, between 0 and 1 where the holder's is unknown;
public_holder: university, institute or hospital; in_force: granted and in force;
hubness: how near the patent lies to firms in general (``matcher.index.hubness``).
"""

TEXT_FEATURES = (
    "whole_text",
    "best_item",
    "firm_name",
    "own_patents",
    "shared_words",
    "segment",
    "own_ipc",
    "hubness",
)
"""Those that tell of content; the relevance floor looks at these alone."""

PLACE_FEATURES = ("same_province", "same_city")
"""Those that the place setting weighs."""

_NEAREST_OWN = 3
_USUAL = 2.0


def pair_features(query: FirmQuery, side: Side, rows: RowArray, own_rows: RowArray) -> FloatArray:
    """Return float32 (len(rows), len(FEATURES)) for one firm and chosen patents.

    Args:
        query: the firm.
        side: the patents.
        rows: which patents.
        own_rows: rows of the patents the firm holds.
    """
    table = np.zeros((len(rows), len(FEATURES)), dtype=np.float32)
    if not len(rows):
        return table
    texts = np.vstack([query.whole[None, :], query.name[None, :], query.items, query.own])
    products = inner_products(texts, side.vectors, rows)
    items = products[2 : 2 + len(query.items)]
    own = products[2 + len(query.items) :]
    table[:, 0] = products[0]
    table[:, 1] = items.max(axis=0) if len(items) else products[0]
    table[:, 2] = products[1]
    table[:, 3] = _nearest(own)
    table[:, 4] = _word_scores(query, side, rows) / np.float32(10)
    table[:, 5] = _segment_agreement(query, side, rows)
    table[:, 6] = _own_ipc(side, rows, own_rows)
    table[:, 7:11] = _facts(query, side, rows)
    table[:, 11] = side.columns["hubness"][rows]
    return table


def _nearest(products: FloatArray) -> FloatArray | float:
    """Return the mean over the few nearest own patents; 0 where the firm holds none."""
    if not len(products):
        return 0.0
    best: FloatArray = np.sort(products, axis=0)[-_NEAREST_OWN:].mean(axis=0)
    return best


def _word_scores(query: FirmQuery, side: Side, rows: RowArray) -> FloatArray:
    # Few rows: look them up; many: score all. Both sum in the order of the words.
    if len(rows) < len(side) // 100:
        return side.lexical.scores_at(query.words, rows)
    return side.lexical.scores(query.words)[rows]


def _segment_agreement(query: FirmQuery, side: Side, rows: RowArray) -> FloatArray:
    confidence = np.array([query.segments.get(c, 0.0) for c in side.codes], dtype=np.float32)
    agreed: FloatArray = np.asarray(side.shares[rows] @ confidence, dtype=np.float32)
    return agreed


def _own_ipc(side: Side, rows: RowArray, own_rows: RowArray) -> FloatArray | float:
    held = side.columns["subclass"][own_rows]
    held = held[held >= 0]
    if not len(held):
        return 0.0
    codes, counts = np.unique(held, return_counts=True)
    share = dict(zip(codes.tolist(), (counts / len(held)).tolist(), strict=True))
    found = [share.get(code, 0.0) for code in side.columns["subclass"][rows].tolist()]
    return np.array(found, dtype=np.float32)


def _facts(query: FirmQuery, side: Side, rows: RowArray) -> FloatArray:
    facts = np.column_stack(
        [
            _same_place(side, "province", query.province, rows),
            _same_place(side, "city", query.city, rows, query.province),
            side.columns["public_holder"][rows] == 1,
            side.columns["in_force"][rows] == 1,
        ]
    )
    return facts.astype(np.float32)


def _same_place(
    side: Side, level: str, code: int, rows: RowArray, province: int = -1
) -> FloatArray:
    """Return 1 for the same place, 0 for another, and between them where the holder's is unknown.

    Unknown is not elsewhere: such a patent may lie in the firm's place as often as known ones do.
    It gets the value at which a weight of ``_USUAL`` earns the odds expected of that.
    """
    if code < 0:
        return np.zeros(len(rows), dtype=np.float32)
    places = side.columns[level][rows]
    known = places >= 0
    if level == "city" and province >= 0:
        # A city that is not told in another province is known to be another.
        provinces = side.columns["province"][rows]
        known |= (provinces >= 0) & (provinces != province)
    found: FloatArray = np.where(known, places == code, unknown_place(side, level, code)).astype(
        np.float32
    )
    return found


def unknown_place(side: Side, level: str, code: int) -> float:
    """Return what a patent of unknown place counts for a firm in a ``province`` or ``city``.

    Between 0 and 1, by how many patents of known place lie there; 0 for a firm without place.
    """
    if not 0 <= code < len(side.place_shares[level]):
        return 0.0
    share = float(side.place_shares[level][code])
    return float(np.log1p(share * np.expm1(_USUAL)) / _USUAL)
