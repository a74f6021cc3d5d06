"""The HTTP service: ``uvicorn service.app:create_app --factory``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI

from matcher.errors import MatcherError
from matcher.profile import profile_of_text
from service.api import (
    catalogue,
    demands,
    feedback,
    firms,
    health,
    imports,
    metrics,
    patents,
    recommendations,
    tokens,
    webhooks,
)
from service.api.audited import Audited
from service.api.documents import Application
from service.api.limits import BodyLimits
from service.api.origins import CrossOrigin, Origins, origins_of
from service.api.problems import install
from service.api.rates import Buckets, Rates
from service.api.repeats import Repeats
from service.api.representation import Representation
from service.api.request_ids import RequestIds
from service.api.webhook_events import tell_events
from service.auth.gate import Gate
from service.auth.guard import LOOPBACK, Guard, authorise
from service.auth.redact import redacted_logs
from service.auth.secret import Secrets
from service.bootstrap import Home, open_home
from service.compaction import Compactor
from service.config import Settings
from service.jobs.desk import ImportHall
from service.jobs.folder import JobRoot
from service.jobs.runner import Runner
from service.tenancy import Tenancy
from service.watch.at_work import watching
from service.watch.layer import Watched
from service.watch.measures import Measures
from service.watch.traces import Traced
from service.webhooks.at_work import sending

_log = logging.getLogger(__name__)
_TAGS = [
    {"name": "recommendations", "description": "推荐：patents for firms, firms for patents"},
    {"name": "feedback", "description": "反馈：what firms did with a list"},
    {"name": "patents", "description": "专利：records of the catalogue"},
    {"name": "firms", "description": "企业：records of the catalogue"},
    {"name": "catalogue", "description": "写入：single records of the catalogue"},
    {"name": "imports", "description": "导入：files into the catalogue"},
    {"name": "webhooks", "description": "回调：what a platform is told, and where"},
    {"name": "tokens", "description": "令牌：what a portal or a widget asks with"},
    {"name": "health", "description": "状态：alive and ready"},
]


def create_app(settings: Settings | None = None, trusted: Collection[str] = LOOPBACK) -> FastAPI:
    """Return the application; the home is opened when it starts and closed when it stops.

    Without an index it starts too: ``/readyz`` and recommendations answer 503 until one is built.

    Args:
        settings: of the process; ``None`` reads the environment at start.
        trusted: addresses that may ask without a key until the first one is made. No setting of
            the environment reaches this.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        with redacted_logs(), open_home(settings) as home:
            _warm(home)
            with _at_work(home, measures) as state:
                yield state

    measures = Measures()
    # No /docs page: it would load its scripts from a foreign server. No redirects of slashes:
    # they are made from the Host header, which anyone can write.
    app = Application(
        title="盘活 panhuo",
        summary="Matching engine between university patents and small firms",
        version=_release(),
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        dependencies=[Depends(authorise)],
    )
    app.add_middleware(Repeats)
    app.add_middleware(BodyLimits)
    app.add_middleware(Representation)
    app.add_middleware(Rates)
    app.add_middleware(Audited)
    app.add_middleware(Guard, trusted=trusted)
    app.add_middleware(CrossOrigin)
    app.add_middleware(Watched, measures=measures)
    app.add_middleware(Traced)
    app.add_middleware(RequestIds)  # added last, asked first
    install(app)
    for resource in (recommendations, feedback, patents, firms, imports, tokens, health, metrics):
        app.include_router(resource.router)
    for resource in (catalogue, demands, webhooks):
        app.include_router(resource.router)
    tell_events(app)
    return app


@contextmanager
def _at_work(home: Home, measures: Measures) -> Iterator[dict[str, Any]]:
    """Yield what requests find in their state, with all that works beside them running."""
    root, jobs = JobRoot(home.settings.home), home.store.import_jobs
    runner = Runner(root, jobs, home.settings)
    secrets = Secrets(Path(home.settings.home), home.settings.key_secret.get_secret_value())
    gate = Gate(home.store.api_keys, secrets)
    settings = home.settings
    pages = {
        "origins": Origins(home.store.tenants, origins_of(settings.cors_origins.split(","))),
        "buckets": Buckets(settings.rate_limit, settings.rate_burst),
    }
    with (
        closing(Tenancy(home)) as homes,
        Compactor(settings, homes),
        watching(home, homes, secrets, measures) as watched,
        sending(settings, homes, secrets),
    ):
        gate.start()
        runner.start()
        try:
            hall = ImportHall(root, jobs, runner.wake, home.settings.upload_bytes)
            state = {"homes": homes, "gate": gate, "imports": hall, "secrets": secrets}
            yield {**state, **pages, **watched}
        finally:
            runner.stop()
            gate.stop()


def _warm(home: Home) -> None:
    """Open the index and answer once, unrecorded, so that the first request finds all loaded."""
    try:
        engine = home.recommender().engine
    except MatcherError as error:
        _log.warning("started without an index: %s", error)
        return
    engine.rank_many(engine.queries([profile_of_text("预热")]))


def _release() -> str:
    try:
        return version("panhuo")
    except PackageNotFoundError:
        return "0"
