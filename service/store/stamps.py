"""Stamps: how many rows an aggregate has, and a digest of its content, both in O(1).

The digest is the sum (modulo 2^128) of the hashes of all rows. A sum can be kept up to date by
adding and subtracting, does not depend on the order of imports, and returns to its old value when
the content does: an index built from the same content is then rightly called fresh.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b

import sqlalchemy as sa

from service.store.tables import state

_MODULUS = 1 << 128
_DIGITS = 32


def content_hash(values: Sequence[object], note: str = "") -> str:
    """Return 32 hexadecimal digits for the values of a row, its key among them.

    A ``note`` that is stored beside the content adds digits: a row with another note is written
    again, but it is no other content, neither for the counts nor for the stamp.
    """
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=str)
    digits = _hex(text, 16)
    return f"{digits}:{_hex(note, 4)}" if note else digits


def same_content(one: str, other: str) -> bool:
    """Return whether two hashes speak of the same content, whatever the notes."""
    return one[:_DIGITS] == other[:_DIGITS]


def _hex(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def read_stamp(connection: sa.Connection, aggregate: str) -> tuple[int, int]:
    """Return (rows, digest) of the aggregate."""
    return _parsed(connection.execute(_select(aggregate)).scalar_one())


def stamp_text(connection: sa.Connection, aggregate: str) -> str:
    """Return the aggregate's stamp as text."""
    value: str = connection.execute(_select(aggregate)).scalar_one()
    return value


class Stamp:
    """The stamp of one aggregate inside a write transaction: lock, count, save."""

    def __init__(self, connection: sa.Connection, aggregate: str) -> None:
        # The row lock makes the writers of one aggregate queue up on PostgreSQL, where two
        # imports could otherwise both count from the same old sum. SQLite has one writer anyway.
        locked = connection.execute(_select(aggregate).with_for_update()).scalar_one()
        self._connection = connection
        self._aggregate = aggregate
        self._before = self._rows, self._digest = _parsed(locked)

    def add(self, row_hash: str) -> None:
        """Count a row that came."""
        self._rows += 1
        self._digest = (self._digest + int(row_hash[:_DIGITS], 16)) % _MODULUS

    def remove(self, row_hash: str) -> None:
        """Count a row that went."""
        self._rows -= 1
        self._digest = (self._digest - int(row_hash[:_DIGITS], 16)) % _MODULUS

    def save(self) -> None:
        """Write the stamp if anything was counted."""
        if (self._rows, self._digest) != self._before:
            self._connection.execute(
                sa.update(state)
                .where(state.c.name == self._aggregate)
                .values(value=f"{self._rows}-{self._digest:032x}")
            )


def _select(aggregate: str) -> sa.Select[str]:
    return sa.select(state.c.value).where(state.c.name == aggregate)


def _parsed(value: str) -> tuple[int, int]:
    rows, digest = value.split("-")
    return int(rows), int(digest, 16)
