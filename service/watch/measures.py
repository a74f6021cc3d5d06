"""Figures of requests as Prometheus reads them: how long, how many, how many at once.

With several workers each keeps its figures in files of ``PROMETHEUS_MULTIPROC_DIR``, and whoever is
asked adds them up. Labels are names of ours and classes of status, never an id or a text of data.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LOOK_SECONDS = 1.0
_BOUNDS = (0.0025, 0.005, 0.01, 0.015, 0.025, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class Measures:
    """What one process counts.

    Attributes:
        seconds: of requests, by method, route template and class of status.
        under_way: requests that are not answered yet.
        connections: to the database that are in use.
        pool: of these connections.
    """

    def __init__(self) -> None:
        self.pool: QueuePool | None = None
        self._looked_at = 0.0
        # None: registered where they are told, so that two applications of a process do not clash.
        self.seconds = Histogram(
            "panhuo_request_seconds",
            "Seconds from a request to the end of its answer",
            ("method", "route", "status"),
            buckets=_BOUNDS,
            registry=None,
        )
        self.under_way = Gauge(
            "panhuo_requests_under_way",
            "Requests that are not answered yet",
            registry=None,
            multiprocess_mode="livesum",
        )
        self.connections = Gauge(
            "panhuo_database_connections",
            "Connections to the operator's database in use, as of the last requests",
            registry=None,
            multiprocess_mode="livesum",
        )

    def look(self) -> None:
        """Note how many connections are in use, at most once a second."""
        now = time.monotonic()
        if self.pool is not None and now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self.connections.set(self.pool.checkedout())

    def text(self, more: Iterable[Collector]) -> bytes:
        """Return all figures in Prometheus' text format.

        Args:
            more: collectors that are asked now.
        """
        registry = CollectorRegistry()
        folder = os.environ.get(FOLDER)
        if folder:
            _forget_dead(Path(folder))
            adding: Any = MultiProcessCollector  # it has no types
            adding(registry, folder)
        else:
            for known in (self.seconds, self.under_way, self.connections):
                registry.register(known)
            ProcessCollector(registry=registry)
        for collector in more:
            registry.register(collector)
        return generate_latest(registry)


def _forget_dead(folder: Path) -> None:
    """Remove what dead workers said of the moment; their counts stay."""
    for path in folder.glob("gauge_live*_*.db"):
        process = path.stem.rpartition("_")[2]
        if process.isdecimal() and not _lives(int(process)):
            with suppress(FileNotFoundError):
                path.unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
