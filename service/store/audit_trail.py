"""The rows of the audit in one database: appended behind each other, proven, and let go of.

Appending reads the head of the chain under a lock, on PostgreSQL by the row's own; SQLite has one
writer anyway. It is the last thing that a transaction does, so the lock lasts for a commit alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.audit.act import current
from service.audit.entry import GENESIS, Entry, Sealer, digest_of, head_text
from service.store.audit_tables import audit_head, audit_rows

LEAST_DAYS = 180
PRUNE = "audit.prune"
_HEAD = "head"
_PAGE = 2_000
_R = audit_rows.c
# What is no act of its own: lists that were asked for are their own record, an answer kept for a
# repeat goes with its request, stamps go with their rows.
OWN_RECORD = frozenset(
    {"recommendation_lists", "list_slots", "list_snapshots", "kept_answers", "state",
     "audit_rows", "audit_head", "catalogue_changes", "catalogue_head", "alembic_version"}
)  # fmt: skip


def settle(connection: sa.Connection, touched: Mapping[str, int]) -> None:
    """Append the row of the act at work to the transaction that is about to be committed."""
    act = current()
    if act is None:
        return
    told = {table: rows for table, rows in touched.items() if table not in OWN_RECORD}
    if told and (entry := act.committing(told)) is not None:
        append(connection, [entry], act.sealing.current(), fresh=True)


def append(
    connection: sa.Connection, entries: Sequence[Entry], sealer: Sealer, *, fresh: bool = False
) -> int:
    """Append the entries in their order; those that are kept already are left out.

    Args:
        connection: of a transaction that may write.
        entries: oldest first.
        sealer: the secret in force.
        fresh: none of them can be kept already, which saves a look.

    Returns:
        how many rows there are more.
    """
    head = _locked_head(connection)
    if not fresh:
        known = _known(connection, [entry.entry_id for entry in entries])
        entries = [entry for entry in entries if entry.entry_id not in known]
    rows = []
    for entry in entries:
        row = entry.row() | {"seq": head["seq"] + 1, "secret_id": sealer.secret_id}
        digest = digest_of(head["digest"], row)
        rows.append(row | {"digest": digest, "seal": sealer.seal(digest)})
        head |= {"seq": row["seq"], "digest": digest}
    if rows:
        connection.execute(sa.insert(audit_rows), rows)
        _keep_head(connection, head, sealer)
    return len(rows)


def _known(connection: sa.Connection, entry_ids: Collection[str]) -> set[str]:
    query = sa.select(_R.entry_id).where(_R.entry_id.in_(entry_ids))
    return set(connection.execute(query).scalars())


def _locked_head(connection: sa.Connection) -> dict[str, Any]:
    query = sa.select(audit_head).where(audit_head.c.name == _HEAD).with_for_update()
    found = connection.execute(query).mappings().first()
    if found is None:
        row = {"name": _HEAD, "seq": 0, "digest": GENESIS, "anchor_digest": GENESIS}
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        # Of two who begin a chain at once one begins it; the other waits for its row.
        connection.execute(dialect.insert(audit_head).on_conflict_do_nothing(), [row])
        found = connection.execute(query).mappings().one()
    return dict(found)


def _keep_head(connection: sa.Connection, head: Mapping[str, Any], sealer: Sealer) -> None:
    names = ("seq", "digest", "anchor_seq", "anchor_digest")
    sealed = {"secret_id": sealer.secret_id, "seal": sealer.seal(head_text(head))}
    values = {name: head[name] for name in names} | sealed
    connection.execute(sa.update(audit_head).where(audit_head.c.name == _HEAD).values(values))


class Transacting(Protocol):
    """The doors of ``service.store.database.Database``."""

    def reading(self) -> Any:
        """Yield a connection to read with."""

    def transaction(self) -> Any:
        """Yield a connection to write with."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands.

    Attributes:
        seq: of its last row, 0 for none.
        digest: of that row.
        anchor_seq: of the last row that retention took away.
    """

    seq: int
    digest: str
    anchor_seq: int
    anchor_digest: str
    secret_id: str
    seal: str


class AuditTrail:
    """The audit of one database."""

    def __init__(self, database: Transacting) -> None:
        self._database = database

    def keep(self, entries: Sequence[Entry], sealer: Sealer) -> int:
        """Append the entries in a transaction of its own; those known already are left out."""
        with self._database.transaction() as connection:
            return append(connection, entries, sealer)

    def head(self) -> Head | None:
        """Return where the chain stands, ``None`` where nothing was ever told."""
        names = [column for column in audit_head.c if column.name != "name"]
        query = sa.select(*names).where(audit_head.c.name == _HEAD)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return Head(**row) if row is not None else None

    def rows(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield every row behind a number, oldest first, page by page."""
        while True:
            query = sa.select(audit_rows).where(_R.seq > after).order_by(_R.seq).limit(_PAGE)
            with self._database.reading() as connection:
                page = connection.execute(query).mappings().all()
            yield from map(dict, page)
            if len(page) < _PAGE:
                return
            after = page[-1]["seq"]

    def latest(self, most: int, operation: str = "") -> list[dict[str, Any]]:
        """Return the last rows, newest first; of one operation, or of all."""
        query = sa.select(audit_rows).order_by(_R.seq.desc()).limit(most)
        if operation:
            query = query.where(_R.operation == operation)
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def prune(self, days: int, sealer: Sealer, now: datetime, told: Entry) -> int:
        """Let go of rows older than so many days; return how many.

        The chain goes on behind an anchor: a row of its own tells number and digest of the last
        row that went, so that what is left is still proven from its first row on.

        Args:
            days: at least 180; the database itself refuses younger rows.
            sealer: the secret in force.
            now: the moment, with zone.
            told: who does it.
        """
        border = (now - timedelta(days=max(days, LEAST_DAYS))).astimezone(UTC)
        with self._database.transaction() as connection:
            head = _locked_head(connection)
            last = _last_before(connection, border.isoformat(timespec="microseconds"), head)
            if last is None:
                return 0
            gone = last["seq"] - head["anchor_seq"]
            facts = {"upto": last["seq"], "digest": last["digest"], "rows": gone}
            append(connection, [_with(told, facts)], sealer, fresh=True)
            moved = _locked_head(connection)
            moved |= {"anchor_seq": last["seq"], "anchor_digest": last["digest"]}
            _keep_head(connection, moved, sealer)
            connection.execute(sa.delete(audit_rows).where(_R.seq <= last["seq"]))
        return int(gone)


def _with(told: Entry, facts: Mapping[str, Any]) -> Entry:
    return Entry(told.entry_id, told.at, told.tenant, told.actor_kind, told.actor, PRUNE, (), facts)


def _last_before(
    connection: sa.Connection, border: str, head: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the last of the rows that all lie before a moment, ``None`` for none."""
    young = sa.select(sa.func.min(_R.seq)).where(_R.at >= border)
    first_kept = connection.execute(young).scalar() or head["seq"] + 1
    query = sa.select(_R.seq, _R.digest).where(_R.seq < first_kept).order_by(_R.seq.desc())
    found = connection.execute(query.limit(1)).mappings().first()
    return dict(found) if found is not None else None
