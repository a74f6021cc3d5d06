"""The HTTP service: ``uvicorn service.app:create_app --factory``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import FastAPI

from matcher.errors import MatcherError
from matcher.profile import profile_of_text
from service.api import feedback, firms, health, imports, patents, recommendations
from service.api.documents import Application
from service.api.limits import BodyLimits
from service.api.problems import install
from service.bootstrap import Home, open_home
from service.config import Settings
from service.jobs.desk import ImportDesk
from service.jobs.folder import JobRoot
from service.jobs.runner import Runner

_log = logging.getLogger(__name__)
_TAGS = [
    {"name": "recommendations", "description": "推荐：patents for firms, firms for patents"},
    {"name": "feedback", "description": "反馈：what firms did with a list"},
    {"name": "patents", "description": "专利：records of the catalogue"},
    {"name": "firms", "description": "企业：records of the catalogue"},
    {"name": "imports", "description": "导入：files into the catalogue"},
    {"name": "health", "description": "状态：alive and ready"},
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; the home is opened when it starts and closed when it stops.

    Without an index it starts too: ``/readyz`` and recommendations answer 503 until one is built.

    Args:
        settings: of the process; ``None`` reads the environment at start.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        with open_home(settings) as home:
            _warm(home)
            root = JobRoot(home.settings.home)
            runner = Runner(root, home.store.import_jobs, home.settings)
            most = home.settings.upload_bytes
            desk = ImportDesk(root, home.store.import_jobs, runner.wake, most)
            runner.start()
            try:
                yield {"home": home, "imports": desk}
            finally:
                runner.stop()

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
    )
    app.add_middleware(BodyLimits)
    install(app)
    for resource in (recommendations, feedback, patents, firms, imports, health):
        app.include_router(resource.router)
    return app


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
