"""Rows that speak of somebody, found by the data map: whatever table is new is looked at too."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from service.privacy.data_map import columns_of
from service.privacy.subject import Subject
from service.store.push_tables import push_messages
from service.store.schema import metadata
from service.store.tables import recommendation_lists
from service.store.upsert import chunks

HIDDEN = "•••"


@dataclass
class Found:
    """Rows of one table.

    Attributes:
        whole: rows that go with the subject.
        mentions: rows of which a text names the subject.
    """

    whole: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)


def rows_of(connection: sa.Connection, subject: Subject) -> dict[str, Found]:
    """Return what one database holds of a subject, by table; contacts are looked at elsewhere."""
    ids = _ids(connection, subject)
    found = {}
    for table in metadata.sorted_tables:
        here = Found(
            list(_whole(connection, table, subject, ids)),
            list(_mentions(connection, table, subject)),
        )
        keys = {_key(table, row) for row in here.whole}
        here.mentions = [row for row in here.mentions if _key(table, row) not in keys]
        if here.whole or here.mentions:
            found[table.name] = here
    return found


def _ids(connection: sa.Connection, subject: Subject) -> Mapping[str, list[str]]:
    """Return the lists and the messages that were made for a firm."""
    if not subject.uscc:
        return {}
    lists = sa.select(recommendation_lists.c.list_id)
    lists = lists.where(recommendation_lists.c.subject == subject.uscc)
    messages = sa.select(push_messages.c.message_id).where(push_messages.c.uscc == subject.uscc)
    return {
        "list_id": list(connection.execute(lists).scalars()),
        "message_id": list(connection.execute(messages).scalars()),
    }


def _whole(
    connection: sa.Connection, table: sa.Table, subject: Subject, ids: Mapping[str, list[str]]
) -> Iterator[dict[str, Any]]:
    seen = set()
    for condition in (
        *_of_firm(table, subject),
        *_of_ours(table, ids),
    ):
        for row in connection.execute(sa.select(table).where(condition)).mappings():
            if (key := _key(table, row)) not in seen:
                seen.add(key)
                yield dict(row)
    packed = columns_of(table.name, "packed")
    if packed:
        for row in connection.execute(sa.select(table)).mappings():
            texts = [_unpacked(row[name]) for name in packed]
            named = any(word in text for word in subject.words for text in texts)
            if named and _key(table, row) not in seen:
                yield dict(row)


def _of_firm(table: sa.Table, subject: Subject) -> Iterator[sa.ColumnElement[bool]]:
    if subject.uscc:
        for name in columns_of(table.name, "firm"):
            yield table.c[name] == subject.uscc


def _of_ours(table: sa.Table, ids: Mapping[str, list[str]]) -> Iterator[sa.ColumnElement[bool]]:
    for name in columns_of(table.name, "ours"):
        for chunk in chunks(ids.get(name, ()), 500):
            yield table.c[name].in_(chunk)


def _mentions(
    connection: sa.Connection, table: sa.Table, subject: Subject
) -> Iterator[dict[str, Any]]:
    names = columns_of(table.name, "text")
    if not names:
        return
    named = sa.or_(
        *(table.c[name].contains(word, autoescape=True) for name in names for word in subject.words)
    )
    for row in connection.execute(sa.select(table).where(named)).mappings():
        yield dict(row)


def _unpacked(value: object) -> str:
    if isinstance(value, bytes):
        with suppress(zlib.error):
            value = zlib.decompress(value)
        return bytes(value).decode("utf-8", "replace")
    return str(value or "")


def masked(row: Mapping[str, Any], table: str, subject: Subject) -> dict[str, Any]:
    """Return the row with the subject's words taken out of its texts."""
    told = dict(row)
    for name in columns_of(table, "text"):
        if isinstance(told[name], str):
            for word in subject.words:
                told[name] = told[name].replace(word, HIDDEN)
    return told


def keyed(table: sa.Table, row: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """Return the condition that finds the row by its primary key."""
    return sa.and_(*(column == row[column.name] for column in table.primary_key))


def _key(table: sa.Table, row: Mapping[str, Any] | sa.RowMapping) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def told(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them."""
    return [
        {
            name: _unpacked(value) if isinstance(value, bytes) else value
            for name, value in row.items()
        }
        for row in rows
    ]
