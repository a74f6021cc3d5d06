"""What a token sees: one firm, or one holder's patents, and nobody else's lists.

The readers themselves are narrowed, not the endpoints: what is not theirs is not found, by the same
answer as what does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from matcher.errors import DemandNotFound, FirmNotFound, ListNotFound, PatentNotFound
from matcher.ports import DemandReader, FeedbackLog, FirmReader, PatentReader
from matcher.readers import Readers
from matcher.types import (
    Demand,
    DemandId,
    FeedbackEvent,
    Firm,
    ListId,
    Patent,
    PatentId,
    RankedList,
    Uscc,
)
from service.auth.caller import Caller, Kind

_JOINT = re.compile(r"[;；、,，]")


class Ours(Protocol):
    """Tells whether a list was made for the token's subject."""

    def __call__(self, subject: str, direction: str) -> bool:
        """Return whether it was."""


class _OneFirm:
    """``FirmReader`` of one firm."""

    def __init__(self, firms: FirmReader, uscc: Uscc) -> None:
        self._firms = firms
        self._uscc = uscc

    def get(self, uscc: Uscc) -> Firm:
        """Return the firm; raise ``FirmNotFound``."""
        if uscc != self._uscc:
            raise FirmNotFound(uscc)
        return self._firms.get(uscc)

    def many(self, usccs: Sequence[Uscc]) -> dict[Uscc, Firm]:
        """Return those that exist, keyed by USCC."""
        return self._firms.many([uscc for uscc in usccs if uscc == self._uscc])

    def iterate(self) -> Iterator[Firm]:
        """Yield the firm."""
        return iter(self.many([self._uscc]).values())

    def count(self) -> int:
        """Return 1, or 0 where the firm is gone."""
        return len(self.many([self._uscc]))

    def stamp(self) -> str:
        """Return a short text that changes when any firm does."""
        return self._firms.stamp()


class _DemandsOfOne:
    """``DemandReader`` of one firm."""

    def __init__(self, demands: DemandReader, uscc: Uscc) -> None:
        self._demands = demands
        self._uscc = uscc

    def get(self, demand_id: DemandId) -> Demand:
        """Return the demand; raise ``DemandNotFound``."""
        found = self._demands.get(demand_id)
        if found.uscc != self._uscc:
            raise DemandNotFound(demand_id)
        return found

    def of_firm(self, uscc: Uscc) -> tuple[Demand, ...]:
        """Return the firm's demands, newest first."""
        return self._demands.of_firm(uscc) if uscc == self._uscc else ()

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Demand, ...]]:
        """Return the demands of many firms."""
        return self._demands.of_firms([uscc for uscc in usccs if uscc == self._uscc])

    def iterate(self) -> Iterator[Demand]:
        """Yield the firm's demands in the order of ids."""
        return iter(sorted(self.of_firm(self._uscc), key=lambda one: str(one.demand_id)))

    def count(self) -> int:
        """Return how many demands the firm has."""
        return len(self.of_firm(self._uscc))


class _PatentsOfOne:
    """``PatentReader`` of one holder, alone or together with others."""

    def __init__(self, patents: PatentReader, holder: str) -> None:
        self._patents = patents
        self._holder = holder

    def get(self, patent_id: PatentId) -> Patent:
        """Return the patent; raise ``PatentNotFound``."""
        found = self._patents.get(patent_id)
        if not holds(self._holder, found):
            raise PatentNotFound(patent_id)
        return found

    def resolve(self, text: str) -> PatentId:
        """Return the id for an id or number; raise ``PatentNotFound``."""
        patent_id = self._patents.resolve(text)
        if not self.many([patent_id]):
            raise PatentNotFound(text)
        return patent_id

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Patent]:
        """Return those that exist and are the holder's, keyed by id."""
        found = self._patents.many(patent_ids)
        return {key: patent for key, patent in found.items() if holds(self._holder, patent)}

    def iterate(self) -> Iterator[Patent]:
        """Yield the holder's patents in the order of ids."""
        return (patent for patent in self._patents.iterate() if holds(self._holder, patent))

    def count(self) -> int:
        """Return how many patents the holder has; reads the whole catalogue."""
        return sum(1 for _ in self.iterate())

    def stamp(self) -> str:
        """Return a short text that changes when any patent does."""
        return self._patents.stamp()


class _ListsOfOne:
    """``FeedbackLog`` in which only the subject's lists are found."""

    def __init__(self, log: FeedbackLog, ours: Ours) -> None:
        self._log = log
        self._ours = ours

    def record_list(self, ranked: RankedList) -> None:
        """Keep a handed-out list."""
        self._log.record_list(ranked)

    def slots_of(self, list_id: ListId) -> dict[int, str]:
        """Return slot (1-based) → item id of a recorded list; raise ``ListNotFound``."""
        self.subject_of(list_id)
        return self._log.slots_of(list_id)

    def subject_of(self, list_id: ListId) -> tuple[str, str]:
        """Return (subject, direction) of a recorded list; raise ``ListNotFound``."""
        subject, direction = self._log.subject_of(list_id)
        if not self._ours(subject, direction):
            raise ListNotFound(list_id)
        return subject, direction

    def append(self, events: Iterable[FeedbackEvent]) -> int:
        """Append events in one transaction and return how many were new."""
        return self._log.append(events)

    def of_firm(self, uscc: Uscc) -> tuple[FeedbackEvent, ...]:
        """Return the firm's events, oldest first."""
        return self._log.of_firm(uscc)

    def dismissed_by(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[PatentId, ...]]:
        """Return what each firm dismissed, in the order of ids; firms without are left out."""
        return self._log.dismissed_by(usccs)

    def iterate(self) -> Iterator[FeedbackEvent]:
        """Yield nothing: a token reads no log."""
        return iter(())


def holds(holder: str, patent: Patent) -> bool:
    """Return whether the patent is the holder's, alone or jointly."""
    return holder in {part.strip() for part in (patent.holder, *_JOINT.split(patent.holder))}


def narrowed(readers: Readers, caller: Caller) -> Readers:
    """Return the readers as the caller may use them; a key's are as they were."""
    if caller.kind is Kind.FIRM:
        uscc = Uscc(caller.subject)
        return replace(
            readers,
            firms=_OneFirm(readers.firms, uscc),
            demands=_DemandsOfOne(readers.demands, uscc),
            feedback=_ListsOfOne(
                readers.feedback, lambda subject, way: (subject, way) == (uscc, "patents")
            ),
        )
    if caller.kind is Kind.HOLDER:
        patents = _PatentsOfOne(readers.patents, caller.subject)
        return replace(
            readers,
            patents=patents,
            feedback=_ListsOfOne(
                readers.feedback,
                lambda subject, way: way == "firms" and bool(patents.many([PatentId(subject)])),
            ),
        )
    return readers


def asking(readers: Readers, caller: Caller) -> Readers:
    """Return the readers of a list that is made for the caller.

    A holder's list shows firms by groups and other patents too; which patent it may ask for is
    settled before, by the readers of ``narrowed``.
    """
    return readers if caller.kind is Kind.HOLDER else narrowed(readers, caller)
