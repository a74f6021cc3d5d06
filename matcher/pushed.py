"""What a push is made of: rounds, their items as columns, messages on their way, receipts.

``types.py`` holds the records of the catalogue; these are the records of the push. ``rank`` is
1-based, ``score`` and ``worth``: higher is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

import numpy as np
import numpy.typing as npt

from matcher.codes import DeliveryOutcome, MessageState
from matcher.types import PatentId, SegmentCode, Uscc

RoundId = NewType("RoundId", str)
MessageId = NewType("MessageId", str)


@dataclass(frozen=True, slots=True)
class PushRound:
    """One push_round: who made it with what, and how much it holds.

    Attributes:
        round_id: letters, digits, ``.``, ``_`` and ``-``, at most 64: it also names a folder.
        campaign: the campaign file's text, "" for none.
        versions: JSON object of what made it (encoder, index, policy …).
        certificate: JSON object of what was proven of it.
        firms: how many firms have items; counted when it is published, as are the next two.
        patents: how many patents are offered.
        items: how many pairs there are.
    """

    round_id: RoundId
    made_at: datetime
    campaign: str = ""
    versions: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    firms: int = 0
    patents: int = 0
    items: int = 0


@dataclass(frozen=True, slots=True)
class ItemBatch:
    """Items of a push_round as columns of equal length: one entry a pair firm × patent.

    Attributes:
        uscc: the firm of each item.
        rank: whole numbers from 1, each once a firm.
        patent_id: the patent of each item.
        score: log-odds, finite.
        worth: what the balance summed, finite.
        propensity: probability with which the item came to be chosen, above 0 and at most 1.
        segment: code of the segment, "" for none.
    """

    uscc: Sequence[str]
    rank: Sequence[int] | npt.NDArray[np.integer[Any]]
    patent_id: Sequence[str]
    score: Sequence[float] | npt.NDArray[np.floating[Any]]
    worth: Sequence[float] | npt.NDArray[np.floating[Any]]
    propensity: Sequence[float] | npt.NDArray[np.floating[Any]]
    segment: Sequence[str]


@dataclass(frozen=True, slots=True)
class PushItem:
    """One patent for one firm in one push_round; ``segment`` is None for none."""

    uscc: Uscc
    rank: int
    patent_id: PatentId
    score: float
    worth: float
    propensity: float
    segment: SegmentCode | None


@dataclass(frozen=True, slots=True)
class PushMessage:
    """The items of one firm on their way through one channel.

    Attributes:
        message_id: the idempotency key; the same over all attempts.
        attempt: which attempt this is, from 1; counted before its work began.
        verdicts: how many attempts before this one ended with a receipt of their own.
        claim: token of this attempt; without it nothing of the message is changed.
        body: UTF-8 JSON, b"" before it is composed or where there is nothing to send.
    """

    message_id: MessageId
    round_id: RoundId
    uscc: Uscc
    channel: str
    attempt: int
    verdicts: int
    claim: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt.

    Attributes:
        status: the receiver's status code, 0 where there was none.
        detail: a few words, for an operator to read.
        retry_after: seconds that the receiver asked to be left alone for, None if it did not.
    """

    message_id: MessageId
    attempt: int
    at: datetime
    outcome: DeliveryOutcome
    status: int = 0
    detail: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A receipt, and what follows for the message: its state, and when it is due again."""

    message: PushMessage
    receipt: Receipt
    state: MessageState
    due: datetime


@dataclass(frozen=True, slots=True)
class PushCounts:
    """How the messages of one push_round and channel stand.

    ``waiting`` are those still to be sent, the ones at work included; ``empty`` those of which
    nothing may be sent any more. ``attempts`` is the sum over all messages.
    """

    messages: int = 0
    delivered: int = 0
    empty: int = 0
    waiting: int = 0
    parked: int = 0
    failed: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """How a channel wants to be used.

    Attributes:
        batch: most messages in one call of ``send``.
        parallel: most calls at the same time.
        seconds: how long one call may take; leases are longer.
        schedule: seconds to wait before each attempt; after the last one a message is parked.
    """

    batch: int
    parallel: int
    seconds: float
    schedule: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """What a receiver asked for: ``closed`` says why it wants nothing more, "" where it does."""

    closed: str = ""
    held_until: datetime | None = None
