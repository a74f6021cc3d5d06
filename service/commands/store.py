"""``panhuo store``: the database of a home."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import make_url

from matcher.errors import StateError
from service.commands.options import Context, common, json_option, print_json
from service.config import Settings
from service.running.saving import restore as put_back
from service.running.saving import save
from service.store.moving import copy_home


@click.group("store")
def store() -> None:
    """Look after the database of a home."""


@store.command()
@click.option(
    "--to",
    required=True,
    metavar="URL",
    help="postgresql://USER@HOST/NAME, empty; its password from PGPASSWORD or ~/.pgpass. "
    "Or sqlite:///FILE, from PostgreSQL.",
)
@json_option
@common
def copy(context: Context, *, to: str, as_json: bool) -> None:
    """Copy the database of the home, tenants' and all, into an empty one; all of it or nothing.

    Every table is compared with what was read. The home's own database is read only: stop the
    service before, and set PANHUO_DATABASE_URL after.
    """
    settings = _operator(context)
    with context.bars() as bars:
        rows = copy_home(settings.store_url, Path(settings.home), to, bars)
    if as_json:
        print_json(rows)
        return
    for table, count in rows.items():
        if count:
            click.echo(f"{count:>12,}  {table}")
    click.echo(f"{sum(rows.values()):,} rows of {len(rows)} tables copied and compared.")
    click.echo(_next(to, Path(settings.home)))


_folder = click.Path(path_type=Path, file_okay=False)


@store.command()
@click.option("--to", type=_folder, required=True, help="A folder that is not there yet.")
@click.option("--index", is_flag=True, help="The index too; without it it is built again.")
@json_option
@common
def backup(context: Context, *, to: Path, index: bool, as_json: bool) -> None:
    """Copy a home while it serves: databases, secrets, segments, channels; checked and durable."""
    settings = _operator(context)
    told = save(settings.store_url, Path(settings.home), to, index=index)
    if as_json:
        print_json({"to": str(to), **told})
        return
    click.echo(f"{to}: {len(told['files'])} files. It holds secrets: keep it where they may be.")


@store.command()
@click.argument("backup", type=_folder, metavar="FOLDER")
@json_option
@common
def restore(context: Context, *, backup: Path, as_json: bool) -> None:
    """Put a backup in the place of a home (--home) that is not there yet; every file is checked."""
    settings = _operator(context)
    told = put_back(backup, settings.store_url, Path(settings.home))
    if as_json:
        print_json({"home": str(settings.home), **told})
        return
    click.echo(f"{settings.home}: restored as of {told['made_at']}; run 'panhuo doctor'.")


def _operator(context: Context) -> Settings:
    settings = context.settings()
    if settings.tenant:
        raise StateError(
            f"found PANHUO_TENANT={settings.tenant!r}",
            "the operator: this works on all of the home",
            "unset PANHUO_TENANT",
        )
    return settings


def _next(to: str, home: Path) -> str:
    url = make_url(to)
    if url.get_backend_name() == "sqlite" and Path(url.database or "") == home / "panhuo.db":
        return "Unset PANHUO_DATABASE_URL now: the home's own file is used again."
    return (
        f"Set PANHUO_DATABASE_URL={url.render_as_string(hide_password=True)} now; the home stays "
        "where it is, with index, settings and secret."
    )
