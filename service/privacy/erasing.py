"""One firm's or one person's data given out, or erased, in one database of a home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from matcher.types import DemandId, PatentId
from service.audit.act import current, noted
from service.auth.secret import Secret
from service.privacy.held import hold, mentioning
from service.privacy.rows import HIDDEN, Found, keyed, masked, rows_of, told
from service.privacy.subject import Subject
from service.store import Store
from service.store.contacts import Contact, holders_of
from service.store.schema import metadata
from service.store.tables import AGGREGATES
from service.store.upsert import remove

# (table, rows)
Counts = Mapping[str, int]


def given_out(store: Store, subject: Subject, *, catalogue: bool) -> dict[str, Any]:
    """Return all that a store holds of the subject, by table, as JSON can hold it.

    Args:
        store: the operator's or a tenant's.
        subject: whose data.
        catalogue: this store has the contacts, too.
    """
    with store.database.reading() as connection:
        found = rows_of(connection, subject)
        audit = mentioning(connection, subject.words)
    content: dict[str, Any] = {
        table: {"rows": told(here.whole), "mentions": told(here.mentions)}
        for table, here in found.items()
    }
    if catalogue and (contacts := contacts_of(store, subject)):
        content["contacts"] = {
            "rows": [
                {"patent_id": one.patent_id, "inventors": one.inventors, "person": one.person,
                 "phone": one.phone}
                for one in contacts
            ],
            "mentions": [],
        }  # fmt: skip
    if audit:
        content["audit_rows"] = {"held": audit}
    return content


def contacts_of(store: Store, subject: Subject) -> list[Contact]:
    """Return the contacts that name a person; decrypts them all."""
    if subject.uscc:
        return []
    return [one for one in store.contacts.iterate() if _names(one, subject)]


def erase(
    store: Store, subject: Subject, secret: Secret, days: int, now: datetime, *, catalogue: bool
) -> Counts:
    """Erase the subject from one store, in one transaction; return how many rows of which table.

    Args:
        store: the operator's or a tenant's.
        subject: whose data.
        secret: under which the audit names the subject without telling who it is.
        days: that the audit is kept.
        now: the moment.
        catalogue: this store has the contacts, too.
    """
    digest = secret.seal(" ".join(["subject", *subject.words]))
    gone: Counter[str] = Counter()
    with store.transaction(), store.database.transaction() as connection:
        found = rows_of(connection, subject)
        if catalogue:
            gone["contacts"] = _erase_contacts(store, subject)
        for table in reversed(metadata.sorted_tables):
            if here := found.get(table.name):
                gone[table.name] = _erase_rows(store, connection, table, here, subject)
        held = mentioning(connection, subject.words)
        if held:
            hold(connection, digest, subject.kind, held, days, now)
            gone["audit_rows held"] = len(held)
        if (act := current()) is not None:
            act.forget()
        noted(digest[:16], erased=dict(gone))
    return {table: rows for table, rows in gone.items() if rows}


def _erase_rows(
    store: Store, connection: sa.Connection, table: sa.Table, here: Found, subject: Subject
) -> int:
    if table.name in AGGREGATES:  # their stamps are kept, and the index learns of it
        names = [column.name for column in table.primary_key]
        remove(store.database, table, [tuple(row[name] for name in names) for row in here.whole])
        _mask_demands(store, table, here, subject)
        return len(here.whole) + len(here.mentions)
    for row in here.whole:
        connection.execute(sa.delete(table).where(keyed(table, row)))
    for row in here.mentions:
        clean = masked(row, table.name, subject)
        changed = {name: value for name, value in clean.items() if value != row[name]}
        if changed:
            connection.execute(sa.update(table).where(keyed(table, row)).values(changed))
    return len(here.whole) + len(here.mentions)


def _mask_demands(store: Store, table: sa.Table, here: Found, subject: Subject) -> None:
    ids = [DemandId(row["demand_id"]) for row in here.mentions if table.name == "demands"]
    demands = store.demands.many(ids).values()
    store.demands.upsert(
        [
            replace(one, title=_without(one.title, subject), text=_without(one.text, subject))
            for one in demands
        ]
    )


def _without(text: str, subject: Subject) -> str:
    for word in subject.words:
        text = text.replace(word, HIDDEN)
    return text


def _erase_contacts(store: Store, subject: Subject) -> int:
    """Take a person out of the contacts; other people of the same patent stay."""
    found = contacts_of(store, subject)
    store.contacts.put([_contact_without(one, subject) for one in found])
    return len(found)


def _contact_without(one: Contact, subject: Subject) -> Contact:
    inventors = [name for name in holders_of(one.inventors) if name != subject.name]
    is_theirs = one.person == subject.name or (subject.phone and subject.phone in one.phone)
    return Contact(
        PatentId(one.patent_id),
        "；".join(inventors),
        "" if is_theirs else _without(one.person, subject),
        "" if is_theirs else one.phone,
    )


def _names(one: Contact, subject: Subject) -> bool:
    by_name = subject.name and (
        subject.name in holders_of(one.inventors) or subject.name in one.person
    )
    return bool(by_name or (subject.phone and subject.phone in one.phone))
