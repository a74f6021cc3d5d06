"""The thread that has a new index version made when enough has changed beside the current one.

The work is done by a process of its own, so that requests go on meanwhile; of several workers and
replicas over one home one does it at a time.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from matcher.errors import MatcherError
from service.bootstrap import Home
from service.building import LOCK
from service.config import Settings
from service.jobs.child import Ended, Stop, environment, run_child
from service.jobs.locks import held

_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 600.0  # after one that failed
_STOP_SECONDS = 8.0
_LOG = logging.getLogger("panhuo")


class Indexed(Protocol):
    """The part of ``service.tenancy.Tenancy`` that is needed here."""

    def indexed(self) -> Iterable[tuple[str, Home]]:
        """Return (tenant, home) of those that have opened an index of their own."""


class Compactor:
    """Looks after the indexes of one process until it is stopped.

    Args:
        settings: of the operator; the child works under them.
        homes: those that are open.
    """

    def __init__(self, settings: Settings, homes: Indexed) -> None:
        self._settings, self._homes = settings, homes
        self._stopping = threading.Event()
        self._not_before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="panhuo-compaction", daemon=True)

    def __enter__(self) -> Compactor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def turn(self) -> int:
        """Look at every home once; return how many got a new version by this process."""
        return sum(self._look(tenant, home) for tenant, home in self._homes.indexed())

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self.turn()
            except (MatcherError, OSError) as error:
                _LOG.warning("changes wait beside the index: %s", error)

    def _look(self, tenant: str, home: Home) -> bool:
        home.live()  # what others wrote is taken in before anybody asks
        if not due(home) or time.monotonic() < self._not_before.get(tenant, 0.0):
            return False
        with held(home.settings.index_root / LOCK) as lock:
            if lock is None:
                return False
        ended = self._compact(tenant)
        if ended.code and not ended.stopped:
            _LOG.error("no new index version for %r: %s", tenant or "operator", ended.said)
            self._not_before[tenant] = time.monotonic() + _AGAIN_SECONDS
            return False
        home.live()
        return not ended.stopped

    def _compact(self, tenant: str) -> Ended:
        settings = self._settings.model_copy(update={"tenant": tenant, "threads": 1})

        def stop() -> Stop | None:
            return Stop.SHUTDOWN if self._stopping.is_set() else None

        with tempfile.TemporaryDirectory(prefix="panhuo-compact-") as folder:
            variables = environment(settings, Path(folder), "a compaction")
            return run_child(["build", "--compact", "--quiet"], variables, (), _unheard, stop)


def due(home: Home) -> bool:
    """Return whether so much changed that a new version is worth its work."""
    settings = home.settings
    if not settings.compact_share:
        return False
    index = home.engine().index
    part = settings.compact_share * (len(index.patents) + len(index.firms))
    return home.changed >= max(part, settings.compact_rows)


def _unheard(rows: int) -> None:
    """A build tells its progress to terminals alone."""
