"""What the engine needs from outside, as protocols the size of one need.

Implemented by ``service/store`` on SQLite and PostgreSQL; one contract suite holds both to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from matcher.pushed import (
    ChannelLimits,
    ChannelStanding,
    PushCounts,
    PushItem,
    PushMessage,
    PushRound,
    Receipt,
    RoundId,
    Settlement,
)
from matcher.types import (
    Demand,
    DemandId,
    FeedbackEvent,
    Firm,
    ListId,
    Patent,
    PatentGroup,
    PatentId,
    RankedList,
    Relation,
    RelationKind,
    Uscc,
)


class PatentReader(Protocol):
    """Reads patents of the catalogue."""

    def get(self, patent_id: PatentId) -> Patent:
        """Return the patent; raise ``PatentNotFound``."""

    def resolve(self, text: str) -> PatentId:
        """Return the id for an id, application number or publication number as people write it.

        Raises ``PatentNotFound`` where nothing matches.
        """

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Patent]:
        """Return those that exist, keyed by id."""

    def iterate(self) -> Iterator[Patent]:
        """Yield every patent in the order of ids (byte order), in pages, without holding a lock."""

    def count(self) -> int:
        """Return how many patents the catalogue holds."""

    def stamp(self) -> str:
        """Return a short text that changes when any patent is added, changed or removed."""


class FirmReader(Protocol):
    """Reads firms of the catalogue."""

    def get(self, uscc: Uscc) -> Firm:
        """Return the firm; raise ``FirmNotFound``."""

    def many(self, usccs: Sequence[Uscc]) -> dict[Uscc, Firm]:
        """Return those that exist, keyed by USCC."""

    def iterate(self) -> Iterator[Firm]:
        """Yield every firm in the order of USCC (byte order), in pages."""

    def count(self) -> int:
        """Return how many firms the catalogue holds."""

    def stamp(self) -> str:
        """Return a short text that changes when any firm is added, changed or removed."""


class DemandReader(Protocol):
    """Reads technical demands."""

    def get(self, demand_id: DemandId) -> Demand:
        """Return the demand; raise ``DemandNotFound``."""

    def of_firm(self, uscc: Uscc) -> tuple[Demand, ...]:
        """Return the firm's demands, newest first."""

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Demand, ...]]:
        """Return the demands of many firms, each as ``of_firm``; firms without any are left out."""

    def iterate(self) -> Iterator[Demand]:
        """Yield every demand in the order of ids."""

    def count(self) -> int:
        """Return how many demands there are."""


class RelationReader(Protocol):
    """Reads known links between firms and patents."""

    def of_firm(self, uscc: Uscc) -> tuple[Relation, ...]:
        """Return the firm's relations, in the order of patent id and kind."""

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Relation, ...]]:
        """Return the relations of many firms, each as ``of_firm``; firms without are left out."""

    def of_patent(self, patent_id: PatentId) -> tuple[Relation, ...]:
        """Return the patent's relations, in the order of USCC and kind."""

    def iterate(self, kind: RelationKind | None = None) -> Iterator[Relation]:
        """Yield relations (of one kind, or all) in the order of USCC, patent id and kind."""

    def count(self) -> int:
        """Return how many relations there are."""


class GroupReader(Protocol):
    """Reads patent pools and grouped patents."""

    def of_patents(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, PatentGroup]:
        """Return patent → the group it is offered in; patents in none are left out."""

    def members_of(self, group: PatentGroup) -> tuple[PatentId, ...]:
        """Return those members that are in the catalogue, in the group's order."""


class FeedbackLog(Protocol):
    """Append-only log of what firms did with lists, and of the lists themselves."""

    def record_list(self, ranked: RankedList) -> None:
        """Keep a handed-out list: id, subject, direction, versions, and per slot item and score.

        The same ``list_id`` again is stored once.
        """

    def slots_of(self, list_id: ListId) -> dict[int, str]:
        """Return slot (1-based) → item id of a recorded list; raise ``ListNotFound``."""

    def subject_of(self, list_id: ListId) -> tuple[str, str]:
        """Return (subject, direction) of a recorded list; raise ``ListNotFound``."""

    def append(self, events: Iterable[FeedbackEvent]) -> int:
        """Append events in one transaction and return how many were new.

        The same ``event_id`` with the same content is stored once; with other content the whole
        call raises ``InputError`` and nothing is written.
        """

    def of_firm(self, uscc: Uscc) -> tuple[FeedbackEvent, ...]:
        """Return the firm's events, oldest first."""

    def dismissed_by(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[PatentId, ...]]:
        """Return what each firm dismissed, in the order of ids; firms without are left out."""

    def iterate(self) -> Iterator[FeedbackEvent]:
        """Yield every event in the order of arrival."""


class PushRoundReader(Protocol):
    """Reads published rounds of the push, whole ones only."""

    def round(self, round_id: RoundId) -> PushRound:
        """Return the push_round; raise ``RoundNotFound``."""

    def items_of_firms(
        self, round_id: RoundId, usccs: Sequence[Uscc]
    ) -> dict[Uscc, tuple[PushItem, ...]]:
        """Return the items of many firms by rank; firms without any are left out.

        Raises ``RoundNotFound``.
        """


class PushLedger(Protocol):
    """Remembers every message of the push: whom it is for, who works on it, what became of it.

    Whoever does not hold a message (its claim, and the state leased) changes nothing of it.
    """

    def prepare(self, round_id: RoundId, channel: str, at: datetime) -> int:
        """Make the messages that the push_round still lacks, and return how many; due at ``at``.

        Raises ``RoundNotFound``.
        """

    def claim(
        self, round_id: RoundId, channel: str, most: int, *, at: datetime, until: datetime
    ) -> tuple[PushMessage, ...]:
        """Take at most so many due messages, each with a claim and a lease of its own.

        Their attempts are counted before this returns.
        """

    def settle(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """Keep receipts and states; ``False`` for each whose claim is held no longer."""

    def rescue(self, round_id: RoundId, channel: str, at: datetime, most_deaths: int) -> int:
        """Give up leases that have run out, and return how many.

        A message whose attempts died so often without a receipt is parked, the others are due now.
        """

    def due(self, round_id: RoundId, channel: str) -> datetime | None:
        """Return when the next message is due or a lease runs out, ``None`` when none waits."""

    def counts(self, round_id: RoundId, channel: str) -> PushCounts:
        """Return how the messages stand."""

    def close_channel(self, channel: str, address: str, at: datetime, why: str) -> None:
        """Remember that the receiver at this address wants nothing more."""

    def hold_channel(self, channel: str, address: str, until: datetime) -> None:
        """Remember that the receiver at this address is to be left alone until then."""

    def standing(self, channel: str, address: str) -> ChannelStanding:
        """Return what the receiver at this address asked for; another address starts anew."""

    def reopen(self, round_id: RoundId, channel: str, at: datetime) -> int:
        """Open the channel, make parked and failed messages due, and return how many."""


class DeliveryChannel(Protocol):
    """Carries messages to one receiver; at least once, under the message's id."""

    @property
    def name(self) -> str:
        """Its name in the operator's file."""

    @property
    def address(self) -> str:
        """Where it leads, for people; without secrets."""

    @property
    def limits(self) -> ChannelLimits:
        """How it wants to be used."""

    def send(self, messages: Sequence[PushMessage]) -> tuple[Receipt, ...]:
        """Return one receipt a message, in their order; what goes wrong outside is a receipt too.

        The same message again arrives once at a receiver that honours its id.
        """
