"""What each record looks like now, as one number: to tell later which are new or changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from service.store.database import Database
from service.store.pages import pages
from service.store.tables import demands, firms, patents

_DIGITS = 16
_MODULUS = 1 << 64


def patent_prints(database: Database) -> dict[str, int]:
    """Return patent → 64 bits of its content; when a status was checked is no content."""
    return _prints(database, patents.c.patent_id, patents.c.content_hash)


def firm_prints(database: Database) -> dict[str, int]:
    """Return firm (USCC) → 64 bits of its content and of the demands it posted."""
    found = _prints(database, firms.c.uscc, firms.c.content_hash)
    query = sa.select(demands.c.demand_id, demands.c.uscc, demands.c.content_hash)
    for _, uscc, told in pages(database, query, (demands.c.demand_id,)):
        if uscc in found:
            found[uscc] = (found[uscc] + int(told[:_DIGITS], 16)) % _MODULUS
    return found


def _prints(database: Database, key: sa.Column[Any], content: sa.Column[Any]) -> dict[str, int]:
    query = sa.select(key, content)
    return {name: int(told[:_DIGITS], 16) for name, told in pages(database, query, (key,))}
