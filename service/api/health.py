"""Is the process alive, and can it answer?"""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from matcher.errors import IndexMissing, StoreUnavailable
from service.api import examples
from service.api.dependencies import OperatorHome, recommender_of
from service.api.documents import answers
from service.api.schemas import Alive, Ready, VersionsTold, Warned
from service.watch.standing import SchemaMismatch

router = APIRouter(tags=["health"])


@router.get(
    "/healthz",
    operation_id="health",
    summary="Alive",
    responses=answers({"status": "ok"}),
)
async def health() -> Alive:
    """Return at once; nothing is asked of store or index."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    operation_id="readiness",
    summary="Ready to recommend",
    responses=answers(
        examples.READY,
        IndexMissing(".panhuo/index"),
        StoreUnavailable("sqlite:///panhuo.db: database is locked"),
        SchemaMismatch("0004"),
    ),
)
def readiness(request: Request, home: OperatorHome) -> Ready:
    """Return versions and counts once the store answers and an index is open.

    ``degraded`` is still 200: requests are answered, and somebody should look at what it tells.
    """
    standing = request.state.standing
    standing.check_schema()
    readers = home.readers
    patents, firms = readers.patents.count(), readers.firms.count()
    engine = recommender_of(home).engine
    manifest = engine.index.manifest
    built_at = datetime.fromisoformat(manifest.built_at)
    concerns = standing.concerns(built_at, datetime.now(UTC))
    return Ready(
        status="degraded" if concerns else "ready",
        warnings=[
            Warned(code=one.code, detail=one.detail, detail_zh=one.detail_zh) for one in concerns
        ],
        versions=VersionsTold(
            encoder=manifest.encoder.version, index=manifest.version, policy=engine.policy.version
        ),
        built_at=built_at,
        patents=patents,
        firms=firms,
        indexed_patents=len(engine.index.patents),
        indexed_firms=len(engine.index.firms),
    )
