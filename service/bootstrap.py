"""The composition root: the only place where concrete objects are built."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
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
from matcher.errors import MatcherError, StateError
from matcher.index.build import BuildReport, Progress
from matcher.index.faiss_index import set_threads
from matcher.index.index_set import IndexSet
from matcher.index.publish import current_version
from matcher.places.places import PlaceTable, load_places
from matcher.push.send import Clockwork, PushSender
from matcher.ranking.policy import Policy
from matcher.ranking.policy_file import load_policy
from matcher.ranking.reasons import Explainer
from matcher.readers import Readers
from matcher.recommend import Recommender
from matcher.segments.routing import Router
from service.building import TABLES, Building
from service.channels.bodies import Bodies
from service.channels.config import channel_named
from service.channels.opening import open_channel
from service.config import Settings
from service.encoders import open_encoder
from service.filtering import FactTables
from service.live import LiveEngine
from service.privacy.opening import bring_up
from service.segments import SegmentTables, load_segments
from service.store import Store, open_store

_LOG = logging.getLogger("panhuo")


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened index version, the segment tables it was built with, and what keeps it up."""

    engine: Engine
    tables: SegmentTables
    live: LiveEngine

    @property
    def name(self) -> str:
        """The version's name."""
        return self.engine.index.folder.name


@dataclass
class Home:
    """One opened home: store, tables, and — once asked for — index and engine."""

    settings: Settings
    store: Store
    _opened: Opened | None = field(default=None, init=False)
    _refused: Path | None = field(default=None, init=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def tokeniser(self) -> Tokeniser:
        """The tokeniser every part shares."""
        return default_tokeniser()

    @cached_property
    def places(self) -> PlaceTable:
        """Regions and seats of institutions."""
        return load_places()

    @property
    def segments(self) -> SegmentTables:
        """Taxonomy and concordances: of the opened index, before that of the home."""
        opened = self._opened
        return opened.tables if opened else load_segments(self.settings.segments_root)

    @cached_property
    def filters(self) -> FactTables:
        """What filters look at."""
        from service.push.scope import offers_of  # it imports this module

        return FactTables(self.store, self.places, offers_of)

    @cached_property
    def policy(self) -> Policy:
        """The scoring policy."""
        return load_policy(self.settings.policy)

    @property
    def readers(self) -> Readers:
        """The catalogue as the engine reads it."""
        store = self.store
        return Readers(
            store.patents,
            store.firms,
            store.demands,
            store.relations,
            store.feedback,
            store.groups,
        )

    def build(
        self, progress: Progress, encoder: str | None = None, *, go_on: bool = False
    ) -> BuildReport:
        """Build and publish a new index version.

        Args:
            progress: told of (stage, done, total).
            encoder: instead of the one of the settings.
            go_on: continue the training of the current version's static encoder.

        Raises:
            InputError: the catalogue holds no patent, or there is nothing to continue.
        """
        return self._building().whole(progress, encoder, go_on=go_on)

    def compact(self, progress: Progress) -> BuildReport:
        """Take what changed since the current version into a new one that keeps its encoder.

        Raises:
            IndexMissing: nothing was built.
            StateError: another compaction is at work, another version was published meanwhile, or
                the operator's segments are others now.
        """
        return self._building().compacted(progress)

    def _building(self) -> Building:
        return Building(self.settings, self.store, self.tokeniser, self.places, self.engine)

    def engine(self) -> Engine:
        """Return the engine over the current index version; a newer one is opened when published.

        Safe from many threads. A newer version that cannot be opened is reported once to the log,
        and the one that is open goes on serving.

        Raises:
            IndexMissing: nothing was built.
            IndexStale: the index is damaged, and no other is open.
            PolicyMismatch: the encoder is not the one that built it, and no other is open.
        """
        opened = self._opened
        current = self._current()
        if opened and current in {opened.engine.index.folder, self._refused}:
            return opened.engine
        # One thread opens; the others go on with the version before, where there is one.
        if not self._opening.acquire(blocking=opened is None):
            return cast(Opened, opened).engine
        try:
            return self._open_current()
        finally:
            self._opening.release()

    def _current(self) -> Path | None:
        """Return the current version's folder; ``None`` where it vanished under an open one."""
        try:
            return current_version(self.settings.index_root)
        except StateError:
            if self._opened is None:
                raise
            return self._refused

    def _open_current(self) -> Engine:
        current = current_version(self.settings.index_root)
        opened = self._opened
        if opened and opened.engine.index.folder == current:
            return opened.engine
        try:
            new = self._open()
            if opened and opened.live.started:
                new.live.engine()  # what changed since it was built, before anybody waits for it
            self._opened = new
        except MatcherError as error:
            if opened is None:
                raise
            self._refused = current
            _LOG.error("index %s is not opened, %s goes on: %s", current.name, opened.name, error)
            return opened.engine
        return self._opened.engine

    def live(self) -> Engine:
        """Return the engine over the current index version and what changed since it was built.

        Raises as ``engine``, and:
            StoreUnavailable: the database does not answer.
        """
        self.engine()
        return cast(Opened, self._opened).live.engine()

    @property
    def opened(self) -> Opened | None:
        """The index version that is open, ``None`` before one was asked for."""
        return self._opened

    @property
    def changed(self) -> int:
        """How many records changed since the opened index was built, as far as was looked."""
        return self._opened.live.changed if self._opened else 0

    @property
    def refused(self) -> str:
        """The name of a newer index version that could not be opened, "" for none."""
        return self._refused.name if self._refused else ""

    def recommender(self, readers: Readers | None = None) -> Recommender:
        """Return the online path over the current index version and what changed since.

        Args:
            readers: instead of the home's own.
        """
        engine = self.live()
        readers = readers or self.readers
        explainer = Explainer(
            self.segments.taxonomy,
            self.tokeniser,
            _explained(engine),
            readers.patents,
            self.places,
        )
        return Recommender(
            engine,
            explainer,
            readers,
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )

    def push_sender(self, channel: str) -> PushSender:
        """Return what sends push_rounds through a channel of ``channels.toml``.

        Raises:
            InputError: there is no such channel, or it is not written as it must be.
        """
        folder, store = Path(self.settings.home), self.store
        clockwork = Clockwork(lambda: datetime.now(UTC), time.sleep, random.random)
        opened = open_channel(
            channel_named(folder, channel), folder, store.push_inbox, os.environ, clockwork.now
        )
        bodies = Bodies(store.push_rounds, self.readers, self.segments.taxonomy)
        return PushSender(store.push_messages, opened, bodies, clockwork)

    def _open(self) -> Opened:
        index = IndexSet.open(self.settings.index_root, self.settings.verify_index)
        tables = load_segments(index.folder / TABLES)
        router = Router(index.classifier.codes, tables.ipc, tables.industry)
        engine = Engine(
            index=index,
            encoder=open_encoder(
                index.manifest.encoder,
                index.folder / "encoder",
                self.tokeniser,
                self.settings.device,
            ),
            tokeniser=self.tokeniser,
            router=router.with_classifier(index.classifier),
            places=self.places,
            policy=self.policy,
        )
        return Opened(engine, tables, LiveEngine(engine, self.store, self.settings.delta_rows))


def _explained(engine: Engine) -> IndexSet:
    """Return what reasons are read from: own rows, and of the patents ids, vectors and words."""
    seen = engine.seen
    return engine.index if seen.patents.whole else cast(IndexSet, seen)


@contextmanager
def open_home(settings: Settings | None = None) -> Iterator[Home]:
    """Yield an opened home, its database brought to the current schema; closes it afterwards.

    Raises:
        StoreUnavailable: the database does not answer.
        StateError: the settings name a tenant; its home is opened by ``service.tenancy``.
    """
    chosen = settings or Settings()
    if chosen.tenant:
        raise StateError(
            f"found PANHUO_TENANT={chosen.tenant!r}",
            "the operator: this works on all of the home",
            "unset PANHUO_TENANT",
        )
    set_threads(chosen.threads)
    if not chosen.database_url:
        Path(chosen.home).mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_store(chosen.store_url) as store:
        bring_up(store, chosen)
        yield Home(chosen, store)
