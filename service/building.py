"""What a build of a home reads and trains with; ``bootstrap.Home`` runs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from embeddings.config import ModelConfig
from embeddings.cut_ahead import CutAhead
from embeddings.encoder import Encoder
from embeddings.pairs import Corpus
from embeddings.static import StaticEncoder
from embeddings.tokeniser import Tokeniser
from matcher.engine import Engine
from matcher.errors import InputError, MatcherError, StateError
from matcher.index.build import BuildInput, BuildReport, Kept, Progress, build_index
from matcher.index.manifest import Manifest
from matcher.places.places import PlaceTable
from matcher.segments.ipc import ipc_path
from matcher.segments.routing import Router
from service.config import Settings
from service.encoders import EncoderChoice
from service.jobs.locks import held
from service.segments import keep_segments, load_segments
from service.store import Store

TABLES = "tables"
LOCK = ".compacting"


@dataclass(frozen=True, slots=True)
class Building:
    """Builds the index versions of one home.

    Attributes:
        settings: of the process.
        store: the catalogue.
        tokeniser: cuts texts.
        places: where holders sit.
        current: opens the current version.
    """

    settings: Settings
    store: Store
    tokeniser: Tokeniser
    places: PlaceTable
    current: Callable[[], Engine]

    def whole(self, progress: Progress, encoder: str | None, *, go_on: bool) -> BuildReport:
        """Train an encoder and build with it; see ``Home.build``."""
        settings, cutter = self.settings, CutAhead(self.tokeniser)
        maker = EncoderChoice(
            encoder or settings.encoder,
            cutter,
            settings.threads,
            ModelConfig(
                dim=settings.encoder_dim,
                query_prompt=settings.query_prompt,
                document_prompt=settings.document_prompt,
                device=settings.device,
            ),
            self._trained(encoder or settings.encoder) if go_on else None,
        )
        return self._built(self._source(cutter), maker, progress)

    def compacted(self, progress: Progress) -> BuildReport:
        """Take what changed into a version that keeps the encoder; see ``Home.compact``."""
        with held(self.settings.index_root / LOCK) as lock:
            if lock is None:
                raise StateError(
                    "found a compaction at work already",
                    "one at a time",
                    "nothing to do: wait for it",
                )
            engine = self.current()
            index = engine.index
            kept = Kept(index.manifest.version, engine.encoder, index.classifier)
            source = self._source(CutAhead(self.tokeniser))
            if tuple(source.router.codes) != tuple(index.manifest.codes):
                raise StateError(
                    "found other segments than those of the index",
                    "the segments that it was built with",
                    "run 'panhuo build'",
                )
            source = replace(source, kept=kept, engine=index.manifest.engine)
            return self._built(source, _KeptEncoder(index.folder / "encoder"), progress)

    def _source(self, cutter: CutAhead) -> BuildInput:
        root, settings, store = self.settings.segments_root, self.settings, self.store
        tables = load_segments(root)
        codes = tuple(segment.code for segment in tables.taxonomy)
        return BuildInput(
            patents=store.patents,
            firms=store.firms,
            relations=store.relations,
            demands=store.demands,
            places=self.places,
            router=Router(codes, tables.ipc, tables.industry),
            ipc_path=ipc_path,
            tokeniser=cutter,
            cut_ahead=lambda texts, told: cutter.remember(texts, settings.threads, told),
            keep=lambda folder: keep_segments(root, folder / TABLES),
            engine=settings.index_engine,
            moment=lambda: store.changes.moment().seq,
        )

    def _built(
        self, source: BuildInput, maker: EncoderChoice | _KeptEncoder, progress: Progress
    ) -> BuildReport:
        root = self.settings.index_root
        report = build_index(source, maker, root, progress, datetime.now(UTC))
        # No version that can be opened needs what the oldest of them knows.
        self.store.changes.forget(min(_moments(root), default=0))
        return report

    def _trained(self, name: str) -> StaticEncoder:
        """Return the static encoder of the current version, to be trained further."""
        current = self.current().encoder
        if name != "static" or not isinstance(current, StaticEncoder):
            raise InputError(
                f"found encoder {name!r} to build with and {current.info.name!r} to go on from",
                "the static encoder in both places",
                "build without --continue",
            )
        return current


@dataclass(frozen=True, slots=True)
class _KeptEncoder:
    """Stands for the encoder of a version, as it lies in that version's folder."""

    folder: Path

    def __call__(self, corpus: Corpus, progress: Callable[[int, int], None]) -> Encoder:
        """Refuse: nothing is trained."""
        raise StateError("found a kept encoder asked to train", "the encoder as it is", "report it")

    def save(self, encoder: Encoder, folder: Path) -> None:
        """Copy what is needed to open the encoder again."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def _moments(root: Path) -> list[int]:
    """Return the numbers up to which the versions know the catalogue, of those that open."""
    found: list[int] = []
    for folder in (root / "versions").iterdir():
        try:
            manifest = Manifest.read(folder)
        except MatcherError:
            continue
        found.append(int(manifest.catalogue.get("changes", 0)))
    return found
