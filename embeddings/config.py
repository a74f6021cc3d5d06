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


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """How a plugged-in model is used.

    Attributes:
        dim: columns kept of its rows, ``None`` for all; for models trained to allow it (Matryoshka,
            Kusupati et al. 2022).
        query_prompt: put before texts that ask, ``None`` for the model's own.
        document_prompt: the same for texts that are searched.
        device: where it runs, as torch names it.
        batch: texts a step.
    """

    dim: int | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    device: str = "cpu"
    batch: int = 64


@dataclass(frozen=True, slots=True)
class DistilConfig:
    """How a student is trained to a plugged-in teacher.

    Attributes:
        dim: most columns of the student; a teacher of fewer gives as many as it has.
        texts: most texts the teacher encodes.
        held_out: of these, most texts that only measure.
        vocabulary: most words kept, by frequency.
        min_count: rarer words are spelled by their characters.
        batch: texts a step; their cosines with each other are what is learnt.
        epochs: most passes over the texts.
        learning_rate: of Adam, decaying linearly to a tenth after a warm-up.
        temperature: divides the cosines before they become shares of attention.
        seed: of every random choice.
        threads: of torch.
    """

    dim: int = 256
    texts: int = 30_000
    held_out: int = 1_000
    vocabulary: int = 200_000
    min_count: int = 5
    batch: int = 1024
    epochs: int = 20
    learning_rate: float = 0.005
    temperature: float = 0.05
    seed: int = 20240501
    threads: int = 2
