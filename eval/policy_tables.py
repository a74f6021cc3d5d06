"""Pairs of judged firms with a pool, as the policy sees them: for fitting, and for measuring."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.baselines import Progress
from eval.judgments import Qrels
from eval.pool import Pool, open_pool
from eval.profiles import judged_firms
from eval.runs import Run
from matcher.engine import Engine
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES, pair_features
from matcher.ranking.fit import Floats, PairTable
from matcher.readers import Readers
from matcher.types import FloatArray, RowArray, Uscc

_BLOCK = 32


@dataclass(frozen=True, slots=True)
class LinkSet:
    """Links to learn from, and the pool they are found in.

    Attributes:
        name: how the report calls it.
        qrels: the links; grades above 0.
        pool: ids of patents; ``None`` for every indexed one.
    """

    name: str
    qrels: Qrels
    pool: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class LinkTable:
    """One ``LinkSet`` as arrays.

    Attributes:
        links: where it comes from.
        pool: what is ranked.
        queries: USCC of the firms that are in the catalogue and have words, in order.
        pairs: linked and sampled pairs of these firms, for fitting.
        rows: candidates of the search, firm by firm, for measuring.
        features: float32 (candidates, len(FEATURES)), the same firm by firm.
    """

    links: LinkSet
    pool: Pool
    queries: tuple[str, ...]
    pairs: PairTable
    rows: tuple[RowArray, ...]
    features: tuple[FloatArray, ...]

    def run(self, name: str, weights: Sequence[Floats], depth: int) -> Run:
        """Return the run of the candidates, each firm's scored by its own weights.

        Args:
            name: of the run.
            weights: one float64 (len(FEATURES),) a firm.
            depth: places kept.
        """
        answers = {}
        for query, rows, features, mine in zip(
            self.queries, self.rows, self.features, weights, strict=True
        ):
            scores = (features.astype(np.float64) @ mine).astype(np.float32)
            order = np.lexsort((rows, -scores.astype(np.float64)))[:depth]
            answers[query] = [
                (self.pool.name(query, row), score)
                for row, score in zip(rows[order].tolist(), scores[order].tolist(), strict=True)
            ]
        return Run.of(name, answers)

    def folds(self, n: int) -> npt.NDArray[np.int64]:
        """Return int64 (firms,): the fold of each; a firm is in one fold in every table."""
        # Salted: the same digest parts firms for the encoder (matcher.index.training_split).
        digests = [zlib.crc32(f"fold {query}".encode()) for query in self.queries]
        return np.array(digests, dtype=np.int64) % n


def link_table(
    engine: Engine,
    readers: Readers,
    links: LinkSet,
    *,
    negatives: int,
    seed: int,
    progress: Progress,
) -> LinkTable:
    """Return the pairs of every firm of ``links``.

    Args:
        engine: the opened engine; its policy gives no weight here.
        readers: the catalogue. What is judged is taken out of the firms' own patents.
        links: the links.
        negatives: unlinked pairs drawn for each firm, uniformly from the pool.
        seed: of the draw.
        progress: told of the firms done.

    Raises:
        InputError: no id of the pool is indexed.
    """
    pool = open_pool(engine, readers.patents, links.qrels, links.pool)
    judged = {Uscc(query): pool.judged_ids(query) for query in links.qrels}
    profiles = judged_firms(readers, list(judged), judged).profiles
    drawn = _Drawn(engine, pool, links, negatives, seed)
    for start in range(0, len(profiles), _BLOCK):
        progress(f"pairs: {links.name}", start, len(profiles))
        part = dict(list(profiles.items())[start : start + _BLOCK])
        for uscc, query in zip(part, engine.queries(list(part.values())), strict=True):
            drawn.add(str(uscc), query)
    progress(f"pairs: {links.name}", len(profiles), len(profiles))
    return drawn.table()


class _Drawn:
    """Collects the pairs, firm by firm."""

    def __init__(
        self, engine: Engine, pool: Pool, links: LinkSet, negatives: int, seed: int
    ) -> None:
        self._engine, self._pool, self._links = engine, pool, links
        self._pooled = pool.rows
        self._draw = min(negatives, len(self._pooled))
        self._rng = np.random.default_rng(seed)
        self._queries: list[str] = []
        self._pairs: list[tuple[FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.float64]]] = []
        self._rows: list[RowArray] = []
        self._features: list[FloatArray] = []

    def add(self, uscc: str, query: FirmQuery) -> None:
        linked = self._linked(uscc)
        chosen = self._rng.choice(self._pooled, self._draw, replace=False)
        chosen = np.setdiff1d(chosen, linked)
        left = len(self._pooled) - len(linked)
        rows = np.concatenate([linked, chosen])
        weight = np.full(len(rows), left / max(len(chosen), 1))
        weight[: len(linked)] = 1.0
        ranked = self._engine.rank_many([query], self._pool.mask)[0]
        self._queries.append(uscc)
        self._pairs.append((self._look(query, rows), np.arange(len(rows)) < len(linked), weight))
        self._rows.append(ranked.rows)
        self._features.append(ranked.features)

    def _linked(self, uscc: str) -> RowArray:
        grades: Mapping[str, int] = self._links.qrels[uscc]
        rows = [row for row, d in self._pool.judged[uscc].items() if grades[d] > 0]
        found = np.array(sorted(rows), dtype=np.int64)
        return found[self._pool.mask[found]]

    def _look(self, query: FirmQuery, rows: RowArray) -> FloatArray:
        index = self._engine.index
        return pair_features(query, index.patents, rows, index.own_rows(query.profile.own_patents))

    def table(self) -> LinkTable:
        features = [part[0] for part in self._pairs]
        starts = np.concatenate([[0], np.cumsum([len(f) for f in features])]).astype(np.int64)
        empty = np.zeros((0, len(FEATURES)), dtype=np.float32)
        pairs = PairTable(
            np.concatenate([empty, *features]),
            starts,
            np.concatenate([np.zeros(0, dtype=bool), *(part[1] for part in self._pairs)]),
            np.concatenate([np.zeros(0), *(part[2] for part in self._pairs)]),
        )
        return LinkTable(
            self._links,
            self._pool,
            tuple(self._queries),
            pairs,
            tuple(self._rows),
            tuple(self._features),
        )
