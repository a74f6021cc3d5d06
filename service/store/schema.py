"""How every table of the store is declared.

Ids are compared byte by byte: SQLite does so by itself, PostgreSQL by COLLATE "C"; otherwise the
order of ids, and with it the rows of an index, would depend on the server's locale.
Lists are JSON text, moments are ISO 8601 in UTC: both sort and compare alike on both databases.
"""

from __future__ import annotations

import sqlalchemy as sa

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = sa.MetaData(naming_convention=CONVENTION)

Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# SQLite counts up by itself only in a column declared INTEGER.
Counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str) -> sa.Column[str]:
    """Return a column of text, empty by default."""
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def text_list(name: str) -> sa.Column[str]:
    """Return a column of a list as JSON text."""
    return sa.Column(name, sa.Text, nullable=False, server_default="[]")


def key(name: str) -> sa.Column[str]:
    """Return a column of ids that is no primary key."""
    return sa.Column(name, Key, nullable=False, server_default="")
