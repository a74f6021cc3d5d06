"""What works beside the requests of a service so that it can be seen: audit, figures, traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.pool import QueuePool

from matcher.index.manifest import Manifest
from service.audit.desk import AuditDesk, Chains
from service.audit.machine import machine_user
from service.audit.spool import Spool
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.privacy.sweeper import Sweeper
from service.store import Store
from service.watch.figures import Figures
from service.watch.measures import Measures
from service.watch.standing import Limits, Standing
from service.watch.traces import open_tracer, trace_statements, wanted


class _Serving:
    """A home as figures read it."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def store(self) -> Store:
        return self._home.store

    def manifest(self) -> Manifest:
        return self._home.engine().index.manifest


@contextmanager
def watching(
    home: Home, chains: Chains, secrets: Secrets, measures: Measures
) -> Iterator[dict[str, Any]]:
    """Yield what requests find in their state, all of it started; stop it afterwards.

    Args:
        home: the operator's, open.
        chains: of the operator and the tenants.
        secrets: under which rows of the audit are sealed.
        measures: of this process.
    """
    settings, folder = home.settings, Path(home.settings.home)
    spool = Spool(folder)
    limits = Limits(settings.disk_free_mb << 20, settings.index_days)
    standing = Standing(folder, home.store, limits, lambda: home.refused, spool.waiting)
    desk = AuditDesk(spool, chains, secrets, machine_user())
    with ExitStack() as stack:
        tracer = None
        if wanted():
            tracer, end = open_tracer()
            stack.callback(end)
            stack.callback(trace_statements(home.store.database.engine, tracer))
        pool = home.store.database.engine.pool
        if isinstance(pool, QueuePool):
            measures.pool = pool
        desk.start()
        stack.callback(desk.stop)
        sweeper = Sweeper(home, chains, secrets, desk)
        sweeper.start()
        stack.callback(sweeper.stop)
        yield {
            "audit": desk,
            "measures": measures,
            "figures": Figures(_Serving(home), folder, spool.waiting),
            "standing": standing,
            "tracer": tracer,
        }
