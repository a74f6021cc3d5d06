"""What follows from an attempt: for the delivery, and for the endpoint that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from matcher.codes import DeliveryOutcome, MessageState
from matcher.push.send import JITTER
from service.channels.webhook import SCHEDULE, Heard
from service.store.deliveries import moment
from service.store.delivery_records import Claimed, Verdict
from service.store.event_types import EventType
from service.store.webhooks import Endpoint

LASTING = timedelta(days=5)
"""For so long an endpoint may fail before it is disabled."""
_LEAST_FAILURES = 10  # a clock that jumped makes no five days of one failure
_SLOW = frozenset({429, 502, 503, 504})
_SLOW_AT_FIRST, _MOST_STEPS = 10.0, 6
_IN_A_ROW = 5
_PING_ATTEMPTS = 1

Columns = Mapping[str, str | int]


def verdict(one: Claimed, heard: Heard, jitter: float) -> Verdict:
    """Return what follows from an attempt.

    Args:
        one: as it was claimed.
        heard: what the receiver said.
        jitter: in [0, 1).
    """
    if heard.outcome is DeliveryOutcome.DELIVERED:
        return Verdict(MessageState.DELIVERED, heard.at, _taken)
    told = partial(_failed, heard=heard)
    answers = one.verdicts + 1
    is_ping = one.event_type is EventType.PING
    most = _PING_ATTEMPTS if is_ping else len(SCHEDULE)
    if is_ping and heard.outcome is not DeliveryOutcome.GONE:
        told = partial(_unchanged)
    if heard.outcome is DeliveryOutcome.GONE or answers >= most:
        return Verdict(MessageState.FAILED, heard.at, told)
    pause = max(SCHEDULE[answers] * (1.0 + JITTER * jitter), heard.retry_after or 0.0)
    return Verdict(MessageState.PENDING, heard.at + timedelta(seconds=pause), told)


def _taken(endpoint: Endpoint) -> Columns:
    if not endpoint.failures and not endpoint.slow_steps:
        return {}
    return {"failing_since": "", "failures": 0, "slow_steps": 0, "held_until": ""}


def _unchanged(_: Endpoint) -> Columns:
    return {}


def _failed(endpoint: Endpoint, heard: Heard) -> Columns:
    since = endpoint.failing_since or moment(heard.at)
    failures = endpoint.failures + 1
    found: dict[str, str | int] = {"failing_since": since, "failures": failures}
    steps = endpoint.slow_steps
    if heard.status in _SLOW or failures >= _IN_A_ROW:
        steps = min(steps + 1, _MOST_STEPS)
        found["slow_steps"] = steps
    pause = _SLOW_AT_FIRST * 2 ** (steps - 1) if "slow_steps" in found else 0.0
    pause = max(pause, heard.retry_after or 0.0)
    if pause:
        held = moment(heard.at + timedelta(seconds=pause))
        found["held_until"] = max(held, endpoint.held_until)
    if why := _disabling(endpoint, heard, since, failures):
        found |= {"disabled_at": moment(heard.at), "disabled_why": why}
    return found


def _disabling(endpoint: Endpoint, heard: Heard, since: str, failures: int) -> str:
    if endpoint.disabled_at:
        return ""
    if heard.outcome is DeliveryOutcome.GONE:
        return "the receiver answered 410 Gone"
    lasted = heard.at - datetime.fromisoformat(since)
    if lasted < LASTING or failures < _LEAST_FAILURES:
        return ""
    return f"nothing was taken for 5 days, {failures} attempts failed; the last: {heard.detail}"
