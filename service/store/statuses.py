"""Legal status as a fact with a date: what each kind of file said of a patent, and when.

One row for each patent and file family. What counts today follows from all rows by one law
(``current``): the newest check; on one day the more final word, so that no order of imports lets a
lapsed or stopped patent be recommended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from matcher.types import LegalEvent, LegalStatus, PatentId, StopState
from service.store.database import Database
from service.store.pages import list_text, list_values
from service.store.stamps import content_hash
from service.store.stock_tables import patent_statuses
from service.store.upsert import chunks, upsert

_LIFE = (LegalStatus.UNKNOWN, LegalStatus.PENDING, LegalStatus.IN_FORCE, LegalStatus.LAPSED)
_STOPPING = {
    LegalEvent.ABOUT_TO_ABANDON: StopState.ABOUT_TO_ABANDON,
    LegalEvent.DISPUTE: StopState.OWNERSHIP_DISPUTE,
    LegalEvent.PRESERVATION: StopState.PRESERVED,
    LegalEvent.EXCLUSIVE_LICENCE: StopState.EXCLUSIVELY_LICENSED,
    LegalEvent.SOLE_LICENCE: StopState.EXCLUSIVELY_LICENSED,
}


@dataclass(frozen=True, slots=True)
class Status:
    """What one family of files says of one patent.

    Attributes:
        family: of files: patsnap, panhuo-template, …; a newer file of it replaces this.
        legal_status: UNKNOWN where the files say nothing of it.
        stop_state: as declared in words; NONE where they say nothing, or that nothing stops it.
        checked_on: the day on which it was so.
        says_stop: the file names a stop state, if only to say that there is none; not stored.
        published_on: the day of the publication whose row said it, None where the row has none.
    """

    patent_id: PatentId
    family: str
    checked_on: date
    published_on: date | None = None
    legal_status: LegalStatus = LegalStatus.UNKNOWN
    events: tuple[LegalEvent, ...] = ()
    stop_state: StopState = StopState.NONE
    source_file: str = ""
    says_stop: bool = field(default=True, compare=False)

    @property
    def clock(self) -> tuple[date, date]:
        """What is compared to tell which of two sayings of one family is the newer."""
        return self.checked_on, self.published_on or date.min

    @property
    def word(self) -> tuple[LegalStatus, tuple[LegalEvent, ...], StopState]:
        """What is said, without when and where."""
        return self.legal_status, self.events, self.stop_state


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts today of all that was said."""

    legal_status: LegalStatus = LegalStatus.UNKNOWN
    stop_state: StopState = StopState.NONE
    events: tuple[LegalEvent, ...] = ()
    checked_on: date | None = None


def current(said: Sequence[Status]) -> Standing:
    """Return the standing that follows from what was said; the order of the rows does not matter.

    The legal status is that of the newest check that names one, events likewise. A stop state
    holds while the newest word of any family says it: a vendor's silence lifts no declaration.
    """
    told = [one for one in said if one.legal_status is not LegalStatus.UNKNOWN]
    legal = max(told, key=lambda one: (one.checked_on, _LIFE.index(one.legal_status)), default=None)
    newest = max((one.checked_on for one in said if one.events), default=None)
    events = {event for one in said if one.checked_on == newest for event in one.events}
    stops = {one.stop_state for one in said} | {
        _STOPPING[event] for one in said for event in one.events if event in _STOPPING
    }
    return Standing(
        legal_status=legal.legal_status if legal else LegalStatus.UNKNOWN,
        stop_state=next((stop for stop in StopState if stop and stop in stops), StopState.NONE),
        events=tuple(event for event in LegalEvent if event in events),
        checked_on=max((one.checked_on for one in said), default=None),
    )


class Statuses:
    """What files said of patents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_patents(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, list[Status]]:
        """Return patent → what was said of it, in the order of families."""
        columns = [column for column in patent_statuses.c if column.name != "content_hash"]
        query = sa.select(*columns).order_by(*patent_statuses.primary_key)
        found: dict[PatentId, list[Status]] = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                asked = query.where(patent_statuses.c.patent_id.in_(chunk))
                for row in connection.execute(asked):
                    one = _status(row)
                    found.setdefault(one.patent_id, []).append(one)
        return found

    def upsert(self, rows: Iterable[Status]) -> None:
        """Store what was said, each in place of what its family said of the patent before."""
        upsert(self._database, patent_statuses, map(_row, rows))


def _row(one: Status) -> dict[str, Any]:
    row: dict[str, Any] = {
        "patent_id": one.patent_id,
        "family": one.family,
        "legal_status": one.legal_status.value,
        "events": list_text(tuple(event.value for event in one.events)),
        "stop_state": one.stop_state.value,
        "checked_on": one.checked_on,
        "published_on": one.published_on,
        "source_file": one.source_file,
    }
    return row | {"content_hash": content_hash(list(row.values()))}


def _status(row: Sequence[Any]) -> Status:
    return Status(
        patent_id=PatentId(row[0]),
        family=row[1],
        legal_status=LegalStatus(row[2] or LegalStatus.UNKNOWN),
        events=tuple(map(LegalEvent, list_values(row[3]))),
        stop_state=StopState(row[4]),
        checked_on=row[5],
        published_on=row[6],
        source_file=row[7],
    )
