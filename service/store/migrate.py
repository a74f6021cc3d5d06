"""Bring a database to the schema of this release, by Alembic and without an ini file."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from service.store.engine import Store

HEAD = "0008"
# Any fixed number will do: it names the lock under which two starting servers take turns.
_ADVISORY_LOCK = 7_203_117
# Alembic's ``op`` is one for the whole process: of two threads that migrate at once, one would
# write through the other's connection.
_ALONE = threading.Lock()


def upgrade(store: Store) -> None:
    """Run the migrations that the database has not seen, in one transaction.

    Does nothing where the schema is at the head already. An interrupted upgrade leaves the
    database as it was.
    """
    with store.database.reading() as connection:
        if current(connection) == HEAD:
            return
    # Imported here: Alembic takes longer to import than a command takes to run.
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A percent sign in the path would be read as an interpolation.
    place = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", place)
    with _ALONE, store.database.transaction() as connection:
        if store.database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        if store.database.schema:
            connection.execute(sa.schema.CreateSchema(store.database.schema, if_not_exists=True))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(connection: sa.Connection) -> str | None:
    """Return the revision of the database, None for one without our tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found
