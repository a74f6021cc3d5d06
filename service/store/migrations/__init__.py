"""Alembic's environment and revisions, run by ``service.store.migrate``."""
