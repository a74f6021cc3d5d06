"""The log of imported files: what came, when, and what it did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

import sqlalchemy as sa

from service.store.database import Database
from service.store.tables import imports


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One file of one import; ``at`` is ISO 8601 in UTC."""

    sha256: str
    name: str
    what: str
    kind: str
    row_count: int
    records: int
    new: int
    changed: int
    unchanged: int
    refused: int
    at: str
    checked_on: date | None = None


class Imports:
    """The log of imports, append-only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, record: ImportRecord) -> None:
        """Keep the record."""
        with self._database.transaction() as connection:
            connection.execute(sa.insert(imports), asdict(record))

    def checked_on(self, sha256: str, what: str) -> date | None:
        """Return the day for which the file with this content first counted, None for a new one."""
        query = (
            sa.select(imports.c.checked_on)
            .where(imports.c.sha256 == sha256, imports.c.what == what)
            .where(imports.c.checked_on.is_not(None))
            .order_by(imports.c.import_no)
            .limit(1)
        )
        with self._database.reading() as connection:
            found: date | None = connection.execute(query).scalar()
            return found

    def last(self) -> int:
        """Return the number of the last record, 0 for none; it grows with every import."""
        with self._database.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.max(imports.c.import_no))).scalar() or 0
            )

    def latest(self, limit: int = 100) -> tuple[ImportRecord, ...]:
        """Return the last records, newest first."""
        columns = (column for column in imports.c if column.name != "import_no")
        query = sa.select(*columns).order_by(imports.c.import_no.desc()).limit(limit)
        with self._database.reading() as connection:
            return tuple(ImportRecord(*row) for row in connection.execute(query))
