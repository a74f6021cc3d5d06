"""One opened index version, kept up with the catalogue.

A request asks for the engine; where something was written since, the changed records are taken in
before it gets it: at once what this process wrote, within a second what others did.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from matcher.engine import Engine
from matcher.errors import MatcherError
from matcher.index.delta import Delta
from matcher.index.delta_maker import DeltaMaker
from matcher.index.seen import Seen
from matcher.types import PatentId, Uscc
from service.store import Store
from service.store.noted import FIRMS, PATENTS

_LOOK_SECONDS = 1.0
_AT_ONCE = 64  # records that a request waits for; a transformer needs a second for them
_LOG = logging.getLogger("panhuo")

Record = tuple[str, str]


class LiveEngine:
    """The engine over a version and what changed since; safe from many threads.

    Args:
        engine: over the version alone.
        store: the catalogue that the version was built of.
        most: records that are kept beside the version; what goes beyond waits for the next one.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        most: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = self._engine = engine
        self._store, self._most, self._clock = store, most, clock
        self._seq = int(engine.index.manifest.catalogue.get("changes", 0))
        self._delta = Delta()
        self._taken = set[Record]()
        self._later: list[Record] = []
        self._waiting = 0
        self._own, self._next = -1, 0.0
        self._lock = threading.Lock()
        self._at_work = False
        self._maker = _maker_of(engine)

    @property
    def started(self) -> bool:
        """Whether anybody asked for it yet."""
        return self._own >= 0

    @property
    def seq(self) -> int:
        """Up to which number the changes of the catalogue were read."""
        return self._seq

    @property
    def waiting(self) -> int:
        """How many of them are not taken in yet and come in the background."""
        return len(self._later)

    @property
    def changed(self) -> int:
        """How many records changed since the version was built, as far as was looked."""
        return len(self._taken) + len(self._later) + self._waiting

    def engine(self) -> Engine:
        """Return the engine over the catalogue as it is now.

        Raises:
            StoreUnavailable: this process wrote something, and the database does not answer.
        """
        own = self._store.database.changed
        if own == self._own and self._clock() < self._next:
            return self._engine
        # Who comes for what others wrote need not wait for another who is taking it in.
        if not self._lock.acquire(blocking=own != self._own):
            return self._engine
        try:
            own = self._store.database.changed
            if own != self._own or self._clock() >= self._next:
                self._look(own)
            return self._engine
        finally:
            self._lock.release()

    def _look(self, own: int) -> None:
        first = not self.started
        try:
            self._take_in(first)
        except MatcherError as error:
            if first or own != self._own:
                raise
            _LOG.warning("the catalogue is not looked at for changes: %s", error)
        else:
            self._own = own
        self._next = self._clock() + _LOOK_SECONDS
        if self._later and not self._at_work:
            self._at_work = True
            threading.Thread(target=self._go_on, name="panhuo-changes", daemon=True).start()

    def _take_in(self, first: bool) -> None:
        changes = self._store.changes
        moment = changes.moment()
        if moment.seq == self._seq or self._maker is None:
            return
        if not moment.floor <= self._seq <= moment.seq:
            _LOG.warning(
                "index %s and catalogue do not belong together: run 'panhuo build'",
                self._base.index.folder.name,
            )
        room = max(self._most - len(self._taken) - len(self._later), _AT_ONCE)
        found = changes.since(min(self._seq, moment.seq), room)
        again = set(found.records)
        at_once = len(found.records) if first else _AT_ONCE
        self._apply(found.records[:at_once])
        later = (one for one in self._later if one not in again)
        self._later = [*found.records[at_once:], *later]
        self._waiting += found.more
        self._seq = max(found.until, moment.seq)

    def _apply(self, records: Sequence[Record]) -> None:
        if not records or self._maker is None:
            return
        store = self._store
        patents = [PatentId(name) for kind, name in records if kind == PATENTS]
        firms = [Uscc(name) for kind, name in records if kind == FIRMS]
        self._delta = self._maker.changed(
            self._delta,
            (patents, store.patents.many(patents).values()),
            (firms, store.firms.many(firms).values()),
        )
        self._taken.update(records)
        places = self._maker.places
        names = {"provinces": places.provinces.names, "cities": places.cities.names}
        seen = Seen.of(self._base.index, self._delta, names)
        self._engine = replace(self._base, changed=seen)

    def _go_on(self) -> None:
        """Take in what nobody waited for, a little at a time, so that who waits comes between."""
        while True:
            with self._lock:
                part, rest = self._later[:_AT_ONCE], self._later[_AT_ONCE:]
                try:
                    self._apply(part)
                    self._later = rest
                except MatcherError as error:
                    _LOG.warning("changes of the catalogue wait: %s", error)
                    rest = []
                if not rest:
                    self._at_work = False
                    return


def _maker_of(engine: Engine) -> DeltaMaker | None:
    index = engine.index
    if "changes" not in index.manifest.catalogue:
        _LOG.warning(
            "index %s was built before changes were kept: run 'panhuo build'", index.folder.name
        )
        return None
    return DeltaMaker(index, engine.encoder, engine.tokeniser, engine.router, engine.places)
