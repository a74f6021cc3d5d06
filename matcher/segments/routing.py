"""Patents and firms to segments, and an account of how each was routed.

Patents: by IPC, else by declared industry code, else by text. Firms: by declared industry code and
by text, many segments with a confidence each. What leads nowhere is counted and listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from embeddings.encoder import Vectors
from matcher.segments.classifier import Probabilities, SegmentClassifier
from matcher.segments.concordance import IndustryConcordance, IpcConcordance, SegmentShare
from matcher.types import SegmentCode

BASES = ("ipc", "industry", "text", "none")
Shares: TypeAlias = sp.csr_matrix


@dataclass(frozen=True, slots=True)
class RoutingConfig:
    """How generous text routing is; recall is lost silently where it is not.

    Attributes:
        patent_guesses: most segments of a patent routed by text.
        patent_floor: least probability of such a guess.
        firm_segments: most segments of a firm.
        firm_floor: least confidence of a firm's segment.
        stored_firm_segments: most segments a firm is filed under for patent → firms.
    """

    patent_guesses: int = 5
    patent_floor: float = 0.02
    firm_segments: int = 20
    firm_floor: float = 0.01
    stored_firm_segments: int = 6


@dataclass(frozen=True, slots=True)
class Routed:
    """Where records went.

    Attributes:
        shares: csr float32 (n, segments), weight of each segment.
        basis: uint8 (n,), position in ``BASES``.
    """

    shares: Shares
    basis: npt.NDArray[np.uint8]

    def counts(self) -> dict[str, int]:
        """Return how many records were routed by each basis."""
        found = np.bincount(self.basis, minlength=len(BASES))
        return {name: int(count) for name, count in zip(BASES, found, strict=True)}

    def unrouted(self) -> npt.NDArray[np.int64]:
        """Return the rows that have no segment."""
        return np.flatnonzero(self.basis == BASES.index("none")).astype(np.int64)


class Router:
    """Routes with one taxonomy's codes, two concordances and a text classifier.

    Args:
        codes: segment codes, one a column.
        ipc: IPC → segments.
        industry: GB/T 4754 → segments.
        classifier: text → segments; its columns are ``codes``.
        config: thresholds.
    """

    def __init__(
        self,
        codes: Sequence[SegmentCode],
        ipc: IpcConcordance,
        industry: IndustryConcordance,
        classifier: SegmentClassifier | None = None,
        config: RoutingConfig | None = None,
    ) -> None:
        self.codes = tuple(codes)
        self.config = config or RoutingConfig()
        self._column = {code: column for column, code in enumerate(self.codes)}
        self._ipc, self._industry, self.classifier = ipc, industry, classifier

    def with_classifier(self, classifier: SegmentClassifier) -> Router:
        """Return the same router with a text classifier."""
        return Router(self.codes, self._ipc, self._industry, classifier, self.config)

    def declared(self, ipc: Sequence[Sequence[str]], industries: Sequence[Sequence[str]]) -> Routed:
        """Return the routing by IPC, else by industry code; text is not looked at."""
        found: list[tuple[SegmentShare, ...]] = []
        basis = np.full(len(ipc), BASES.index("none"), dtype=np.uint8)
        for row, (symbols, codes) in enumerate(zip(ipc, industries, strict=True)):
            shares = self._known(self._ipc.segments_of(symbols)) if symbols else ()
            if shares:
                basis[row] = BASES.index("ipc")
            elif codes:
                shares = self._by_industry(codes)
                if shares:
                    basis[row] = BASES.index("industry")
            found.append(shares)
        return Routed(self._matrix(found), basis)

    def patents(self, declared: Routed, vectors: Vectors) -> Routed:
        """Return the routing of patents: as declared, the rest by text."""
        open_rows = declared.unrouted()
        if not len(open_rows) or self.classifier is None:
            return declared
        spoken = open_rows[np.asarray(vectors[open_rows]).any(axis=1)]
        guesses = self._cut(
            self.classifier.probabilities(vectors[spoken]),
            self.config.patent_guesses,
            self.config.patent_floor,
        )
        return _merged(declared, spoken, guesses)

    def firms(self, codes: Sequence[str], vectors: Vectors) -> Routed:
        """Return the filing of stored firms: declared code and text together, few segments."""
        declared = self.declared([()] * len(codes), [(c,) if c else () for c in codes])
        if self.classifier is None:
            return declared
        spoken = np.flatnonzero(vectors.any(axis=1)).astype(np.int64)
        guesses = self._cut(
            self.classifier.probabilities(vectors[spoken]),
            self.config.stored_firm_segments,
            self.config.patent_floor,
        )
        return _merged(declared, spoken, guesses)

    def ask(
        self, industry_code: str, vectors: Vectors, near: Sequence[SegmentCode] = ()
    ) -> dict[SegmentCode, float]:
        """Return the segments one firm asks in, with confidence, strongest first.

        Args:
            industry_code: declared GB/T 4754 code or ``""``.
            vectors: its query rows (whole text, name, items); each may open a segment.
            near: segments that its neighbours lie in; they are opened however the text reads.
        """
        found: dict[SegmentCode, float] = {}
        if self.classifier is not None and len(vectors) and vectors.any():
            spoken = vectors[vectors.any(axis=1)]
            best = self.classifier.probabilities(spoken).max(axis=0)
            for column in np.argsort(-best, kind="stable")[: self.config.firm_segments]:
                if best[column] >= self.config.firm_floor:
                    found[self.codes[column]] = float(best[column])
            for code in near:
                if code in self._column:
                    found.setdefault(code, float(best[self._column[code]]))
        if industry_code:
            for share in self._by_industry((industry_code,)):
                found[share.code] = max(found.get(share.code, 0.0), share.weight)
        return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))

    def _by_industry(self, codes: Sequence[str]) -> tuple[SegmentShare, ...]:
        return self._known(self._industry.route(codes).shares)

    def _known(self, shares: Sequence[SegmentShare]) -> tuple[SegmentShare, ...]:
        """Drop segments outside the taxonomy: a concordance may know more than it does."""
        return tuple(share for share in shares if share.code in self._column)

    def _cut(self, probabilities: Probabilities, most: int, floor: float) -> Shares:
        """Keep each row's best segments: at most ``most``, above ``floor``, always the first."""
        columns = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
        values = np.take_along_axis(probabilities, columns, axis=1)
        keep = values >= floor
        if len(keep):
            keep[:, 0] = True
        rows = np.repeat(np.arange(len(probabilities)), keep.sum(axis=1))
        return sp.csr_matrix(
            (values[keep], (rows, columns[keep])), shape=(len(probabilities), len(self.codes))
        )

    def _matrix(self, found: Sequence[Sequence[SegmentShare]]) -> Shares:
        rows = [row for row, shares in enumerate(found) for _ in shares]
        columns = [self._column[share.code] for shares in found for share in shares]
        values = np.array([s.weight for shares in found for s in shares], dtype=np.float32)
        return sp.csr_matrix((values, (rows, columns)), shape=(len(found), len(self.codes)))


def _merged(declared: Routed, rows: npt.NDArray[np.int64], guesses: Shares) -> Routed:
    """Return the declared shares with guesses put over them; declared rows keep their basis."""
    n = declared.shares.shape[0]
    place = sp.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, np.arange(len(rows)))), shape=(n, len(rows))
    )
    basis = declared.basis.copy()
    none = BASES.index("none")
    basis[rows[basis[rows] == none]] = BASES.index("text")
    return Routed(sp.csr_matrix(declared.shares.maximum(place @ guesses)), basis)
