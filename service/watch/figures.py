"""Figures of store and index, counted when Prometheus asks, at most every ten seconds."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from matcher.errors import MatcherError
from matcher.index.manifest import Manifest
from service.store import Store
from service.store.push_tables import push_messages, push_rounds
from service.store.schema import metadata
from service.store.stock_tables import import_jobs

_KEPT_SECONDS = 10.0
# Of the newest rounds alone: older ones have ended, and there may be millions of their messages.
_ROUNDS = 5
# Queues by table; one that this release does not have is left out.
_QUEUES = {"webhook_deliveries": "panhuo_webhook_deliveries"}

By = Mapping[str, float]


class Indexed(Protocol):
    """As much of a home as figures need."""

    @property
    def store(self) -> Store:
        """The operator's store."""

    def manifest(self) -> Manifest:
        """Return what the index that serves says of itself."""


class Figures(Collector):
    """What stands in the store, what serves, and what room is left.

    Args:
        home: the operator's.
        folder: of the home.
        waiting: tells how many entries of the audit wait.
    """

    def __init__(self, home: Indexed, folder: Path, waiting: Callable[[], int]) -> None:
        self._home = home
        self._folder = folder
        self._waiting = waiting
        self._lock = threading.Lock()
        self._kept: tuple[float, list[Metric]] = (-_KEPT_SECONDS, [])

    def describe(self) -> Iterable[Metric]:
        """Return nothing: a registry must not ask the database to learn names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the figures; where the database does not answer, those of the disk alone."""
        with self._lock:
            at, found = self._kept
            if time.monotonic() - at >= _KEPT_SECONDS:
                found = [*self._disk(), *self._index(), *self._stored()]
                self._kept = (time.monotonic(), found)
        return found

    def _disk(self) -> Iterable[Metric]:
        free = shutil.disk_usage(self._folder).free
        yield GaugeMetricFamily("panhuo_disk_free_bytes", "Room on the disk of the home", free)
        log = self._folder / "panhuo.db-wal"
        size = log.stat().st_size if log.exists() else 0
        yield GaugeMetricFamily("panhuo_wal_bytes", "Size of SQLite's write-ahead log", size)
        waiting = self._waiting()
        yield GaugeMetricFamily("panhuo_audit_waiting", "Audit entries not chained yet", waiting)

    def _index(self) -> Iterable[Metric]:
        try:
            manifest = self._home.manifest()
        except MatcherError:
            yield GaugeMetricFamily("panhuo_index_open", "Whether an index serves", 0)
            return
        yield GaugeMetricFamily("panhuo_index_open", "Whether an index serves", 1)
        told = GaugeMetricFamily("panhuo_index_info", "The index that serves", labels=("version",))
        told.add_metric((manifest.version,), 1)
        yield told
        built = datetime.fromisoformat(manifest.built_at)
        age = (datetime.now(UTC) - built).total_seconds()
        yield GaugeMetricFamily("panhuo_index_age_seconds", "Since the index was built", age)
        recall = float(manifest.routing["audit"]["recall"])
        sentence = "Share of the unrouted top 20 that routing keeps, measured at the build"
        yield GaugeMetricFamily("panhuo_routing_recall", sentence, recall)

    def _stored(self) -> Iterable[Metric]:
        newest = sa.select(push_rounds.c.round_id).where(push_rounds.c.state == "published")
        newest = newest.order_by(push_rounds.c.made_at.desc()).limit(_ROUNDS)
        last = push_messages.c.round_id.in_(newest)
        try:
            with self._home.store.database.reading() as connection:
                yield _family("panhuo_import_jobs", "Import jobs", _by(connection, import_jobs))
                yield _family("panhuo_push_rounds", "Rounds", _by(connection, push_rounds))
                sentence = f"Messages of the newest {_ROUNDS} published rounds"
                messages = _by(connection, push_messages, last)
                yield _family("panhuo_push_messages", sentence, messages)
                for table, name in _QUEUES.items():
                    if table in metadata.tables:
                        found = _by(connection, metadata.tables[table])
                        yield _family(name, "Deliveries of webhooks", found)
            up = 1
        except MatcherError:
            up = 0
        yield GaugeMetricFamily("panhuo_store_up", "Whether the database answers", up)


def _by(
    connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool] | None = None
) -> By:
    query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
    if where is not None:
        query = query.where(where)
    return {str(state): float(count) for state, count in connection.execute(query)}


def _family(name: str, sentence: str, found: By) -> Metric:
    family = GaugeMetricFamily(name, f"{sentence}, by state", labels=("state",))
    for state, count in sorted(found.items()):
        family.add_metric((state,), count)
    return family
