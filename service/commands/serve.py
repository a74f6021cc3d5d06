"""``panhuo serve``: the HTTP API."""

from __future__ import annotations

import copy
import os
from typing import Any

import click

from matcher.errors import InputError
from service.bootstrap import open_home
from service.commands.options import Context, common

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@common
def serve(context: Context, host: str, port: int, workers: int) -> None:
    """Start the API; its description is at /openapi.json.

    Without a key it listens on this machine alone, and whoever is on it may read and write. With
    the first key ('panhuo keys create') every request needs one.
    """
    import uvicorn

    settings = context.settings()
    with open_home(settings) as home:
        locked = home.store.api_keys.exist()
    if not locked and host not in _HERE:
        raise InputError(
            f"found host {host!r} and no key",
            "127.0.0.1 as long as there is no key: whoever reaches the API may read and write",
            "run 'panhuo keys create --tenant NAME --scope SCOPE' first",
        )
    if not locked:
        click.echo(
            f"panhuo: no key yet, so only {host} is served, and whoever is on this machine may "
            "read and write; 'panhuo keys create' makes the first key.",
            err=True,
        )
    os.environ["PANHUO_HOME"] = str(settings.home)  # workers are new processes and read it there
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="info",
        log_config=_log_config(),
    )


def _log_config() -> dict[str, Any]:
    """Return uvicorn's own log settings, each line with the name of its request."""
    from uvicorn.config import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["filters"] = {"request": {"()": "service.api.request_ids.RequestIdFilter"}}
    for handler in config["handlers"].values():
        handler["filters"] = ["request"]
    for formatter in config["formatters"].values():
        formatter["fmt"] += " [%(request_id)s]"
    # The service's own warnings go where uvicorn's go, not to logging's last resort.
    for name in ("service", "panhuo"):
        config["loggers"][name] = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return config
