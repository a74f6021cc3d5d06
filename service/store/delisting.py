"""Patents on their way into the store, held against what was: delistings, and licences.

Every write of patents passes here, whoever writes: imports, single records, removals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.types import LegalEvent, LegalStatus, Patent, PatentId, StopState
from service.store.event_types import EventType
from service.store.outbox import has_audience, record_shared
from service.store.pages import list_values
from service.store.tables import patents
from service.store.upsert import chunks

_LICENCES = (
    LegalEvent.LICENCE,
    LegalEvent.OPEN_LICENCE,
    LegalEvent.SOLE_LICENCE,
    LegalEvent.EXCLUSIVE_LICENCE,
)
_BEFORE = sa.select(
    patents.c.patent_id,
    patents.c.legal_status,
    patents.c.stop_state,
    patents.c.open_licence,
    patents.c.events,
)
Item = dict[str, Any]
# A row of ``_BEFORE``.
Before = Any


class PatentWatch:
    """What one transaction changes of patents that webhooks tell of.

    A patent that was not in the catalogue before is none of it: nothing was told of it.

    Args:
        connection: of the transaction that writes them.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._heard = has_audience(connection)
        self._told: dict[EventType, list[Item]] = {}

    def passing(self, rows: Iterable[Patent]) -> Iterator[Patent]:
        """Yield the patents as they are; what is stored is read before each thousand of them."""
        if not self._heard:
            yield from rows
            return
        for chunk in chunks(rows):
            before = self._stored([one.patent_id for one in chunk])
            for one in chunk:
                if one.patent_id in before:
                    self._compare(before[one.patent_id], one)
                yield one

    def removing(self, patent_ids: Sequence[PatentId]) -> None:
        """Look at patents that are about to be removed."""
        for chunk in chunks(patent_ids if self._heard else ()):
            for row in self._stored(chunk).values():
                if _listed(row.legal_status, row.stop_state):
                    self._add(EventType.PATENT_DELISTED, _delisted(row.patent_id, row, gone=True))

    def tell(self) -> None:
        """Record the events."""
        for kind, items in self._told.items():
            name = "patents" if kind is EventType.PATENT_DELISTED else "licences"
            record_shared(self._connection, kind, name, items)

    def _stored(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Before]:
        asked = _BEFORE.where(patents.c.patent_id.in_(patent_ids))
        return {PatentId(row[0]): row for row in self._connection.execute(asked)}

    def _compare(self, before: Before, after: Patent) -> None:
        if _listed(before.legal_status, before.stop_state) and not after.recommendable:
            self._add(EventType.PATENT_DELISTED, _delisted(after.patent_id, after, gone=False))
        known = set(list_values(before.events))
        kinds = [kind for kind in _LICENCES if kind in after.events and kind not in known]
        if after.open_licence and not before.open_licence and LegalEvent.OPEN_LICENCE not in kinds:
            kinds.append(LegalEvent.OPEN_LICENCE)
        for kind in kinds:
            self._add(EventType.LICENCE_GRANTED, _licence(after.patent_id, kind))
        if before.open_licence and not after.open_licence:
            self._add(
                EventType.LICENCE_WITHDRAWN, _licence(after.patent_id, LegalEvent.OPEN_LICENCE)
            )

    def _add(self, kind: EventType, item: Item) -> None:
        self._told.setdefault(kind, []).append(item)


def _listed(legal_status: str, stop_state: str) -> bool:
    """Return what ``Patent.recommendable`` says of what is stored."""
    return legal_status != LegalStatus.LAPSED and stop_state == StopState.NONE


def _delisted(patent_id: str, state: Any, *, gone: bool) -> Item:
    return {
        "patent_id": str(patent_id),
        "legal_status": str(state.legal_status),
        "stop_state": str(state.stop_state),
        "removed": gone,
    }


def _licence(patent_id: PatentId, kind: LegalEvent) -> Item:
    return {"patent_id": str(patent_id), "kind": kind.value}
