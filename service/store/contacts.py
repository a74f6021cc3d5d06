"""Personal data of patents: inventors, contact person, phone — and who may see them.

Nothing else of the store holds any of it. The engine, public records and plain exports never read
this module; a holder sees the contacts of its own patents, and so does whom it allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from matcher.types import PatentId
from service.audit.act import noted
from service.privacy.contact_key import MARK, ContactKeys, ContactKeyUnusable
from service.store.bulk import merge_bulk
from service.store.database import Database
from service.store.pages import pages
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
        self._keys: ContactKeys | None = None

    @property
    def keys(self) -> ContactKeys:
        """What the texts are encrypted under; whoever opens a home sets it."""
        if self._keys is None:
            raise ContactKeyUnusable(
                "found a store that was opened without a key for contacts",
                "one: contact persons are never stored as plain text",
                "open it as a home",
            )
        return self._keys

    @keys.setter
    def keys(self, keys: ContactKeys) -> None:
        self._keys = keys

    def many(self, patent_ids: Sequence[PatentId]) -> dict[PatentId, Contact]:
        """Return the contacts of the patents, for their holder and for the importer alone."""
        query = sa.select(*(column for column in contacts.c if column.name != "content_hash"))
        found = {}
        with self._database.reading() as connection:
            for chunk in chunks(patent_ids):
                for row in connection.execute(query.where(contacts.c.patent_id.in_(chunk))):
                    found[PatentId(row[0])] = self._opened(row)
        return found

    def iterate(self) -> Iterator[Contact]:
        """Yield every contact in the order of patents, for those who look after personal data."""
        columns = [column for column in contacts.c if column.name != "content_hash"]
        rows = pages(self._database, sa.select(*columns), (contacts.c.patent_id,))
        return map(self._opened, rows)

    def reseal(self) -> int:
        """Encrypt under the key in force what is not; return how many rows that were."""
        columns = [column for column in contacts.c if column.name != "content_hash"]
        rows = pages(self._database, sa.select(*columns), (contacts.c.patent_id,))
        stale = (row for row in rows if not all(map(self.keys.current, row[1:])))
        changed = 0
        for chunk in chunks(stale):
            told = [self._row(self._opened(row)) for row in chunk]
            with self._database.transaction() as connection:
                merge_bulk(connection, contacts, told)
            changed += len(chunk)
        return changed

    def plain(self) -> bool:
        """Return whether anything stands unencrypted, as releases before this one stored it."""
        told = (contacts.c.inventors, contacts.c.person, contacts.c.phone)
        bare = sa.or_(*(sa.and_(one != "", sa.not_(one.startswith(MARK))) for one in told))
        with self._database.reading() as connection:
            query = sa.select(contacts.c.patent_id).where(bare).limit(1)
            return connection.execute(query).first() is not None

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
        return put(self._database, contacts, map(self._row, rows))

    def allow(self, holder: str, viewer: str, at: datetime) -> None:
        """Let the viewer see the holder's contacts; twice is once."""
        noted(holder, viewer, after={"allowed": True})
        with self._database.transaction() as connection:
            connection.execute(_chosen(holder, viewer))
            row = {"holder": holder, "viewer": viewer, "at": at.isoformat(timespec="seconds")}
            connection.execute(sa.insert(contact_permissions), row)

    def deny(self, holder: str, viewer: str) -> bool:
        """Take the permission back; return whether there was one."""
        noted(holder, viewer, after={"allowed": False})
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

    def _opened(self, row: Sequence[Any]) -> Contact:
        patent_id, *told = row
        names = ("inventors", "person", "phone")
        plain = (
            self.keys.open(text, f"{patent_id}/{name}") if text else ""
            for name, text in zip(names, told, strict=True)
        )
        return Contact(PatentId(patent_id), *plain)

    def _row(self, one: Contact) -> dict[str, Any]:
        told = {"inventors": one.inventors, "person": one.person, "phone": one.phone}
        sealed = {
            name: self.keys.seal(text, f"{one.patent_id}/{name}") for name, text in told.items()
        }
        # Under the key: a plain digest of a phone number is guessed in minutes.
        digest = self.keys.digest([one.patent_id, *told.values()])
        return {"patent_id": one.patent_id, **sealed, "content_hash": digest}

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
