"""The thread that sends webhooks, for every tenant of a home; many may run beside each other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from matcher.errors import MatcherError
from service.store import Store
from service.store.delivery_records import Claimed
from service.store.tenants import TenantNotFound
from service.webhooks.sender import Line, Sender

_IDLE_SECONDS = 1.0
_SHORT_SECONDS = 0.2
_STOP_SECONDS = 8.0
_RESCUE_EVERY = timedelta(seconds=5)
_SWEEP_EVERY = timedelta(hours=1)
_LOG = logging.getLogger("panhuo.webhooks")


class Stores(Protocol):
    """The stores of the operator and the tenants."""

    def store_of(self, tenant: str) -> Store:
        """Return the tenant's store, "" for the operator's; safe from many threads."""


class DeliveryRunner:
    """Copies events to the tenants they are for, and sends what is due, until it is stopped.

    Args:
        stores: of the operator and the tenants.
        line: what deliveries go out through.
        threads: attempts at once.
        days: that a delivery is kept after it was made.
    """

    def __init__(self, stores: Stores, line: Line, threads: int, days: int) -> None:
        self._stores = stores
        self._line = line
        self._threads = threads
        self._days = days
        self._working: dict[Future[bool], bool] = {}
        self._silent: set[str] = set()
        self._swept_at: datetime | None = None
        self._rescued_at: datetime | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="panhuo-webhooks", daemon=True)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="webhook")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; return when what is under way has ended, or within seconds.

        What is left behind ends with its lease, and is sent again under its id.
        """
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        wait(list(self._working), timeout=_STOP_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def until_idle(self) -> int:
        """Send what is due now; return how many attempts that were."""
        attempts = 0
        while True:
            attempts += self.turn()
            if not self._working:
                return attempts
            wait(list(self._working), timeout=_SHORT_SECONDS, return_when="FIRST_COMPLETED")

    def turn(self) -> int:
        """Begin what is due as far as there is room; return how many attempts that are."""
        self._collect()
        self._relay()
        self._sweep()
        begun, rescuing = 0, self._rescuing()
        for tenant, store in self._each():
            with self._told_of(tenant):
                sender = Sender(store, self._line)
                if rescuing:
                    sender.rescue()
                begun += self._begin(sender)
        return begun

    def _rescuing(self) -> bool:
        now = self._line.clockwork.now()
        if self._rescued_at and timedelta(0) <= now - self._rescued_at < _RESCUE_EVERY:
            return False
        self._rescued_at = now
        return True

    def _begin(self, sender: Sender) -> int:
        free = self._threads - len(self._working)
        # Endpoints that fail take up to half of the threads, and the others stay for the rest.
        most = max(1, self._threads // 2)
        troubled = max(0, most - sum(self._working.values()))
        claimed = sender.claim(free, troubled) if free else ()
        for one in claimed:
            self._working[self._pool.submit(sender.deliver, one)] = _is_troubled(one)
        return len(claimed)

    def _run(self) -> None:
        while not self._stopping.is_set():
            begun = 0
            try:
                with self._told_of(""):
                    begun = self.turn()
            except Exception:
                _LOG.exception("webhooks wait")
            if not begun:
                self._stopping.wait(_IDLE_SECONDS)
            elif len(self._working) >= self._threads:
                wait(list(self._working), timeout=_SHORT_SECONDS, return_when="FIRST_COMPLETED")

    def _collect(self) -> None:
        for done in [one for one in self._working if one.done()]:
            del self._working[done]
            error = done.exception()
            if error is not None:
                _LOG.warning("a delivery could not be kept and is sent again: %s", error)

    def _each(self) -> Iterator[tuple[str, Store]]:
        main = self._stores.store_of("")
        yield "", main
        for tenant in main.tenants.all():
            store = None
            with self._told_of(tenant.name):
                store = self._stores.store_of(tenant.name)
            if store is not None:
                yield tenant.name, store

    def _relay(self) -> None:
        relays = self._stores.store_of("").relays
        for tenant in relays.waiting():
            with self._told_of(tenant):
                try:
                    own = self._stores.store_of(tenant).relays
                except TenantNotFound:
                    relays.forget(tenant)
                    continue
                events = relays.events_for(tenant)
                own.take_over(events)
                relays.cross_off(tenant, events)

    def _sweep(self) -> None:
        now = self._line.clockwork.now()
        if self._swept_at and timedelta(0) <= now - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = now
        for tenant, store in self._each():
            with self._told_of(tenant):
                Sender(store, self._line).reseal()
                store.delivery_log.prune(now - timedelta(days=self._days))

    @contextmanager
    def _told_of(self, tenant: str) -> Iterator[None]:
        """Go on with the others where one tenant's database does not answer; tell it once."""
        try:
            yield
        except MatcherError as error:
            if tenant not in self._silent:
                self._silent.add(tenant)
                _LOG.warning("webhooks of %s wait: %s", tenant or "the operator", error)
        else:
            self._silent.discard(tenant)


def _is_troubled(one: Claimed) -> bool:
    return one.endpoint.failures > 0
