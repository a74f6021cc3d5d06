"""Every patent scored for every firm by torch, on a GPU or on a processor that multiplies bf16.

The product runs in bf16 where asked and keeps some more than wanted; what it kept is scored again
in float32, so that the choice is that of the exact sieve. A running bar a patent, not the scores of
all pairs, is what stays on the device.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from matcher.errors import UnavailableError
from matcher.index.segment_index import Mask
from matcher.push.candidates import Looking
from matcher.query import FirmQuery
from matcher.sieve.bars import raised
from matcher.sieve.sieve import Sieve
from matcher.types import FloatArray, RowArray

DEVICES = ("cpu", "cpu-bf16", "cuda")
"""cpu: the pruned float32 sieve without torch; the others score every pair, in bf16."""

_CELLS = {"cpu": 1 << 25, "cuda": 1 << 30}  # scores of a block: 128 MiB, 4 GiB
_SLACK = 64  # candidates kept beside those wanted; bf16 errs by less than what lies between
_ROUNDING = 0.02  # of a score: relative error of bf16 is 2⁻⁸, sums of hundreds cancel most of it


def looking_on(sieve: Sieve, device: str) -> Looking:
    """Return the sieve as it is for ``cpu``, else every pair on the device.

    Raises:
        UnavailableError: there is no such device.
    """
    return sieve if device == "cpu" else TorchSieve(sieve, device)


class TorchSieve:
    """Implements ``matcher.push.candidates.Looking`` over all pairs.

    Args:
        sieve: the exact one; its table is copied to the device.
        device: ``cpu-bf16`` or ``cuda``.

    Raises:
        UnavailableError: there is no such device.
    """

    def __init__(self, sieve: Sieve, device: str) -> None:
        import torch

        where = "cuda" if device == "cuda" else "cpu"
        if where == "cuda" and not torch.cuda.is_available():
            raise UnavailableError(
                "found no GPU that torch can use",
                "an NVIDIA GPU, its driver, and a torch built for CUDA",
                "install one, or use --device cpu",
            )
        self._torch = torch
        self._sieve = sieve
        self._device = torch.device(where)
        table = torch.from_numpy(np.array(sieve.table.rows))
        self._table = table.to(self._device, torch.bfloat16)
        self._members = [_members(codes, torch, self._device) for codes in sieve.table.lies]

    @property
    def block(self) -> int:
        """How many firms are looked at together."""
        cells = _CELLS[self._device.type]
        return int(np.clip(cells // max(len(self._table), 1), 8, 4096))

    def search(
        self, queries: Sequence[FirmQuery], depth: int, least: FloatArray
    ) -> list[tuple[RowArray, Mask]]:
        """Return what ``Sieve.search`` returns when it looks at every patent."""
        if not queries or not len(self._table):
            return [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)) for _ in queries]
        order = self._sieve.table.clusters.order
        bars = least[order]
        asked = self._asked(queries)
        scores = self._scores(asked, queries)
        kept = min(depth + _SLACK, scores.shape[1])
        best = self._torch.topk(scores, kept, dim=1).indices.cpu().numpy()
        low = self._torch.from_numpy(bars - _ROUNDING).to(self._device)
        reach = self._torch.nonzero(scores >= low[None, :]).cpu().numpy()
        ends = np.searchsorted(reach[:, 0], np.arange(len(queries) + 1))
        found = []
        for n, query in enumerate(queries):
            at = np.union1d(best[n], reach[ends[n] : ends[n + 1], 1]).astype(np.int64)
            values = self._sieve.exact(query, asked[n], at)
            found.append(_chosen(values, order[at].astype(np.int64), bars[at], depth))
        return found

    def thresholds(
        self, blocks: Iterable[Sequence[FirmQuery]], place: int, beyond: float = 0.0
    ) -> FloatArray:
        """Return what ``Sieve.thresholds`` returns when every patent is looked at."""
        torch = self._torch
        best = torch.full((place, len(self._table)), -torch.inf, device=self._device)
        for queries in blocks:
            if queries:
                scores = self._scores(self._asked(queries), queries)
                best = torch.topk(torch.cat([best, scores]), place, dim=0).values
        found = np.full(len(self._sieve.side), np.inf, dtype=np.float32)
        ascending = best.flip(0).cpu().numpy()
        table = self._sieve.table
        found[table.clusters.order] = raised(ascending, table.cluster_of, beyond)
        return found

    def _asked(self, queries: Sequence[FirmQuery]) -> FloatArray:
        return np.vstack([self._sieve.asked(query) for query in queries])

    def _scores(self, asked: FloatArray, queries: Sequence[FirmQuery]) -> Any:
        """Return float32 (firms, patents) on the device, near enough."""
        rows = self._torch.from_numpy(asked).to(self._device, self._table.dtype)
        scores = (rows @ self._table.t()).float()
        by = self._sieve.weights["same_province"], self._sieve.weights["same_city"]
        for n, query in enumerate(queries):
            for members, code, weight in zip(
                self._members, (query.province, query.city), by, strict=True
            ):
                if 0 <= code < len(members):
                    scores[n, members[code]] += weight
        self._add_words(scores, queries)
        return scores

    def _add_words(self, scores: Any, queries: Sequence[FirmQuery]) -> None:
        """Add BM25 of all words of all firms at once."""
        lexical, position = self._sieve.side.lexical, self._sieve.table.position
        data, rows, offsets = lexical.postings
        places: list[RowArray] = []
        values: list[FloatArray] = []
        for n, query in enumerate(queries):
            for column in lexical.columns(query.words).tolist():
                part = slice(offsets[column], offsets[column + 1])
                at = position[rows[part]].astype(np.int64)
                inside = at >= 0
                places.append(at[inside] + n * scores.shape[1])
                values.append(data[part][inside])
        if places:
            torch, flat = self._torch, scores.view(-1)
            weight = np.float32(self._sieve.weights["shared_words"] / 10)
            flat.index_add_(
                0,
                torch.from_numpy(np.concatenate(places)).to(self._device),
                torch.from_numpy(np.concatenate(values) * weight).to(self._device),
            )


def _members(codes: Any, torch: Any, device: Any) -> list[Any]:
    """Return code → positions that lie there, on the device."""
    return [
        torch.from_numpy(np.flatnonzero(codes == code)).to(device)
        for code in range(int(codes.max(initial=-1)) + 1)
    ]


def _chosen(
    values: FloatArray, rows: RowArray, bars: FloatArray, depth: int
) -> tuple[RowArray, Mask]:
    """Return the best rows and those that reach their bar, ascending, and which of them reach."""
    near = values >= bars
    kept = near.copy()
    kept[np.argsort(-values, kind="stable")[:depth]] = True
    rows, near = rows[kept], near[kept]
    ascending = np.argsort(rows)
    return rows[ascending], near[ascending]
