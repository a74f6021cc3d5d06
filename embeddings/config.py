"""Settings of this floor, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LexicalConfig:
    """BM25 (Robertson): ``k1`` saturates repeats, ``b`` corrects for length."""

    k1: float = 1.2
    b: float = 0.75


@dataclass(frozen=True, slots=True)
class StaticConfig:
    """The static encoder and its training.

    Attributes:
        dim: columns of the word table.
        matryoshka: prefixes trained to stand alone (Kusupati et al. 2022), ``dim`` among them.
        vocabulary: most words kept, by frequency.
        min_count: rarer words are spelled by their characters.
        batch: pairs a step; every other pair of the batch is a negative.
        steps: most steps.
        epochs: most passes over the pairs, so that a small catalogue is not learnt by heart.
        passes: how often a pair may be drawn before its source gets a smaller share of the batch.
        learning_rate: of Adam, decaying linearly to a tenth after a warm-up.
        temperature: divides the cosine in the softmax.
        seed: of every random choice.
        threads: of torch.
    """

    dim: int = 256
    matryoshka: tuple[int, ...] = (256, 64)
    vocabulary: int = 200_000
    min_count: int = 2
    batch: int = 2048
    steps: int = 600
    epochs: int = 12
    passes: int = 6
    learning_rate: float = 0.01
    temperature: float = 0.05
    seed: int = 20240501
    threads: int = 2
