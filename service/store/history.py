"""What changed of a patent, when, and from which file; append-only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from matcher.types import PatentId
from service.store.bulk import append_bulk
from service.store.database import Database
from service.store.stock_tables import patent_history
from service.store.upsert import chunks


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one patent: what it was and what it became, as text; ``at`` in UTC."""

    patent_id: PatentId
    field: str
    before: str
    after: str
    source_file: str
    sha256: str
    at: str


class History:
    """The history of the catalogue's patents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, changes: Iterable[Change]) -> None:
        """Keep the changes in their order."""
        with self._database.transaction() as connection:
            for chunk in chunks(changes):
                append_bulk(connection, patent_history, [asdict(one) for one in chunk])

    def of_patent(self, patent_id: PatentId) -> tuple[Change, ...]:
        """Return the patent's changes, oldest first."""
        columns = (column for column in patent_history.c if column.name != "history_no")
        query = (
            sa.select(*columns)
            .where(patent_history.c.patent_id == patent_id)
            .order_by(patent_history.c.history_no)
        )
        with self._database.reading() as connection:
            return tuple(Change(*row) for row in connection.execute(query))
