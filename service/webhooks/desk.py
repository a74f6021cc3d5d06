"""Endpoints of one tenant, as it looks after them: by API or by command line."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from matcher.codes import MessageState
from matcher.errors import InputError, StateError
from service.audit.act import noted
from service.channels.addresses import parse_network
from service.channels.post import parse_target, refusal_of
from service.store import Store
from service.store.deliveries import moment
from service.store.delivery_log import Delivery
from service.store.event_types import EventType
from service.store.webhooks import Endpoint
from service.webhooks.refusals import (
    DeliveryNotFound,
    DeliveryRunning,
    EndpointDisabled,
    EndpointNotFound,
    EndpointsFull,
    TargetRefused,
)
from service.webhooks.sealing import Wrapping, new_secret, sealed

MOST_ENDPOINTS = 20
LONGEST_URL = 2_000
OVERLAP = timedelta(days=1)
"""For so long an old secret signs beside the new one, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, newest first; ``next_cursor`` leads to older ones, "" where there is none."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str


class WebhookDesk:
    """The endpoints of one tenant; another's are not found, for they stand elsewhere.

    Args:
        store: the tenant's.
        secrets: of the server.
        clock: the moment, with zone.
    """

    def __init__(
        self,
        store: Store,
        secrets: Wrapping,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._endpoints = store.webhooks
        self._log = store.delivery_log
        self._secrets = secrets
        self._clock = clock

    def create(
        self, url: str, events: Sequence[EventType], description: str = ""
    ) -> tuple[Endpoint, str]:
        """Keep a new endpoint and return it with its secret, which nobody is told again.

        Raises:
            TargetRefused: nothing may be sent there.
            EndpointsFull: there are too many.
        """
        self._judge(url)
        endpoint_id, secret = f"ep_{uuid.uuid4().hex}", new_secret()
        made = Endpoint(
            endpoint_id=endpoint_id,
            url=url,
            description=description,
            events=tuple(dict.fromkeys(events)),
            secret=sealed(secret, endpoint_id, self._secrets.current()),
            created_at=moment(self._clock()),
        )
        noted(endpoint_id)
        if not self._endpoints.add(made, MOST_ENDPOINTS):
            raise EndpointsFull(MOST_ENDPOINTS)
        return made, secret

    def all(self) -> tuple[Endpoint, ...]:
        """Return every endpoint, oldest first."""
        return self._endpoints.all()

    def get(self, endpoint_id: str) -> Endpoint:
        """Return the endpoint; raise ``EndpointNotFound``."""
        found = self._endpoints.get(endpoint_id)
        if found is None:
            raise EndpointNotFound(endpoint_id)
        return found

    def change(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        events: Sequence[EventType] | None = None,
        description: str | None = None,
    ) -> Endpoint:
        """Change what is given and return the endpoint.

        Raises:
            EndpointNotFound: there is none of this id.
            TargetRefused: nothing may be sent there.
        """
        self.get(endpoint_id)
        if url is not None:
            self._judge(url)
        chosen = None if events is None else tuple(dict.fromkeys(events))
        noted(endpoint_id)
        self._endpoints.change(endpoint_id, url=url, events=chosen, description=description)
        return self.get(endpoint_id)

    def remove(self, endpoint_id: str) -> Endpoint:
        """Delete the endpoint with all deliveries to it, and return what it was."""
        found = self.get(endpoint_id)
        noted(endpoint_id)
        if not self._endpoints.remove(endpoint_id):
            raise EndpointNotFound(endpoint_id)
        return found

    def enable(self, endpoint_id: str) -> Endpoint:
        """Send to the endpoint again; what failed meanwhile waits to be replayed."""
        noted(endpoint_id)
        if not self._endpoints.enable(endpoint_id):
            raise EndpointNotFound(endpoint_id)
        return self.get(endpoint_id)

    def rotate(self, endpoint_id: str, overlap: timedelta = OVERLAP) -> tuple[Endpoint, str]:
        """Put a new secret in force and return it; the one before signs beside it for a while.

        Raises:
            EndpointNotFound: there is none of this id.
            StateError: somebody else rotated it at this moment.
        """
        before = self.get(endpoint_id)
        secret = new_secret()
        wrapped = sealed(secret, endpoint_id, self._secrets.current())
        noted(endpoint_id)
        if not self._endpoints.rotate(before, wrapped, moment(self._clock() + overlap)):
            raise StateError(
                "found the secret changed by somebody else at this moment",
                "one who rotates it",
                "look at the endpoint, then rotate again if need be",
            )
        return self.get(endpoint_id), secret

    def test(self, endpoint_id: str) -> Delivery:
        """Let the endpoint be sent a ping, once, and return its delivery."""
        self._enabled(endpoint_id)
        noted(endpoint_id)
        return self.delivery(endpoint_id, self._log.ping(endpoint_id))

    def delivery(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Return one delivery with its attempts; raise ``DeliveryNotFound``."""
        found = self._log.get(endpoint_id, delivery_id)
        if found is None:
            raise DeliveryNotFound(delivery_id)
        return found

    def deliveries(
        self, endpoint_id: str, most: int, cursor: str = "", state: MessageState | None = None
    ) -> Page:
        """Return deliveries to an endpoint, newest first.

        Args:
            endpoint_id: of the endpoint.
            most: how many.
            cursor: ``next_cursor`` of the page before, "" for the first.
            state: only those in this state.

        Raises:
            EndpointNotFound: there is no such endpoint.
            DeliveryNotFound: the cursor is none, or what it leads to is kept no longer.
        """
        self.get(endpoint_id)
        before = self.delivery(endpoint_id, cursor) if cursor else None
        found = self._log.latest(endpoint_id, most + 1, before, state)
        more = len(found) > most
        return Page(found[:most], found[most - 1].delivery_id if more else "")

    def replay(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Let one delivery begin anew, whatever became of it; its event's id stays.

        Raises:
            EndpointNotFound, DeliveryNotFound: there is none of this id.
            EndpointDisabled: nothing is sent to the endpoint.
            DeliveryRunning: it is just being sent.
        """
        self._enabled(endpoint_id)
        self.delivery(endpoint_id, delivery_id)
        noted(endpoint_id, delivery_id)
        if not self._log.replay(endpoint_id, delivery_id, self._clock()):
            raise DeliveryRunning(delivery_id)
        return self.delivery(endpoint_id, delivery_id)

    def replay_failed(self, endpoint_id: str, since: datetime, until: datetime | None) -> int:
        """Let all that failed begin anew that was made from a moment on; return how many.

        Raises:
            EndpointNotFound: there is none of this id.
            EndpointDisabled: nothing is sent to the endpoint.
        """
        self._enabled(endpoint_id)
        noted(endpoint_id)
        end = moment(until) if until else ""
        return self._log.replay_failed(endpoint_id, moment(since), end, self._clock())

    def _enabled(self, endpoint_id: str) -> None:
        found = self.get(endpoint_id)
        if found.disabled_at:
            raise EndpointDisabled(endpoint_id, found.disabled_why)

    def _judge(self, url: str) -> None:
        """Refuse an address that is none, or that is known to lead inside.

        Raises:
            TargetRefused: it is refused; where its name leads is looked at when it is sent to.
        """
        if len(url) > LONGEST_URL:
            raise TargetRefused(f"more than {LONGEST_URL} characters")
        try:
            target = parse_target(url)
        except InputError:
            # The text of an address may hold a token: it is not repeated.
            raise TargetRefused("no address of the web") from None
        opened = [parse_network(text) for text in self._endpoints.networks()]
        if why := refusal_of(target, opened):
            raise TargetRefused(why)
