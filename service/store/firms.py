"""Firms in the database: ``FirmReader`` and the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.errors import FirmNotFound
from matcher.types import Firm, Uscc
from service.store.database import Database
from service.store.pages import list_text, list_values, pages
from service.store.stamps import content_hash, read_stamp, stamp_text
from service.store.tables import firms, relations
from service.store.upsert import UpsertCounts, chunks, remove, upsert

_SELECT = sa.select(*(column for column in firms.c if column.name != "content_hash"))


class Firms:
    """The firms of the catalogue; implements ``matcher.ports.FirmReader``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, uscc: Uscc) -> Firm:
        """Return the firm; raise ``FirmNotFound``."""
        found = self.many([uscc])
        if uscc not in found:
            raise FirmNotFound(uscc)
        return found[uscc]

    def many(self, usccs: Sequence[Uscc]) -> dict[Uscc, Firm]:
        """Return those that exist, keyed by USCC."""
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(usccs):
                for row in connection.execute(_SELECT.where(firms.c.uscc.in_(chunk))):
                    found[Uscc(row[0])] = _firm(row)
        return found

    def existing(self, usccs: Iterable[str]) -> set[str]:
        """Return those that exist."""
        query = sa.select(firms.c.uscc)
        found: set[str] = set()
        with self._database.reading() as connection:
            for chunk in chunks(usccs):
                found.update(connection.execute(query.where(firms.c.uscc.in_(chunk))).scalars())
        return found

    def iterate(self) -> Iterator[Firm]:
        """Yield every firm in the order of USCC (byte order), in pages."""
        return map(_firm, pages(self._database, _SELECT, (firms.c.uscc,)))

    def count(self) -> int:
        """Return how many firms the catalogue holds."""
        with self._database.reading() as connection:
            return read_stamp(connection, "firms")[0]

    def stamp(self) -> str:
        """Return a short text that changes when any firm is added, changed or removed."""
        with self._database.reading() as connection:
            return stamp_text(connection, "firms")

    def upsert(self, rows: Iterable[Firm]) -> UpsertCounts:
        """Store the firms as they are, replacing those of the same USCC; return the counts."""
        return upsert(self._database, firms, map(_row, rows))

    def remove(self, usccs: Iterable[Uscc]) -> int:
        """Delete the firms with their relations; return how many firms there were."""
        keys = list(usccs)
        with self._database.transaction() as connection:
            for chunk in chunks(keys):
                linked = sa.select(*relations.primary_key).where(relations.c.uscc.in_(chunk))
                found = [tuple(row) for row in connection.execute(linked)]
                remove(self._database, relations, found)
            return remove(self._database, firms, [(str(key),) for key in keys])


def _row(firm: Firm) -> dict[str, Any]:
    row: dict[str, Any] = {
        "uscc": firm.uscc,
        "name": firm.name,
        "business_scope": firm.business_scope,
        "registered_on": firm.registered_on,
        "org_type": firm.org_type,
        "capital": firm.capital,
        "province": firm.province,
        "city": firm.city,
        "industry_code": firm.industry_code,
        "products": list_text(firm.products),
        "needs": list_text(firm.needs),
        "tags": list_text(firm.tags),
    }
    # Younger columns count only when filled: hashes made before they existed stay right.
    later = {"registration_status": firm.registration_status}
    row["content_hash"] = content_hash([*row.values(), *filter(None, later.values())])
    return row | later


def _firm(row: Sequence[Any]) -> Firm:
    return Firm(
        uscc=Uscc(row[0]),
        name=row[1],
        business_scope=row[2],
        registered_on=row[3],
        org_type=row[4],
        capital=row[5],
        province=row[6],
        city=row[7],
        industry_code=row[8],
        products=list_values(row[9]),
        needs=list_values(row[10]),
        tags=list_values(row[11]),
        registration_status=row[12],
    )
