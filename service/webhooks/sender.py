"""One attempt after the other: a claimed delivery → signed POST → what follows, kept."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from matcher.codes import DeliveryOutcome
from matcher.errors import MatcherError, StoreUnavailable
from matcher.push.send import LEASE_MARGIN, MOST_DEATHS, Clockwork
from service.auth.redact import redacted
from service.channels.addresses import parse_network
from service.channels.post import Resolve, Rules, parse_target
from service.channels.webhook import SECONDS, Heard, send_signed
from service.store import Store
from service.store.delivery_records import Attempt, Claimed, Share, Verdict
from service.webhooks.health import verdict
from service.webhooks.sealing import Wrapping, is_current, keys_of, opened, sealed

LEASE = timedelta(seconds=SECONDS + LEASE_MARGIN)
"""Longer than an attempt may take, by more than five seconds."""
HEALTHY, SLOW = 4, 1
"""Requests at once to one endpoint, and to one that fails or cannot keep up."""
_LOG = logging.getLogger("panhuo.webhooks")
_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Line:
    """What deliveries go out through.

    Attributes:
        secrets: of the server, under which those of endpoints are encrypted.
        context: how TLS proves receivers.
        resolve: asked once an attempt.
        clockwork: time and chance.
        seconds: of one attempt in all.
    """

    secrets: Wrapping
    context: ssl.SSLContext
    resolve: Resolve
    clockwork: Clockwork
    seconds: float = SECONDS


class Sender:
    """Sends what is due in one tenant's database.

    Args:
        store: the tenant's.
        line: what it goes out through.
    """

    def __init__(self, store: Store, line: Line) -> None:
        self._store = store
        self._line = line

    def claim(self, most: int, troubled: int) -> tuple[Claimed, ...]:
        """Take deliveries that are due.

        Args:
            most: in all.
            troubled: of these for endpoints that fail.
        """
        now = self._line.clockwork.now()
        share = Share(most, HEALTHY, SLOW, troubled)
        return self._store.deliveries.claim(share, now, now + LEASE)

    def rescue(self) -> int:
        """Give up leases that ran out; return how many."""
        return self._store.deliveries.rescue(self._line.clockwork.now(), MOST_DEATHS)

    def deliver(self, one: Claimed) -> bool:
        """Make one attempt and keep what became of it; ``False`` where its lease had run out."""
        begun = monotonic()
        heard = self._attempt(one)
        detail = redacted(heard.detail)
        attempt = Attempt(heard.at, heard.outcome, heard.status, monotonic() - begun, detail)
        follows = verdict(one, heard, self._line.clockwork.jitter())
        # No longer than the lease: afterwards somebody else has it.
        kept = self._keep(one, attempt, follows, begun + LEASE.total_seconds())
        if not kept:
            _LOG.warning(
                "delivery %s: attempt %d came back after its lease had run out",
                one.delivery_id,
                one.attempt,
            )
        return kept

    def reseal(self) -> None:
        """Encrypt the secrets of endpoints under the server secret in force.

        What stands under a secret that is gone stays as it is.
        """
        known = self._line.secrets.known()
        for one in self._store.webhooks.all() if known else ():
            texts = (one.secret, one.old_secret)
            if all(is_current(text, known[0]) for text in texts):
                continue
            name = one.endpoint_id
            try:
                plain = [opened(text, name, known) if text else "" for text in texts]
            except MatcherError as error:
                _LOG.warning("%s", error)
                continue
            self._store.webhooks.reseal(one, *(sealed(text, name, known[0]) for text in plain))

    def _attempt(self, one: Claimed) -> Heard:
        clock, endpoint = self._line.clockwork.now, one.endpoint
        try:
            keys = keys_of(endpoint, self._line.secrets.known(), clock())
            networks = [parse_network(text) for text in self._store.webhooks.networks()]
            rules = Rules(networks, self._line.seconds, self._line.context, self._line.resolve)
            target = parse_target(endpoint.url)
            return send_signed(target, keys, (one.event_id, one.body), rules, clock)
        except MatcherError as error:
            return _mishap(clock(), str(error))
        except Exception as error:
            # A fault of ours that one delivery brings about ends with its schedule, like others.
            _LOG.exception("delivery %s failed", one.delivery_id)
            return _mishap(clock(), type(error).__name__)

    def _keep(self, one: Claimed, attempt: Attempt, follows: Verdict, until: float) -> bool:
        while True:
            try:
                return self._store.deliveries.settle(one, attempt, follows)
            except StoreUnavailable as error:
                if monotonic() + _PATIENCE >= until:
                    raise
                _LOG.warning("delivery %s waits to be written: %s", one.delivery_id, error)
                self._line.clockwork.wait(_PATIENCE)


def _mishap(at: datetime, told: str) -> Heard:
    return Heard(at, DeliveryOutcome.TRY_AGAIN, 0, told, None)
