"""``panhuo serve``: the HTTP API."""

from __future__ import annotations

import os

import click

from matcher.errors import InputError
from service.commands.options import Context, common


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@common
def serve(context: Context, host: str, port: int, workers: int) -> None:
    """Start the API; its description is at /openapi.json."""
    import uvicorn

    if host not in {"127.0.0.1", "localhost", "::1"}:
        raise InputError(
            f"found host {host!r}",
            "127.0.0.1: this release has no keys yet, so it serves this machine only",
            "put it behind a gateway that knows who asks",
        )
    settings = context.settings()
    os.environ["PANHUO_HOME"] = str(settings.home)  # workers are new processes and read it there
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="info",
    )
