"""The webhook channel: signed POSTs as Standard Webhooks 1.0 has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from matcher.codes import DeliveryOutcome
from matcher.pushed import ChannelLimits, PushMessage, Receipt
from service.channels.post import Answer, PostFailed, Rules, Target, post
from service.channels.signatures import sign

SECONDS = 15.0
SCHEDULE = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds before each attempt: the published schedule, 27 h 35 min 5 s in all."""

_GONE = 410
_MOST_PAUSE = 86_400.0


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
        stamp = int(self._clock().timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "panhuo",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(self._keys, message.message_id, stamp, message.body),
        }
        try:
            answer = post(self._target, headers, message.body, self._rules)
        except PostFailed as error:
            return self._receipt(message, DeliveryOutcome.TRY_AGAIN, Answer(0), str(error))
        if 200 <= answer.status < 300:
            return self._receipt(message, DeliveryOutcome.DELIVERED, answer, "")
        outcome = DeliveryOutcome.TRY_AGAIN
        if answer.status == _GONE:
            outcome = DeliveryOutcome.GONE
        told = f"HTTP {answer.status}" + (f": {answer.excerpt}" if answer.excerpt else "")
        return self._receipt(message, outcome, answer, told)

    def _receipt(
        self, message: PushMessage, outcome: DeliveryOutcome, answer: Answer, detail: str
    ) -> Receipt:
        now = self._clock()
        pause = retry_after(answer.retry_after, now)
        delivered = outcome is DeliveryOutcome.DELIVERED
        return Receipt(
            message.message_id,
            message.attempt,
            now,
            outcome,
            answer.status,
            detail,
            None if delivered else pause,
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
