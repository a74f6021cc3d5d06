"""What a message says: the public facts of what may still be recommended, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matcher.pushed import ItemBatch, MessageId, PushMessage, PushRound, RoundId
from matcher.readers import Readers
from matcher.segments.taxonomy import load_taxonomy
from matcher.types import (
    DismissalReason,
    FeedbackEvent,
    FeedbackKind,
    Firm,
    LegalStatus,
    ListId,
    Patent,
    PatentId,
    Relation,
    RelationKind,
    StopState,
    Uscc,
)
from service.channels.bodies import Bodies
from service.store.engine import Store, open_store
from service.store.migrate import upgrade

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
R1 = RoundId("r1")
PATENTS = [
    Patent(
        PatentId(f"p{at}"),
        f"一种轴承 {at}",
        application_no="CN201710601862.3",
        holder="张三",
        legal_status=LegalStatus.IN_FORCE,
    )
    for at in range(3)
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'panhuo.db'}") as opened:
        upgrade(opened)
        opened.patents.upsert(PATENTS)
        opened.firms.upsert([Firm(Uscc("f"), "某公司"), Firm(Uscc("g"), "另一公司")])
        opened.push_rounds.publish(
            PushRound(R1, NOON),
            [
                ItemBatch(
                    uscc=["f", "f", "f", "g"],
                    rank=[1, 2, 3, 1],
                    patent_id=["p0", "p1", "p2", "p0"],
                    score=[3.1234567, 2.0, 1.0, 0.5],
                    worth=[1.0] * 4,
                    propensity=[1.0] * 4,
                    segment=["1.1", "gone", "", ""],
                )
            ],
        )
        yield opened


def bodies(store: Store) -> Bodies:
    readers = Readers(
        store.patents, store.firms, store.demands, store.relations, store.feedback, store.groups
    )
    return Bodies(store.push_rounds, readers, load_taxonomy())


def message(uscc: str) -> PushMessage:
    return PushMessage(MessageId("m"), R1, Uscc(uscc), "c", 1, 0, "t")


def told(store: Store, uscc: str = "f") -> dict[str, Any]:
    (composed,) = bodies(store)([message(uscc)])
    found: dict[str, Any] = json.loads(composed.body)
    return found


def ranks(store: Store) -> list[int]:
    return [item["rank"] for item in told(store)["items"]]


def test_the_body_is_what_the_receiver_was_promised(store: Store) -> None:
    name = load_taxonomy().by_code("1.1").name
    item = {"application_no": "CN201710601862.3"}
    assert told(store) == {
        "round_id": "r1",
        "uscc": "f",
        "made_at": "2026-11-23T12:00:00+00:00",
        "items": [
            item
            | {
                "rank": 1,
                "patent_id": "p0",
                "title": "一种轴承 0",
                "score": 3.123457,
                "segment": {"code": "1.1", "name": name},
            },
            item
            | {
                "rank": 2,
                "patent_id": "p1",
                "title": "一种轴承 1",
                "score": 2.0,
                "segment": {"code": "gone", "name": ""},
            },
            item
            | {
                "rank": 3,
                "patent_id": "p2",
                "title": "一种轴承 2",
                "score": 1.0,
                "segment": None,
            },
        ],
    }


def test_no_person_is_named(store: Store) -> None:
    # A holder may be a person; inventors and contacts are in tables that nothing here reads.
    (composed,) = bodies(store)([message("f")])
    assert "张三" not in composed.body.decode()


def test_the_same_bytes_while_nothing_changes(store: Store) -> None:
    first, other = bodies(store)([message("f"), message("g")])
    (again,) = bodies(store)([message("f")])
    assert first.body == again.body
    assert other.body != first.body


@pytest.mark.parametrize(
    "change",
    [{"legal_status": LegalStatus.LAPSED}]
    + [{"stop_state": stop} for stop in StopState if stop is not StopState.NONE],
    ids=str,
)
def test_what_may_no_longer_be_recommended_is_left_out(
    store: Store, change: dict[str, Any]
) -> None:
    store.patents.upsert([replace(PATENTS[0], **change)])
    assert ranks(store) == [2, 3]
    (composed,) = bodies(store)([message("g")])
    assert composed.body == b""  # nothing is left


def test_what_left_the_catalogue_is_left_out(store: Store) -> None:
    store.patents.remove([PatentId("p1")])
    assert ranks(store) == [1, 3]


@pytest.mark.parametrize("kind", list(RelationKind))
def test_what_the_firm_has_by_now_is_left_out(store: Store, kind: RelationKind) -> None:
    store.relations.upsert([Relation(Uscc("f"), PatentId("p1"), kind)])
    assert ranks(store) == ([1, 2, 3] if kind is RelationKind.CONTACTED else [1, 3])


def test_what_the_firm_dismissed_is_left_out(store: Store) -> None:
    event = FeedbackEvent(
        "e",
        ListId("l"),
        1,
        PatentId("p2"),
        Uscc("f"),
        FeedbackKind.DISMISSAL,
        NOON,
        DismissalReason.TOO_DEAR,
    )
    store.feedback.append([event])
    assert ranks(store) == [1, 2]


def test_a_firm_outside_the_round_gets_nothing(store: Store) -> None:
    (composed,) = bodies(store)([message("h")])
    assert composed.body == b""
    assert bodies(store)([]) == []
