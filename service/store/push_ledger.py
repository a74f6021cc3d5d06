"""The ledger of the push: every message, who holds it, and a receipt of every attempt.

The law of states is that of import jobs: every change names the state it expects and the claim
that holds the message, in the WHERE of its UPDATE. A worker that comes back late changes nothing.
Moments are ISO 8601 in UTC with microseconds: they compare as text.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from matcher.errors import RoundNotFound
from matcher.pushed import (
    ChannelStanding,
    MessageId,
    PushCounts,
    PushMessage,
    Receipt,
    RoundId,
    Settlement,
)
from matcher.types import Uscc
from service.store.bulk import add_bulk
from service.store.database import Database
from service.store.push_channels import forget, mark, standing
from service.store.push_tables import (
    push_items,
    push_messages,
    push_receipts,
    push_rounds,
)
from service.store.upsert import CHUNK

# Any fixed UUID will do; it must never change, or messages would be sent again under new ids.
_NAMESPACE = uuid.UUID("5b1c2f0e-6f0a-4f7e-9a53-8d1f0b6c7e42")
_LONGEST_ERROR = 300
_M = push_messages.c


def message_id(round_id: RoundId, channel: str, uscc: Uscc) -> MessageId:
    """Return the id of a firm's message: the same for ever, on every machine.

    >>> message_id(RoundId("r1"), "portal", Uscc("91110000600037341L"))
    '12774401-7959-5483-8220-ce2679e85cd5'
    """
    return MessageId(str(uuid.uuid5(_NAMESPACE, f"{round_id}\n{channel}\n{uscc}")))


class PushMessages:
    """The messages of a database; implements ``matcher.ports.PushLedger``."""

    def __init__(
        self, database: Database, new_claim: Callable[[], str] = lambda: uuid.uuid4().hex
    ) -> None:
        self._database = database
        self._new_claim = new_claim

    def prepare(self, round_id: RoundId, channel: str, at: datetime) -> int:
        """Make the messages that the push_round still lacks, a page a transaction.

        Raises:
            RoundNotFound: no round of this id is published.
        """
        made = 0
        while page := self._lacking(round_id, channel):
            rows = [
                {
                    "message_id": message_id(round_id, channel, uscc),
                    "round_id": round_id,
                    "uscc": uscc,
                    "channel": channel,
                    "state": MessageState.PENDING.value,
                    "next_attempt_at": _text(at),
                }
                for uscc in page
            ]
            with self._database.transaction() as connection:
                add_bulk(connection, push_messages, rows)
            made += len(page)
        return made

    def claim(
        self, round_id: RoundId, channel: str, most: int, *, at: datetime, until: datetime
    ) -> tuple[PushMessage, ...]:
        """Take due messages, the longest due first, each with its own claim; count the attempt."""
        query = sa.select(_M.message_id, _M.uscc, _M.attempts, _M.verdicts).where(
            *_standing(round_id, channel, MessageState.PENDING), _M.next_attempt_at <= _text(at)
        )
        query = query.order_by(_M.next_attempt_at).limit(most)
        taken = _held(MessageState.PENDING, "").values(
            state=MessageState.LEASED.value,
            claim_token=sa.bindparam("new_claim"),
            attempts=_M.attempts + 1,
            tries=_M.tries + 1,
            lease_until=_text(until),
        )
        with self._database.transaction() as connection:
            # Two senders take different messages; on SQLite writers wait for each other anyway.
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
            found = tuple(
                PushMessage(key, round_id, uscc, channel, tried + 1, verdicts, self._new_claim())
                for key, uscc, tried, verdicts in rows
            )
            if found:
                marks = [{"key": one.message_id, "new_claim": one.claim} for one in found]
                connection.execute(taken, marks)
        return found

    def settle(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """Keep receipts and states in one transaction; a claim held no longer keeps nothing."""
        with self._database.transaction() as connection:
            return tuple(_settle(connection, one) for one in settlements)

    def rescue(self, round_id: RoundId, channel: str, at: datetime, most_deaths: int) -> int:
        """Give up leases that have run out: parked at ``most_deaths``, due now below it."""
        out = (*_standing(round_id, channel, MessageState.LEASED), _M.lease_until <= _text(at))
        # One that is just being settled is left alone: skipped where rows are locked one by one.
        page = sa.select(_M.message_id).where(*out).limit(CHUNK)
        rescued = 0
        while True:
            with self._database.reading() as connection:  # most of the time there is none
                if connection.execute(page).first() is None:
                    return rescued
            with self._database.transaction() as connection:
                ids = connection.execute(page.with_for_update(skip_locked=True)).scalars().all()
                _give_up(connection, _M.message_id.in_(ids), at, most_deaths)
            if not ids:
                return rescued
            rescued += len(ids)

    def due(self, round_id: RoundId, channel: str) -> datetime | None:
        """Return when the next message is due or a lease runs out, ``None`` when none waits."""
        pending = sa.select(sa.func.min(_M.next_attempt_at)).where(
            *_standing(round_id, channel, MessageState.PENDING)
        )
        leased = sa.select(sa.func.min(_M.lease_until)).where(
            *_standing(round_id, channel, MessageState.LEASED)
        )
        with self._database.reading() as connection:
            found = [connection.execute(query).scalar() for query in (pending, leased)]
        return min((datetime.fromisoformat(at) for at in found if at), default=None)

    def counts(self, round_id: RoundId, channel: str) -> PushCounts:
        """Return how the messages stand."""
        query = sa.select(_M.state, sa.func.count(), sa.func.sum(_M.attempts)).where(
            _M.round_id == round_id, _M.channel == channel
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(_M.state)).all()
        by_state = {state: count for state, count, _ in rows}
        working = by_state.get(MessageState.LEASED, 0)
        return PushCounts(
            messages=sum(by_state.values()),
            delivered=by_state.get(MessageState.DELIVERED, 0),
            empty=by_state.get(MessageState.EMPTY, 0),
            waiting=by_state.get(MessageState.PENDING, 0) + working,
            parked=by_state.get(MessageState.PARKED, 0),
            failed=by_state.get(MessageState.FAILED, 0),
            attempts=sum(int(attempts) for _, _, attempts in rows),
        )

    def receipts(self, key: MessageId) -> tuple[Receipt, ...]:
        """Return the receipts of a message, oldest attempt first."""
        table = push_receipts
        query = sa.select(table).where(table.c.message_id == key).order_by(table.c.attempt)
        with self._database.reading() as connection:
            return tuple(map(_receipt, connection.execute(query)))

    def close_channel(self, channel: str, address: str, at: datetime, why: str) -> None:
        """Remember that the receiver at this address wants nothing more."""
        mark(self._database, channel, address, closed_at=_text(at), closed_why=why)

    def hold_channel(self, channel: str, address: str, until: datetime) -> None:
        """Remember that the receiver at this address is to be left alone until then."""
        mark(self._database, channel, address, held_until=_text(until))

    def standing(self, channel: str, address: str) -> ChannelStanding:
        """Return what the receiver at this address asked for; another address starts anew."""
        return standing(self._database, channel, address)

    def reopen(self, round_id: RoundId, channel: str, at: datetime) -> int:
        """Open the channel; make its parked and failed messages due, as if they were new."""
        ended = [MessageState.PARKED.value, MessageState.FAILED.value]
        again = sa.update(push_messages).where(
            _M.round_id == round_id, _M.channel == channel, _M.state.in_(ended)
        )
        pending, due = MessageState.PENDING.value, _text(at)
        with self._database.transaction() as connection:
            forget(connection, channel)
            changed = again.values(state=pending, tries=0, verdicts=0, next_attempt_at=due)
            return connection.execute(changed).rowcount

    def _lacking(self, round_id: RoundId, channel: str) -> list[Uscc]:
        """Return the firms of the next page: messages are made in the order of USCC."""
        last = sa.select(sa.func.max(_M.uscc)).where(_M.round_id == round_id, _M.channel == channel)
        known = sa.select(push_rounds.c.round_id).where(
            push_rounds.c.round_id == round_id, push_rounds.c.state == "published"
        )
        item = push_items.c
        page = sa.select(item.uscc).where(item.round_id == round_id).distinct()
        with self._database.reading() as connection:
            if connection.execute(known).first() is None:
                raise RoundNotFound(round_id)
            after = connection.execute(last).scalar() or ""
            page = page.where(item.uscc > after).order_by(item.uscc).limit(CHUNK)
            return [Uscc(uscc) for uscc in connection.execute(page).scalars()]


def _standing(
    round_id: RoundId, channel: str, state: MessageState
) -> tuple[sa.ColumnElement[bool], ...]:
    return (_M.round_id == round_id, _M.channel == channel, _M.state == state.value)


def _held(state: MessageState, claim: str | sa.BindParameter[str]) -> sa.Update:
    """Return the UPDATE of the message bound to "key" in this state and under this claim."""
    return sa.update(push_messages).where(
        _M.message_id == sa.bindparam("key"), _M.state == state.value, _M.claim_token == claim
    )


def _settle(connection: sa.Connection, one: Settlement) -> bool:
    message, receipt = one.message, one.receipt
    bad = receipt.outcome not in {DeliveryOutcome.DELIVERED, DeliveryOutcome.EMPTY}
    values: dict[str, Any] = {
        "state": one.state.value,
        "claim_token": "",
        "lease_until": "",
        "verdicts": _M.verdicts + 1,
        "next_attempt_at": _text(one.due),
        "last_error": receipt.detail[:_LONGEST_ERROR] if bad else "",
    }
    if message.body:
        values["payload_digest"] = sha256(message.body).hexdigest()
    mine = _held(MessageState.LEASED, message.claim).values(**values)
    if connection.execute(mine, {"key": message.message_id}).rowcount != 1:
        return False
    row = {
        "message_id": message.message_id,
        "attempt": message.attempt,
        "at": _text(receipt.at),
        "outcome": receipt.outcome.value,
        "status": receipt.status,
        "detail": receipt.detail[:_LONGEST_ERROR],
    }
    connection.execute(sa.insert(push_receipts), row)
    return True


def _give_up(
    connection: sa.Connection, these: sa.ColumnElement[bool], at: datetime, most_deaths: int
) -> None:
    leased = (these, _M.state == MessageState.LEASED.value)
    died = sa.select(
        _M.message_id,
        _M.attempts,
        sa.literal(_text(at)),
        sa.literal(DeliveryOutcome.DIED.value),
        sa.literal(0),
        sa.literal("no answer before the lease ran out"),
    )
    columns = ["message_id", "attempt", "at", "outcome", "status", "detail"]
    connection.execute(sa.insert(push_receipts).from_select(columns, died.where(*leased)))
    given_up = sa.update(push_messages).where(*leased).values(claim_token="", lease_until="")
    parked = given_up.where(_M.tries - _M.verdicts >= most_deaths).values(
        state=MessageState.PARKED.value,
        last_error=f"{most_deaths} attempts died without an answer",
    )
    connection.execute(parked)
    due = {"state": MessageState.PENDING.value, "next_attempt_at": _text(at)}
    connection.execute(given_up.values(**due))


def _receipt(row: Any) -> Receipt:
    key, attempt, at, outcome, status, detail = row
    moment = datetime.fromisoformat(at)
    return Receipt(MessageId(key), attempt, moment, DeliveryOutcome(outcome), status, detail)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
