"""Personal data of patents: inventors, contact person, phone — and who may see them.

Nothing else of the store holds any of it. The engine, public records and plain exports never read
this module; a holder sees the contacts of its own patents, and so does whom it allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from matcher.types import PatentId
from service.store.database import Database
from service.store.stamps import content_hash
from service.store.stock_tables import contact_permissions, contacts
from service.store.tables import patents
from service.store.upsert import Outcome, chunks, put


@dataclass(frozen=True, slots=True)
class Contact:
    """Who made a patent and whom to ask about it, as the files say."""

    patent_id: PatentId
    inventors: str = ""
    person: str = ""
    phone: str = ""

    def __repr__(self) -> str:
        """Return no personal data: objects end up in logs and tracebacks."""
        return f"Contact({self.patent_id!r}, …)"


class Contacts:
    """The contacts of the catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Contact]:
        """Return the contacts of the patents, for their holder and for the importer alone."""
        query = sa.select(*(column for column in contacts.c if column.name != "content_hash"))
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                for row in connection.execute(query.where(contacts.c.patent_id.in_(chunk))):
                    found[PatentId(row[0])] = Contact(*row)
        return found

    def visible(self, viewer: str, patent_ids: Sequence[PatentId]) -> dict[PatentId, Contact]:
        """Return the contacts of those patents that the viewer holds, or whose holder allows it.

        A patent with several holders (A；B) is each holder's own.
        """
        allowed = {viewer, *self.allowing(viewer)}
        holders = self._holders(patent_ids)
        mine = [key for key in patent_ids if allowed & holders.get(key, frozenset())]
        return self.many(mine)

    def put(self, rows: Iterable[Contact]) -> Outcome:
        """Store the contacts, each in place of the patent's earlier one; say what changed."""
        return put(self._database, contacts, map(_row, rows))

    def allow(self, holder: str, viewer: str, at: datetime) -> None:
        """Let the viewer see the holder's contacts; twice is once."""
        with self._database.transaction() as connection:
            connection.execute(_chosen(holder, viewer))
            row = {"holder": holder, "viewer": viewer, "at": at.isoformat(timespec="seconds")}
            connection.execute(sa.insert(contact_permissions), row)

    def deny(self, holder: str, viewer: str) -> bool:
        """Take the permission back; return whether there was one."""
        with self._database.transaction() as connection:
            return bool(connection.execute(_chosen(holder, viewer)).rowcount)

    def allowing(self, viewer: str) -> tuple[str, ...]:
        """Return the holders that allow the viewer to see their contacts."""
        query = sa.select(contact_permissions.c.holder).where(
            contact_permissions.c.viewer == viewer
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(query.order_by("holder")).scalars())

    def allowed_by(self, holder: str) -> tuple[str, ...]:
        """Return whom the holder allows."""
        query = sa.select(contact_permissions.c.viewer).where(
            contact_permissions.c.holder == holder
        )
        with self._database.reading() as connection:
            return tuple(connection.execute(query.order_by("viewer")).scalars())

    def _holders(self, patent_ids: Sequence[PatentId]) -> Mapping[PatentId, frozenset[str]]:
        query = sa.select(patents.c.patent_id, patents.c.holder)
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                for row in connection.execute(query.where(patents.c.patent_id.in_(chunk))):
                    found[PatentId(row[0])] = frozenset(holders_of(row[1]))
        return found


def holders_of(written: str) -> tuple[str, ...]:
    """Return the holders of a cell that may name several.

    >>> holders_of("甲大学 | 乙公司；丙研究院")
    ('甲大学', '乙公司', '丙研究院')
    """
    for separator in ("；", ";", "｜"):
        written = written.replace(separator, "|")
    return tuple(dict.fromkeys(name.strip() for name in written.split("|") if name.strip()))


def _chosen(holder: str, viewer: str) -> sa.Delete:
    table = contact_permissions
    return sa.delete(table).where(table.c.holder == holder, table.c.viewer == viewer)


def _row(one: Contact) -> dict[str, Any]:
    row: dict[str, Any] = {
        "patent_id": one.patent_id,
        "inventors": one.inventors,
        "person": one.person,
        "phone": one.phone,
    }
    return row | {"content_hash": content_hash(list(row.values()))}
