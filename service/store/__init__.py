"""The store: patents, firms, demands, relations and feedback in SQLite or PostgreSQL."""

from service.store.engine import Store, open_store
from service.store.migrate import upgrade
from service.store.upsert import UpsertCounts

__all__ = ["Store", "UpsertCounts", "open_store", "upgrade"]
