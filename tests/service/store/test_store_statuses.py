"""What counts of all that was said of a patent's status."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from matcher.types import LegalEvent, LegalStatus, PatentId, StopState
from service.store.statuses import Standing, Status, current

KEY = PatentId("p")
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
SAID = st.builds(
    Status,
    st.just(KEY),
    st.sampled_from(["patsnap", "incopat", "panhuo-template"]),
    st.sampled_from([MAY, JUNE]),
    legal_status=st.sampled_from(list(LegalStatus)),
    events=st.lists(st.sampled_from(list(LegalEvent)), unique=True, max_size=3).map(tuple),
    stop_state=st.sampled_from(list(StopState)),
)


def said(family: str, day: date, **values: object) -> Status:
    return Status(KEY, family, day, **values)  # type: ignore[arg-type]


def test_nothing_said() -> None:
    assert current([]) == Standing()


def test_the_newest_check_counts() -> None:
    lapsed = said("patsnap", MAY, legal_status=LegalStatus.LAPSED)
    alive = said("incopat", JUNE, legal_status=LegalStatus.IN_FORCE)
    assert current([lapsed, alive]).legal_status is LegalStatus.IN_FORCE
    assert current([alive, lapsed]).checked_on == JUNE


def test_of_one_day_the_more_final_word_counts() -> None:
    lapsed = said("panhuo-template", MAY, legal_status=LegalStatus.LAPSED)
    alive = said("patsnap", MAY, legal_status=LegalStatus.IN_FORCE)
    assert current([lapsed, alive]).legal_status is LegalStatus.LAPSED


def test_silence_lifts_no_stop_state() -> None:
    declared = said("panhuo-template", MAY, stop_state=StopState.OWNERSHIP_DISPUTE)
    vendor = said("patsnap", JUNE, legal_status=LegalStatus.IN_FORCE, events=(LegalEvent.GRANT,))
    assert current([declared, vendor]).stop_state is StopState.OWNERSHIP_DISPUTE


def test_events_stop_too() -> None:
    for event, stop in (
        (LegalEvent.PRESERVATION, StopState.PRESERVED),
        (LegalEvent.EXCLUSIVE_LICENCE, StopState.EXCLUSIVELY_LICENSED),
        (LegalEvent.ABOUT_TO_ABANDON, StopState.ABOUT_TO_ABANDON),
    ):
        assert current([said("patsnap", MAY, events=(event,))]).stop_state is stop
    assert current([said("patsnap", MAY, events=(LegalEvent.LICENCE,))]).stop_state == ""


@given(st.lists(SAID, max_size=4, unique_by=lambda one: one.family), st.randoms())
def test_the_order_does_not_matter(rows: list[Status], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert current(shuffled) == current(rows)
