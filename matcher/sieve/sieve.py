"""The patents that suit a firm, or a block of firms, best: near enough to pick candidates from.

The policy is linear, so most of it is one inner product: what a firm weighs (texts, segments)
against what a patent has. Only the best item, the few nearest own patents, own IPC and cities that
nobody told are left out; ``rank`` adds them for the candidates. A firm looks at the clusters that
promise most and at the patents outside them whose words answer its own. In a push it also looks at
clusters for which it is among the first firms: patents nobody wishes for would find no firm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.index.cluster_table import BESIDE, FACTS, UNKNOWN, ClusterTable
from matcher.index.clusters import runs
from matcher.index.segment_index import Mask
from matcher.index.side import Side
from matcher.query import FirmQuery
from matcher.ranking.features import FEATURES, unknown_place
from matcher.ranking.policy import Policy
from matcher.sieve.bars import raised
from matcher.sieve.sift import (
    add_words,
    allowed_in,
    complete,
    forget_words,
    keep,
    keep_best,
    outside,
    positions_of,
    scatter,
)
from matcher.types import FloatArray, RowArray

_CELLS = 1 << 24
_ALWAYS, _SHARE = 10_000, 40  # patents a firm looks at: ten thousand and a fortieth of the others
_WISHES = 4  # firms of a block that look at a cluster because they are its first
_OUTSIDE = 100
_RARE = 8_192  # patents that have a word, from which on it leads nowhere in particular


@dataclass(frozen=True, slots=True)
class Sieve:
    """What firms are multiplied with.

    Attributes:
        table: the patents that may be found, in clusters.
        side: all patents.
        weights: feature → weight of the policy in force.
        always, share: a firm looks at ``always`` patents and one in ``share`` of the others.
    """

    table: ClusterTable
    side: Side
    weights: dict[str, float]
    always: int = _ALWAYS
    share: int = _SHARE

    @classmethod
    def of(cls, side: Side, policy: Policy, table: ClusterTable) -> Sieve:
        """Return the sieve of a policy over the table of a side."""
        return cls(table, side, dict(zip(FEATURES, policy.effective, strict=True)))

    @property
    def looked_at(self) -> int:
        """About how many patents a firm looks at."""
        m = len(self.table.clusters.order)
        return m if m <= self.always else self.always + (m - self.always) // self.share

    @property
    def block(self) -> int:
        """How many firms are looked at together, so that their scores stay within 64 MiB."""
        return int(np.clip(_CELLS // max(self.looked_at, 1), 8, 2048))

    def search(
        self, queries: Sequence[FirmQuery], depth: int, least: FloatArray
    ) -> list[tuple[RowArray, Mask]]:
        """Return each firm's best rows, and all those on whose own short list it may stand.

        Args:
            queries: a block of firms.
            depth: how many of the best.
            least: float32 (patents,), from what score on a firm is one of the patent's best.

        Returns:
            For each firm: int64 rows ascending, and bool which of them reach ``least``.
        """
        bars = least[self.table.clusters.order]
        found = []
        for values, at in self._scored(queries):
            kept, near = keep(values, at, depth, bars)
            rows = self.table.clusters.order[at[kept]].astype(np.int64)
            ascending = np.argsort(rows)
            found.append((rows[ascending], near[ascending]))
        return found

    def best(self, query: FirmQuery, depth: int, allowed: Mask | None = None) -> RowArray:
        """Return int64, one firm's best rows, ascending; no other firm bears on them.

        Args:
            query: the firm.
            depth: how many, at most.
            allowed: bool (patents,), rows that may be found; ``None`` for all of the table.
        """
        clusters = self.table.clusters
        if not len(clusters) or depth < 1:
            return np.empty(0, dtype=np.int64)
        asked = self.asked(query)
        inside = self._promising(query, asked, allowed)
        parts = [self.table.rows[first:end] @ asked for first, end in runs(inside, clusters.start)]
        values = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
        sums = np.zeros(len(clusters.order), dtype=np.float32)
        values, at = self._whole(query, asked, inside, values, sums, forget=False)
        if allowed is not None:
            open_ = allowed[clusters.order[at]]
            values, at = values[open_], at[open_]
        if len(values) > depth:
            at = at[np.argpartition(values, len(values) - depth)[-depth:]]
        return np.sort(clusters.order[at].astype(np.int64))

    def _promising(self, query: FirmQuery, asked: FloatArray, allowed: Mask | None) -> Mask:
        """Return bool (clusters,): those that promise most, until enough allowed members are in."""
        clusters = self.table.clusters
        members = clusters.sizes
        if allowed is not None:
            members = allowed_in(allowed, clusters.order, clusters.start)
        if members.sum() <= self.always:
            return members > 0
        promise = clusters.promise(asked[None, :], self.side.vectors.shape[1])
        self._add_places(promise, [query])
        order = np.argsort(-promise[0], kind="stable")
        before = np.cumsum(members[order]) - members[order]
        enough = self.always + (int(members.sum()) - self.always) // self.share
        inside = np.zeros(len(clusters), dtype=np.bool_)
        inside[order[before < enough]] = True
        return inside & (members > 0)

    def thresholds(
        self, blocks: Iterable[Sequence[FirmQuery]], place: int, beyond: float = 0.0
    ) -> FloatArray:
        """Return float32 (patents,): the score of each patent's ``place``-th best firm of a sample.

        A patent that fewer firms looked at has -inf: whoever comes to look is welcome.

        Args:
            blocks: the sample, block by block.
            place: 1-based.
            beyond: how much farther out the score is wanted, see ``bars.raised``.
        """
        best = np.full((place, len(self.table.clusters.order)), -np.inf, dtype=np.float32)
        for queries in blocks:
            for values, at in self._scored(queries):
                keep_best(best, values, at)
        found = np.full(len(self.side), np.inf, dtype=np.float32)
        found[self.table.clusters.order] = raised(best, self.table.cluster_of, beyond)
        return found

    def _scored(
        self, queries: Sequence[FirmQuery]
    ) -> Iterator[tuple[FloatArray, npt.NDArray[np.int64]]]:
        """Yield for each firm the scores of all it looked at, and the position of each."""
        if not queries or not len(self.table.clusters):
            nothing = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64)
            yield from (nothing for _ in queries)
            return
        asked = np.vstack([self.asked(query) for query in queries])
        looked = self._looked(asked, queries)
        starts, values = self._products(asked, looked)
        sums = np.zeros(len(self.table.clusters.order), dtype=np.float32)
        for n, query in enumerate(queries):
            mine = values[starts[n] : starts[n + 1]]
            yield self._whole(query, asked[n], looked[n], mine, sums)

    def _whole(
        self,
        query: FirmQuery,
        asked: FloatArray,
        inside: Mask,
        values: FloatArray,
        sums: FloatArray,
        *,
        forget: bool = True,
    ) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        postings, columns = self.side.lexical.postings, self.side.lexical.columns(query.words)
        lengths = postings[2][columns + 1] - postings[2][columns]
        weight = np.float32(self.weights["shared_words"] / 10)
        start = self.table.clusters.start
        numbers = np.flatnonzero(inside).astype(np.int32)
        place = self._place(query)
        add_words(columns, postings, weight, self.table.position, sums)
        complete(values, numbers, start, sums, place, self.table.lies)
        # What only common words lead to is not worth leaving the clusters for.
        rare = columns[lengths <= _RARE]
        where = self.table.position, self.table.cluster_of
        more = outside(rare, postings, where, sums, inside, _OUTSIDE)
        at = positions_of(numbers, start, len(values))
        if len(more):
            values = np.concatenate([values, self.exact(query, asked, more)])
            at = np.concatenate([at, more])
        if forget and lengths.sum() > len(sums) // 8:
            sums[:] = 0.0
        elif forget:
            forget_words(columns, postings, self.table.position, sums)
        return values, at

    def exact(self, query: FirmQuery, asked: FloatArray, at: RowArray) -> FloatArray:
        """Return float32 (n,): the scores of one firm with the patents at chosen positions.

        Args:
            query: the firm.
            asked: its row, from ``asked``.
            at: int64 (n,), positions.
        """
        rows = self.table.clusters.order[at].astype(np.int64)
        words = self.side.lexical.scores_at(query.words, rows)
        found: FloatArray = self.table.rows[at] @ asked
        found += np.float32(self.weights["shared_words"] / 10) * words
        province, city, by_province, by_city = self._place(query)
        found += by_province * (self.table.lies[0][at] == province) * (province >= 0)
        found += by_city * (self.table.lies[1][at] == city) * (city >= 0)
        return found

    def _products(
        self, asked: FloatArray, looked: Mask
    ) -> tuple[npt.NDArray[np.int64], FloatArray]:
        """Return where each firm's scores begin and end, and the scores, cluster after cluster."""
        sizes, start = self.table.clusters.sizes, self.table.clusters.start
        of_firm = looked @ sizes
        starts = np.concatenate([[0], np.cumsum(of_firm)]).astype(np.int64)
        values = np.empty(starts[-1], dtype=np.float32)
        firms, numbers = np.nonzero(looked)
        before = np.cumsum(sizes[numbers]) - sizes[numbers]
        by_cluster = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=len(sizes)))
        first = 0
        for number, end in enumerate(ends.tolist()):
            mine = by_cluster[first:end]
            if len(mine):
                part = self.table.rows[start[number] : start[number + 1]]
                scatter(asked[firms[mine]] @ part.T, before[mine], values)
            first = end
        return starts, values

    def _looked(self, asked: FloatArray, queries: Sequence[FirmQuery]) -> Mask:
        """Return bool (firms, clusters): which clusters each firm looks at."""
        n = len(self.table.clusters)
        wanted = int(np.ceil(self.looked_at * n / len(self.table.clusters.order)))
        if wanted >= n:
            return np.ones((len(asked), n), dtype=np.bool_)
        promise = self.table.clusters.promise(asked, self.side.vectors.shape[1])
        self._add_places(promise, queries)
        bars = np.partition(promise, n - wanted, axis=1)[:, n - wanted]
        looked: Mask = promise >= bars[:, None]
        # A cluster's first firms come to look even where it is none of their best.
        wishes = min(_WISHES, len(asked))
        columns = np.ascontiguousarray(promise.T)
        firsts = np.partition(columns, len(asked) - wishes, axis=1)[:, len(asked) - wishes]
        looked |= promise >= firsts
        return looked

    def _add_places(self, promise: FloatArray, queries: Sequence[FirmQuery]) -> None:
        """Clusters are of one province, and mix its cities."""
        province = self.table.lies[0][self.table.clusters.start[:-1]]
        by_province, by_city = (
            np.float32(self.weights[f"same_{at}"]) for at in ("province", "city")
        )
        for row, query in zip(promise, queries, strict=True):
            if query.province >= 0:
                row[province == query.province] += by_province
            if query.city in self.table.cities:
                numbers, share = self.table.cities[query.city]
                row[numbers] += by_city * share

    def _place(self, query: FirmQuery) -> tuple[int, int, np.float32, np.float32]:
        w = self.weights
        by = np.float32(w["same_province"]), np.float32(w["same_city"])
        return query.province, query.city, *by

    def asked(self, query: FirmQuery) -> FloatArray:
        """Return float32 (columns,): what the firm weighs, to be multiplied with the table."""
        w, dim = self.weights, len(query.whole)
        row = np.zeros(self.table.rows.shape[1], dtype=np.float32)
        row[:dim] = (w["whole_text"] + w["best_item"]) * query.whole + w["firm_name"] * query.name
        if len(query.own):
            row[:dim] += w["own_patents"] * query.own.mean(axis=0)
        row[dim : dim + UNKNOWN] = [w[name] for name in FACTS]
        unknown = unknown_place(self.side, "province", query.province)
        row[dim + UNKNOWN] = w["same_province"] * unknown
        for column, code in enumerate(self.side.codes, start=dim + BESIDE):
            row[column] = w["segment"] * query.segments.get(code, 0.0)
        return row
