"""What a build reads, and what it may take over from the version before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from embeddings.encoder import Encoder
from embeddings.pairs import Corpus
from embeddings.tokeniser import Tokeniser
from matcher.places.places import PlaceTable
from matcher.ports import DemandReader, FirmReader, PatentReader, RelationReader
from matcher.segments.classifier import SegmentClassifier
from matcher.segments.routing import Router

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""
Told = Callable[[int, int], None]


class EncoderMaker(Protocol):
    """Trains or loads the encoder of a build."""

    def __call__(self, corpus: Corpus, progress: Told) -> Encoder:
        """Return an encoder for the corpus."""

    def save(self, encoder: Encoder, folder: Path) -> None:
        """Keep in ``folder`` what is needed to open the encoder again."""


@dataclass(frozen=True, slots=True)
class BuildInput:
    """What a build reads.

    Attributes:
        patents: the catalogue.
        firms: the firms.
        relations: known links, which pair scopes with patents in training.
        demands: technical needs, whose titles and texts are pairs in training.
        places: where holders sit.
        router: routing without a text classifier; the build trains that.
        ipc_path: main group → titles from class to group.
        tokeniser: cuts texts for BM25.
        cut_ahead: told all texts, in parts, before their words are asked for again and again.
        keep: puts into the version's folder what must stay with it (operator tables).
        engine: ``faiss``, ``int8`` or ``exact``.
        moment: tells the number of the newest change of the catalogue; asked before it is read.
        kept: what is taken over from the version before instead of being trained.
    """

    patents: PatentReader
    firms: FirmReader
    relations: RelationReader
    demands: DemandReader
    places: PlaceTable
    router: Router
    ipc_path: Callable[[str], tuple[str, ...]]
    tokeniser: Tokeniser
    keep: Callable[[Path], None]
    cut_ahead: Callable[[Sequence[tuple[str, ...]], Told], None] = lambda texts, told: None
    engine: str = "faiss"
    moment: Callable[[], int] = lambda: 0
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a version takes over from the one before.

    Attributes:
        version: the version before; the new one is published only while that is current.
        encoder: its encoder.
        classifier: its text classifier.
    """

    version: str
    encoder: Encoder
    classifier: SegmentClassifier
