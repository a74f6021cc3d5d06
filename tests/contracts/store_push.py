"""The laws of the push in the store: rounds are seen whole, messages have one holder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from matcher.errors import InputError, RoundNotFound, StateError
from matcher.ports import PushLedger, PushRoundReader
from matcher.pushed import (
    ChannelStanding,
    ItemBatch,
    PushCounts,
    PushItem,
    PushMessage,
    PushRound,
    Receipt,
    RoundId,
    Settlement,
)
from matcher.types import PatentId, SegmentCode, Uscc
from service.store.engine import Store
from service.store.push_ledger import message_id
from service.store.push_rounds import PushRounds
from service.store.push_tables import push_items, push_messages, push_rounds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
R1 = RoundId("r1")
MADE = PushRound(R1, NOON, '[[who]]\nregion = "浙江"', {"index": "v1"}, {"gap": 0.001})
LEASE = timedelta(seconds=30)


def batch(firms: range, per_firm: int = 3) -> ItemBatch:
    """Return items: firm n gets patents n, n + 1 …"""
    size = len(firms) * per_firm
    return ItemBatch(
        uscc=[f"f{firm:07}" for firm in firms for _ in range(per_firm)],
        rank=np.tile(np.arange(1, per_firm + 1, dtype=np.int32), len(firms)),
        patent_id=[f"p{firm + at:07}" for firm in firms for at in range(per_firm)],
        score=np.linspace(1, 9, size, dtype=np.float32),
        worth=np.linspace(0, 1, size),
        propensity=np.full(size, 0.25),
        segment=["1.1", "", "T01"][:per_firm] * len(firms),
    )


def published(store: Store, firms: int = 3, round_id: RoundId = R1) -> PushRound:
    """Publish a small round."""
    return store.push_rounds.publish(replace(MADE, round_id=round_id), [batch(range(firms))])


def drafts(store: Store) -> tuple[int, int]:
    """Return how many rows of rounds and items there are, drafts included."""
    with store.database.reading() as connection:
        found = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (push_rounds, push_items)
        ]
    return (found[0], found[1])


class PushRoundLaws:
    """``PushRounds``."""

    def test_a_round_comes_back_whole(self, store: Store) -> None:
        reader: PushRoundReader = store.push_rounds
        done = store.push_rounds.publish(MADE, [batch(range(2)), batch(range(2, 5))])
        assert done == replace(MADE, firms=5, patents=7, items=15)
        assert reader.round(R1) == done
        first, second, third = store.push_rounds.items_of_firm(R1, Uscc("f0000001"))
        assert [first.patent_id, second.patent_id] == ["p0000001", "p0000002"]
        assert [first.rank, second.rank, third.rank] == [1, 2, 3]
        assert [first.segment, second.segment, third.segment] == ["1.1", None, "T01"]
        assert first.score == float(np.linspace(1, 9, 6, dtype=np.float32)[3])
        code, worth = SegmentCode("1.1"), float(np.linspace(0, 1, 6)[3])
        assert first == PushItem(
            Uscc("f0000001"), 1, PatentId("p0000001"), first.score, worth, 0.25, code
        )
        firms = store.push_rounds.firms_of_patent(R1, PatentId("p0000002"))
        assert [(item.uscc, item.rank) for item in firms] == [
            ("f0000000", 3),
            ("f0000001", 2),
            ("f0000002", 1),
        ]

    def test_many_firms_are_read_at_once(self, store: Store) -> None:
        published(store, 1_203)
        usccs = [Uscc(f"f{number:07}") for number in range(1_300)]
        found = store.push_rounds.items_of_firms(R1, usccs)
        assert list(found) == usccs[:1_203]
        assert found[usccs[7]] == store.push_rounds.items_of_firm(R1, usccs[7])
        assert store.push_rounds.items_of_firm(R1, usccs[1_299]) == ()

    def test_rounds_come_newest_first(self, store: Store) -> None:
        assert store.push_rounds.latest() is None
        for day, name in ((2, "b"), (3, "a"), (1, "c")):
            made = PushRound(RoundId(name), NOON + timedelta(days=day))
            store.push_rounds.publish(made, [])
        assert [one.round_id for one in store.push_rounds.rounds()] == ["a", "b", "c"]
        latest = store.push_rounds.latest()
        assert latest is not None
        assert latest.round_id == "a"

    def test_an_unknown_round_is_an_error_with_its_id(self, store: Store) -> None:
        for ask in (
            lambda: store.push_rounds.round(RoundId("no")),
            lambda: store.push_rounds.items_of_firm(RoundId("no"), Uscc("f")),
            lambda: store.push_rounds.firms_of_patent(RoundId("no"), PatentId("p")),
            lambda: store.push_messages.prepare(RoundId("no"), "c", NOON),
        ):
            with pytest.raises(RoundNotFound, match="'no'"):
                ask()

    def test_nobody_sees_a_round_before_its_end(self, store: Store) -> None:
        seen: list[int] = []

        def watched() -> Iterator[ItemBatch]:
            for start in range(0, 30_000, 10_000):
                yield batch(range(start, start + 10_000))
                seen.append(drafts(store)[1])
                assert store.push_rounds.rounds() == ()
                with pytest.raises(RoundNotFound):
                    store.push_rounds.items_of_firm(R1, Uscc("f0000000"))

        PushRounds(store.database, rows=20_000).publish(MADE, watched())
        assert max(seen) >= 60_000  # much of it was stored while nobody saw it
        assert len(store.push_rounds.items_of_firm(R1, Uscc("f0029999"))) == 3

    def test_what_breaks_in_the_middle_leaves_nothing(self, store: Store) -> None:
        def broken() -> Iterator[ItemBatch]:
            yield batch(range(10_000))
            raise OSError("disk")

        with pytest.raises(OSError, match="disk"):
            PushRounds(store.database, rows=20_000).publish(MADE, broken())
        assert drafts(store) == (0, 0)

    @pytest.mark.parametrize("wrong", ["", "a/b", "..", ".x", "r" * 65, "批次", "a b"])
    def test_ids_that_cannot_name_a_folder_are_refused(self, store: Store, wrong: str) -> None:
        with pytest.raises(InputError, match="push_round id"):
            store.push_rounds.publish(replace(MADE, round_id=RoundId(wrong)), [])

    def test_wrong_items_are_refused(self, store: Store) -> None:
        good = batch(range(1))
        for bad in (
            replace(good, rank=[1, 1, 2]),
            replace(good, rank=[0, 1, 2]),
            replace(good, rank=[1, 2]),
            replace(good, score=[1.0, float("nan"), 0.0]),
            replace(good, propensity=[0.5, 0.0, 0.5]),
        ):
            with pytest.raises(InputError):
                store.push_rounds.publish(MADE, [bad])
            assert drafts(store) == (0, 0)
        endless = replace(MADE, certificate={"gap": float("inf")})
        with pytest.raises(InputError, match="certificate"):
            store.push_rounds.publish(endless, [good])

    def test_a_published_round_stays_as_it_is(self, store: Store) -> None:
        done = published(store)
        with pytest.raises(StateError, match="published already"):
            store.push_rounds.publish(MADE, [batch(range(9))])
        assert store.push_rounds.round(R1) == done

    def test_the_draft_of_a_killed_publish_goes_at_the_next(self, store: Store) -> None:
        def killed() -> Iterator[ItemBatch]:
            yield batch(range(10_000))
            raise KeyboardInterrupt  # like a kill: nothing is tidied up

        moment = [NOON]
        rounds = PushRounds(store.database, lambda: moment[0], rows=20_000)
        for name in ("r1", "r0"):
            with pytest.raises(KeyboardInterrupt):
                rounds.publish(replace(MADE, round_id=RoundId(name)), killed())
        assert drafts(store) == (2, 40_000)
        moment[0] += timedelta(minutes=10)
        rounds.publish(MADE, [batch(range(2))])  # the same round: its own leftovers go at once
        assert drafts(store) == (2, 20_006)
        moment[0] += timedelta(hours=1)
        rounds.publish(replace(MADE, round_id=RoundId("r2")), [])
        assert drafts(store) == (2, 6)
        assert [one.round_id for one in rounds.rounds()] == ["r2", "r1"]

    def test_a_publisher_that_was_overtaken_writes_nothing_more(self, store: Store) -> None:
        def overtaken() -> Iterator[ItemBatch]:
            yield batch(range(10_000))
            published(store, 2)
            yield batch(range(10_000, 20_000))

        with pytest.raises(StateError, match="another process"):
            PushRounds(store.database, rows=20_000).publish(MADE, overtaken())
        assert store.push_rounds.round(R1).items == 6
        assert drafts(store) == (1, 6)


def receipt(message: PushMessage, outcome: DeliveryOutcome) -> Receipt:
    """Return a receipt of the attempt."""
    return Receipt(message.message_id, message.attempt, NOON, outcome, 500, "HTTP 500")


def ended(message: PushMessage, state: MessageState, later: float = 0.0) -> Settlement:
    """Return the settlement of an attempt."""
    outcome = DeliveryOutcome.DELIVERED
    if state is not MessageState.DELIVERED:
        outcome = DeliveryOutcome.TRY_AGAIN
    due = NOON + timedelta(seconds=later)
    return Settlement(message, receipt(message, outcome), state, due)


class PushMessageLaws:
    """``PushMessages``: the ledger."""

    @pytest.fixture
    def ledger(self, store: Store) -> PushLedger:
        published(store)
        store.push_messages.prepare(R1, "c", NOON)
        return store.push_messages

    def one(self, ledger: PushLedger, at: datetime = NOON) -> PushMessage:
        (message,) = ledger.claim(R1, "c", 1, at=at, until=at + LEASE)
        return message

    def test_a_firm_has_one_message_however_often_they_are_made(self, store: Store) -> None:
        published(store, 2_345)
        assert store.push_messages.prepare(R1, "c", NOON) == 2_345
        assert store.push_messages.prepare(R1, "c", NOON) == 0
        assert store.push_messages.prepare(R1, "d", NOON) == 2_345
        assert store.push_messages.counts(R1, "c") == PushCounts(messages=2_345, waiting=2_345)

    def test_messages_made_half_are_made_to_the_end(self, store: Store) -> None:
        published(store, 2_345)
        store.push_messages.prepare(R1, "c", NOON)
        with store.transaction(), store.database.transaction() as connection:
            gone = sa.delete(push_messages).where(push_messages.c.uscc > "f0001500")
            connection.execute(gone)
        assert store.push_messages.prepare(R1, "c", NOON) == 844
        assert store.push_messages.counts(R1, "c").messages == 2_345

    def test_ids_never_change(self) -> None:
        ids = {
            message_id(RoundId(round_id), channel, Uscc(uscc))
            for round_id in ("r", "r1")
            for channel in ("1c", "c")
            for uscc in ("f", "g")
        }
        assert len(ids) == 8
        known = message_id(R1, "portal", Uscc("91110000600037341L"))
        assert known == "12774401-7959-5483-8220-ce2679e85cd5"

    def test_each_claim_has_its_own_token_and_counts_at_once(self, ledger: PushLedger) -> None:
        first = ledger.claim(R1, "c", 2, at=NOON, until=NOON + LEASE)
        (last,) = ledger.claim(R1, "c", 2, at=NOON, until=NOON + LEASE)
        assert ledger.claim(R1, "c", 2, at=NOON, until=NOON + LEASE) == ()
        messages = (*first, last)
        assert len({message.claim for message in messages}) == 3
        assert {message.uscc for message in messages} == {f"f000000{n}" for n in range(3)}
        assert [message.attempt for message in messages] == [1, 1, 1]
        assert ledger.counts(R1, "c").attempts == 3

    def test_nothing_is_claimed_before_it_is_due(self, ledger: PushLedger) -> None:
        early = NOON - timedelta(microseconds=1)
        assert ledger.claim(R1, "c", 9, at=early, until=NOON) == ()
        assert ledger.due(R1, "c") == NOON
        message = self.one(ledger)
        assert ledger.settle([ended(message, MessageState.PENDING, 60)]) == (True,)
        assert len(ledger.claim(R1, "c", 9, at=NOON, until=NOON + LEASE)) == 2
        assert ledger.due(R1, "c") == NOON + LEASE
        (again,) = ledger.claim(R1, "c", 9, at=NOON + 2 * LEASE, until=NOON + 3 * LEASE)
        assert (again.message_id, again.attempt, again.verdicts) == (message.message_id, 2, 1)

    def test_a_late_worker_changes_nothing(self, ledger: PushLedger, store: Store) -> None:
        late = self.one(ledger)
        for message in ledger.claim(R1, "c", 2, at=NOON, until=NOON + LEASE):
            ledger.settle([ended(message, MessageState.DELIVERED)])
        out = NOON + LEASE
        assert ledger.rescue(R1, "c", out - timedelta(microseconds=1), 5) == 0
        assert ledger.rescue(R1, "c", out, 5) == 1
        assert ledger.settle([ended(late, MessageState.DELIVERED)]) == (False,)  # pending again
        holder = self.one(ledger, out)
        assert holder.message_id == late.message_id
        before = ledger.counts(R1, "c")
        assert ledger.settle([ended(late, MessageState.DELIVERED)]) == (False,)  # held by another
        assert ledger.counts(R1, "c") == before
        assert ledger.settle([ended(holder, MessageState.DELIVERED)]) == (True,)
        assert ledger.settle([ended(holder, MessageState.FAILED)]) == (False,)  # ended
        outcomes = [one.outcome for one in store.push_messages.receipts(late.message_id)]
        assert outcomes == [DeliveryOutcome.DIED, DeliveryOutcome.DELIVERED]

    def test_receipts_are_kept(self, ledger: PushLedger, store: Store) -> None:
        message = self.one(ledger)
        ledger.settle([ended(message, MessageState.PENDING)])
        assert store.push_messages.receipts(message.message_id) == (
            Receipt(message.message_id, 1, NOON, DeliveryOutcome.TRY_AGAIN, 500, "HTTP 500"),
        )

    def test_deaths_park_at_the_fifth(self, ledger: PushLedger) -> None:
        at = NOON
        for message in ledger.claim(R1, "c", 2, at=at, until=at + LEASE):
            ledger.settle([ended(message, MessageState.DELIVERED)])
        for death in range(1, 6):
            assert self.one(ledger, at).attempt == death
            at += LEASE
            assert ledger.rescue(R1, "c", at, 5) == 1
        assert ledger.claim(R1, "c", 1, at=at, until=at + LEASE) == ()
        counts = ledger.counts(R1, "c")
        assert (counts.parked, counts.delivered, counts.waiting) == (1, 2, 0)
        assert counts.attempts == 7
        assert ledger.due(R1, "c") is None

    def test_answers_are_no_deaths(self, ledger: PushLedger) -> None:
        at = NOON
        for _ in range(9):
            message = self.one(ledger, at)
            ledger.settle([ended(message, MessageState.PENDING)])
        self.one(ledger, at)
        assert ledger.rescue(R1, "c", at + LEASE, 5) == 1
        assert ledger.counts(R1, "c").parked == 0

    def test_states_are_counted(self, ledger: PushLedger) -> None:
        states = (MessageState.EMPTY, MessageState.FAILED, MessageState.PARKED)
        messages = ledger.claim(R1, "c", 3, at=NOON, until=NOON + LEASE)
        kept = ledger.settle(
            [ended(message, state) for message, state in zip(messages, states, strict=True)]
        )
        assert kept == (True, True, True)
        expected = PushCounts(messages=3, empty=1, failed=1, parked=1, attempts=3)
        assert ledger.counts(R1, "c") == expected
        assert ledger.reopen(R1, "c", NOON) == 2
        again = ledger.claim(R1, "c", 3, at=NOON, until=NOON + LEASE)
        assert [(message.attempt, message.verdicts) for message in again] == [(2, 0), (2, 0)]

    def test_a_receiver_s_wish_holds_at_its_address(self, ledger: PushLedger) -> None:
        fresh = ChannelStanding()
        assert ledger.standing("c", "https://a") == fresh
        ledger.hold_channel("c", "https://a", NOON)
        ledger.hold_channel("c", "https://a", NOON + LEASE)
        assert ledger.standing("c", "https://a") == ChannelStanding("", NOON + LEASE)
        ledger.close_channel("c", "https://a", NOON, "HTTP 410")
        assert ledger.standing("c", "https://a") == ChannelStanding("HTTP 410", NOON + LEASE)
        assert ledger.standing("c", "https://b") == fresh
        assert ledger.standing("d", "https://a") == fresh
        ledger.hold_channel("c", "https://b", NOON)
        assert ledger.standing("c", "https://b") == ChannelStanding("", NOON)
        assert ledger.standing("c", "https://a") == fresh
        ledger.close_channel("c", "https://a", NOON, "HTTP 410")
        ledger.reopen(R1, "c", NOON)
        assert ledger.standing("c", "https://a") == fresh


class PushInboxLaws:
    """``PushInbox``."""

    def test_an_entry_is_stored_once(self, store: Store) -> None:
        published(store)
        store.push_messages.prepare(R1, "c", NOON)
        messages = store.push_messages.claim(R1, "c", 3, at=NOON, until=NOON + LEASE)
        store.push_inbox.put(messages[:2], NOON)
        store.push_inbox.put(messages, NOON + LEASE)
        store.push_inbox.put([], NOON)
        arrived = {
            message.uscc: [one.arrived_at for one in store.push_inbox.of_firm("c", message.uscc)]
            for message in messages
        }
        first, later = (at.isoformat(timespec="microseconds") for at in (NOON, NOON + LEASE))
        assert sorted(arrived.values()) == [[first], [first], [later]]
        assert store.push_inbox.of_firm("d", messages[0].uscc) == ()
