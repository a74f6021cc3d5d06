"""The inbox channel: a row in a table that a portal reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from matcher.codes import DeliveryOutcome
from matcher.pushed import ChannelLimits, PushMessage, Receipt
from service.store.push_inbox import PushInbox

LIMITS = ChannelLimits(batch=500, parallel=1, seconds=60.0, schedule=(0.0, 5.0, 60.0, 300.0))


class Inbox:
    """Puts messages into the inbox of their firms; implements ``matcher.ports.DeliveryChannel``.

    The table stands in the database of the ledger: one that does not answer is no receipt, it
    raises ``StoreUnavailable`` and ends the sending.
    """

    def __init__(
        self, name: str, inbox: PushInbox, limits: ChannelLimits, clock: Callable[[], datetime]
    ) -> None:
        self._name = name
        self._inbox = inbox
        self._limits = limits
        self._clock = clock

    @property
    def name(self) -> str:
        """Its name in the operator's file."""
        return self._name

    @property
    def address(self) -> str:
        """Where it leads."""
        return "the inbox of the portal"

    @property
    def limits(self) -> ChannelLimits:
        """How it wants to be used."""
        return self._limits

    def send(self, messages: Sequence[PushMessage]) -> tuple[Receipt, ...]:
        """Put the messages into the table, in one transaction; return a receipt each."""
        now = self._clock()
        self._inbox.put(messages, now)
        return tuple(
            Receipt(message.message_id, message.attempt, now, DeliveryOutcome.DELIVERED)
            for message in messages
        )
