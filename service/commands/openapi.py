"""``panhuo openapi``: the description of the API, from which clients are made."""

from __future__ import annotations

import json
from pathlib import Path

import click

from service.export.whole_file import whole_file


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File instead of the terminal."
)
def openapi(*, out: Path | None) -> None:
    """Print the OpenAPI document that a running service has at /openapi.json; needs no home."""
    from service.app import create_app  # verbs that do not need the web start sooner without it

    text = json.dumps(create_app().openapi(), ensure_ascii=False, indent=1)
    if out is None:
        click.echo(text)
        return
    with whole_file(out) as path:
        path.write_text(f"{text}\n", "utf-8")
