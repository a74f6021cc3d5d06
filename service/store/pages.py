"""Read a whole table in the order of its key, page by page.

Each page is a read of its own: a reader that never rests would keep SQLite's log from shrinking
and would hold a connection for as long as its consumer likes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from service.store.database import Database

_PAGE = 5_000


def pages(
    database: Database, query: sa.Select[Any], key: tuple[sa.Column[Any], ...]
) -> Iterator[Sequence[Any]]:
    """Yield the rows of the query in the order of the key.

    The key's columns are the first columns of the query.
    """
    columns = sa.tuple_(*key) if len(key) > 1 else key[0]
    last: tuple[Any, ...] | None = None
    while True:
        page = query.order_by(*key).limit(_PAGE)
        if last is not None:
            page = page.where(columns > (sa.tuple_(*last) if len(key) > 1 else last[0]))
        with database.reading() as connection:
            rows = connection.execute(page).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = tuple(rows[-1][: len(key)])


def list_text(values: tuple[str, ...]) -> str:
    """Return the values as JSON text."""
    return json.dumps(values, ensure_ascii=False) if values else "[]"


def list_values(text: str) -> tuple[str, ...]:
    """Return the values written by ``list_text``."""
    return () if text == "[]" else tuple(json.loads(text))
