"""Demand → offer without gold links: do the offers found stand in the demand's industry?

An offer agrees with a demand on a level if the first names of an industry path of both are the
same (``eval.industry.agrees``). Agreement is a floor, no judgment: an offer of the right industry
may be useless, and a useful one may come from another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from embeddings.lexical import LexicalIndex
from embeddings.tokeniser import Tokeniser
from eval.content import rounded
from eval.industry import IndustryText
from eval.measures import Values
from eval.statistics import Bootstrap, Difference, Interval, differences, intervals
from matcher.errors import InputError
from matcher.index.exact import ExactIndex
from matcher.index.segment_index import best_rows
from matcher.types import FloatArray, RowArray

DEPTH = 10
LEVELS = (1, 2)
SYSTEMS = ("dense", "bm25", "fusion")
_FUSED = 100
_RRF = 60.0  # Cormack, Clarke and Buettcher 2009


@dataclass(frozen=True, slots=True)
class SystemAgreement:
    """One system on one level.

    Attributes:
        share: agreeing offers in the first ten ÷ 10, mean over demands.
        lead: share minus base rate on the same demands.
        by_industry: mean over the demands' industries of the mean within each, so that the largest
            industry does not decide.
    """

    share: Interval
    lead: Difference
    by_industry: float


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """One level of the industry paths.

    Attributes:
        level: 1 for the outermost name.
        n_demands: demands whose path reaches the level.
        n_industries: how many industries they name there.
        unmatched: demands whose industry no offer has; they cannot agree with anything.
        base: share of all offers that agree, mean over demands: what a random list gives.
        base_by_industry: the same, mean over industries.
        systems: system → figures; empty where no demand or no offer reaches the level.
    """

    level: int
    n_demands: int
    n_industries: int
    unmatched: int
    base: float
    base_by_industry: float
    systems: Mapping[str, SystemAgreement]


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """Demands against offers.

    Attributes:
        n_demands: ranked for.
        n_offers: ranked.
        levels: one each of ``LEVELS``.
        notes: what the reader of the figures must know.
        encoder: version of the encoder.
        bootstrap: how intervals are made, over demands.
    """

    n_demands: int
    n_offers: int
    levels: tuple[LevelAgreement, ...]
    notes: tuple[str, ...]
    encoder: str
    bootstrap: Bootstrap

    def to_dict(self) -> dict[str, Any]:
        """Return what ``panhuo eval --demands --offers --json`` prints."""
        content: dict[str, Any] = rounded(asdict(self))
        return content


def industry_agreement(
    demands: Sequence[IndustryText],
    offers: Sequence[IndustryText],
    encoder: Encoder,
    tokeniser: Tokeniser,
    bootstrap: Bootstrap | None = None,
) -> AgreementReport:
    """Rank the offers for every demand by title and text, and count those of its industry.

    Demands and offers without an industry are left out and counted: of them nothing is known.
    A list shorter than ten is not rewarded for it; a demand without a word counts as zero.

    Args:
        demands: what is asked.
        offers: what is ranked.
        encoder: of the index; no index is searched.
        tokeniser: cuts texts for BM25, whose statistics are those of the offers.
        bootstrap: how intervals are made; ``None`` for the defaults.

    Raises:
        InputError: no demand or no offer with an industry, or no industry that both name.
    """
    settings = bootstrap or Bootstrap()
    asked = [demand for demand in demands if demand.paths]
    ranked = [offer for offer in offers if offer.paths]
    _check(asked, ranked)
    lists = rankings(asked, ranked, encoder, tokeniser)
    levels = tuple(_level(level, asked, ranked, (lists, settings)) for level in LEVELS)
    left_out = (len(demands) - len(asked), len(offers) - len(ranked))
    return AgreementReport(
        n_demands=len(asked),
        n_offers=len(ranked),
        levels=levels,
        notes=_notes(levels, left_out),
        encoder=encoder.info.version,
        bootstrap=settings,
    )


def rankings(
    demands: Sequence[IndustryText],
    offers: Sequence[IndustryText],
    encoder: Encoder,
    tokeniser: Tokeniser,
) -> dict[str, list[RowArray]]:
    """Return system → demand by demand, rows of the first ten offers, best first."""
    vectors = encoder.encode_query([demand.whole for demand in demands])
    index = ExactIndex(encoder.encode_document([offer.whole for offer in offers]))
    hits = index.search(vectors, _FUSED)
    counts = np.where(vectors.any(axis=1), hits.counts, 0).tolist()
    dense = [hits.rows[i, :count] for i, count in enumerate(counts)]
    lexical = LexicalIndex.build(tokeniser.tokenise(offer.whole) for offer in offers)
    words = [tuple(dict.fromkeys(tokeniser.tokenise(demand.whole))) for demand in demands]
    bm25 = [_found(lexical.scores(asked)) for asked in words]
    fusion = [fused(both, DEPTH) for both in zip(dense, bm25, strict=True)]
    deep = {"dense": dense, "bm25": bm25, "fusion": fusion}
    return {name: [rows[:DEPTH] for rows in found] for name, found in deep.items()}


def fused(lists: Sequence[RowArray], k: int) -> RowArray:
    """Return up to ``k`` rows by the sum of 1 ÷ (60 + rank) over the lists, ties by row.

    >>> fused([np.array([7, 8]), np.array([8, 9])], 2).tolist()
    [8, 7]
    """
    votes: dict[int, float] = {}
    for rows in lists:
        for rank, row in enumerate(rows.tolist(), start=1):
            votes[row] = votes.get(row, 0.0) + 1.0 / (_RRF + rank)
    best = sorted(votes, key=lambda row: (-votes[row], row))[:k]
    return np.array(best, dtype=np.int64)


def _found(scores: FloatArray) -> RowArray:
    hit = np.flatnonzero(scores > 0).astype(np.int64)
    return best_rows(scores[hit], hit, _FUSED)[0]


def _level(
    level: int,
    demands: Sequence[IndustryText],
    offers: Sequence[IndustryText],
    found: tuple[Mapping[str, Sequence[RowArray]], Bootstrap],
) -> LevelAgreement:
    lists, bootstrap = found
    rows = [row for row, demand in enumerate(demands) if demand.level(level)]
    matrix = agreement_matrix([demands[row] for row in rows], offers, level)
    if not rows or not matrix.any():
        return LevelAgreement(level, len(rows), 0, len(rows), 0.0, 0.0, {})
    groups = [min(demands[row].level(level)) for row in rows]
    base = matrix.mean(axis=1)
    systems = {}
    for name, ranked in lists.items():
        hits = [matrix[i, ranked[row]].sum() / DEPTH for i, row in enumerate(rows)]
        share = np.array(hits, dtype=np.float64)
        systems[name] = SystemAgreement(
            intervals(share[:, None], bootstrap)[0],
            differences(share[:, None], base[:, None], bootstrap)[0],
            _by_group(share, groups),
        )
    unmatched = int((~matrix.any(axis=1)).sum())
    mean, even = float(base.mean()), _by_group(base, groups)
    return LevelAgreement(level, len(rows), len(set(groups)), unmatched, mean, even, systems)


def agreement_matrix(
    demands: Sequence[IndustryText], offers: Sequence[IndustryText], level: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return bool (demands, offers): which agree on the level."""
    columns: dict[tuple[str, ...], list[int]] = {}
    for column, offer in enumerate(offers):
        for path in offer.level(level):
            columns.setdefault(path, []).append(column)
    matrix = np.zeros((len(demands), len(offers)), dtype=np.bool_)
    for row, demand in enumerate(demands):
        for path in demand.level(level):
            matrix[row, columns.get(path, [])] = True
    return matrix


def _by_group(values: Values, groups: Sequence[tuple[str, ...]]) -> float:
    """Return the mean over groups of the mean within each; of several industries the first."""
    parts: dict[tuple[str, ...], list[float]] = {}
    for value, group in zip(values.tolist(), groups, strict=True):
        parts.setdefault(group, []).append(value)
    return float(np.mean([np.mean(part) for part in parts.values()]))


def _check(demands: Sequence[IndustryText], offers: Sequence[IndustryText]) -> None:
    known = {path for offer in offers for path in offer.level(1)}
    if not known & {path for demand in demands for path in demand.level(1)}:
        raise InputError(
            f"found no industry that the {len(demands)} demands and {len(offers)} offers share",
            "industry paths of one classification in both files",
            "name the industries of GB/T 4754 in 'classification', outermost first",
        )


def _notes(levels: Sequence[LevelAgreement], left_out: tuple[int, int]) -> tuple[str, ...]:
    found = []
    if any(left_out):
        found.append(f"{left_out[0]} demands and {left_out[1]} offers name no industry: left out")
    for level in levels:
        if not level.systems:
            found.append(
                f"level {level.level} is not measured: {level.n_demands} demands reach it, and no "
                "offer shares an industry with them there"
            )
        elif level.unmatched:
            found.append(
                f"level {level.level}: {level.unmatched} demands name an industry that no offer "
                "has; they count as zero"
            )
    return tuple(found)
