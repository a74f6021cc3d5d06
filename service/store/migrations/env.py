"""Alembic's entry point; the connection comes from ``service.store.migrate.upgrade``.

A later revision that needs SQLite's batch mode must not run under foreign keys: dropping the old
table deletes its rows, and cascades would follow. None does so far.
"""

from __future__ import annotations

from alembic import context

from service.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
