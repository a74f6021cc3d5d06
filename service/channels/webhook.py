"""The webhook channel: signed POSTs as Standard Webhooks 1.0 has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from matcher.codes import DeliveryOutcome
from matcher.pushed import ChannelLimits, PushMessage, Receipt
from service.channels.post import PostFailed, Rules, Target, post
from service.channels.signatures import sign

Clock = Callable[[], datetime]

SECONDS = 15.0
SCHEDULE = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds before each attempt: the published schedule, 27 h 35 min 5 s in all."""

_GONE = 410
_MOST_PAUSE = 86_400.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a receiver said to one message; see ``Receipt``."""

    at: datetime
    outcome: DeliveryOutcome
    status: int
    detail: str
    retry_after: float | None


def send_signed(
    target: Target, keys: Sequence[bytes], message: tuple[str, bytes], rules: Rules, clock: Clock
) -> Heard:
    """Post one message, signed with every key, and return what became of it.

    Args:
        target: where to.
        keys: of the signatures, the newest first.
        message: its id, the same over all attempts, and its body.
        rules: addresses, time, TLS.
        clock: the moment, with zone.
    """
    message_id, body = message
    stamp = int(clock().timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": "panhuo",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(keys, message_id, stamp, body),
    }
    try:
        answer = post(target, headers, body, rules)
    except PostFailed as error:
        return Heard(clock(), DeliveryOutcome.TRY_AGAIN, 0, str(error), None)
    now = clock()
    if 200 <= answer.status < 300:
        return Heard(now, DeliveryOutcome.DELIVERED, answer.status, "", None)
    outcome = DeliveryOutcome.GONE if answer.status == _GONE else DeliveryOutcome.TRY_AGAIN
    told = f"HTTP {answer.status}" + (f": {answer.excerpt}" if answer.excerpt else "")
    return Heard(now, outcome, answer.status, told, retry_after(answer.retry_after, now))


class Webhook:
    """Posts each message to one URL; implements ``matcher.ports.DeliveryChannel``.

    Args:
        name: of the channel.
        target: where to.
        keys: of the signatures, the newest first.
        rules: addresses, time, TLS.
        limits: of the channel; one message a call.
        clock: the moment, with zone.
    """

    def __init__(
        self,
        name: str,
        target: Target,
        *,
        keys: Sequence[bytes],
        rules: Rules,
        limits: ChannelLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._target = target
        self._keys = tuple(keys)
        self._rules = rules
        self._limits = limits
        self._clock = clock

    @property
    def name(self) -> str:
        """Its name in the operator's file."""
        return self._name

    @property
    def address(self) -> str:
        """The URL without its query, which may hold a token."""
        scheme = "https" if self._target.secure else "http"
        return f"{scheme}://{self._target.authority}{self._target.path.partition('?')[0]}"

    @property
    def limits(self) -> ChannelLimits:
        """How it wants to be used."""
        return self._limits

    def send(self, messages: Sequence[PushMessage]) -> tuple[Receipt, ...]:
        """Post the messages one after the other; return a receipt each."""
        return tuple(map(self._post, messages))

    def _post(self, message: PushMessage) -> Receipt:
        sent = (message.message_id, message.body)
        heard = send_signed(self._target, self._keys, sent, self._rules, self._clock)
        return Receipt(
            message.message_id,
            message.attempt,
            heard.at,
            heard.outcome,
            heard.status,
            heard.detail,
            heard.retry_after,
        )


def retry_after(text: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, a day at most; None for none.

    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> retry_after("120", noon), retry_after("Thu, 01 Jan 2026 12:01:00 GMT", noon)
    (120.0, 60.0)
    >>> retry_after("soon", noon), retry_after("", noon)
    (None, None)
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:9]), _MOST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), _MOST_PAUSE)
