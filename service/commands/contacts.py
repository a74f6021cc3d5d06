"""``panhuo contacts``: whom a holder allows to see its contact persons."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from service.commands.options import Context, common


@click.group("contacts")
def contacts() -> None:
    """Say who may see a holder's inventors, contact persons and phones."""


@contacts.command()
@click.argument("holder")
@click.argument("viewer")
@common
def allow(context: Context, holder: str, viewer: str) -> None:
    """Let VIEWER see the contacts of HOLDER's patents."""
    with context.open() as home:
        home.store.contacts.allow(holder, viewer, datetime.now(UTC))
    click.echo(f"{holder} allows {viewer}")


@contacts.command()
@click.argument("holder")
@click.argument("viewer")
@common
def deny(context: Context, holder: str, viewer: str) -> None:
    """Take back what was allowed."""
    with context.open() as home:
        there = home.store.contacts.deny(holder, viewer)
    click.echo(f"{holder} {'no longer allows' if there else 'did not allow'} {viewer}")


@contacts.command("list")
@click.argument("holder")
@common
def list_(context: Context, holder: str) -> None:
    """List whom HOLDER allows, one name on a line."""
    with context.open() as home:
        for viewer in home.store.contacts.allowed_by(holder):
            click.echo(viewer)
