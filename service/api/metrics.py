"""Figures for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from service.watch.measures import MEDIA_TYPE

router = APIRouter(tags=["health"])


# No part of what platforms call, and so not in the description.
@router.get("/metrics", operation_id="metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Return the figures of this service, all workers together, in Prometheus' text format.

    This machine needs no key; others need one with ``admin``.
    """
    state = request.state
    return Response(state.measures.text([state.figures]), media_type=MEDIA_TYPE)
