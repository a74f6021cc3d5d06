"""The laws of the feedback log; every store must pass them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from matcher.errors import InputError, ListNotFound
from matcher.ports import FeedbackLog
from matcher.types import (
    DismissalReason,
    Evaluation,
    FeedbackEvent,
    FeedbackKind,
    ListId,
    PatentId,
    RankedItem,
    RankedList,
    Uscc,
    Versions,
)
from service.store.engine import Store

NOON = datetime(2024, 5, 6, 12, 0, 0, 123456, tzinfo=UTC)
LIST = RankedList(
    list_id=ListId("l1"),
    subject="91110000600037341L",
    direction="patents",
    items=tuple(RankedItem(rank, f"p{rank}", 1 / rank, {}, None, ()) for rank in range(1, 4)),
    versions=Versions("encoder", "index", "policy"),
    made_at=NOON,
)
EVENT = FeedbackEvent(
    event_id="e1",
    list_id=LIST.list_id,
    slot=1,
    patent_id=PatentId("p1"),
    uscc=Uscc("f"),
    kind=FeedbackKind.EVALUATION,
    at=NOON,
    reason=DismissalReason.TOO_DEAR,
    evaluation=Evaluation(5, 3, 1),
    text="很好",
)


def event(event_id: str, **values: object) -> FeedbackEvent:
    """Return a bare event."""
    bare = replace(EVENT, event_id=event_id, kind=FeedbackKind.CLICK, reason=None, text="")
    return replace(bare, evaluation=None, **values)  # type: ignore[arg-type]


class FeedbackLaws:
    """``FeedbackLog``."""

    def test_a_list_is_kept(self, store: Store) -> None:
        log: FeedbackLog = store.feedback
        log.record_list(LIST)
        assert log.slots_of(LIST.list_id) == {1: "p1", 2: "p2", 3: "p3"}
        assert log.subject_of(LIST.list_id) == ("91110000600037341L", "patents")

    def test_a_list_again_is_stored_once(self, store: Store) -> None:
        store.feedback.record_list(LIST)
        store.feedback.record_list(replace(LIST, items=LIST.items[:1], subject="other"))
        assert len(store.feedback.slots_of(LIST.list_id)) == 3
        assert store.feedback.subject_of(LIST.list_id)[0] == LIST.subject

    def test_an_empty_list_is_a_list(self, store: Store) -> None:
        store.feedback.record_list(replace(LIST, items=()))
        assert store.feedback.slots_of(LIST.list_id) == {}

    def test_an_unknown_list_is_an_error(self, store: Store) -> None:
        with pytest.raises(ListNotFound, match="'x'"):
            store.feedback.slots_of(ListId("x"))
        with pytest.raises(ListNotFound, match="'x'"):
            store.feedback.subject_of(ListId("x"))

    def test_every_field_comes_back(self, store: Store) -> None:
        bare = event("e2")
        assert store.feedback.append([EVENT, bare]) == 2
        assert list(store.feedback.iterate()) == [EVENT, bare]

    def test_the_same_event_is_stored_once(self, store: Store) -> None:
        assert store.feedback.append([EVENT, EVENT]) == 1
        assert store.feedback.append([EVENT, event("e2")]) == 1
        assert store.feedback.append([]) == 0
        assert store.feedback.count() == 2

    def test_the_same_moment_in_another_zone_is_the_same_event(self, store: Store) -> None:
        store.feedback.append([EVENT])
        china = EVENT.at.astimezone(timezone(timedelta(hours=8)))
        assert store.feedback.append([replace(EVENT, at=china)]) == 0

    @pytest.mark.parametrize(
        "batch",
        [[event("e2"), replace(EVENT, text="other")], [event("e2"), event("e2", slot=2)]],
        ids=["against the store", "within the call"],
    )
    def test_an_event_with_other_content_refuses_the_whole_call(
        self, store: Store, batch: list[FeedbackEvent]
    ) -> None:
        store.feedback.append([EVENT])
        with pytest.raises(InputError, match="stored with other"):
            store.feedback.append(batch)
        assert list(store.feedback.iterate()) == [EVENT]

    def test_a_firm_s_events_come_oldest_first(self, store: Store) -> None:
        late = event("e1", at=NOON + timedelta(hours=1))
        early = event("e2", at=NOON)
        tie = event("e3", at=NOON)
        store.feedback.append([late, early, tie, event("e4", uscc=Uscc("g"))])
        assert store.feedback.of_firm(Uscc("f")) == (early, tie, late)
        assert [one.event_id for one in store.feedback.iterate()] == ["e1", "e2", "e3", "e4"]

    @pytest.mark.parametrize(
        "bad",
        [{"text": "a\0b"}, {"text": "\ud800"}, {"at": NOON.replace(tzinfo=None)}],
        ids=["NUL", "half surrogate", "no zone"],
    )
    def test_both_databases_refuse_what_one_cannot_store(
        self, store: Store, bad: dict[str, object]
    ) -> None:
        with pytest.raises(InputError):
            store.feedback.append([event("e1", **bad)])
        assert store.feedback.count() == 0

    def test_more_events_than_a_page(self, store: Store) -> None:
        events = [event(f"e{number}") for number in range(5_003)]
        assert store.feedback.append(events) == 5_003
        assert list(store.feedback.iterate()) == events
