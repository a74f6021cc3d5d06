"""Endpoints and deliveries for people at a terminal, or as JSON like the API's."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from service.api.webhook_schemas import DeliveryTold, EndpointTold, delivery_told, endpoint_told
from service.commands.options import Context, print_json
from service.store.delivery_log import Delivery
from service.store.webhooks import Endpoint

_ONCE = "This secret is shown once; the receiver verifies with it what it is sent."


def show_endpoints(context: Context, endpoints: Sequence[Endpoint], *, as_json: bool) -> None:
    """Print endpoints, without their secrets and without what may be a token in an address."""
    found = [endpoint_told(one) for one in endpoints]
    if as_json:
        print_json({"endpoints": [one.model_dump(mode="json") for one in found]})
        return
    table = _table("endpoint", "url", "events", "state")
    for one in found:
        cells = (one.endpoint_id, one.url.partition("?")[0], "\n".join(one.events), _state(one))
        table.add_row(*map(Text, cells))
    context.console.print(table)


def show_secret(endpoint: Endpoint, secret: str, *, as_json: bool) -> None:
    """Print a new secret: alone on standard output, so that a script can take it."""
    if as_json:
        told = endpoint_told(endpoint).model_dump(mode="json")
        print_json({"endpoint": told, "secret": secret})
        return
    click.echo(secret)
    click.echo(f"endpoint {endpoint.endpoint_id}. {_ONCE}", err=True)


def show_endpoint(endpoint: Endpoint, *, as_json: bool) -> None:
    """Print how an endpoint stands."""
    told = endpoint_told(endpoint)
    if as_json:
        print_json(told.model_dump(mode="json"))
        return
    click.echo(f"{told.endpoint_id} {told.url.partition('?')[0]}: {_state(told)}")
    click.echo(" ".join(told.events))


def _state(told: EndpointTold) -> str:
    if not told.enabled:
        return f"disabled: {told.disabled_why}"
    if told.failing_since:
        return f"failing since {told.failing_since.isoformat(timespec='seconds')}"
    return "enabled"


def show_deliveries(context: Context, found: Sequence[Delivery], *, as_json: bool) -> None:
    """Print deliveries with their causes."""
    told = [delivery_told(one) for one in found]
    if as_json:
        print_json({"deliveries": [one.model_dump(mode="json") for one in told]})
        return
    table = _table("delivery", "event", "made", "state", "attempts", "cause")
    for one in told:
        table.add_row(*map(Text, _cells(one)))
    context.console.print(table)


def _cells(one: DeliveryTold) -> tuple[str, ...]:
    made = one.created_at.isoformat(timespec="seconds")
    event = f"{one.event_type}\n{one.event_id}"
    return one.delivery_id, event, made, one.state, str(one.attempts), one.cause


def _table(*names: str) -> Table:
    """Return a table that shows the ids of its first column whole: they are typed again."""
    table = Table()
    for at, name in enumerate(names):
        table.add_column(name, overflow="fold", no_wrap=at == 0)
    return table
