"""Grades: every part shown, what is unknown earns nothing and is said."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.grading import Weights, expiry, grade
from matcher.segment_demand import SegmentDemand
from matcher.types import LegalStatus, Patent, PatentId, PatentKind, StopState

TODAY = date(2026, 11, 23)
BARE = Patent(PatentId("p"), "题名")
RICH = replace(
    BARE,
    kind=PatentKind.INVENTION,
    filing_date=date(2020, 11, 23),
    abstract="摘要",
    first_claim="1. 一种",
    ipc=("H02K1/00",),
    effects=("噪声低",),
    technical_field="电机",
    maturity="批量生产、成熟应用阶段",
    open_licence=True,
    legal_status=LegalStatus.IN_FORCE,
    checked_on=date(2026, 11, 1),
    self_grade=3,
)
MANY = SegmentDemand(999, 999, 999, 2_000, 2_000)


def points(patent: Patent, demand: SegmentDemand | None = None) -> dict[str, float]:
    return {part.name: part.points for part in grade(patent, demand, TODAY).parts}


def test_a_patent_of_which_all_is_known_and_good() -> None:
    found = grade(RICH, MANY, TODAY)
    assert (found.score, found.known, found.stars, found.self_grade) == (100, 100, 5, 3)


def test_a_bare_title_earns_nothing_and_says_why() -> None:
    found = grade(BARE, None, TODAY)
    assert (found.score, found.known) == (0, 15)
    assert [part.name for part in found.parts if part.known] == ["text"]
    assert all(part.text for part in found.parts)


@pytest.mark.parametrize(
    ("kind", "filed", "end"),
    [
        (PatentKind.INVENTION, date(2020, 2, 29), date(2040, 2, 28)),
        (PatentKind.UTILITY_MODEL, date(2020, 5, 1), date(2030, 5, 1)),
        (PatentKind.DESIGN, date(2021, 5, 31), date(2031, 5, 31)),
        (PatentKind.DESIGN, date(2021, 6, 1), date(2036, 6, 1)),
        (PatentKind.UNKNOWN, date(2020, 1, 1), None),
    ],
)
def test_the_term_follows_from_kind_and_filing(
    kind: PatentKind, filed: date, end: date | None
) -> None:
    assert expiry(replace(BARE, kind=kind, filing_date=filed)) == end


def test_what_is_stated_counts_before_what_follows() -> None:
    assert expiry(replace(RICH, expires_on=date(2030, 1, 1))) == date(2030, 1, 1)


def test_parts_by_hand() -> None:
    half = replace(
        RICH,
        filing_date=date(2011, 11, 24),
        effects=(),
        maturity="试生产、应用开发阶段",
        open_licence=False,
        price_band="0-10万",
        checked_on=date(2026, 1, 1),
    )
    found = points(half, SegmentDemand(30, 20, 40, 100, 5_000))
    assert found["life"] == pytest.approx(20 * 5 / 10, abs=0.1)
    assert found["text"] == 15 * 4 / 5
    assert found["maturity"] == 20 * 2 / 4
    assert found["offer"] == 15 * 2 / 3
    assert found["evidence"] == 5 / 2
    assert found["demand"] == pytest.approx(25 * 0.497, abs=0.1)  # log10(31) / log10(1001)


@pytest.mark.parametrize(
    "change", [{"legal_status": LegalStatus.LAPSED}, {"stop_state": StopState.PRESERVED}]
)
def test_a_patent_that_may_not_be_recommended_has_no_stars(change: dict[str, object]) -> None:
    found = grade(replace(RICH, **change), MANY, TODAY)  # type: ignore[arg-type]
    assert found.stars == 0
    assert found.stopped


def test_an_estimate_is_called_one() -> None:
    counted = grade(RICH, SegmentDemand(9, 9, 9, 11, 11), TODAY).parts[-1].text
    guessed = grade(RICH, SegmentDemand(90, 40, 140, 100, 900), TODAY).parts[-1].text
    assert "约" not in counted
    assert "约90家" in guessed
    assert "95%区间40–140家" in guessed


@given(
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.sampled_from(["", "样品、实验阶段", "通过中试", "别的"]),
)
def test_more_demand_never_lowers_a_grade(one: int, other: int, maturity: str) -> None:
    patent = replace(RICH, maturity=maturity)
    low, high = (
        grade(patent, SegmentDemand(n, n, n, n, n), TODAY).score for n in sorted((one, other))
    )
    assert 0 <= low <= high <= 100


def test_weights_make_a_hundred() -> None:
    weights = Weights()
    assert (
        sum((weights.life, weights.text, weights.maturity, weights.offer, weights.evidence))
        + weights.demand
        == 100
    )
