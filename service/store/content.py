"""What stands in a table, told as a count and a digest that do not depend on order or database."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

_MODULUS = 1 << 128
_PAGE = 2_000


@dataclass(slots=True)
class Content:
    """Rows counted and added up as they pass.

    Attributes:
        rows: how many.
        digest: the sum, modulo 2^128, of a hash of each.
    """

    rows: int = 0
    digest: int = 0

    def passing(self, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
        """Yield the rows and count them in."""
        for row in rows:
            self.rows += 1
            self.digest = (self.digest + _row_hash(row)) % _MODULUS
            yield row


def content_of(connection: sa.Connection, table: sa.Table) -> Content:
    """Return the content of a table, read in pages."""
    found = Content()
    with closing(rows_of(connection, table)) as rows:
        for _ in found.passing(rows):
            pass
    return found


def rows_of(connection: sa.Connection, table: sa.Table) -> Generator[Sequence[Any], None, None]:
    """Yield every row of a table, a value for every column in its order, in no order of rows.

    Few rows are in memory at a time; on PostgreSQL the server holds the cursor, so that who does
    not read on to the end is to close what is returned.
    """
    read = connection.execute(
        sa.select(table), execution_options={"yield_per": _PAGE, "stream_results": True}
    )
    with read:
        for page in read.partitions():
            yield from map(tuple, page)


def _row_hash(row: Sequence[Any]) -> int:
    # repr tells None from "None", 1 from True and "1", and float64 from its neighbours.
    text = repr(tuple(row)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=16).digest(), "big")
