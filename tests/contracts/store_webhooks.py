"""Webhooks in the store: one law for both databases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from matcher.codes import DeliveryOutcome, MessageState
from matcher.pushed import ItemBatch, PushRound, RoundId
from matcher.types import (
    FeedbackEvent,
    FeedbackKind,
    LegalEvent,
    LegalStatus,
    ListId,
    Patent,
    PatentId,
    StopState,
    Uscc,
)
from service.store.delivery_log import Delivery
from service.store.delivery_records import Attempt, Claimed, Share, Verdict
from service.store.engine import Store
from service.store.event_types import CHOOSABLE, EventType
from service.store.import_jobs import ImportJob, JobEnd, JobState
from service.store.outbox import record_event, take_over
from service.store.webhook_tables import (
    webhook_attempts,
    webhook_deliveries,
    webhook_events,
    webhook_relays,
)
from service.store.webhooks import Endpoint

LEASE = timedelta(seconds=30)
ALL = Share(100, 100, 100, 100)
PATENT = Patent(PatentId("P1"), "一种电机", legal_status=LegalStatus.IN_FORCE)


def now() -> datetime:
    """Return a moment after all that was recorded before."""
    return datetime.now(UTC) + timedelta(milliseconds=1)


def endpoint(name: str = "ep_1", events: Sequence[EventType] = CHOOSABLE) -> Endpoint:
    """Return an endpoint whose secret is not looked at."""
    return Endpoint(name, f"https://{name}.example.cn/", "", tuple(events), "w1.x", "2026")


def record(store: Store, count: int = 1, kind: EventType = EventType.PUSH_READY) -> None:
    """Record so many events, each in a transaction of its own."""
    for number in range(count):
        with store.database.transaction() as connection:
            record_event(connection, kind, {"number": number})


def events(store: Store, table: sa.Table = webhook_events) -> list[dict[str, Any]]:
    """Return what bodies say, in the order of time."""
    query = sa.select(table.c.body).order_by(table.c.made_at, table.c.event_id)
    with store.database.reading() as connection:
        return [json.loads(body) for body in connection.execute(query).scalars()]


def count(store: Store, table: sa.Table) -> int:
    """Return how many rows a table has."""
    with store.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def claim(store: Store, share: Share = ALL, at: datetime | None = None) -> tuple[Claimed, ...]:
    """Claim what is due."""
    at = at or now()
    return store.deliveries.claim(share, at, at + LEASE)


def attempt(outcome: DeliveryOutcome = DeliveryOutcome.DELIVERED, status: int = 204) -> Attempt:
    """Return what became of an attempt."""
    return Attempt(now(), outcome, status, 0.25, "" if status == 204 else f"HTTP {status}")


def ended(state: MessageState = MessageState.DELIVERED, due: datetime | None = None) -> Verdict:
    """Return a verdict that leaves the endpoint as it is."""
    return Verdict(state, due or now(), lambda _: {})


class EndpointLaws:
    """Endpoints are kept, changed, and gone with all that hangs on them."""

    def test_they_are_kept_as_they_were(self, store: Store) -> None:
        one, other = endpoint("ep_1"), endpoint("ep_2", [EventType.PUSH_READY])
        assert store.webhooks.add(one, 2)
        assert store.webhooks.add(other, 2)
        assert not store.webhooks.add(endpoint("ep_3"), 2)
        assert store.webhooks.all() == (one, other)
        assert store.webhooks.get("ep_2") == other
        assert store.webhooks.get("ep_3") is None

    def test_two_at_once_do_not_pass_the_limit(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            added = pool.map(lambda at: store.webhooks.add(endpoint(f"ep_{at}"), 5), range(20))
            assert sum(added) == 5
        assert len(store.webhooks.all()) == 5

    def test_what_is_given_is_changed(self, store: Store) -> None:
        store.webhooks.add(replace(endpoint(), failures=3, failing_since="x", held_until="y"), 9)
        assert store.webhooks.change("ep_1", description="新", events=[EventType.PUSH_READY])
        found = store.webhooks.get("ep_1")
        assert found is not None
        assert (found.description, found.events) == ("新", (EventType.PUSH_READY,))
        assert (found.failures, found.url) == (3, endpoint().url)
        store.webhooks.change("ep_1", url=found.url)
        assert store.webhooks.get("ep_1") == found
        store.webhooks.change("ep_1", url="https://other.example.cn/")
        moved = replace(found, url="https://other.example.cn/", failures=0, failing_since="")
        assert store.webhooks.get("ep_1") == replace(moved, held_until="")
        assert not store.webhooks.change("ep_9", description="x")

    def test_a_secret_is_rotated_once_by_one(self, store: Store) -> None:
        before = endpoint()
        store.webhooks.add(before, 9)
        assert store.webhooks.rotate(before, "w1.new", "2027")
        assert not store.webhooks.rotate(before, "w1.late", "2027")
        found = store.webhooks.get("ep_1")
        assert found == replace(before, secret="w1.new", old_secret="w1.x", old_until="2027")
        assert not store.webhooks.reseal(before, "w1.y", "")
        assert store.webhooks.reseal(found, "w1.n2", "w1.x2")

    def test_it_goes_with_its_deliveries(self, store: Store) -> None:
        for name in ("ep_1", "ep_2"):
            store.webhooks.add(endpoint(name), 9)
        record(store, 3)
        for one in claim(store):
            store.deliveries.settle(one, attempt(), ended())
        assert store.webhooks.remove("ep_1")
        assert not store.webhooks.remove("ep_1")
        assert (count(store, webhook_deliveries), count(store, webhook_attempts)) == (3, 3)

    def test_networks_take_the_place_of_others(self, store: Store) -> None:
        assert store.webhooks.networks() == ()
        store.webhooks.set_networks(["10.2.0.0/16", "10.1.0.0/16", "10.2.0.0/16"])
        assert store.webhooks.networks() == ("10.1.0.0/16", "10.2.0.0/16")
        store.webhooks.set_networks([])
        assert store.webhooks.networks() == ()


class OutboxLaws:
    """An event stands or falls with its fact, and is for those who chose its type."""

    def test_one_delivery_for_each_that_chose_it(self, store: Store) -> None:
        store.webhooks.add(endpoint("ep_1", [EventType.PUSH_READY]), 9)
        store.webhooks.add(endpoint("ep_2", [EventType.IMPORT_FINISHED]), 9)
        store.webhooks.add(endpoint("ep_3"), 9)
        record(store)
        assert {one.endpoint.endpoint_id for one in claim(store)} == {"ep_1", "ep_3"}
        (told,) = events(store)
        assert (told["type"], told["data"]) == ("push.ready", {"number": 0})
        assert abs(datetime.fromisoformat(told["timestamp"]) - now()) < timedelta(minutes=1)

    def test_without_a_fact_there_is_no_event(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)

        def fails() -> None:
            with store.database.transaction() as connection:
                record_event(connection, EventType.PUSH_READY, {})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fails()
        assert (events(store), claim(store)) == ([], ())

    def test_what_nobody_waits_for_is_not_kept(self, store: Store) -> None:
        store.webhooks.add(endpoint("ep_1", [EventType.IMPORT_FINISHED]), 9)
        record(store)
        assert count(store, webhook_events) == 0

    def test_taken_over_twice_it_is_there_once(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        with store.database.transaction() as connection:
            record_event(connection, EventType.PUSH_READY, {}, "甲")
        found = store.relays.events_for("甲")
        for _ in range(2):
            with store.database.transaction() as connection:
                take_over(connection, found)
        assert len(claim(store)) == count(store, webhook_events) == 1

    def test_feedback_tells_ids_and_no_words(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        kinds = (FeedbackKind.CLICK, FeedbackKind.CONTACT, FeedbackKind.DIRECTED_NEED)
        given = [
            FeedbackEvent(
                event_id=f"e{slot}",
                list_id=ListId("l"),
                slot=slot,
                patent_id=PatentId("P1"),
                uscc=Uscc("U"),
                kind=kind,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                text="联系人张三13800000000",
            )
            for slot, kind in enumerate(kinds, start=1)
        ]
        assert store.feedback.append(given) == 3
        assert store.feedback.append(given) == 0  # sent again, told once
        told = events(store)
        assert sorted(one["type"] for one in told) == [
            "contact.requested",
            "feedback.received",
            "need.directed",
        ]
        by_type = {one["type"]: one["data"] for one in told}
        kinds_told = [one["kind"] for one in by_type["feedback.received"]["events"]]
        assert kinds_told == ["click", "contact", "directed_need"]
        assert by_type["contact.requested"] == {
            "event_id": "e2", "list_id": "l", "slot": 2, "patent_id": "P1", "uscc": "U",
            "at": "2026-01-01T00:00:00.000000+00:00",
        }  # fmt: skip
        assert "张三" not in json.dumps(told, ensure_ascii=False)

    def test_a_published_round_is_told(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        made = PushRound(RoundId("r1"), datetime(2026, 1, 1, tzinfo=UTC))
        batch = ItemBatch(["a", "a", "b"], [1, 2, 1], ["P1", "P2", "P1"], [1.0] * 3, [1.0] * 3,
                          [1.0] * 3, ["", "", ""])  # fmt: skip
        store.push_rounds.publish(made, [batch])
        (told,) = events(store)
        assert told["data"] == {
            "round_id": "r1", "made_at": "2026-01-01T00:00:00+00:00",
            "items": 3, "firms": 2, "patents": 2,
        }  # fmt: skip

    @pytest.mark.parametrize("tenant", ["", "甲"])
    def test_an_ended_import_is_told_to_who_sent_it(self, store: Store, tenant: str) -> None:
        store.webhooks.add(endpoint(), 9)
        job = ImportJob("j1", "h", "patents", "{}", "联系人.xlsx", "2026", tenant=tenant)
        store.import_jobs.add(job)
        store.import_jobs.claim("j1", "t", "2026")
        files = [{"rows": 5, "new": 2, "changed": 1, "unchanged": 1, "refused": 1}]
        end = JobEnd(JobState.DONE, "2026", json.dumps({"dry_run": False, "files": files}))
        assert not store.import_jobs.finish("j1", "other", end)
        assert count(store, webhook_events) == 0
        assert store.import_jobs.finish("j1", "t", end)
        assert not store.import_jobs.finish("j1", "t", end)
        (told,) = events(store)
        assert told["data"] == {
            "job_id": "j1", "what": "patents", "state": "done", "dry_run": False,
            "rows": 5, "new": 2, "changed": 1, "unchanged": 1, "refused": 1,
        }  # fmt: skip
        assert store.relays.waiting() == ((tenant,) if tenant else ())
        assert len(claim(store)) == (0 if tenant else 1)


class DelistingLaws:
    """Patents that may not be recommended any more are told of, whoever wrote that."""

    @pytest.mark.parametrize(
        ("state", "stop"),
        [(LegalStatus.LAPSED, StopState.NONE), (LegalStatus.IN_FORCE, StopState.PRESERVED)],
    )
    def test_a_patent_that_falls_out_is_told_once(
        self, store: Store, state: LegalStatus, stop: StopState
    ) -> None:
        store.webhooks.add(endpoint(), 9)
        gone = replace(PATENT, legal_status=state, stop_state=stop)
        for patent in (PATENT, gone, replace(gone, title="改"), replace(gone, title="再改")):
            store.patents.upsert([patent])
        (told,) = events(store)
        assert told["type"] == "patent.delisted"
        assert told["data"] == {
            "patents": [
                {
                    "patent_id": "P1",
                    "legal_status": state.value,
                    "stop_state": stop.value,
                    "removed": False,
                }
            ]
        }

    def test_a_removed_patent_is_told_unless_it_was_out(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        out = replace(PATENT, patent_id=PatentId("P2"), legal_status=LegalStatus.LAPSED)
        store.patents.upsert([PATENT, out])
        store.patents.remove([PATENT.patent_id, out.patent_id, PatentId("P3")])
        (told,) = events(store)
        (one,) = told["data"]["patents"]
        assert (one["patent_id"], one["removed"]) == ("P1", True)

    def test_what_is_new_or_comes_back_is_no_delisting(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        out = replace(PATENT, legal_status=LegalStatus.LAPSED, open_licence=True)
        store.patents.upsert([out])
        store.patents.upsert([replace(PATENT, open_licence=True)])
        assert events(store) == []

    def test_many_stand_together_and_bodies_stay_small(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        many = [replace(PATENT, patent_id=PatentId(f"P{at:04}" + "x" * 90)) for at in range(1_500)]
        store.patents.upsert(many)
        store.patents.upsert([replace(one, legal_status=LegalStatus.LAPSED) for one in many])
        told = events(store)
        ids = [one["patent_id"] for body in told for one in body["data"]["patents"]]
        assert sorted(ids) == [one.patent_id for one in many]
        assert 10 < len(told) < 30
        assert max(len(one.body) for one in claim(store)) < 20_000

    def test_licences_are_told_when_they_come_to_be_known(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        exclusive = (LegalEvent.GRANT, LegalEvent.EXCLUSIVE_LICENCE)
        day = date(2026, 1, 1)
        for patent in (
            PATENT,
            replace(PATENT, open_licence=True),
            replace(PATENT, open_licence=True, checked_on=day),
            replace(PATENT, open_licence=True, events=exclusive),
            replace(PATENT, open_licence=False, events=exclusive),
        ):
            store.patents.upsert([patent])
        told = [(one["type"], one["data"]["licences"][0]["kind"]) for one in events(store)]
        assert told == [
            ("licence.granted", "open_licence"),
            ("licence.granted", "exclusive_licence"),
            ("licence.withdrawn", "open_licence"),
        ]

    def test_who_shares_the_catalogue_is_told_and_who_has_an_own_is_not(self, store: Store) -> None:
        for name, private in (("甲", False), ("乙", True), ("丙", False)):
            store.tenants.register(name, now(), private=private)
        store.patents.upsert([PATENT])
        store.patents.upsert([replace(PATENT, legal_status=LegalStatus.LAPSED)])
        assert set(store.relays.waiting()) == {"甲", "丙"}
        (event,) = store.relays.events_for("甲")
        store.relays.cross_off("甲", [event])
        assert store.relays.waiting() == ("丙",)
        assert count(store, webhook_relays) == 1
        store.relays.forget("丙")
        assert store.relays.waiting() == ()


class DeliveryLaws:
    """A delivery has one holder at a time, and who does not hold it changes nothing of it."""

    def test_what_is_taken_is_nobody_else_s(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store, 40)
        with ThreadPoolExecutor(8) as pool:
            rounds = list(pool.map(lambda _: claim(store, Share(5, 100, 100, 100)), range(24)))
        taken = [one for part in rounds for one in part]
        while more := claim(store):
            taken += more
        assert len({one.delivery_id for one in taken}) == len(taken) == 40
        assert {one.attempt for one in taken} == {1}
        assert len({one.claim for one in taken}) == 40

    def test_each_endpoint_gets_so_much_at_once_and_no_more(self, store: Store) -> None:
        store.webhooks.add(endpoint("ep_1"), 9)
        store.webhooks.add(replace(endpoint("ep_2"), failures=3, slow_steps=1), 9)
        record(store, 10)
        share = Share(16, 4, 1, 16)
        with ThreadPoolExecutor(6) as pool:
            rounds = list(pool.map(lambda _: claim(store, share), range(12)))
        names = [one.endpoint.endpoint_id for part in rounds for one in part]
        assert (names.count("ep_1"), names.count("ep_2")) == (4, 1)

    def test_endpoints_that_fail_leave_room_for_the_others(self, store: Store) -> None:
        for name in ("ep_1", "ep_2", "ep_3"):
            store.webhooks.add(replace(endpoint(name), failures=7), 9)
        store.webhooks.add(endpoint("ep_9"), 9)
        record(store, 10)
        names = [one.endpoint.endpoint_id for one in claim(store, Share(8, 4, 4, 2))]
        assert names.count("ep_9") == 2
        assert len(names) == 4

    def test_a_late_finish_is_refused(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store)
        (frozen,) = claim(store)
        late = now() + LEASE
        assert claim(store, at=late) == ()
        assert store.deliveries.rescue(late, 5) == 1
        (second,) = claim(store, at=late)
        assert (second.attempt, second.event_id) == (2, frozen.event_id)
        assert not store.deliveries.settle(frozen, attempt(), ended(MessageState.FAILED))
        assert store.deliveries.settle(second, attempt(), ended())
        assert not store.deliveries.settle(second, attempt(), ended(MessageState.FAILED))
        found = store.delivery_log.get("ep_1", second.delivery_id)
        assert found is not None
        assert (found.state, found.attempts) == (MessageState.DELIVERED, 2)
        outcomes = [one.outcome for one in found.log]
        assert outcomes == [DeliveryOutcome.DIED, DeliveryOutcome.DELIVERED]

    def test_deaths_have_an_end(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store)
        at = now()
        for attempts in range(1, 6):
            (one,) = claim(store, at=at)
            assert one.attempt == attempts
            at += LEASE
            assert store.deliveries.rescue(at, 5) == 1
        assert claim(store, at=at) == ()
        (found,) = store.delivery_log.latest("ep_1", 9, None, MessageState.FAILED)
        assert found.cause == "no answer before the lease ran out"

    def test_a_lease_of_a_clock_that_went_wrong_is_given_up(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store, 2)
        ahead = now() + timedelta(days=3)
        first, _ = claim(store, at=ahead)
        later = ended(MessageState.PENDING, ahead + timedelta(hours=10))
        store.deliveries.settle(first, attempt(DeliveryOutcome.TRY_AGAIN, 500), later)
        assert claim(store) != ()  # due 82 hours from now: no pause is that long
        assert store.deliveries.rescue(now(), 5) == 1

    def test_a_pause_is_kept(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store)
        (one,) = claim(store)
        due = now() + timedelta(hours=1)
        again = ended(MessageState.PENDING, due)
        store.deliveries.settle(one, attempt(DeliveryOutcome.TRY_AGAIN, 500), again)
        assert claim(store, at=due - timedelta(seconds=1)) == ()
        (next_one,) = claim(store, at=due)
        assert (next_one.attempt, next_one.verdicts) == (2, 1)
        assert next_one.body == one.body

    def test_nothing_is_sent_to_who_is_held_or_disabled(self, store: Store) -> None:
        held = (now() + timedelta(minutes=5)).isoformat(timespec="microseconds")
        store.webhooks.add(replace(endpoint("ep_1"), held_until=held), 9)
        store.webhooks.add(replace(endpoint("ep_2"), disabled_at="2026", disabled_why="x"), 9)
        record(store)
        assert claim(store) == ()
        (failed,) = store.delivery_log.latest("ep_2", 9, None, None)
        assert (failed.state, failed.cause) == (MessageState.FAILED, "the endpoint was disabled")
        assert len(claim(store, at=now() + timedelta(minutes=6))) == 1

    def test_what_an_endpoint_comes_to_is_seen_as_it_stands(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store, 6)
        taken = claim(store)

        def settle(one: Claimed) -> None:
            more = Verdict(MessageState.FAILED, now(), lambda e: {"failures": e.failures + 1})
            assert store.deliveries.settle(one, attempt(DeliveryOutcome.TRY_AGAIN, 500), more)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(settle, taken))
        found = store.webhooks.get("ep_1")
        assert found is not None
        assert found.failures == 6

    def test_an_endpoint_that_moved_is_not_blamed(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store)
        (one,) = claim(store)
        store.webhooks.change("ep_1", url="https://new.example.cn/")
        gone = Verdict(
            MessageState.FAILED, now(), lambda _: {"disabled_at": "2026", "disabled_why": "410"}
        )
        assert store.deliveries.settle(one, attempt(DeliveryOutcome.GONE, 410), gone)
        found = store.webhooks.get("ep_1")
        assert found is not None
        assert found.disabled_at == ""

    def test_what_waits_fails_when_its_endpoint_is_disabled(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store, 3)
        (one,) = claim(store, Share(1, 1, 1, 1))
        gone = Verdict(
            MessageState.FAILED, now(), lambda _: {"disabled_at": "2026", "disabled_why": "410"}
        )
        store.deliveries.settle(one, attempt(DeliveryOutcome.GONE, 410), gone)
        causes = [each.cause for each in store.delivery_log.latest("ep_1", 9, None, None)]
        assert sorted(causes) == ["HTTP 410", *["the endpoint was disabled"] * 2]
        assert store.webhooks.enable("ep_1")
        assert claim(store) == ()
        assert store.delivery_log.replay_failed("ep_1", "2026", "", now()) == 3
        assert len(claim(store)) == 3


class DeliveryLogLaws:
    """The log tells every attempt; a replay begins anew under the same ids."""

    def test_it_is_read_page_by_page_newest_first(self, store: Store) -> None:
        for name in ("ep_1", "ep_2"):
            store.webhooks.add(endpoint(name), 9)
        record(store, 7)
        before: Delivery | None = None
        seen: list[Delivery] = []
        while page := store.delivery_log.latest("ep_1", 3, before, None):
            seen += page
            before = page[-1]
        assert len(seen) == len({one.delivery_id for one in seen}) == 7
        assert [one.created_at for one in seen] == sorted(
            (one.created_at for one in seen), reverse=True
        )
        assert {one.endpoint_id for one in seen} == {"ep_1"}
        assert store.delivery_log.get("ep_2", seen[0].delivery_id) is None

    def test_a_replay_begins_anew(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store)
        (one,) = claim(store)
        assert not store.delivery_log.replay("ep_1", one.delivery_id, now())
        store.deliveries.settle(one, attempt(DeliveryOutcome.TRY_AGAIN, 500), ended())
        assert not store.delivery_log.replay("ep_9", one.delivery_id, now())
        assert store.delivery_log.replay("ep_1", one.delivery_id, now())
        (again,) = claim(store)
        assert (again.event_id, again.body) == (one.event_id, one.body)
        assert (again.attempt, again.verdicts) == (2, 0)

    def test_a_range_is_replayed_and_nothing_beside_it(self, store: Store) -> None:
        for name in ("ep_1", "ep_2"):
            store.webhooks.add(endpoint(name), 9)
        record(store, 4)
        for one in claim(store):
            store.deliveries.settle(
                one, attempt(DeliveryOutcome.TRY_AGAIN, 500), ended(MessageState.FAILED)
            )
        made = sorted(one.created_at for one in store.delivery_log.latest("ep_1", 9, None, None))
        assert store.delivery_log.replay_failed("ep_1", made[1], made[3], now()) == 2
        assert {one.endpoint.endpoint_id for one in claim(store)} == {"ep_1"}
        assert len(store.delivery_log.latest("ep_2", 9, None, MessageState.FAILED)) == 4

    def test_what_ended_long_ago_is_forgotten(self, store: Store) -> None:
        store.webhooks.add(endpoint(), 9)
        record(store, 3)
        first, second, _ = claim(store)
        store.deliveries.settle(first, attempt(), ended())
        store.deliveries.settle(
            second, attempt(DeliveryOutcome.TRY_AGAIN, 500), ended(MessageState.PENDING)
        )
        assert store.delivery_log.prune(now() - timedelta(minutes=1)) == 0
        assert store.delivery_log.prune(now()) == 1
        assert count(store, webhook_events) == count(store, webhook_deliveries) == 2
        assert count(store, webhook_attempts) == 1
