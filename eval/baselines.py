"""The systems that are compared: the engine as shipped, and plain ones to hold it against.

All rank the same pool for the same encoded firms. The plain ones look at the whole pool: no
routing to segments, no places, no relations.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from embeddings.encoder import Vectors
from embeddings.lexical import LexicalIndex
from embeddings.lsa import LsaEncoder
from matcher.engine import Engine
from matcher.errors import InputError
from matcher.index.exact import ExactIndex
from matcher.index.search import SearchConfig
from matcher.index.segment_index import Mask, best_rows
from matcher.patent_text import document_text
from matcher.pick import Picker
from matcher.query import FirmQuery
from matcher.readers import Readers
from matcher.types import FloatArray, PlaceSetting, RowArray

Ranking = tuple[RowArray, FloatArray]
"""Rows of the index, best first, with scores that do not increase."""

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


class System(Protocol):
    """Ranks a pool for firms."""

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return up to ``k`` rows for each firm; the answer to one depends on no other."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all systems of one comparison share.

    Attributes:
        engine: the opened engine.
        readers: the catalogue: texts for LSA, records for what is served.
        mask: bool (patents,), the rows that are ranked.
        seed: of the random system and of LSA.
        progress: told of slow preparations.
    """

    engine: Engine
    readers: Readers
    mask: Mask
    seed: int
    progress: Progress

    @property
    def rows(self) -> RowArray:
        """Return int64, the ranked rows, ascending."""
        return np.flatnonzero(self.mask).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Shipped:
    """The engine: routing, sieve, policy. List rules (floor, caps) are not applied."""

    engine: Engine
    mask: Mask

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return the policy's order of the candidates."""
        config = _at_least(self.engine.config, k)
        ranked = self.engine.rank_many(queries, self.mask, config)
        return [(found.rows[:k], found.scores[:k]) for found in ranked]


@dataclass(frozen=True, slots=True)
class Served:
    """The lists that people get: floor, caps, diversity and legal state applied."""

    engine: Engine
    mask: Mask
    readers: Readers

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return items in the order shown; scores fall by rank, since diversity may cross them."""
        picker = Picker(self.readers, self.engine.index.patents, self.engine.policy)
        config = _at_least(self.engine.config, k)
        found: list[Ranking] = []
        for query in queries:
            ranked = self.engine.rank_many([query], self.mask, config)[0]
            picked, _ = picker.pick(query.profile, ranked, k)
            rows = np.array([one.row for one in picked], dtype=np.int64)
            found.append((rows, -np.arange(len(rows), dtype=np.float32)))
        return found


@dataclass(frozen=True, slots=True)
class RandomOrder:
    """A shuffle that depends on seed and firm alone."""

    rows: RowArray
    seed: int

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return ``k`` rows drawn without replacement."""
        n = min(k, len(self.rows))
        scores = np.arange(n, 0, -1, dtype=np.float32)
        return [
            (self._generator(query).choice(self.rows, n, replace=False), scores)
            for query in queries
        ]

    def _generator(self, query: FirmQuery) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(str(query.profile.uscc).encode())])


@dataclass(frozen=True, slots=True)
class Bm25:
    """BM25 of the firm's words; a patent that shares no word is not returned."""

    lexical: LexicalIndex
    rows: RowArray

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return rows by score, ties by row."""
        found: list[Ranking] = []
        for query in queries:
            scores = self.lexical.scores(query.words)[self.rows]
            hit = np.flatnonzero(scores > 0)
            found.append(best_rows(scores[hit], self.rows[hit], k))
        return found


@dataclass(frozen=True, slots=True)
class Cosine:
    """Cosine of one vector a firm with one vector a patent, every pair computed.

    Attributes:
        index: vectors of ``rows``, in their order.
        rows: int64, rows of the catalogue's index.
        encode: firms → float32 (q, dim); a firm whose row is zero is not answered.
    """

    index: ExactIndex
    rows: RowArray
    encode: Callable[[Sequence[FirmQuery]], Vectors]

    def rank(self, queries: Sequence[FirmQuery], k: int) -> list[Ranking]:
        """Return rows by cosine, ties by row."""
        if not queries:
            return []
        vectors = self.encode(queries)
        hits = self.index.search(vectors, k)
        counts = np.where(vectors.any(axis=1), hits.counts, 0)
        return [
            (self.rows[hits.rows[i, :count]], hits.scores[i, :count])
            for i, count in enumerate(counts.tolist())
        ]


def open_system(name: str, conditions: Conditions) -> System:
    """Return the system of a name; raise ``InputError`` for a name outside ``SYSTEMS``."""
    try:
        make = SYSTEMS[name]
    except KeyError:
        raise InputError(
            f"found system {name!r}", f"one of {', '.join(SYSTEMS)}", "name one of them"
        ) from None
    return make(conditions)


def _shipped(conditions: Conditions) -> System:
    return Shipped(conditions.engine, conditions.mask)


def _placed(conditions: Conditions, place: PlaceSetting) -> System:
    return Shipped(conditions.engine.placed(place), conditions.mask)


def _random(conditions: Conditions) -> System:
    return RandomOrder(conditions.rows, conditions.seed)


def _bm25(conditions: Conditions) -> System:
    return Bm25(conditions.engine.index.patents.lexical, conditions.rows)


def _dense(conditions: Conditions) -> System:
    vectors = conditions.engine.index.patents.vectors
    if not conditions.mask.all():
        vectors = np.ascontiguousarray(vectors[conditions.rows])
    return Cosine(
        ExactIndex(vectors), conditions.rows, lambda queries: np.stack([q.whole for q in queries])
    )


def _lsa(conditions: Conditions) -> System:
    """Return LSA trained on the text of every indexed patent, as the catalogue holds it now."""
    side = conditions.engine.index.patents
    texts = [""] * len(side)
    for done, patent in enumerate(conditions.readers.patents.iterate(), start=1):
        row = side.ids.row_of(patent.patent_id)
        if row is not None:
            texts[row] = document_text(patent)
        if done % 10_000 == 0:
            conditions.progress("lsa: read", done, len(side))
    conditions.progress("lsa: train", 0, 1)
    encoder = LsaEncoder.train(texts, seed=conditions.seed, tokeniser=conditions.engine.tokeniser)
    vectors = encoder.encode_document([texts[row] for row in conditions.rows.tolist()])
    conditions.progress("lsa: train", 1, 1)
    return Cosine(
        ExactIndex(vectors),
        conditions.rows,
        lambda queries: encoder.encode_query([q.profile.text for q in queries]),
    )


SYSTEMS: Mapping[str, Callable[[Conditions], System]] = {
    "default": _shipped,
    "neutral": lambda conditions: _placed(conditions, PlaceSetting.NEUTRAL),
    "cross_region": lambda conditions: _placed(conditions, PlaceSetting.CROSS_REGION),
    "served": lambda conditions: Served(conditions.engine, conditions.mask, conditions.readers),
    "bm25": _bm25,
    "lsa": _lsa,
    "dense": _dense,
    "random": _random,
}
"""Name → how the system is made; these names are what ``--system`` takes."""


def _at_least(config: SearchConfig, k: int) -> SearchConfig:
    """Return list lengths that can fill ``k`` places."""
    return replace(
        config,
        per_segment=max(config.per_segment, k),
        per_list=max(config.per_list, k),
        candidates=max(config.candidates, k),
        scored=max(config.scored, k),
    )
