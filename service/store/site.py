"""Where a home's databases stand: the operator's, and one of its own for each tenant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from matcher.errors import InputError, StateError
from service.store.database import Database
from service.store.migrate import HEAD, current
from service.store.tenant_tables import tenants
from service.store.tenants import Tenant


def own_file(home: Path, tenant: Tenant) -> Path:
    """Return the SQLite file of a tenant; ``service.tenancy`` opens it there, too."""
    return home / "tenants" / tenant.place / "panhuo.db"


def own_schema(tenant: Tenant) -> str:
    """Return the PostgreSQL schema of a tenant; ``service.tenancy`` opens it there, too."""
    return f"tenant_{tenant.place}"


class Source:
    """The databases of a home, read as they are at one moment each and never written.

    Args:
        url: of the operator's database.
        home: the folder under which SQLite files of tenants stand.

    Raises:
        InputError: the address is of no known kind, or names an SQLite file that is not there.
    """

    def __init__(self, url: str, home: Path) -> None:
        self._home = home
        self.database = Database(url, frozen=True)
        file = sa.make_url(url).database or ""
        if self.database.dialect == "sqlite" and not Path(file).is_file():
            raise InputError(
                f"found no database at {file}",
                "a home that has one",
                "name the home with --home, or the database with PANHUO_DATABASE_URL",
            )

    def tenants(self, connection: sa.Connection) -> tuple[Tenant, ...]:
        """Return the tenants that the operator's database knows, in the order of places."""
        columns = [tenants.c[name] for name in ("name", "place", "private", "created_at")]
        rows = connection.execute(sa.select(*columns).order_by(tenants.c.place))
        return tuple(Tenant(*row) for row in rows)

    @contextmanager
    def operator(self) -> Iterator[sa.Connection]:
        """Yield the operator's database as it is now.

        Raises:
            StateError: it is not at the schema of this release, or was written to meanwhile.
            StoreUnavailable: it does not answer.
        """
        with self.database.snapshot() as connection:
            _require_head(connection, "the database", "panhuo doctor")
            with _undisturbed(connection):
                yield connection

    @contextmanager
    def own(self, tenant: Tenant) -> Iterator[sa.Connection | None]:
        """Yield a tenant's own database as it is now, ``None`` where it was never opened.

        Raises as ``operator``.
        """
        if self.database.dialect == "postgresql":
            database = self.database.within(own_schema(tenant))
        elif (file := own_file(self._home, tenant)).is_file():
            database = Database(f"sqlite:///{file}", linked=False, frozen=True)
        else:
            yield None
            return
        try:
            with database.snapshot() as connection:
                if current(connection) is None:
                    yield None
                    return
                cure = f"PANHUO_TENANT={tenant.name} panhuo doctor"
                _require_head(connection, f"the database of {tenant.name}", cure)
                with _undisturbed(connection):
                    yield connection
        finally:
            database.close()

    def close(self) -> None:
        """Close every connection."""
        self.database.close()


def _require_head(connection: sa.Connection, what: str, cure: str) -> None:
    if (found := current(connection)) != HEAD:
        raise StateError(
            f"found {what} at revision {found or 'none'}", HEAD, f"run '{cure}' once, then again"
        )


@contextmanager
def _undisturbed(connection: sa.Connection) -> Iterator[None]:
    """Raise at the end where somebody else wrote to an SQLite file in between.

    PostgreSQL does not tell; what is written there after the beginning is not seen.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    version = "PRAGMA data_version"
    before = connection.exec_driver_sql(version).scalar()
    yield
    connection.rollback()  # the moment that was read ends here, and what came after shows
    if connection.exec_driver_sql(version).scalar() != before:
        raise StateError(
            "found the database written to while it was copied",
            "nobody at work in the home",
            "stop the service and every command, then copy again",
        )
