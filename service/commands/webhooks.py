"""``panhuo webhooks``: where platforms are told of what happened, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click

from matcher.codes import MessageState
from matcher.errors import InputError
from service.channels.addresses import parse_network
from service.commands.options import Context, common, json_option, print_json
from service.commands.webhooks_deliver import deliver, secrets_of
from service.commands.webhooks_shown import (
    show_deliveries,
    show_endpoint,
    show_endpoints,
    show_secret,
)
from service.store.event_types import CHOOSABLE, EventType
from service.webhooks.desk import OVERLAP, WebhookDesk

_WORDS = ", ".join(CHOOSABLE)
_EVENTS = click.option(
    "--event",
    "events",
    multiple=True,
    metavar="TYPE",
    help=f"May be given several times; all by default: {_WORDS}.",
)
_tenant = click.option("--tenant", metavar="NAME", help="Whose; PANHUO_TENANT, or the operator's.")


@click.group("webhooks")
def webhooks() -> None:
    """Look after the endpoints that are told of events, and send what is due."""


webhooks.add_command(deliver)


@contextmanager
def _desk(context: Context, tenant: str | None) -> Iterator[WebhookDesk]:
    changes = {"tenant": tenant} if tenant is not None else {}
    settings = context.settings(tenant="")
    with context.open(**changes) as home:
        yield WebhookDesk(home.store, secrets_of(settings))


def _verb(function: Callable[..., Any]) -> Callable[..., Any]:
    return _tenant(json_option(common(function)))


@webhooks.command()
@click.argument("url", metavar="URL")
@_EVENTS
@click.option("--description", default="", help="For people.")
@_verb
def create(
    context: Context,
    *,
    url: str,
    events: Sequence[str],
    description: str,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Make an endpoint and show its secret once."""
    with _desk(context, tenant) as desk:
        made, secret = desk.create(url, _types(events) or CHOOSABLE, description)
    show_secret(made, secret, as_json=as_json)


@webhooks.command("list")
@_verb
def list_(context: Context, *, tenant: str | None, as_json: bool) -> None:
    """List endpoints, oldest first; never their secrets."""
    with _desk(context, tenant) as desk:
        show_endpoints(context, desk.all(), as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@_verb
def show(context: Context, *, endpoint_id: str, tenant: str | None, as_json: bool) -> None:
    """Show how an endpoint stands."""
    with _desk(context, tenant) as desk:
        show_endpoint(desk.get(endpoint_id), as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@click.option("--url", metavar="URL", help="Another address.")
@_EVENTS
@click.option("--description", help="For people.")
@_verb
def change(
    context: Context,
    *,
    endpoint_id: str,
    url: str | None,
    events: Sequence[str],
    description: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Change what is given; what is on its way goes to the new address."""
    with _desk(context, tenant) as desk:
        chosen = _types(events) or None
        changed = desk.change(endpoint_id, url=url, events=chosen, description=description)
    show_endpoint(changed, as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@_verb
def delete(context: Context, *, endpoint_id: str, tenant: str | None, as_json: bool) -> None:
    """Delete an endpoint with its log."""
    with _desk(context, tenant) as desk:
        show_endpoint(desk.remove(endpoint_id), as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@_verb
def enable(context: Context, *, endpoint_id: str, tenant: str | None, as_json: bool) -> None:
    """Send to an endpoint again; what failed meanwhile waits for a replay."""
    with _desk(context, tenant) as desk:
        show_endpoint(desk.enable(endpoint_id), as_json=as_json)


@webhooks.command("test")
@click.argument("endpoint_id", metavar="ENDPOINT")
@_verb
def ping(context: Context, *, endpoint_id: str, tenant: str | None, as_json: bool) -> None:
    """Send a ping, once; a running service or 'webhooks deliver' sends it."""
    with _desk(context, tenant) as desk:
        show_deliveries(context, [desk.test(endpoint_id)], as_json=as_json)


@webhooks.command("rotate")
@click.argument("endpoint_id", metavar="ENDPOINT")
@click.option(
    "--overlap",
    type=click.IntRange(0, 7 * 86_400),
    default=int(OVERLAP.total_seconds()),
    show_default=True,
    metavar="SECONDS",
    help="For how long the old secret signs beside the new one.",
)
@_verb
def rotate(
    context: Context, *, endpoint_id: str, overlap: int, tenant: str | None, as_json: bool
) -> None:
    """Put a new secret in force and show it once."""
    with _desk(context, tenant) as desk:
        changed, secret = desk.rotate(endpoint_id, timedelta(seconds=overlap))
    show_secret(changed, secret, as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@click.option("--state", type=click.Choice(["pending", "leased", "delivered", "failed"]))
@click.option("-n", "most", type=click.IntRange(1, 1_000), default=20, show_default=True)
@_verb
def deliveries(
    context: Context,
    *,
    endpoint_id: str,
    state: str | None,
    most: int,
    tenant: str | None,
    as_json: bool,
) -> None:
    """List what was sent to an endpoint, newest first."""
    chosen = MessageState(state) if state else None
    with _desk(context, tenant) as desk:
        page = desk.deliveries(endpoint_id, most, "", chosen)
    show_deliveries(context, page.deliveries, as_json=as_json)


@webhooks.command()
@click.argument("endpoint_id", metavar="ENDPOINT")
@click.option("--delivery", "delivery_id", metavar="ID", help="This one, whatever became of it.")
@click.option("--since", metavar="MOMENT", help="What failed from then on: 2026-01-31T08:00+08:00.")
@click.option("--until", metavar="MOMENT", help="Before this moment; open if left out.")
@_verb
def replay(
    context: Context,
    *,
    endpoint_id: str,
    delivery_id: str | None,
    since: str | None,
    until: str | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Send again, under the ids that they had: one delivery, or those that failed."""
    if (delivery_id is None) == (since is None) or (until and not since):
        raise click.UsageError("give either --delivery, or --since with or without --until.")
    begin, end = (_moment(text) if text else None for text in (since, until))
    with _desk(context, tenant) as desk:
        if begin is not None:
            count = desk.replay_failed(endpoint_id, begin, end)
        else:
            desk.replay(endpoint_id, delivery_id or "")
            count = 1
    if as_json:
        print_json({"replayed": count})
        return
    click.echo(f"{count} to be sent again")


@webhooks.command()
@click.option("--allow", "allowed", multiple=True, metavar="NETWORK", help="Such as 10.20.0.0/16.")
@click.option("--none", "nowhere", is_flag=True, help="Public addresses alone.")
@_verb
def networks(
    context: Context, *, allowed: Sequence[str], nowhere: bool, tenant: str | None, as_json: bool
) -> None:
    """Tell, or set, which networks a tenant's endpoints may stand in beside public addresses.

    What is given takes the place of what was; without --allow and --none it is only told.
    """
    if allowed and nowhere:
        raise click.UsageError("give either --allow or --none.")
    chosen = [str(parse_network(text)) for text in allowed]
    changes = {"tenant": tenant} if tenant is not None else {}
    with context.open(**changes) as home:
        if chosen or nowhere:
            home.store.webhooks.set_networks(chosen)
        found = home.store.webhooks.networks()
    if as_json:
        print_json({"networks": list(found)})
        return
    click.echo("\n".join(found) or "none")


def _types(words: Sequence[str]) -> tuple[EventType, ...]:
    known = {kind.value: kind for kind in CHOOSABLE}
    for word in words:
        if word not in known:
            raise InputError(f"found event {word[:40]!r}", f"one of {_WORDS}", "correct it")
    return tuple(known[word] for word in words)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(
            f"found moment {text!r}", "one with its zone, such as 2026-01-31T08:00+08:00"
        )
    return found
