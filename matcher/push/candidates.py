"""The candidates of one block of firms: searched, scored as online, cut to what may be pushed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from matcher.engine import Engine
from matcher.index.segment_index import Mask
from matcher.query import FirmQuery
from matcher.ranking.rank import rank
from matcher.types import Firm, FirmProfile, FloatArray, RowArray

_T = TypeVar("_T")
_PLACES = 8  # best firms of a sample that tell how the scores of a patent thin out

CAUSES = ("", "gone", "no_text", "floor", "excluded")
"""Why a firm has no candidate: it was deleted or closed, its texts have no known word, nothing lies
above the relevance floor, or all that does was excluded. ``""`` for firms that have some."""


@dataclass(frozen=True, slots=True)
class Depths:
    """How many candidates are kept.

    Attributes:
        searched: patents of each firm that are scored exactly.
        per_firm: the best of them that are kept.
        per_patent: firms of each patent that are kept beside.
    """

    searched: int = 250
    per_firm: int = 100
    per_patent: int = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of one block, firm after firm, each firm's best first.

    Attributes:
        firm: int32 (pairs,), position in the block.
        row: int32 (pairs,), row of the patent.
        score: float32 (pairs,), log-odds, as online.
        near: bool (pairs,), may stand on the patent's own short list.
        cause: int8 (firms,), position in ``CAUSES``.
    """

    firm: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    score: FloatArray
    near: npt.NDArray[np.bool_]
    cause: npt.NDArray[np.int8]


STEPS = "ask", "search", "score"
"""What the time of a unit goes to: profiles and their vectors, the sieve, the exact scores."""


class Looking(Protocol):
    """Finds, for blocks of firms, the patents near enough to be scored; see ``sieve.Sieve``."""

    @property
    def block(self) -> int:
        """How many firms are looked at together."""

    def search(
        self, queries: Sequence[FirmQuery], depth: int, least: FloatArray
    ) -> list[tuple[RowArray, Mask]]:
        """Return each firm's best rows, ascending, and which of them reach ``least``."""

    def thresholds(
        self, blocks: Iterable[Sequence[FirmQuery]], place: int, beyond: float = 0.0
    ) -> FloatArray:
        """Return float32 (patents,): the score of each patent's ``place``-th best firm."""


class Searcher:
    """Finds the candidates of blocks of firms.

    ``spent`` tells the seconds of each step so far.

    Args:
        engine: with the place setting of the round.
        sieve: of the engine's patents and policy.
        depths: how many are kept.
        profiles: firms to profiles, as of now.
        least: float32 (patents,), see ``select``; ``None`` while it is not known.
        item_of_row: int32 (patents,); who has, or dismissed, one of an item was offered the item.
    """

    def __init__(
        self,
        engine: Engine,
        sieve: Looking,
        depths: Depths,
        profiles: Callable[[Sequence[Firm]], Sequence[FirmProfile]],
        least: FloatArray | None = None,
        item_of_row: npt.NDArray[np.int32] | None = None,
    ) -> None:
        self._engine = engine
        self._sieve = sieve
        self._depths = depths
        self._profiles = profiles
        never = np.full(len(engine.index.patents), np.inf, dtype=np.float32)
        self._least = never if least is None else least
        self._item_of_row = np.arange(len(never)) if item_of_row is None else item_of_row
        self.spent = dict.fromkeys(STEPS, 0.0)

    def sample(self, firms: Sequence[Firm], of: int) -> FloatArray:
        """Return float32 (patents,): from what score on a firm may be among a patent's best.

        The firms are a sample of ``of``; the place taken in it leaves one and a half times the
        firms wanted, so that few patents get fewer than they should.

        Args:
            firms: the sample.
            of: how many firms there are.
        """
        wanted = 1.5 * self._depths.per_patent * len(firms) / max(of, 1)
        # Few of a sample say little, so more are looked at, and from there it is carried on.
        least = _PLACES if len(firms) < of else 1
        place = int(np.clip(round(wanted), least, max(len(firms), 1)))
        beyond = float(np.log(place / wanted)) if len(firms) < of else 0.0
        return self._sieve.thresholds(self._parts(self._queries(firms)), place, beyond)

    def candidates(self, firms: Sequence[Firm | None]) -> Candidates:
        """Return the candidates of a block; ``None`` stands for a firm that is no more."""
        cause = np.full(len(firms), CAUSES.index("gone"), dtype=np.int8)
        here = [n for n, firm in enumerate(firms) if firm is not None and firm.active]
        with self._timed("ask"):
            queries = self._queries([firm for n in here if (firm := firms[n]) is not None])
        asked: list[tuple[int, FirmQuery]] = []
        for n, query in zip(here, queries, strict=True):
            spoken = query.segments and query.asked_rows().any()
            cause[n] = CAUSES.index("" if spoken else "no_text")
            if spoken:
                asked.append((n, query))
        found: list[tuple[npt.NDArray[Any], ...]] = []
        for part in self._parts(asked):
            with self._timed("search"):
                queries = [query for _, query in part]
                chosen = self._sieve.search(queries, self._depths.searched, self._least)
            with self._timed("score"):
                for (n, query), (rows, near) in zip(part, chosen, strict=True):
                    pairs, why = self._scored(query, rows, near)
                    cause[n] = CAUSES.index(why)
                    found.append((np.full(len(pairs[0]), n), *pairs))
        return _stacked(found, cause)

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.spent[step] += time.perf_counter() - begun

    def _queries(self, firms: Sequence[Firm]) -> list[FirmQuery]:
        return self._engine.queries(self._profiles(firms)) if firms else []

    def _parts(self, given: Sequence[_T]) -> Iterator[Sequence[_T]]:
        for start in range(0, len(given), self._sieve.block):
            yield given[start : start + self._sieve.block]

    def _scored(
        self, query: FirmQuery, rows: RowArray, near: npt.NDArray[np.bool_]
    ) -> tuple[tuple[RowArray, FloatArray, npt.NDArray[np.bool_]], str]:
        """Return (rows, scores, near) of what may be pushed, best first, and why none is left."""
        engine, side = self._engine, self._engine.index.patents
        own = engine.index.own_rows(query.profile.own_patents)
        ranked = rank(query, side, rows, own, engine.policy)
        flagged = near[np.searchsorted(rows, ranked.rows)]
        above = ranked.relevance >= engine.policy.floor_score
        excluded = side.ids.rows_of(sorted(query.profile.excluded))
        item = self._item_of_row
        open_ = above & ~np.isin(item[ranked.rows], item[excluded])
        first = np.cumsum(open_) <= self._depths.per_firm
        kept = open_ & (first | flagged)
        why = "" if kept.any() else "excluded" if above.any() else "floor"
        return (ranked.rows[kept], ranked.scores[kept], flagged[kept]), why


def _stacked(found: list[tuple[npt.NDArray[Any], ...]], cause: npt.NDArray[np.int8]) -> Candidates:
    columns = [np.concatenate(c) for c in zip(*found, strict=True)] if found else [np.zeros(0)] * 4
    firm, row, score, near = columns
    return Candidates(
        firm.astype(np.int32),
        row.astype(np.int32),
        score.astype(np.float32),
        near.astype(np.bool_),
        cause,
    )
