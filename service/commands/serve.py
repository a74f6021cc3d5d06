"""``panhuo serve``: the HTTP API."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import click

from matcher.errors import InputError
from service.bootstrap import open_home
from service.commands.options import Context, common
from service.running.budget import budget_of
from service.watch.logs import log_config
from service.watch.measures import FOLDER

_HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--grace",
    type=click.IntRange(1, 3_600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="At the end wait so long for requests that are under way.",
)
@click.option("--force-memory", is_flag=True, help="Start though memory seems too small.")
@common
def serve(
    context: Context, *, host: str, port: int, workers: int, grace: int, force_memory: bool
) -> None:
    """Start the API; its description is at /openapi.json.

    Without a key it listens on this machine alone, and whoever is on it may read and write. With
    the first key ('panhuo keys create') every request needs one.

    SIGTERM ends it: no new connection is taken, requests under way are answered, import jobs go
    back into their queue.
    """
    import uvicorn

    settings = context.settings()
    budget = budget_of(settings.index_root, workers)
    if not force_memory:
        budget.check()
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
    click.echo(f"panhuo: {budget.sentence()}", err=True)
    os.environ["PANHUO_HOME"] = str(settings.home)  # workers are new processes and read it there
    with _counted(workers):
        uvicorn.run(
            "service.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_level=settings.log_level,
            log_config=log_config(settings.log_format, settings.log_level),
            access_log=False,
            timeout_graceful_shutdown=grace,
        )


@contextmanager
def _counted(workers: int) -> Iterator[None]:
    """Give several workers a folder in which their figures are added up, gone at the end."""
    if workers == 1 or os.environ.get(FOLDER):
        yield
        return
    with TemporaryDirectory(prefix="panhuo-figures-") as folder:
        os.environ[FOLDER] = folder
        yield
