"""Rounds of the push: published whole, read whole.

The items of a round stream in while it is a draft, in many transactions: one of them all would
keep SQLite's writers waiting for as long as it takes. The last one, which turns draft into
published, is small, and readers ask for published rounds alone.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa

from matcher.errors import InputError, RoundNotFound, StateError, StoreUnavailable
from matcher.pushed import ItemBatch, PushItem, PushRound, RoundId
from matcher.types import PatentId, SegmentCode, Uscc
from service.audit.act import noted
from service.store.bulk import Row, insert_bulk
from service.store.database import Database
from service.store.facts import round_published
from service.store.push_tables import push_items, push_rounds
from service.store.upsert import CHUNK, chunks

# Items of one transaction: other writers wait for a second or two. With fewer, SQLite writes the
# pages of the index on patents again and again.
_ROWS = 100_000
_DRAFT, _PUBLISHED = "draft", "published"
# A draft that nobody has written to for so long is the leftover of a killed publish.
_ABANDONED = timedelta(hours=1)
_ROUND_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class PushRounds:
    """The push_rounds of a database; implements ``matcher.ports.PushRoundReader``.

    Args:
        database: where they are.
        clock: the moment, with zone.
        rows: items stored in one transaction.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        rows: int = _ROWS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rows = rows

    def publish(self, made: PushRound, batches: Iterable[ItemBatch]) -> PushRound:
        """Store the push_round with its items and return it with their counts.

        Nobody sees any of it before all of it is there. What a killed publish left of this round
        is removed first, as is what it left of others an hour ago. Fastest where firms come in
        the order of USCC.

        Raises:
            InputError: the id is none, a batch is malformed, or a firm has a rank twice.
            StateError: the round is published already, or another process publishes it.
        """
        if not _ROUND_ID.fullmatch(made.round_id):
            raise InputError(
                f"found push_round id {made.round_id!r}",
                "1 to 64 letters, digits, '.', '_' or '-', the first a letter or digit",
            )
        claim = uuid.uuid4().hex
        noted(made.round_id)
        self._begin(made, claim)
        try:
            for rows in chunks(_rows(made.round_id, batches), self._rows):
                with self._database.transaction() as connection:
                    self._hold(connection, made.round_id, claim)
                    insert_bulk(connection, push_items, rows)
            return self._end(made, claim)
        except Exception:
            with suppress(StoreUnavailable):  # the next publish will do it
                self._remove(made.round_id, claim)
            raise

    def round(self, round_id: RoundId) -> PushRound:
        """Return the push_round; raise ``RoundNotFound`` where none of this id is published."""
        found = self._read(push_rounds.c.round_id == round_id)
        if not found:
            raise RoundNotFound(round_id)
        return found[0]

    def rounds(self) -> tuple[PushRound, ...]:
        """Return the published rounds, newest first."""
        return self._read(sa.true())

    def latest(self) -> PushRound | None:
        """Return the newest published round, ``None`` where there is none."""
        found = self._read(sa.true(), most=1)
        return found[0] if found else None

    def items_of_firm(self, round_id: RoundId, uscc: Uscc) -> tuple[PushItem, ...]:
        """Return the items of one firm by rank, none for a firm outside the round.

        Raises:
            RoundNotFound: no round of this id is published.
        """
        return self.items_of_firms(round_id, [uscc]).get(uscc, ())

    def items_of_firms(
        self, round_id: RoundId, usccs: Sequence[Uscc]
    ) -> dict[Uscc, tuple[PushItem, ...]]:
        """Return the items of many firms by rank; firms without any are left out.

        Raises:
            RoundNotFound: no round of this id is published.
        """
        self.round(round_id)
        found: dict[Uscc, list[PushItem]] = {}
        for chunk in chunks(usccs, CHUNK):
            query = _items(round_id).where(push_items.c.uscc.in_(chunk))
            with self._database.reading() as connection:
                for row in connection.execute(query):
                    found.setdefault(row.uscc, []).append(_item(row))
        return {uscc: tuple(items) for uscc, items in found.items()}

    def firms_of_patent(self, round_id: RoundId, patent_id: PatentId) -> tuple[PushItem, ...]:
        """Return the items of one patent, in the order of USCC.

        Raises:
            RoundNotFound: no round of this id is published.
        """
        self.round(round_id)
        item = push_items.c
        # In two steps: without statistics SQLite would rather read the whole round by its key.
        places = sa.select(item.uscc, item.rank).where(
            item.round_id == round_id, item.patent_id == patent_id
        )
        query = _items(round_id).where(sa.tuple_(item.uscc, item.rank).in_(places))
        with self._database.reading() as connection:
            return tuple(map(_item, connection.execute(query)))

    def _read(
        self, condition: sa.ColumnElement[bool], most: int | None = None
    ) -> tuple[PushRound, ...]:
        newest = (push_rounds.c.made_at.desc(), push_rounds.c.round_id.desc())
        query = sa.select(push_rounds).where(push_rounds.c.state == _PUBLISHED, condition)
        with self._database.reading() as connection:
            return tuple(map(_round, connection.execute(query.order_by(*newest).limit(most))))

    def _begin(self, made: PushRound, claim: str) -> None:
        now = self._clock()
        old = (now - _ABANDONED).isoformat(timespec="microseconds")
        table = push_rounds
        left = (table.c.round_id == made.round_id) | (table.c.touched_at < old)
        with self._database.transaction() as connection:
            query = sa.select(table.c.round_id, table.c.state).where(left)
            states = {row.round_id: row.state for row in connection.execute(query)}
            if states.get(made.round_id) == _PUBLISHED:
                raise StateError(
                    f"found push_round {made.round_id!r} published already", "a new id"
                )
            drafts = [name for name, state in states.items() if state == _DRAFT]
            # From here on whoever wrote them before holds them no longer.
            connection.execute(
                sa.update(table).where(table.c.round_id.in_(drafts)).values(claim=claim)
            )
        for round_id in drafts:
            self._remove(round_id, claim)
        row = {
            "round_id": made.round_id,
            "made_at": _moment(made.made_at),
            "state": _DRAFT,
            "claim": claim,
            "touched_at": now.isoformat(timespec="microseconds"),
            "campaign": made.campaign,
            "versions": _json(made.versions, "versions"),
            "certificate": _json(made.certificate, "certificate"),
        }
        with self._database.transaction() as connection:
            connection.execute(sa.insert(table), row)

    def _hold(self, connection: sa.Connection, round_id: str, claim: str, **values: Any) -> None:
        """Change the draft under its claim; whoever lost it writes nothing more."""
        touched = {"touched_at": self._clock().isoformat(timespec="microseconds"), **values}
        table = push_rounds
        mine = sa.update(table).where(
            table.c.round_id == round_id, table.c.state == _DRAFT, table.c.claim == claim
        )
        if connection.execute(mine.values(**touched)).rowcount != 1:
            raise StateError(
                f"found push_round {round_id!r} in the hands of another process",
                "one process that publishes a round",
                "wait for it, or publish under another id",
            )

    def _end(self, made: PushRound, claim: str) -> PushRound:
        count, item = sa.func.count, push_items.c
        query = sa.select(count(), count(item.uscc.distinct()), count(item.patent_id.distinct()))
        with self._database.reading() as connection:
            total = connection.execute(query.where(item.round_id == made.round_id)).one()
        items, firms, patents = total
        with self._database.transaction() as connection:
            counted = {"items": items, "firms": firms, "patents": patents}
            self._hold(connection, made.round_id, claim, state=_PUBLISHED, **counted)
            round_published(connection, made, counted)
        return self.round(made.round_id)

    def _remove(self, round_id: str, claim: str) -> None:
        """Delete a draft, firm by firm in small transactions, if it is held under the claim."""
        item = push_items.c
        some = sa.select(item.uscc).where(item.round_id == round_id).distinct().limit(CHUNK)
        batch = sa.delete(push_items).where(item.round_id == round_id, item.uscc.in_(some))
        table = push_rounds
        held = sa.and_(
            table.c.round_id == round_id, table.c.claim == claim, table.c.state == _DRAFT
        )
        removed = 1
        while removed:
            with self._database.transaction() as connection:
                # FOR UPDATE: on PostgreSQL the draft must not be published in between.
                mine = sa.select(table.c.round_id).where(held).with_for_update()
                if connection.execute(mine).first() is None:
                    return
                removed = connection.execute(batch).rowcount
        with self._database.transaction() as connection:
            connection.execute(sa.delete(table).where(held))


def _rows(round_id: str, batches: Iterable[ItemBatch]) -> Iterator[Row]:
    for batch in batches:
        columns = _columns(batch)
        for row in zip(*columns, strict=True):
            yield (round_id, *row)


def _columns(batch: ItemBatch) -> tuple[Sequence[Any], ...]:
    """Return the columns in the order of the table, as plain values; raise ``InputError``."""
    numbers = [
        np.asarray(column, dtype=np.float64)
        for column in (batch.score, batch.worth, batch.propensity)
    ]
    ranks = np.asarray(batch.rank, dtype=np.int64)
    size = len(batch.uscc)
    if {len(ranks), len(batch.patent_id), len(batch.segment), *map(len, numbers)} != {size}:
        raise InputError("found columns of unequal length in a batch of items", "equal lengths")
    if not all(np.isfinite(column).all() for column in numbers) or (ranks < 1).any():
        raise InputError("found a rank below 1, or a number that is not finite", "finite numbers")
    if ((numbers[2] <= 0) | (numbers[2] > 1)).any():
        raise InputError("found a propensity that is no probability", "above 0 and at most 1")
    score, worth, propensity = (column.tolist() for column in numbers)
    return (
        batch.uscc, ranks.tolist(), batch.patent_id, score, worth, propensity, batch.segment
    )  # fmt: skip


def _items(round_id: RoundId) -> sa.Select[Any]:
    table = push_items
    query = sa.select(*[column for column in table.c if column.name != "round_id"])
    return query.where(table.c.round_id == round_id).order_by(table.c.uscc, table.c.rank)


def _item(row: Any) -> PushItem:
    uscc, rank, patent_id, score, worth, propensity, segment = row
    code = SegmentCode(segment) if segment else None
    return PushItem(Uscc(uscc), rank, PatentId(patent_id), score, worth, propensity, code)


def _round(row: sa.Row[Any]) -> PushRound:
    return PushRound(
        RoundId(row.round_id),
        datetime.fromisoformat(row.made_at),
        row.campaign,
        json.loads(row.versions),
        json.loads(row.certificate),
        row.firms,
        row.patents,
        row.items,
    )


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise InputError(f"found the moment {at.isoformat()} without a zone", "one in UTC")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _json(value: Any, name: str) -> str:
    try:
        return json.dumps(dict(value), ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InputError(f"found {name} with a number that is not finite", "finite ones") from error
