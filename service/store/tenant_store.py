"""What one tenant sees: its own rows in a database of its own, over the operator's shared ones.

No query here names a tenant, and none could forget to: another tenant's rows stand in another
SQLite file or PostgreSQL schema, to which these connections have no way.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from matcher.types import (
    Demand,
    DemandId,
    Firm,
    PatentId,
    Relation,
    RelationKind,
    Uscc,
)
from service.store.database import Database
from service.store.demands import Demands
from service.store.engine import Store
from service.store.firms import Firms
from service.store.migrate import upgrade
from service.store.relations import Relations
from service.store.tables import relations as relations_table

T = TypeVar("T")

# What an import writes into the shared catalogue, whoever hands it in.
_SHARED_KINDS = frozenset({"patents", "groups"})


class TenantFirms(Firms):
    """A tenant's firms over the shared ones: of two records of one USCC its own counts.

    Args:
        own: the tenant's database.
        shared: the operator's firms, which are read and never written here.
    """

    def __init__(self, own: Database, shared: Firms) -> None:
        super().__init__(own)
        self._own = Firms(own)
        self._shared = shared

    def many(self, usccs: Sequence[Uscc]) -> dict[Uscc, Firm]:
        """Return those that exist, keyed by USCC."""
        return self._shared.many(usccs) | self._own.many(usccs)

    def existing(self, usccs: Iterable[str]) -> set[str]:
        """Return those that exist."""
        asked = list(usccs)
        return self._shared.existing(asked) | self._own.existing(asked)

    def iterate(self) -> Iterator[Firm]:
        """Yield every firm in the order of USCC (byte order), in pages."""
        return _overlaid(self._shared.iterate(), self._own.iterate(), "uscc")

    def count(self) -> int:
        """Return how many firms the tenant sees; costs a look at each of its own."""
        own = [str(firm.uscc) for firm in self._own.iterate()]
        return self._shared.count() + len(own) - len(self._shared.existing(own))

    def stamp(self) -> str:
        """Return a short text that changes when any firm is added, changed or removed."""
        return f"{self._shared.stamp()}+{self._own.stamp()}"


class TenantDemands(Demands):
    """A tenant's demands over the shared ones: of two of one id its own counts.

    Args:
        own: the tenant's database.
        shared: the operator's demands, which are read and never written here.
    """

    def __init__(self, own: Database, shared: Demands) -> None:
        super().__init__(own)
        self._own = Demands(own)
        self._shared = shared

    def of_firm(self, uscc: Uscc) -> tuple[Demand, ...]:
        """Return the firm's demands, newest first; undated ones last, ties by id."""
        return self.of_firms([uscc]).get(uscc, ())

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Demand, ...]]:
        """Return the demands of many firms, each as ``of_firm``; firms without are left out."""
        own, shared = self._own.of_firms(usccs), self._shared.of_firms(usccs)
        # A shared demand that the tenant tells otherwise may have moved to another firm.
        told = self._own.many([one.demand_id for found in shared.values() for one in found])
        seen: dict[Uscc, tuple[Demand, ...]] = {}
        for uscc in dict.fromkeys(usccs):
            rest = (one for one in shared.get(uscc, ()) if one.demand_id not in told)
            if both := (*own.get(uscc, ()), *rest):
                seen[uscc] = tuple(sorted(both, key=_newest_first))
        return seen

    def many(self, demand_ids: Sequence[DemandId]) -> dict[DemandId, Demand]:
        """Return those that exist, keyed by id."""
        return self._shared.many(demand_ids) | self._own.many(demand_ids)

    def iterate(self) -> Iterator[Demand]:
        """Yield every demand in the order of ids."""
        return _overlaid(self._shared.iterate(), self._own.iterate(), "demand_id")

    def count(self) -> int:
        """Return how many demands the tenant sees; costs a look at each of its own."""
        own = [demand.demand_id for demand in self._own.iterate()]
        return self._shared.count() + len(own) - len(self._shared.many(own))

    def stamp(self) -> str:
        """Return a short text that changes when any demand is added, changed or removed."""
        return f"{self._shared.stamp()}+{self._own.stamp()}"


class TenantRelations(Relations):
    """A tenant's relations together with the shared ones.

    Args:
        own: the tenant's database; its relations may name shared firms and patents.
        shared: the operator's relations, which are read and never written here.
    """

    def __init__(self, own: Database, shared: Relations) -> None:
        super().__init__(own)
        self._own = Relations(own)
        self._shared = shared

    def of_firm(self, uscc: Uscc) -> tuple[Relation, ...]:
        """Return the firm's relations, in the order of patent id and kind."""
        return _united(self._shared.of_firm(uscc), self._own.of_firm(uscc))

    def of_firms(self, usccs: Sequence[Uscc]) -> dict[Uscc, tuple[Relation, ...]]:
        """Return the relations of many firms, each as ``of_firm``; firms without are left out."""
        own, shared = self._own.of_firms(usccs), self._shared.of_firms(usccs)
        return {uscc: _united(shared.get(uscc, ()), own.get(uscc, ())) for uscc in shared | own}

    def of_patent(self, patent_id: PatentId) -> tuple[Relation, ...]:
        """Return the patent's relations, in the order of USCC and kind."""
        return _united(self._shared.of_patent(patent_id), self._own.of_patent(patent_id))

    def iterate(self, kind: RelationKind | None = None) -> Iterator[Relation]:
        """Yield relations (of one kind, or all) in the order of USCC, patent id and kind."""
        both = heapq.merge(self._shared.iterate(kind), self._own.iterate(kind), key=_place)
        return _last_of_each(both, _place)

    def count(self) -> int:
        """Return how many relations the tenant sees; costs a look at each of its own."""
        own = set(self._own.iterate())
        shared = self._shared.of_firms(sorted({one.uscc for one in own}))
        known = {one for found in shared.values() for one in found}
        return self._shared.count() + len(own - known)

    def stamp(self) -> str:
        """Return a short text that changes when any relation is added or removed."""
        return f"{self._shared.stamp()}+{self._own.stamp()}"


class TenantStore(Store):
    """One tenant's store over the operator's.

    Firms, demands and relations are its own over the shared ones; lists, feedback and pushes are
    its own alone; patents, with all that hangs on them, and groups are the shared ones.

    Args:
        own: the tenant's database, brought to the schema of this release.
        shared: the operator's store. It outlives this one and is not closed by it.
    """

    def __init__(self, own: Database, shared: Store) -> None:
        super().__init__(own)
        self._shared = shared
        self.firms = TenantFirms(own, shared.firms)
        self.demands = TenantDemands(own, shared.demands)
        self.relations = TenantRelations(own, shared.relations)
        self.patents = shared.patents
        self.declarations = shared.declarations
        self.statuses = shared.statuses
        self.history = shared.history
        self.contacts = shared.contacts
        self.groups = shared.groups

    def writer_of(self, what: str) -> Store:
        """Return the store into which an import of this kind goes."""
        return self._shared if what in _SHARED_KINDS else self


_CONSTRAINTS = sa.text(
    "SELECT conname FROM pg_constraint WHERE contype = 'f' "
    f"AND conrelid = CAST('{relations_table.name}' AS regclass)"
)


def prepare(own: Database, *, linked: bool) -> None:
    """Bring a tenant's database to the schema of this release.

    Args:
        own: the tenant's database.
        linked: its relations name nothing but its own firms and patents.
    """
    upgrade(Store(own))
    if linked or own.dialect != "postgresql":
        return
    # SQLite is told by each connection; here the constraints themselves have to go.
    # Names alone: their definitions are null for a moment while another opens and drops them.
    with own.reading() as connection:
        names = connection.execute(_CONSTRAINTS).scalars().all()
    with own.transaction() as connection:
        for name in names:
            table = relations_table.name
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"')


def _overlaid(shared: Iterator[T], own: Iterator[T], name: str) -> Iterator[T]:
    """Yield both in the order of their key; of two with one key the own one."""
    key = attrgetter(name)
    # In the order of UTF-8, as the database has it; merge keeps the shared one of two before.
    both = heapq.merge(shared, own, key=lambda one: str(key(one)).encode("utf-8"))
    return _last_of_each(both, key)


def _last_of_each(rows: Iterator[T], key: Any) -> Iterator[T]:
    waiting: list[T] = []
    for row in rows:
        if waiting and key(waiting[0]) != key(row):
            yield waiting[0]
        waiting = [row]
    yield from waiting


def _united(one: Iterable[Relation], other: Iterable[Relation]) -> tuple[Relation, ...]:
    return tuple(sorted({*one, *other}, key=_place))


def _place(one: Relation) -> tuple[bytes, bytes, bytes]:
    return one.uscc.encode(), one.patent_id.encode(), one.kind.value.encode()


def _newest_first(one: Demand) -> tuple[bool, int, bytes]:
    posted = one.posted_on
    return posted is None, -posted.toordinal() if posted else 0, one.demand_id.encode()
