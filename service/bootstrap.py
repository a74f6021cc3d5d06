"""The composition root: the only place where concrete objects are built."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import cast

from embeddings.tokeniser import Tokeniser, default_tokeniser
from matcher.engine import Engine
from matcher.index.build import BuildInput, BuildReport, Progress, build_index
from matcher.index.faiss_index import set_threads
from matcher.index.index_set import IndexSet
from matcher.index.publish import current_version
from matcher.places.places import PlaceTable, load_places
from matcher.ranking.policy import Policy, load_policy
from matcher.ranking.reasons import Explainer
from matcher.readers import Readers
from matcher.recommend import Recommender
from matcher.segments.ipc import ipc_path
from matcher.segments.routing import Router
from matcher.types import SegmentCode
from service.config import Settings
from service.encoders import EncoderChoice, open_encoder
from service.segments import SegmentTables, load_segments
from service.store import Store, open_store
from service.store.migrate import upgrade


@dataclass
class Home:
    """One opened home: store, tables, and — once asked for — index and engine."""

    settings: Settings
    store: Store
    _engine: Engine | None = field(default=None, init=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser every part shares."""
        return default_tokeniser()

    @cached_property
    def places(self) -> PlaceTable:
        """Regions and seats of institutions."""
        return load_places()

    @cached_property
    def segments(self) -> SegmentTables:
        """Taxonomy and concordances, the operator's own included."""
        return load_segments(self.settings.segments_root)

    @cached_property
    def policy(self) -> Policy:
        """The scoring policy."""
        return load_policy(self.settings.policy)

    @property
    def readers(self) -> Readers:
        """The catalogue as the engine reads it."""
        store = self.store
        return Readers(store.patents, store.firms, store.demands, store.relations, store.feedback)

    def router(self, codes: tuple[SegmentCode, ...] | None = None) -> Router:
        """Return routing by declared codes; a build or an index adds the text classifier.

        Args:
            codes: segments of an index, which may be older than the taxonomy; ``None`` takes the
                taxonomy's.
        """
        tables = self.segments
        known = codes or tuple(segment.code for segment in tables.taxonomy)
        return Router(known, tables.ipc, tables.industry)

    def build(self, progress: Progress, encoder: str | None = None) -> BuildReport:
        """Build and publish a new index version."""
        source = BuildInput(
            patents=self.store.patents,
            firms=self.store.firms,
            relations=self.store.relations,
            places=self.places,
            router=self.router(),
            ipc_path=ipc_path,
            tokeniser=self.tokeniser,
            engine=self.settings.index_engine,
        )
        maker = EncoderChoice(
            encoder or self.settings.encoder, self.tokeniser, self.settings.threads
        )
        return build_index(source, maker, self.settings.index_root, progress, datetime.now(UTC))

    def engine(self) -> Engine:
        """Return the engine over the current index version; a newer one is opened when published.

        Safe from many threads.

        Raises:
            IndexMissing: nothing was built.
            IndexStale: the index is damaged.
            PolicyMismatch: the encoder is not the one that built it.
        """
        opened = self._engine
        if opened and opened.index.folder == current_version(self.settings.index_root):
            return opened
        # One thread opens; the others go on with the version before, where there is one.
        if not self._opening.acquire(blocking=opened is None):
            return cast(Engine, opened)
        try:
            current = current_version(self.settings.index_root)
            if self._engine is None or self._engine.index.folder != current:
                self._engine = self._open_engine()
            return self._engine
        finally:
            self._opening.release()

    def recommender(self) -> Recommender:
        """Return the online path over the current index version."""
        engine = self.engine()
        explainer = Explainer(self.segments.taxonomy, self.tokeniser, engine.index.patents.lexical)
        return Recommender(
            engine,
            explainer,
            self.readers,
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )

    def _open_engine(self) -> Engine:
        index = IndexSet.open(self.settings.index_root, self.settings.verify_index)
        encoder = open_encoder(index.manifest.encoder, index.folder / "encoder", self.tokeniser)
        return Engine(
            index=index,
            encoder=encoder,
            tokeniser=self.tokeniser,
            router=self.router(index.classifier.codes).with_classifier(index.classifier),
            places=self.places,
            policy=self.policy,
        )


@contextmanager
def open_home(settings: Settings | None = None) -> Iterator[Home]:
    """Yield an opened home, its database brought to the current schema; closes it afterwards.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    chosen = settings or Settings()
    set_threads(chosen.threads)
    if not chosen.database_url:
        Path(chosen.home).mkdir(parents=True, exist_ok=True)
    with open_store(chosen.store_url) as store:
        upgrade(store)
        yield Home(chosen, store)
