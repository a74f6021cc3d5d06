"""What a database is brought to before anybody reads it: the schema, and no plain contact."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa

from service.config import Settings
from service.privacy.contact_key import ContactKeys
from service.store import Store
from service.store.migrate import upgrade
from service.store.tables import state
from service.store.upsert import ignoring

_FLAG = "contacts-sealed"
_LOG = logging.getLogger("panhuo.privacy")


def bring_up(store: Store, settings: Settings) -> None:
    """Bring a database to the schema of this release, and encrypt what older ones stored plain.

    Raises:
        ContactKeyUnusable: ``PANHUO_CONTACT_KEY`` holds no key that can be used.
        StoreUnavailable: the database does not answer.
    """
    upgrade(store)
    store.contacts.keys = ContactKeys(Path(settings.home), settings.contact_key.get_secret_value())
    flag = sa.select(state.c.value).where(state.c.name == _FLAG)
    with store.database.reading() as connection:
        if connection.execute(flag).first() is not None:
            return
    if store.contacts.plain():
        _LOG.warning("contacts of an older release are being encrypted")
        store.contacts.reseal()
    with store.database.transaction() as connection:
        connection.execute(ignoring(connection, state), [{"name": _FLAG, "value": "1"}])
