"""The thread of a service that sweeps once an hour, one process of a home at a time."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from matcher.errors import MatcherError
from service.audit.desk import AuditDesk, Chains
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.jobs.locks import held
from service.privacy.retention import sweep
from service.store.tenants import OPERATOR

_EVERY_SECONDS = 3_600.0
_FIRST_SECONDS = 60.0
_LOG = logging.getLogger("panhuo.privacy")


class Sweeper:
    """Sweeps the operator's store and those of all tenants.

    Args:
        home: the operator's.
        chains: finds the store of a tenant.
        secrets: under which the audit is sealed.
        desk: makes the acts that the audit tells.
    """

    def __init__(self, home: Home, chains: Chains, secrets: Secrets, desk: AuditDesk) -> None:
        self._home = home
        self._chains = chains
        self._secrets = secrets
        self._desk = desk
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="panhuo-sweep", daemon=True)

    def start(self) -> None:
        """Begin; the first sweep comes a minute later, when requests are answered already."""
        self._thread.start()

    def stop(self) -> None:
        """End after the piece that is being deleted."""
        self._stopping.set()
        self._thread.join(10.0)

    def turn(self) -> None:
        """Sweep once, unless another process of this home does."""
        folder = Path(self._home.settings.home) / "audit"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with held(folder / "sweep") as lock:
            if lock is None:
                return
            for name in ("", *(tenant.name for tenant in self._home.store.tenants.all())):
                if not self._stopping.is_set():
                    self._sweep(name)

    def _sweep(self, name: str) -> None:
        act = self._desk.own("service.sweep")
        store = self._chains.store_of(name)
        gone = sweep(store, self._home.settings, self._secrets, act)
        for table, rows in gone.items():
            _LOG.info("swept %s rows of %s (%s)", rows, table, name or OPERATOR)
        head = store.audit.head()
        if head is not None:
            # Written down elsewhere it shows that nobody put an older copy in place.
            _LOG.info("audit of %s stands at %s:%s", name or OPERATOR, head.seq, head.digest)

    def _run(self) -> None:
        wait = _FIRST_SECONDS
        while not self._stopping.wait(wait):
            wait = _EVERY_SECONDS
            try:
                self.turn()
            except (MatcherError, OSError) as error:
                _LOG.warning("the sweep waits: %s", error)
