"""The audit of a running service: acts of its requests, and a thread that empties the spool."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from service.audit.act import Act, Actor, Sealing
from service.audit.entry import Entry
from service.audit.spool import Spool
from service.auth.caller import OPERATOR_HERE, Caller
from service.store import Store

_LOG = logging.getLogger("panhuo.audit")
_EVERY_SECONDS = 1.0


class Chains(Protocol):
    """Finds the store of a tenant."""

    def store_of(self, tenant: str) -> Store:
        """Return the store whose chain tells of the tenant."""


class AuditDesk:
    """Acts of one process.

    Args:
        spool: of the home.
        chains: of the operator and the tenants.
        sealing: where the secret in force is had from.
        machine: who runs the process.
    """

    def __init__(self, spool: Spool, chains: Chains, sealing: Sealing, machine: str) -> None:
        self._spool = spool
        self._chains = chains
        self._sealing = sealing
        self._machine = machine
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="panhuo-audit", daemon=True)

    def act(self, caller: Caller, request_id: str) -> Act:
        """Return the act of a request; its operation is told when it is routed."""
        return Act(actor_of(caller), self._sealing, request_id=request_id)

    def own(self, operation: str) -> Act:
        """Return an act of the service itself."""
        return Act(Actor("service", self._machine), self._sealing, operation)

    def keep(self, entry: Entry, *, durable: bool = True) -> None:
        """Keep an entry that goes with no transaction; durable when this returns."""
        self._spool.keep(entry.tenant, entry, durable=durable)
        self._work.set()

    def start(self) -> None:
        """Begin to move entries into their chains, those of dead processes first."""
        self.keep(self.own("service.start").entry("done", None))
        self._thread.start()

    def stop(self) -> None:
        """Tell the end, and move what is left."""
        self.keep(self.own("service.stop").entry("done", None))
        self._stopping.set()
        self._work.set()
        self._thread.join(5.0)
        self.drain()
        self._spool.close()

    def drain(self) -> None:
        """Move what waits into its chains."""
        try:
            self._spool.drain(self._append)
        except OSError as error:
            _LOG.warning("entries of the audit wait: %s", error)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.wait(_EVERY_SECONDS)
            self._work.clear()
            self.drain()

    def _append(self, chain: str, entries: Sequence[Entry]) -> None:
        self._chains.store_of(chain).audit.keep(entries, self._sealing.current())


def actor_of(caller: Caller) -> Actor:
    """Return whom the audit names: a key by its id, a token by its firm or holder and key."""
    if caller == OPERATOR_HERE:
        return Actor("here", "loopback")
    name = f"{caller.key_id} for {caller.subject}" if caller.subject else caller.key_id
    return Actor(str(caller.kind), name, caller.tenant)
