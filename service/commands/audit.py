"""``panhuo audit``: who did what, proven."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from matcher.errors import InputError
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.commands.acts import drain
from service.commands.options import Context, common, json_option, print_json
from service.export.whole_file import whole_file
from service.privacy.held import Masked
from service.store.audit_proof import prove

_COLUMNS = (
    "seq", "at", "tenant", "actor_kind", "actor", "operation", "objects", "detail", "result",
    "status", "request_id", "entry_id", "secret_id", "digest", "seal",
)  # fmt: skip


@click.group("audit")
def audit() -> None:
    """Show, prove and export the audit: who wrote what, when, with what result."""


@audit.command()
@click.option("--head", metavar="SEQ:DIGEST", help="A row that was written down elsewhere.")
@json_option
@common
def verify(context: Context, head: str | None, as_json: bool) -> int:
    """Hold every row against its neighbour, its seal and the head; exit 1 where one is not ours.

    Write the head down elsewhere now and then: against --head it shows also that nobody put an
    older copy of the whole database in place.
    """
    known = _known(head)
    with _opened(context) as home:
        secrets = {one.secret_id: one for one in _secrets(home).known()}
        proof = prove(home.store.audit, secrets, known)
        stands = home.store.audit.head()
    told = f"{stands.seq}:{stands.digest}" if stands else ""
    if as_json:
        print_json(
            {
                "good": proof.good,
                "rows": proof.rows,
                "first": proof.first,
                "last": proof.last,
                "head": told,
                "faults": proof.faults,
            }
        )
    else:
        for fault in proof.faults:
            click.echo(f"CURE {fault}")
        click.echo(f"{proof.rows:,} rows, {proof.first} to {proof.last}; head {told or 'none'}")
    return 0 if proof.good else 1


@audit.command()
@click.option("-n", "most", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--operation", default="", metavar="NAME", help="Of this operation alone.")
@json_option
@common
def show(context: Context, most: int, operation: str, as_json: bool) -> None:
    """Show the last rows, newest first."""
    with _opened(context) as home:
        masked = Masked.of(home.store)
        rows = [masked.row(row) for row in home.store.audit.latest(most, operation)]
    if as_json:
        print_json({"rows": [_told(row) for row in rows]})
        return
    table = Table()
    for name in ("seq", "at", "who", "operation", "objects", "result"):
        table.add_column(name, overflow="fold")
    for row in rows:
        who = f"{row['actor_kind']} {row['actor']}"
        if row["tenant"]:
            who = f"{row['tenant']}: {who}"
        ended = row["result"] + (f" {row['status']}" if row["status"] is not None else "")
        objects = ", ".join(json.loads(row["objects"]))
        cells = (row["seq"], row["at"][:19], who, row["operation"], objects, ended)
        table.add_row(*(Text(str(cell)) for cell in cells))
    context.console.print(table)


@audit.command()
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A .ndjson or .csv file."
)
@common
def export(context: Context, out: Path) -> None:
    """Write every row to a file, oldest first, with what proves it."""
    if out.suffix.lower() not in {".ndjson", ".csv"}:
        raise click.UsageError(f"--out {out}: name a file ending in .ndjson or .csv.")
    with _opened(context) as home:
        masked = Masked.of(home.store)
        rows = (masked.row(row) for row in home.store.audit.rows())
        with whole_file(out) as draft:
            count = _write(draft, rows, out.suffix.lower())
    click.echo(f"{out}: {count:,} rows")


def _write(draft: Path, rows: Iterator[dict[str, Any]], ending: str) -> int:
    count = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        if ending == ".csv":
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for row in rows:
                count += 1
                writer.writerow([_cell(row[name]) for name in _COLUMNS])
        else:
            for row in rows:
                count += 1
                file.write(json.dumps(_told(row), ensure_ascii=False) + "\n")
    return count


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in _COLUMNS}
    return told | {"objects": json.loads(row["objects"]), "detail": _json(row["detail"])}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _known(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    seq, _, digest = head.partition(":")
    if not seq.isdecimal() or len(digest) != 64:
        raise InputError(
            f"found --head {head[:90]!r}",
            "SEQ:DIGEST, as 'panhuo audit verify' told it",
            "give it as it was written down",
        )
    return int(seq), digest


@contextmanager
def _opened(context: Context) -> Iterator[Home]:
    """Yield the home whose chain is meant, with nothing left waiting on disk."""
    drain(context.settings(tenant=""))
    with context.open() as home:
        yield home


def _secrets(home: Home) -> Secrets:
    return Secrets(Path(home.settings.home), home.settings.key_secret.get_secret_value())
