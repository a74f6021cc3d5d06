"""Judgments from feedback: what is a judgment, what is none, and who has the last word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.judgments import from_feedback, with_positives
from matcher.types import (
    DismissalReason,
    Evaluation,
    FeedbackEvent,
    FeedbackKind,
    ListId,
    PatentId,
    Uscc,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
K, R = FeedbackKind, DismissalReason


def event(
    kind: FeedbackKind,
    day: int = 0,
    reason: DismissalReason | None = None,
    prospect: int | None = None,
    *,
    patent: str = "P1",
    uscc: str = "F1",
) -> FeedbackEvent:
    evaluation = Evaluation(prospect, 5, 5) if prospect else None
    return FeedbackEvent(
        event_id=f"{kind}-{day}-{reason}-{prospect}-{patent}-{uscc}",
        list_id=ListId("L1"),
        slot=1,
        patent_id=PatentId(patent),
        uscc=Uscc(uscc),
        kind=kind,
        at=START + timedelta(days=day),
        reason=reason,
        evaluation=evaluation,
    )


@pytest.mark.parametrize(
    ("events", "grade"),
    [
        ([event(K.CONTACT)], 2),
        ([event(K.DIRECTED_NEED)], 2),
        ([event(K.EVALUATION, prospect=5)], 1),
        ([event(K.EVALUATION, prospect=4)], 1),
        ([event(K.EVALUATION, prospect=3)], None),
        ([event(K.EVALUATION, prospect=2)], 0),
        ([event(K.EVALUATION, prospect=1)], 0),
        ([event(K.DISMISSAL, reason=R.NOT_OUR_FIELD)], 0),
        ([event(K.DISMISSAL, reason=R.TOO_EARLY)], None),
        ([event(K.DISMISSAL, reason=R.TOO_DEAR)], None),
        ([event(K.DISMISSAL, reason=R.HAVE_IT)], None),
        ([event(K.DISMISSAL, reason=R.OTHER)], None),
        ([event(K.DISMISSAL)], None),
        ([event(K.IMPRESSION)], None),
        ([event(K.CLICK), event(K.IMPRESSION)], None),
        # together
        ([event(K.CONTACT, 0), event(K.EVALUATION, 1, prospect=1)], 2),
        ([event(K.CONTACT, 0), event(K.DISMISSAL, 1, R.NOT_OUR_FIELD)], 0),
        ([event(K.DISMISSAL, 0, R.NOT_OUR_FIELD), event(K.CONTACT, 1)], 2),
        ([event(K.EVALUATION, 0, prospect=5), event(K.EVALUATION, 1, prospect=1)], 0),
        ([event(K.EVALUATION, 0, prospect=1), event(K.EVALUATION, 1, prospect=5)], 1),
        ([event(K.EVALUATION, 0, prospect=5), event(K.EVALUATION, 1, prospect=3)], None),
        ([event(K.EVALUATION, 0, prospect=4), event(K.DISMISSAL, 1, R.NOT_OUR_FIELD)], 0),
        ([event(K.DISMISSAL, 0, R.NOT_OUR_FIELD), event(K.EVALUATION, 1, prospect=4)], 1),
        ([event(K.DISMISSAL, 0, R.NOT_OUR_FIELD), event(K.EVALUATION, 1, prospect=2)], 0),
        ([event(K.CONTACT, 0), event(K.DISMISSAL, 1, R.TOO_DEAR)], 2),
    ],
)
def test_the_table_of_grades(events: list[FeedbackEvent], grade: int | None) -> None:
    assert from_feedback(events) == ({} if grade is None else {"F1": {"P1": grade}})


def test_pairs_do_not_mix_and_free_text_is_nobody() -> None:
    events = [
        event(K.CONTACT, patent="P2"),
        event(K.DISMISSAL, reason=R.NOT_OUR_FIELD),
        event(K.CONTACT, uscc="F0"),
        event(K.CONTACT, uscc=""),
    ]
    found = from_feedback(events)
    assert found == {"F0": {"P1": 2}, "F1": {"P1": 0, "P2": 2}}
    assert list(found) == ["F0", "F1"]


def test_firms_that_only_refused_have_nothing_to_be_found() -> None:
    qrels = {"F1": {"P1": 0}, "F2": {"P1": 0, "P2": 1}}
    assert with_positives(qrels) == {"F2": {"P1": 0, "P2": 1}}


some_events = st.lists(
    st.builds(
        event,
        st.sampled_from(list(K)),
        st.integers(0, 4),
        st.none() | st.sampled_from(list(R)),
        st.none() | st.integers(1, 5),
        patent=st.sampled_from(["P1", "P2"]),
    ),
    max_size=8,
    unique_by=lambda found: found.event_id,
)


@given(some_events, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(events: list[FeedbackEvent], random: Random) -> None:
    shuffled = list(events)
    random.shuffle(shuffled)
    assert from_feedback(shuffled) == from_feedback(events)


@given(some_events)
def test_looking_is_never_a_judgment(events: list[FeedbackEvent]) -> None:
    looks = {K.IMPRESSION, K.CLICK}
    without = [e for e in events if e.kind not in looks]
    assert from_feedback(without) == from_feedback(events)
