"""Technical demands in the database: ``DemandReader`` and the writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from matcher.errors import DemandNotFound
from matcher.types import Demand, DemandId, Uscc
from service.store.database import Database
from service.store.pages import list_text, list_values, pages
from service.store.stamps import content_hash, read_stamp, stamp_text
from service.store.tables import demands
from service.store.upsert import UpsertCounts, chunks, remove, upsert

_SELECT = sa.select(*(column for column in demands.c if column.name != "content_hash"))


class Demands:
    """The technical demands; implements ``matcher.ports.DemandReader``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, demand_id: DemandId) -> Demand:
        """Return the demand; raise ``DemandNotFound``."""
        found = self.many([demand_id])
        if demand_id not in found:
            raise DemandNotFound(demand_id)
        return found[demand_id]

    def of_firm(self, uscc: Uscc) -> tuple[Demand, ...]:
        """Return the firm's demands, newest first; undated ones last, ties by id."""
        query = (
            _SELECT.where(demands.c.uscc == uscc)
            # IS NULL first: the databases disagree on where NULL sorts.
            .order_by(demands.c.posted_on.is_(None), demands.c.posted_on.desc())
            .order_by(demands.c.demand_id)
        )
        with self._database.reading() as connection:
            return tuple(_demand(row) for row in connection.execute(query))

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Demand, ...]]:
        """Return the demands of many firms, each as ``of_firm``; firms without are left out."""
        found: dict[Uscc, list[Demand]] = {}
        with self._database.reading() as connection:
            for chunk in chunks(usccs):
                query = _SELECT.where(demands.c.uscc.in_(chunk)).order_by(
                    demands.c.posted_on.is_(None), demands.c.posted_on.desc(), demands.c.demand_id
                )
                for demand in map(_demand, connection.execute(query)):
                    if demand.uscc is not None:
                        found.setdefault(demand.uscc, []).append(demand)
        return {uscc: tuple(rows) for uscc, rows in found.items()}

    def many(self, demand_ids: Sequence[DemandId]) -> dict[DemandId, Demand]:
        """Return those that exist, keyed by id."""
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(demand_ids):
                for row in connection.execute(_SELECT.where(demands.c.demand_id.in_(chunk))):
                    found[DemandId(row[0])] = _demand(row)
        return found

    def iterate(self) -> Iterator[Demand]:
        """Yield every demand in the order of ids."""
        return map(_demand, pages(self._database, _SELECT, (demands.c.demand_id,)))

    def count(self) -> int:
        """Return how many demands there are."""
        with self._database.reading() as connection:
            return read_stamp(connection, "demands")[0]

    def stamp(self) -> str:
        """Return a short text that changes when any demand is added, changed or removed."""
        with self._database.reading() as connection:
            return stamp_text(connection, "demands")

    def upsert(self, rows: Iterable[Demand]) -> UpsertCounts:
        """Store the demands as they are, replacing those of the same id; return the counts."""
        return upsert(self._database, demands, map(_row, rows))

    def remove(self, demand_ids: Iterable[DemandId]) -> int:
        """Delete the demands; return how many there were."""
        return remove(self._database, demands, ((str(key),) for key in demand_ids))


def _row(demand: Demand) -> dict[str, Any]:
    row: dict[str, Any] = {
        "demand_id": demand.demand_id,
        "title": demand.title,
        "text": demand.text,
        "uscc": demand.uscc,
        "industry": demand.industry,
        "province": demand.province,
        "city": demand.city,
        "posted_on": demand.posted_on,
        "cooperation": list_text(demand.cooperation),
    }
    row["content_hash"] = content_hash(list(row.values()))
    return row


def _demand(row: Sequence[Any]) -> Demand:
    return Demand(
        demand_id=DemandId(row[0]),
        title=row[1],
        text=row[2],
        uscc=None if row[3] is None else Uscc(row[3]),
        industry=row[4],
        province=row[5],
        city=row[6],
        posted_on=row[7],
        cooperation=list_values(row[8]),
    )
