"""``panhuo keys``: who may use the API, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from matcher.errors import InputError
from service.api.origins import origins_of
from service.auth.issue import issue
from service.auth.scopes import Scope, scopes_of
from service.auth.secret import Secrets
from service.bootstrap import Home
from service.commands.options import Context, common, json_option, print_json
from service.store.api_keys import ApiKey
from service.store.tenants import OPERATOR, tenant_name

_WORDS = ", ".join(scope.value for scope in Scope)
_ONCE = "This key is shown once. Whoever has it may use it: keep it out of files and addresses."


@click.group("keys")
def keys() -> None:
    """Make, list and revoke the keys of the API."""


@keys.command()
@click.option("--tenant", required=True, metavar="NAME", help="Whose it is; 'operator' for you.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    metavar="SCOPE",
    help=f"May be given several times, or with several words: {_WORDS}.",
)
@click.option("--expires", "days", type=click.IntRange(1, 36_500), help="Days until it ends.")
@click.option("--private", is_flag=True, help="A new tenant with a catalogue of its own.")
@click.argument("more", nargs=-1, metavar="")
@json_option
@common
def create(
    context: Context,
    *,
    tenant: str,
    scopes: Sequence[str],
    days: int | None,
    private: bool,
    more: Sequence[str],
    as_json: bool,
) -> None:
    """Make a key and show it once; what is kept tells it from others and no more."""
    asked = scopes_of(word for given in (*scopes, *more) for word in given.split(",") if word)
    if not asked:
        raise InputError("found no scope", f"one of {_WORDS}", "name one with --scope")
    name = tenant_name(tenant)
    if name == OPERATOR and private:
        raise InputError(
            "found --private with the operator", "a tenant's name", "leave --private out"
        )
    now = datetime.now(UTC)
    with context.open(tenant="") as home:
        if name != OPERATOR:
            home.store.tenants.register(name, now, private=private)
            # Its database is made now: what the server forbids is told here, not to a request.
            with context.open(tenant=name):
                pass
        owner = "" if name == OPERATOR else name
        key, kept = issue(owner, asked, _secrets(home).current(), now, days)
        home.store.api_keys.add(kept)
    if as_json:
        print_json({"key": key, "id": kept.key_id} | _told(kept))
        return
    click.echo(key)
    click.echo(f"id {kept.key_id}, {name}: {' '.join(kept.scopes)}. {_ONCE}", err=True)


@keys.command("list")
@click.option("--tenant", metavar="NAME", help="Of this tenant alone.")
@json_option
@common
def list_(context: Context, *, tenant: str | None, as_json: bool) -> None:
    """List keys, oldest first: whose, for what, since when, until when. Never the keys."""
    owner = tenant and tenant_name(tenant)
    with context.open(tenant="") as home:
        if owner and owner != OPERATOR:
            home.store.tenants.get(owner)
        found = home.store.api_keys.listed("" if owner == OPERATOR else owner)
        ranks = {one.secret_id: place for place, one in enumerate(_secrets(home).known())}
    now = datetime.now(UTC)
    rows = [_told(key) | {"state": _state(key, now, ranks)} for key in found]
    if as_json:
        print_json({"keys": rows})
        return
    table = Table()
    columns = ("id", "tenant", "scopes", "created_at", "expires_at", "last_used_at", "state")
    for name in columns:
        table.add_column(name.removesuffix("_at"), overflow="fold", no_wrap=name == "id")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    context.console.print(table)


@keys.command()
@click.option("--tenant", required=True, metavar="NAME", help="Whose pages these are.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ORIGIN",
    help="Such as https://portal.example.cn; may be given several times.",
)
@click.option("--none", "nowhere", is_flag=True, help="No page may ask any more.")
@json_option
@common
def origins(
    context: Context, *, tenant: str, allowed: Sequence[str], nowhere: bool, as_json: bool
) -> None:
    """Tell, or set, from which pages a tenant's portal may ask in a browser (CORS).

    What is given takes the place of what was; without --allow and --none it is only told.
    """
    if allowed and nowhere:
        raise click.UsageError("give either --allow or --none.")
    chosen = origins_of(allowed)
    name = tenant_name(tenant)
    with context.open(tenant="") as home:
        tenants = home.store.tenants
        found = tenants.set_origins(name, chosen) if chosen or nowhere else tenants.get(name)
    if as_json:
        print_json({"tenant": found.name, "origins": list(found.origins)})
        return
    click.echo("\n".join(found.origins) or "none")


@keys.command()
@click.option("--tenant", required=True, metavar="NAME", help="Whose contract says so.")
@click.option("--allow/--deny", "allowed", default=None, help="What the contract says.")
@json_option
@common
def learning(context: Context, *, tenant: str, allowed: bool | None, as_json: bool) -> None:
    """Tell, or set, whether a tenant's contract lets the operator learn from its data.

    Without it nothing of a tenant is read for another, nor for the operator's own policy.
    """
    name = tenant_name(tenant)
    with context.open(tenant="") as home:
        tenants = home.store.tenants
        if allowed is None:
            found = tenants.get(name)
        else:
            found = tenants.set_learning(name, allowed=allowed)
    if as_json:
        print_json({"tenant": found.name, "learning": found.learning})
        return
    click.echo(f"{found.name}: {'learning is allowed' if found.learning else 'no learning'}")


@keys.command()
@click.argument("key_id", metavar="ID")
@common
def revoke(context: Context, *, key_id: str) -> None:
    """End a key for good; running services know within two seconds."""
    with context.open(tenant="") as home:
        ended = home.store.api_keys.revoke(key_id, datetime.now(UTC).isoformat(timespec="seconds"))
        known = home.store.api_keys.get(key_id) is not None
    if not known:
        raise InputError(
            # What was typed may be a key: it is not repeated.
            "found no key of this id",
            "the id that 'panhuo keys create' told, not the key",
            "list the ids with 'panhuo keys list'",
        )
    click.echo(f"{key_id} {'is revoked' if ended else 'was revoked before'}")


@keys.command()
@common
def rotate(context: Context) -> None:
    """Put a new server secret in force beside the old one, which holds until the next rotation."""
    with context.open(tenant="") as home:
        made = _secrets(home).rotate()
    click.echo(f"secret {made.secret_id} is in force; the one before is still taken")


def _secrets(home: Home) -> Secrets:
    return Secrets(Path(home.settings.home), home.settings.key_secret.get_secret_value())


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(map(str, value))
    # Of a moment the day, for people; --json tells it whole.
    return "" if value is None else str(value).partition("T")[0]


def _told(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "tenant": key.tenant or OPERATOR,
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at or None,
        "revoked_at": key.revoked_at or None,
        "last_used_at": key.last_used_at or None,
    }


def _state(key: ApiKey, now: datetime, ranks: dict[str, int]) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at and datetime.fromisoformat(key.expires_at) <= now:
        return "expired"
    if key.secret_id not in ranks:
        return "secret gone"
    return "in force" if ranks[key.secret_id] == 0 else "in force, old secret"
