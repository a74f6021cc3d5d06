"""``open_store``: an address in, all aggregates of one database out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import sqlalchemy as sa

from service.store.api_keys import ApiKeys
from service.store.audit_trail import AuditTrail
from service.store.changes import Changes
from service.store.contacts import Contacts
from service.store.database import Database
from service.store.declarations import Declarations
from service.store.deliveries import Deliveries
from service.store.delivery_log import DeliveryLog
from service.store.demands import Demands
from service.store.feedback import Feedback
from service.store.firms import Firms
from service.store.groups import Groups
from service.store.history import History
from service.store.import_jobs import ImportJobs
from service.store.imports import Imports
from service.store.kept_answers import KeptAnswers
from service.store.patents import Patents
from service.store.push_inbox import PushInbox
from service.store.push_ledger import PushMessages
from service.store.push_rounds import PushRounds
from service.store.relations import Relations
from service.store.relays import Relays
from service.store.snapshots import Snapshots
from service.store.stamps import Stamp
from service.store.statuses import Statuses
from service.store.tenants import Tenants
from service.store.webhooks import Webhooks


class Store:
    """One database, its aggregates, and the right to commit."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.patents = Patents(database)
        self.firms = Firms(database)
        self.demands = Demands(database)
        self.relations = Relations(database)
        self.feedback = Feedback(database)
        self.imports = Imports(database)
        self.import_jobs = ImportJobs(database)
        self.declarations = Declarations(database)
        self.statuses = Statuses(database)
        self.history = History(database)
        self.changes = Changes(database)
        self.contacts = Contacts(database)
        self.groups = Groups(database)
        self.push_rounds = PushRounds(database)
        self.push_messages = PushMessages(database)
        self.push_inbox = PushInbox(database)
        self.tenants = Tenants(database)
        self.api_keys = ApiKeys(database)
        self.kept_answers = KeptAnswers(database)
        self.snapshots = Snapshots(database)
        self.webhooks = Webhooks(database)
        self.deliveries = Deliveries(database)
        self.delivery_log = DeliveryLog(database)
        self.relays = Relays(database)
        self.audit = AuditTrail(database)

    def writer_of(self, what: str) -> Store:
        """Return the store into which an import of this kind goes: a tenant's may differ."""
        return self

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything that this thread writes inside one unit: all of it, or nothing.

        Inside another transaction of the same thread it is a savepoint of that one.
        """
        with self.database.transaction():
            yield

    def hold(self, aggregate: str) -> None:
        """Let nobody else write this aggregate until the transaction that this thread is in ends.

        Args:
            aggregate: patents, firms, demands or relations.
        """
        with self.database.transaction() as connection:
            Stamp(connection, aggregate)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str) -> Store:
    """Return the store at ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.

    The schema is not touched; see ``service.store.migrate.upgrade``.

    Raises:
        InputError: the address is of no known kind.
        StoreUnavailable: nothing answers there, or SQLite refuses WAL.
    """
    database = Database(url)
    try:
        with database.reading() as connection:
            connection.execute(sa.text("SELECT 1"))
    except BaseException:
        database.close()
        raise
    return Store(database)
