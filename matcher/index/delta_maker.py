"""Records to what stands beside a version, by the steps of its build and with its statistics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from embeddings.encoder import Encoder, Vectors
from embeddings.tokeniser import Tokeniser
from matcher.index.cluster_table import ClusterTable
from matcher.index.delta import Batch, Delta, Tier
from matcher.index.hubness import FILE, nearness
from matcher.index.index_set import IndexSet
from matcher.index.making import columns_of, side_of
from matcher.index.rows import Codebook, PlaceCodes, read_firms, read_patents
from matcher.index.side import Side
from matcher.places.places import PlaceTable
from matcher.segments.routing import Router
from matcher.types import Firm, Patent, PatentId

_ENGINE = "exact"


class DeltaMaker:
    """Makes what stands beside one version. One thread at a time.

    Args:
        index: the version.
        encoder: that built it.
        tokeniser: cuts texts.
        router: routes, with the version's classifier.
        places: where holders sit.
    """

    def __init__(
        self,
        index: IndexSet,
        encoder: Encoder,
        tokeniser: Tokeniser,
        router: Router,
        places: PlaceTable,
    ) -> None:
        names = index.manifest.names
        self._index, self._encoder, self._tokeniser = index, encoder, tokeniser
        self._router = router
        self._subclasses = Codebook.of(names["subclasses"])
        self.places = PlaceCodes(
            places, Codebook.of(names["provinces"]), Codebook.of(names["cities"])
        )
        self._hubs: Vectors | None = None

    def changed(
        self,
        delta: Delta,
        patents: tuple[Collection[str], Iterable[Patent]],
        firms: tuple[Collection[str], Iterable[Firm]],
    ) -> Delta:
        """Return the delta after a change.

        Args:
            delta: before it.
            patents: ids that were touched, and those of them that there are now.
            firms: likewise.
        """
        index, number = self._index, delta.number + 1
        beside, others = delta.patents, delta.firms
        if patents[0]:
            here = self._patents(sorted(patents[1], key=lambda one: one.patent_id.encode()))
            beside = beside.changed(index.patents, patents[0], here, self._patent_tier)
        if firms[0]:
            there = self._firms(sorted(firms[1], key=lambda one: one.uscc.encode()))
            others = others.changed(index.firms, firms[0], there, self._firm_tier)
        return Delta(beside, others, number)

    def _patents(self, patents: Sequence[Patent]) -> Batch | None:
        if not patents:
            return None
        rows = read_patents(patents, self.places, _untold, self._subclasses)
        vectors = self._encoder.encode_document(rows.texts)
        declared = self._router.declared(rows.ipc, rows.industries)
        near = nearness(vectors, self._asked())
        near[vectors.any(axis=1)] -= np.float32(self._index.manifest.catalogue["hubness_mean"])
        return Batch(
            rows,
            vectors,
            self._router.patents(declared, vectors).shares,
            self._words(rows.texts),
            near,
            tuple(map(_outline, patents)),
        )

    def _firms(self, firms: Sequence[Firm]) -> Batch | None:
        if not firms:
            return None
        rows = read_firms(firms, self.places, _untold)
        vectors = self._encoder.encode_query(rows.texts)
        shares = self._router.firms(rows.industries, vectors).shares
        none = np.zeros(len(firms), dtype=np.float32)
        return Batch(rows, vectors, shares, self._words(rows.texts), none)

    def _words(self, texts: Sequence[str]) -> tuple[list[str], ...]:
        return tuple(self._tokeniser.tokenise(text) for text in texts)

    def _asked(self) -> Vectors:
        if self._hubs is None:
            self._hubs = np.load(self._index.folder / FILE, allow_pickle=False)
        return self._hubs

    def _patent_tier(self, batch: Batch) -> Tier:
        side = self._side(batch, self._index.patents, hubness=batch.hubness)
        return Tier(batch, side, ClusterTable.of(side))

    def _firm_tier(self, batch: Batch) -> Tier:
        return Tier(batch, self._side(batch, self._index.firms), None)

    def _side(self, batch: Batch, whole: Side, **more: Any) -> Side:
        # As a mapped one: compiled code knows one type of them.
        batch.vectors.setflags(write=False)
        return side_of(
            batch.rows,
            batch.vectors,
            batch.shares,
            whole.lexical.beside(batch.words),
            columns=columns_of(batch.rows, **more),
            codes=whole.codes,
            engine=_ENGINE,
        )


def _outline(patent: Patent) -> Patent:
    """Return the patent without its texts; lists of sentences are texts too."""
    return replace(
        patent,
        patent_id=PatentId(patent.patent_id),
        abstract="",
        first_claim="",
        technical_field="",
        problems=(),
        effects=(),
        applications=(),
        topics=(),
    )


def _untold() -> None:
    """Nobody waits to see progress of so few."""
