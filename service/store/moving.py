"""A whole home's databases from SQLite to PostgreSQL, or back: every table, every tenant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from matcher.errors import StateError
from service.store.content import Content, content_of, rows_of
from service.store.schema import metadata
from service.store.site import Source, own_schema
from service.store.targets import Target, open_target
from service.store.tenants import OPERATOR

# (stage, rows done, rows in all)
Progress = Callable[[str, int, int], None]

_STEP = 1_000


def copy_home(url: str, home: Path, to: str, told: Progress) -> dict[str, int]:
    """Copy the databases of a home into an empty database and return the rows of each table.

    All of them arrive, compared row by row with what was read, or nothing does. What is read is
    not changed. Tables of a tenant are named ``tenant_PLACE.TABLE``.

    Args:
        url: of the operator's database.
        home: the folder under which SQLite files of tenants stand, or are to stand.
        to: the address of an empty PostgreSQL database, or from PostgreSQL an SQLite file that is
            not there yet.
        told: the progress.

    Raises:
        InputError: an address leads nowhere, or a value cannot be held there.
        StateError: the target is not empty, a schema is not of this release, somebody wrote
            meanwhile, or what arrived is not what was sent.
        StoreUnavailable: one of them does not answer.
    """
    source = Source(url, home)
    try:
        with open_target(to, home, source.database.dialect) as target, target.filling():
            return _copied(source, target, told)
    finally:
        source.close()


def _copied(source: Source, target: Target, told: Progress) -> dict[str, int]:
    with source.operator() as read:
        tenants = source.tenants(read)
        with target.operator() as written:
            copied = _copy_tables(read, target, written, partial(told, OPERATOR))
        for tenant in tenants:
            with source.own(tenant) as own:
                if own is None:
                    continue
                with target.own(tenant) as written:
                    found = _copy_tables(own, target, written, partial(told, tenant.name))
            copied |= {f"{own_schema(tenant)}.{table}": rows for table, rows in found.items()}
    return copied


def _copy_tables(
    read: sa.Connection, target: Target, written: sa.Connection, told: Callable[[int, int], None]
) -> dict[str, int]:
    """Copy every table, those that are referred to before those that refer; compare them."""
    count = sa.func.count()
    counts = {
        table.name: int(read.execute(sa.select(count).select_from(table)).scalar_one())
        for table in metadata.tables.values()
    }
    total, copied = sum(counts.values()), dict[str, int]()
    for table in metadata.sorted_tables:
        step = partial(_step, told, sum(copied.values()), total)
        sent = Content()
        with closing(rows_of(read, table)) as rows:
            target.insert(written, table, sent.passing(step(rows)))
        _compare(table, sent, content_of(written, table))
        copied[table.name] = sent.rows
    told(total, total)
    return copied


def _step(
    told: Callable[[int, int], None], before: int, total: int, rows: Iterable[Sequence[Any]]
) -> Iterator[Sequence[Any]]:
    for passed, row in enumerate(rows):
        if passed % _STEP == 0:
            told(before + passed, total)
        yield row


def _compare(table: sa.Table, sent: Content, arrived: Content) -> None:
    if sent != arrived:
        raise StateError(
            f"found {arrived.rows} rows of {table.name} with digest {arrived.digest:032x}",
            f"{sent.rows} with {sent.digest:032x}, as they were read",
            "report it: values of a kind that the other database keeps otherwise; nothing is left",
        )
