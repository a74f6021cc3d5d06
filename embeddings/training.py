"""Contrastive training of the static word table (sentence-transformers' StaticEmbedding, torch).

Loss: multiple negatives ranking (Henderson et al. 2017) in both directions, summed over Matryoshka
prefixes (Kusupati et al. 2022). Words start at their LSA vector times a smooth inverse frequency
(Arora et al. 2017), so that rare words have a sensible place from the first step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.config import StaticConfig
from embeddings.pairs import Corpus, PairSource, Rows, pair_sources, split_halves
from embeddings.vocabulary import Bags, Vocabulary

Progress = Callable[[int, int], None]
Table = npt.NDArray[np.float32]
Held = tuple[Bags, Bags, Rows]
HELD_OUT = 512
_SVD_TEXTS = 100_000


def starting_table(bags: Bags, words: int, config: StaticConfig) -> Table:
    """Return float32 (words, dim): LSA directions scaled by smooth inverse frequency."""
    from scipy import sparse
    from sklearn.utils.extmath import randomized_svd

    counts = np.bincount(bags.ids, minlength=words).astype(np.float64)
    bags = bags.take(np.arange(0, len(bags), max(1, len(bags) // _SVD_TEXTS), dtype=np.int64))
    inverse = 1.0 / (1.0 + counts / max(counts.sum(), 1.0) * 2_000.0)
    rows = np.repeat(np.arange(len(bags)), bags.lengths())
    matrix = sparse.csr_matrix(
        (inverse[bags.ids].astype(np.float32), (rows, bags.ids)), shape=(len(bags), words)
    )
    rank = min(config.dim, min(matrix.shape) - 1)
    table = np.random.default_rng(config.seed).normal(0, 0.3 / config.dim**0.5, (words, config.dim))
    if rank > 0:
        _, singular, right = randomized_svd(
            matrix, n_components=rank, n_iter=2, random_state=config.seed
        )
        found = right.T * np.sqrt(singular)[None, :]
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        table[:, :rank] += found / np.where(norms > 1e-9, norms, 1.0)
    scaled: Table = (table * inverse[:, None]).astype(np.float32)
    return scaled


def train_table(
    corpus: Corpus,
    bags: Bags,
    vocabulary: Vocabulary,
    config: StaticConfig,
    progress: Progress | None = None,
    leave_out: Sequence[str] = (),
    *,
    known: tuple[Rows, Table] | None = None,
) -> tuple[Table, list[float]]:
    """Return the trained float32 (words, dim) table and the held-out loss at each check.

    Training stops when the held-out loss has not fallen for three checks; the best table wins.
    The same corpus, settings and thread count give the same table.

    Args:
        corpus: texts and what pairs them.
        bags: ids of ``corpus.texts()``.
        vocabulary: the words of ``bags``.
        config: settings.
        progress: called with (step, steps).
        leave_out: pair sources not to use.
        known: (ids, rows) of words that begin elsewhere than at their LSA vector.
    """
    start = starting_table(bags, len(vocabulary), config)
    if known is not None:
        start[known[0]] = known[1]
    sources = pair_sources(corpus, bags, config.seed, leave_out)
    pairs = sum(len(s.left) for s in sources)
    if pairs < 16:
        return start, []
    return _Trainer(bags, start, config).run(sources, pairs, progress)


class _Trainer:
    """Holds the torch side of one training run."""

    def __init__(self, bags: Bags, start: Table, config: StaticConfig) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch

        self.torch: Any = torch
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.bags, self.config = bags, config
        self.rng = np.random.default_rng(config.seed)
        self.table: Any = torch.nn.EmbeddingBag.from_pretrained(
            torch.from_numpy(start.copy()), freeze=False, mode="mean", sparse=True
        )

    def run(
        self, sources: list[PairSource], pairs: int, progress: Progress | None
    ) -> tuple[Table, list[float]]:
        config, torch = self.config, self.torch
        batch = min(config.batch, max(16, pairs // 4))
        steps = max(1, min(config.steps, config.epochs * pairs // batch))
        every = max(10, steps // 12)
        self.shares = {s.name: _share(s, steps * batch, config.passes) for s in sources}
        sources, held_out = self._hold_out(sources)
        optimiser = torch.optim.SparseAdam(list(self.table.parameters()), lr=config.learning_rate)
        best, losses = self._copy(), [self._held_out_loss(held_out)]
        for step in range(1, steps + 1):
            for group in optimiser.param_groups:
                group["lr"] = config.learning_rate * _schedule(step, steps)
            left, right, same = self._draw(sources, batch)
            optimiser.zero_grad(set_to_none=True)
            self._loss(left, right, same).backward()
            optimiser.step()
            if progress:
                progress(step, steps)
            if step % every == 0 or step == steps:
                losses.append(self._held_out_loss(held_out))
                if losses[-1] <= min(losses):
                    best = self._copy()
                elif len(losses) - int(np.argmin(losses)) > 3:
                    break
        return best, losses

    def _copy(self) -> Table:
        table: Table = self.table.weight.detach().numpy().copy()
        return table

    def _hold_out(self, sources: list[PairSource]) -> tuple[list[PairSource], Held]:
        """Take a fiftieth of every source out of training; the loss is measured on those pairs."""
        kept: list[PairSource] = []
        held: list[PairSource] = []
        for source in sources:
            order = self.rng.permutation(len(source.left))
            n = max(1, min(len(order) // 50, HELD_OUT))
            held.append(source.take(order[:n]))
            kept.append(source.take(order[n:]) if len(order) > n else source)
        return kept, self._draw(held, HELD_OUT)

    def _draw(self, sources: list[PairSource], batch: int) -> tuple[Bags, Bags, Rows]:
        total = sum(self.shares[s.name] for s in sources)
        parts = [self._part(s, max(1, round(batch * self.shares[s.name] / total))) for s in sources]
        right_rows = np.concatenate([part[2] for part in parts])
        return _join([p[0] for p in parts]), _join([p[1] for p in parts]), right_rows

    def _part(self, source: PairSource, size: int) -> tuple[Bags, Bags, Rows]:
        chosen = self.rng.integers(0, len(source.left), size)
        right_rows = source.right[chosen]
        left = self.bags.take(source.left[chosen])
        if source.halves:
            return (*split_halves(left, self.rng), right_rows)
        return left, self.bags.take(right_rows), right_rows

    def _loss(self, left: Bags, right: Bags, right_rows: Rows) -> Any:
        torch = self.torch
        a, b = self._vectors(left), self._vectors(right)
        rows = torch.from_numpy(right_rows)
        twin = (rows[:, None] == rows[None, :]) & ~torch.eye(len(rows), dtype=torch.bool)
        target = torch.arange(len(rows))
        total = 0.0
        for dim in self.config.matryoshka:
            x = torch.nn.functional.normalize(a[:, :dim], dim=1)
            y = torch.nn.functional.normalize(b[:, :dim], dim=1)
            logits = (x @ y.T / self.config.temperature).masked_fill(twin, -1e4)
            total = total + torch.nn.functional.cross_entropy(logits, target)
            total = total + torch.nn.functional.cross_entropy(logits.T, target)
        return total / (2 * len(self.config.matryoshka))

    def _vectors(self, bags: Bags) -> Any:
        torch = self.torch
        return self.table(
            torch.from_numpy(bags.ids.astype(np.int64)), torch.from_numpy(bags.offsets[:-1].copy())
        )

    def _held_out_loss(self, held_out: Held) -> float:
        with self.torch.no_grad():
            return float(self._loss(*held_out))


def _share(source: PairSource, draws: int, passes: int) -> float:
    """Return the source's share of a batch, lowered where its pairs would be drawn too often.

    ``passes`` is aimed at, not kept to: where every source is small, all are drawn more often.
    A small source drawn often is learnt by heart: the scopes of known holders then find nothing but
    their own patents.
    """
    return min(source.share, passes * len(source.left) / draws)


def _schedule(step: int, steps: int) -> float:
    warm = max(1, steps // 20)
    if step <= warm:
        return step / warm
    return 1.0 - 0.9 * (step - warm) / max(1, steps - warm)


def _join(parts: list[Bags]) -> Bags:
    sizes: Iterator[int] = (len(p.ids) for p in parts)
    starts = np.cumsum([0, *sizes])
    offsets = [p.offsets[:-1] + s for p, s in zip(parts, starts, strict=False)]
    return Bags(
        np.concatenate([p.ids for p in parts]),
        np.concatenate([*offsets, [starts[-1]]]).astype(np.int64),
    )
