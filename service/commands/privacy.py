"""``panhuo privacy``: personal data given out, erased, swept, and mapped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from matcher.errors import StateError
from service.audit.act import Act, current
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.export.whole_file import whole_file
from service.privacy.data_map import data_map
from service.privacy.erasing import erase, given_out
from service.privacy.files import erase_files, files_of
from service.privacy.held import BASIS
from service.privacy.retention import sweep
from service.privacy.subject import Subject
from service.store import Store
from service.store.tenants import OPERATOR
from service.tenancy import Tenancy

_firm = click.option("--firm", default="", metavar="CODE", help="USCC of a firm.")
_person = click.option("--person", default="", metavar="NAME", help="Name of a person.")
_phone = click.option("--phone", default="", metavar="NUMBER", help="Phone of a person.")


@click.group("privacy")
def privacy() -> None:
    """Give out or erase one person's or one firm's data; sweep what was kept long enough."""


@privacy.command("export")
@_firm
@_person
@_phone
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .json file.")
@common
def export_(context: Context, firm: str, person: str, phone: str, out: Path) -> None:
    """Write all that this installation holds of a firm or person, tenants' data and files too."""
    subject = Subject(firm, person, phone)
    content: dict[str, Any] = {
        "kind": subject.kind,
        "asked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "stores": {},
    }
    with _stores(context) as (home, stores):
        for name, store in stores:
            shared = store.contacts is home.store.contacts and name != OPERATOR
            content["stores"][name] = given_out(store, subject, catalogue=not shared)
        found = files_of(Path(home.settings.home), subject)
        content["files"] = [{"file": str(path), "goes": cure} for path, cure in found]
    with whole_file(out) as draft:
        text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
        draft.write_text(text, "utf-8")
    tables = sum(len(tables) for tables in content["stores"].values())
    click.echo(f"{out}: found in {tables} tables and {len(content['files'])} files")


@privacy.command("erase")
@_firm
@_person
@_phone
@click.option("--yes", is_flag=True, help="Erase; without it only what would be erased is told.")
@json_option
@common
def erase_(
    context: Context, *, firm: str, person: str, phone: str, yes: bool, as_json: bool
) -> int:
    """Erase a firm or a person from every table of this installation, tenants' too.

    What the law holds, rows of the audit, stays as stored only and is shown no more. Exit code 1
    where files are left that go otherwise, such as an index that is to be built anew.
    """
    subject = Subject(firm, person, phone)
    result: dict[str, Any] = {"erased": yes, "stores": {}, "deleted": [], "left": []}
    with _stores(context) as (home, stores):
        secret = _secrets(home).current()
        for name, store in stores:
            shared = store.contacts is home.store.contacts and name != OPERATOR
            if yes:
                days, now = home.settings.audit_days, datetime.now(UTC)
                counts = erase(store, subject, secret, days, now, catalogue=not shared)
                _forget_log(store)
            else:
                found = given_out(store, subject, catalogue=not shared)
                counts = {table: _count(told) for table, told in found.items()}
            if counts:
                result["stores"][name] = dict(counts)
        folder = Path(home.settings.home)
        if yes:
            result["deleted"], left = erase_files(folder, subject)
        else:
            left = [(str(path), cure) for path, cure in files_of(folder, subject)]
        result["left"] = [{"file": file, "goes": cure} for file, cure in left]
        result["held"] = BASIS
    if as_json:
        print_json(result)
    else:
        _show(result)
    return 1 if yes and result["left"] else 0


@privacy.command("sweep")
@json_option
@common
def sweep_(context: Context, as_json: bool) -> None:
    """Delete what retention no longer keeps; a running service does so every hour."""
    gone: dict[str, dict[str, int]] = {}
    with _stores(context) as (home, stores):
        act = current()
        for name, store in stores:
            if act is not None:
                gone[name] = sweep(store, home.settings, _secrets(home), _again(act))
    if as_json:
        print_json(gone)
        return
    for name, tables in gone.items():
        for table, rows in tables.items():
            click.echo(f"{rows:>12,}  {name}: {table}")
    click.echo("swept")


@privacy.command("map")
@json_option
@common
def map_(context: Context, as_json: bool) -> None:
    """Show the data map: every column, whether it is personal, why it is there, for how long."""
    rows = [
        {"table": one.table, "column": one.column, "kind": one.kind, "purpose": one.purpose,
         "kept": one.kept}
        for one in data_map().values()
    ]  # fmt: skip
    if as_json:
        print_json({"columns": rows})
        return
    table = Table()
    for name in ("table", "column", "kind", "purpose", "kept"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row.values()))
    context.console.print(table)


@privacy.command()
@common
def rekey(context: Context) -> None:
    """Encrypt all contacts under the first key of PANHUO_CONTACT_KEY; old keys may go then."""
    with _stores(context) as (home, stores):
        changed = sum(
            store.contacts.reseal()
            for name, store in stores
            if name == OPERATOR or store.contacts is not home.store.contacts
        )
    click.echo(f"{changed:,} contacts encrypted under the key in force")


@contextmanager
def _stores(context: Context) -> Iterator[tuple[Home, list[tuple[str, Store]]]]:
    """Yield the operator's home and every store of the installation, the operator's first."""
    if context.settings().tenant not in {"", OPERATOR}:
        raise StateError(
            f"found PANHUO_TENANT={context.settings().tenant!r}",
            "the operator: this works on all of the installation",
            "unset PANHUO_TENANT",
        )
    with context.open(tenant="") as home:
        tenancy = Tenancy(home)
        try:
            named = [tenant.name for tenant in home.store.tenants.all()]
            stores = [(name, tenancy.store_of(name)) for name in named]
            yield home, [(OPERATOR, home.store), *stores]
        finally:
            tenancy.close()


def _again(act: Act) -> Act:
    return Act(act.actor, act.sealing, act.operation, act.request_id)


def _forget_log(store: Store) -> None:
    """Empty SQLite's log, which holds pages as they were."""
    if store.database.dialect == "sqlite":
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _count(told: Any) -> int:
    return sum(len(rows) for rows in told.values())


def _show(result: dict[str, Any]) -> None:
    word = "erased" if result["erased"] else "would be erased"
    for name, tables in result["stores"].items():
        for table, rows in tables.items():
            click.echo(f"{rows:>8,}  {name}: {table}")
    click.echo(f"{word} from the tables above; {result['held']}.")
    for file in result["deleted"]:
        click.echo(f"deleted {file}")
    for one in result["left"]:
        click.echo(f"LEFT {one['file']}: {one['goes']}")


def _secrets(home: Home) -> Secrets:
    return Secrets(Path(home.settings.home), home.settings.key_secret.get_secret_value())
