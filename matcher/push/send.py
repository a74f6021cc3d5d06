"""The loop of sending: ledger → channel → receipt.

A message is claimed alone, under a token and a lease of its own, and its attempt is counted before
any work begins. Whoever dies in the middle leaves a lease that runs out; whoever is late finds the
token gone. Between the receiver's answer and our commit there is no safety but the message's id,
which never changes: at least once here, once at a receiver that honours the id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from matcher.codes import DeliveryOutcome, MessageState
from matcher.errors import MatcherError, StateError
from matcher.ports import DeliveryChannel, PushLedger
from matcher.pushed import ChannelLimits, PushCounts, PushMessage, Receipt, RoundId, Settlement

MOST_DEATHS = 5
"""Attempts that may die without an answer before a message is parked."""
LEASE_MARGIN = 15.0
"""Seconds by which a lease is longer than what the channel may take."""
JITTER = 0.1
"""A pause is longer than the schedule says by at most this share of it."""

_RESCUE_SECONDS = 30.0
_FAILURES_IN_A_ROW = 20
_HOLD_SECONDS = 60.0
_LONGEST_WAIT = 600.0
_SHORTEST_WAIT = 0.2
_LOG = logging.getLogger("panhuo")

Compose = Callable[[Sequence[PushMessage]], Sequence[PushMessage]]
"""Gives messages their bodies; a message of which nothing may be sent keeps none."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a sender takes from its surroundings; a test turns the hands itself.

    Attributes:
        now: the moment, with zone.
        wait: let so many seconds pass.
        jitter: a number in [0, 1).
    """

    now: Callable[[], datetime]
    wait: Callable[[float], None]
    jitter: Callable[[], float]


@dataclass(slots=True)
class _Shift:
    """What one call of ``send`` knows of its way so far."""

    allowed: int | None
    held_until: datetime
    rescue_at: datetime
    failures: int = 0
    gone: str = ""

    def take(self, most: int) -> int:
        """Return how many messages may be claimed at once."""
        return 0 if self.gone else most if self.allowed is None else min(most, self.allowed)

    def hear(self, receipts: Sequence[Receipt], now: datetime) -> bool:
        """Slow down for a receiver that asks for it or fails again and again; tell if so."""
        before = self.held_until
        for receipt in receipts:
            failed = receipt.outcome is DeliveryOutcome.TRY_AGAIN
            self.failures = self.failures + 1 if failed else 0
            if receipt.outcome is DeliveryOutcome.GONE:
                self.gone = receipt.detail or "the receiver is gone"
            pause = receipt.retry_after or 0.0
            if self.failures >= _FAILURES_IN_A_ROW:
                pause, self.failures = max(pause, _HOLD_SECONDS), 0
            if pause:
                self.held_until = max(self.held_until, now + timedelta(seconds=pause))
        return self.held_until > before


class PushSender:
    """Sends push_rounds through one channel.

    Args:
        ledger: remembers.
        channel: delivers.
        compose: gives messages their bodies, by what may be sent now.
        clockwork: time and chance.
    """

    def __init__(
        self, ledger: PushLedger, channel: DeliveryChannel, compose: Compose, clockwork: Clockwork
    ) -> None:
        self._ledger = ledger
        self._channel = channel
        self._compose = compose
        self._clock = clockwork

    def send(
        self, round_id: RoundId, *, most: int | None = None, until_done: bool = False
    ) -> PushCounts:
        """Send what is due, go on where an earlier call stopped, and return how messages stand.

        Args:
            round_id: a published push_round.
            most: attempts at most, all messages together; None for no limit.
            until_done: wait for what is due later, until every message has ended.

        Raises:
            RoundNotFound: no round of this id is published.
            StateError: the receiver closed this channel.
            StoreUnavailable: the ledger does not answer; what is under way is tried again.
        """
        name, address = self._channel.name, self._channel.address
        standing = self._ledger.standing(name, address)
        if standing.closed:
            raise _closed(name, standing.closed)
        now, limits = self._clock.now(), self._channel.limits
        self._ledger.prepare(round_id, name, now + timedelta(seconds=limits.schedule[0]))
        shift = _Shift(most, held_until=standing.held_until or now, rescue_at=now)
        with ThreadPoolExecutor(limits.parallel, thread_name_prefix="push") as pool:
            working: set[Future[list[Receipt]]] = set()
            while True:
                self._start(round_id, shift, pool, working)
                if working:
                    done, working = wait(working, return_when=FIRST_COMPLETED)
                    for future in done:
                        if shift.hear(future.result(), self._clock.now()):
                            self._ledger.hold_channel(name, address, shift.held_until)
                elif not (until_done and self._rest(round_id, shift)):
                    break
        if shift.gone:
            self._ledger.close_channel(name, address, self._clock.now(), shift.gone)
        return self._ledger.counts(round_id, name)

    def _start(
        self,
        round_id: RoundId,
        shift: _Shift,
        pool: ThreadPoolExecutor,
        working: set[Future[list[Receipt]]],
    ) -> None:
        """Claim for every free worker; a lease begins when its work begins."""
        name, limits = self._channel.name, self._channel.limits
        lease = timedelta(seconds=limits.seconds + LEASE_MARGIN)
        while len(working) < limits.parallel:
            now = self._clock.now()
            if now >= shift.rescue_at:
                self._ledger.rescue(round_id, name, now, MOST_DEATHS)
                shift.rescue_at = now + timedelta(seconds=_RESCUE_SECONDS)
            wanted = shift.take(limits.batch) if now >= shift.held_until else 0
            if not wanted:
                return
            claimed = self._ledger.claim(round_id, name, wanted, at=now, until=now + lease)
            if not claimed:
                return
            if shift.allowed is not None:
                shift.allowed -= len(claimed)
            working.add(pool.submit(self._deliver, claimed))

    def _rest(self, round_id: RoundId, shift: _Shift) -> bool:
        """Wait until something is due; return False when nothing will be."""
        due = self._ledger.due(round_id, self._channel.name)
        if due is None or not shift.take(1):
            return False
        now = self._clock.now()
        seconds = (max(due, shift.held_until) - now).total_seconds()
        self._clock.wait(min(max(seconds, _SHORTEST_WAIT), _LONGEST_WAIT))
        shift.rescue_at = now
        return True

    def _deliver(self, claimed: Sequence[PushMessage]) -> list[Receipt]:
        """Compose, send and settle; return the receipts."""
        messages, receipts = self._attempt(claimed)
        now, limits = self._clock.now(), self._channel.limits
        settlements = [
            settlement(message, receipt, limits, now, self._clock.jitter())
            for message, receipt in zip(messages, receipts, strict=True)
        ]
        kept = self._ledger.settle(settlements)
        for one in [one for one, held in zip(settlements, kept, strict=True) if not held]:
            _LOG.warning(
                "message %s: attempt %d came back after its lease had run out",
                one.message.message_id,
                one.message.attempt,
            )
        return [receipt for receipt, held in zip(receipts, kept, strict=True) if held]

    def _attempt(
        self, claimed: Sequence[PushMessage]
    ) -> tuple[Sequence[PushMessage], list[Receipt]]:
        messages = claimed
        try:
            messages = self._compose(claimed)
            full = [message for message in messages if message.body]
            sent = self._channel.send(full) if full else ()
            by_id = dict(zip((message.message_id for message in full), sent, strict=True))
        except MatcherError:
            raise
        except Exception as error:
            # A fault of ours that one message brings about must not stop the others for ever: it
            # is an answer like others, and the schedule ends it.
            _LOG.exception("channel %s failed", self._channel.name)
            told = f"{type(error).__name__}: {error}"
            return claimed, [self._receipt(m, DeliveryOutcome.TRY_AGAIN, told) for m in claimed]
        empty = "nothing of it may be sent any more"
        return messages, [
            by_id.get(message.message_id) or self._receipt(message, DeliveryOutcome.EMPTY, empty)
            for message in messages
        ]

    def _receipt(self, message: PushMessage, outcome: DeliveryOutcome, detail: str) -> Receipt:
        now = self._clock.now()
        return Receipt(message.message_id, message.attempt, now, outcome, detail=detail)


def settlement(
    message: PushMessage, receipt: Receipt, limits: ChannelLimits, now: datetime, jitter: float
) -> Settlement:
    """Return what follows from a receipt: the message's state, and when it is due again.

    Attempts that died do not count against the schedule: the receiver was promised that many.

    Args:
        message: as it was claimed.
        receipt: of this attempt.
        limits: with the schedule.
        now: from when the pause runs.
        jitter: in [0, 1).
    """
    states = {
        DeliveryOutcome.DELIVERED: MessageState.DELIVERED,
        DeliveryOutcome.EMPTY: MessageState.EMPTY,
        DeliveryOutcome.REFUSED: MessageState.FAILED,
        DeliveryOutcome.GONE: MessageState.FAILED,
    }
    if receipt.outcome in states:
        return Settlement(message, receipt, states[receipt.outcome], now)
    answers = message.verdicts + 1
    if answers >= len(limits.schedule):
        return Settlement(message, receipt, MessageState.PARKED, now)
    pause = limits.schedule[answers] * (1.0 + JITTER * jitter)
    pause = max(pause, receipt.retry_after or 0.0)
    return Settlement(message, receipt, MessageState.PENDING, now + timedelta(seconds=pause))


def _closed(channel: str, why: str) -> StateError:
    return StateError(
        f"found channel {channel!r} closed by its receiver ({why})",
        "a receiver that takes messages",
        "ask the receiver; then give the channel its new address, or send with --again",
    )
