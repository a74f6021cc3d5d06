"""Kept answers and snapshots of lists: one law for both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from matcher.types import ListId, RankedItem, RankedList, Versions
from matcher.wanted import OfferedList, offered_list
from service.store.engine import Store
from service.store.kept_answers import KEPT, LEASE, KeptAnswer, Slot
from service.store.manners_tables import kept_answers, list_snapshots

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
SLOT = Slot("key::recommend:read", "POST /v1/feedback", "d" * 64)


def rows_of(store: Store, table: sa.Table) -> int:
    with store.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


class KeptAnswerLaws:
    """A key is claimed once, answered once, and free again after a day."""

    def test_one_of_many_gets_the_claim(self, store: Store) -> None:
        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(lambda _: store.kept_answers.claim(SLOT, "f", NOW), range(50)))
        claims = [one for one in found if isinstance(one, str)]
        assert len(claims) == 1
        assert all(one.status == 0 for one in found if isinstance(one, KeptAnswer))

    def test_an_answer_comes_back_as_it_was(self, store: Store) -> None:
        claim = store.kept_answers.claim(SLOT, "f", NOW)
        assert isinstance(claim, str)
        body, headers = "é中\n".encode() * 9, {"location": "/x"}
        assert store.kept_answers.finish(SLOT, claim, 202, headers, body)
        found = store.kept_answers.claim(SLOT, "g", NOW + timedelta(hours=23))
        assert isinstance(found, KeptAnswer)
        told = (found.fingerprint, found.status, dict(found.headers), found.body)
        assert told == ("f", 202, headers, body)

    def test_every_part_of_the_slot_tells_keys_apart(self, store: Store) -> None:
        others = [
            replace(SLOT, caller="firm:x:"),
            replace(SLOT, route="POST /v1/imports"),
            replace(SLOT, key_digest="e" * 64),
        ]
        for slot in (SLOT, *others):
            assert isinstance(store.kept_answers.claim(slot, "f", NOW), str)

    def test_a_late_worker_changes_nothing(self, store: Store) -> None:
        first = store.kept_answers.claim(SLOT, "f", NOW)
        late = NOW + LEASE + timedelta(seconds=1)
        assert isinstance(store.kept_answers.claim(SLOT, "other", late), KeptAnswer)
        second = store.kept_answers.claim(SLOT, "f", late)
        assert isinstance(first, str)
        assert isinstance(second, str)
        assert not store.kept_answers.finish(SLOT, first, 200, {}, b"late")
        store.kept_answers.release(SLOT, first)
        assert store.kept_answers.finish(SLOT, second, 200, {}, b"second")
        store.kept_answers.release(SLOT, second)
        found = store.kept_answers.claim(SLOT, "f", late)
        assert isinstance(found, KeptAnswer)
        assert found.body == b"second"

    def test_a_freed_key_is_free(self, store: Store) -> None:
        claim = store.kept_answers.claim(SLOT, "f", NOW)
        assert isinstance(claim, str)
        store.kept_answers.release(SLOT, claim)
        assert isinstance(store.kept_answers.claim(SLOT, "g", NOW), str)

    def test_a_day_later_all_is_forgotten(self, store: Store) -> None:
        for number in range(5):
            slot = replace(SLOT, key_digest=str(number))
            claim = store.kept_answers.claim(slot, "f", NOW + timedelta(seconds=number))
            assert isinstance(claim, str)
            store.kept_answers.finish(slot, claim, 200, {}, None)
        day = NOW + KEPT
        assert isinstance(
            store.kept_answers.claim(replace(SLOT, key_digest="4"), "g", day), KeptAnswer
        )
        again = store.kept_answers.claim(
            replace(SLOT, key_digest="0"), "g", day + timedelta(seconds=1)
        )
        assert isinstance(again, str)
        assert rows_of(store, kept_answers) == 5  # the first one is the new one
        store.kept_answers.claim(replace(SLOT, key_digest="x"), "g", day + timedelta(hours=1))
        assert rows_of(store, kept_answers) == 2


def made(list_id: str, at: datetime) -> OfferedList:
    items = tuple(RankedItem(n, f"P{n}", 3.0 - n, {}, None, ()) for n in (1, 2))
    plain = RankedList(ListId(list_id), "", "patents", items, Versions("e", "i", "p"), at)
    return offered_list(plain, tuple((f"P{n}", 3.0 - n) for n in range(1, 6)), "问?")


class SnapshotLaws:
    """What stood behind a list stays for a day, and its slots are handed out once."""

    def test_it_is_kept_with_the_list(self, store: Store) -> None:
        store.feedback.record_list(made("a", NOW))
        found = store.snapshots.get(ListId("a"), NOW + KEPT)
        assert found is not None
        assert (found.question, found.offered[0], found.offered[-1]) == (
            "问?",
            ("P1", 2.0),
            ("P5", -2.0),
        )
        assert (found.versions, found.made_at) == (Versions("e", "i", "p"), NOW)
        assert store.snapshots.get(ListId("a"), NOW + KEPT + timedelta(seconds=1)) is None
        assert store.snapshots.get(ListId("b"), NOW) is None

    def test_slots_are_handed_out_once(self, store: Store) -> None:
        store.feedback.record_list(made("a", NOW))
        more = [RankedItem(3, "P3", 0.0, {}, None, ())]
        other = [RankedItem(3, "P4", -1.0, {}, None, ())]
        assert store.snapshots.hand_out(ListId("a"), more)
        assert store.snapshots.hand_out(ListId("a"), more)
        assert not store.snapshots.hand_out(ListId("a"), other)
        assert store.feedback.slots_of(ListId("a")) == {1: "P1", 2: "P2", 3: "P3"}

    def test_readers_at_once_agree(self, store: Store) -> None:
        store.feedback.record_list(made("a", NOW))

        def hand_out(number: int) -> bool:
            name = f"P{3 + number % 2}"
            return store.snapshots.hand_out(ListId("a"), [RankedItem(3, name, 0.0, {}, None, ())])

        with ThreadPoolExecutor(8) as pool:
            done = list(pool.map(hand_out, range(24)))
        stored = store.feedback.slots_of(ListId("a"))[3]
        assert done == [f"P{3 + number % 2}" == stored for number in range(24)]

    def test_old_ones_are_swept_out_by_new_ones(self, store: Store) -> None:
        for number in range(4):
            store.feedback.record_list(made(str(number), NOW + timedelta(minutes=number)))
        store.feedback.record_list(made("new", NOW + KEPT + timedelta(minutes=3)))
        assert rows_of(store, list_snapshots) == 2
        assert store.feedback.slots_of(ListId("0"))  # the list itself is a record for good
