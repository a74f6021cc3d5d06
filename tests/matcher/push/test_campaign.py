"""What a campaign chooses, and which earlier rounds bear on a new one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.codes import FirmTag, HolderKind, LicenceKind
from matcher.errors import StateError
from matcher.places.places import Place
from matcher.push.campaign import (
    OUTSIDE,
    STAGES,
    Attention,
    Campaign,
    FirmChoice,
    FirmFacts,
    FirmStratum,
    PatentChoice,
    PatentFacts,
    PatentStratum,
    Quiet,
    Terms,
    tags_of,
)
from matcher.push.lately import windows_of
from matcher.pushed import PushRound, RoundId
from service.ingest.codes import MATURITIES

NOON = datetime(2027, 2, 4, 4, 0, tzinfo=UTC)
NAMED = Terms("春季")


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ((), set()),
        (("专精特新",), {"specialised_sme"}),
        (("国家级专精特新“小巨人”企业",), {"specialised_sme", "little_giant"}),
        (("小巨人",), {"specialised_sme", "little_giant"}),
        (("高新技术企业", "A级纳税人"), {"high_tech"}),
    ],
)
def test_tags_are_read_from_what_firms_are_called(words: tuple[str, ...], tags: set[str]) -> None:
    assert {tag.value for tag in tags_of(words)} == tags


def test_the_stages_are_the_beginnings_of_those_of_the_workbook() -> None:
    for text, stage in zip(MATURITIES, STAGES, strict=True):
        fitting = [one for one in STAGES if text.startswith(one)]
        assert fitting == [stage]


def test_a_firm_is_chosen_by_each_part_that_says_anything() -> None:
    choice = FirmChoice(
        frozenset({"2.1", "T05"}),
        (Place("浙江"), Place("江苏", "苏州")),
        frozenset({FirmTag.HIGH_TECH}),
    )
    tagged = frozenset({FirmTag.HIGH_TECH, FirmTag.LITTLE_GIANT})
    firm = FirmFacts("T05", Place("浙江", "宁波"), tagged)
    assert choice.holds(firm)
    assert choice.holds(FirmFacts("2.1", Place("江苏", "苏州"), tagged))
    assert not choice.holds(FirmFacts("2.1", Place("江苏", "南京"), tagged))
    assert not choice.holds(FirmFacts("2.1", Place("江苏"), tagged))
    assert not choice.holds(FirmFacts("2.1", None, tagged))
    assert not choice.holds(FirmFacts("2.2", firm.place, tagged))
    assert not choice.holds(FirmFacts("", firm.place, tagged))
    assert not choice.holds(FirmFacts("2.1", firm.place, frozenset({FirmTag.LITTLE_GIANT})))
    assert FirmChoice().holds(FirmFacts())


def test_a_patent_is_chosen_by_each_part_that_says_anything() -> None:
    choice = PatentChoice(
        frozenset({"2.1"}),
        ("小批量", "批量"),
        frozenset({LicenceKind.OPEN, LicenceKind.ORDINARY}),
        frozenset({HolderKind.UNIVERSITY}),
    )
    kinds = frozenset({LicenceKind.ORDINARY, LicenceKind.ASSIGNMENT})
    holder = HolderKind.UNIVERSITY
    assert choice.holds(PatentFacts("2.1", MATURITIES[2], kinds, holder))
    assert not choice.holds(PatentFacts("2.2", MATURITIES[2], kinds, holder))
    assert not choice.holds(PatentFacts("2.1", MATURITIES[0], kinds, holder))
    assert not choice.holds(PatentFacts("2.1", "", kinds, holder))
    assert not choice.holds(PatentFacts("2.1", MATURITIES[2], frozenset(), holder))
    assert not choice.holds(PatentFacts("2.1", MATURITIES[2], kinds, HolderKind.FIRM))
    assert PatentChoice().holds(PatentFacts())


def test_the_first_stratum_that_fits_counts_and_what_it_does_not_say_is_the_campaigns() -> None:
    giants = FirmChoice(tags=frozenset({FirmTag.LITTLE_GIANT}))
    small = FirmChoice(tags=frozenset({FirmTag.SPECIALISED_SME}))
    campaign = Campaign(
        NAMED,
        firms=FirmChoice(regions=(Place("浙江"),)),
        per_firm=4,
        least=1,
        most=None,
        firm_strata=(FirmStratum(giants, 9), FirmStratum(small, 6)),
        patent_strata=(
            PatentStratum(PatentChoice(stages=("批量",)), least=3),
            PatentStratum(PatentChoice(stages=("小批量",)), most=7),
        ),
    )
    here = Place("浙江")
    firms = [
        FirmFacts("", Place("江苏"), tags_of(["小巨人"])),
        FirmFacts("", here, tags_of(["小巨人"])),
        FirmFacts("", here, tags_of(["专精特新"])),
        FirmFacts("", here),
    ]
    codes = np.array([campaign.code_of_firm(firm) for firm in firms], dtype=np.int32)
    assert codes.tolist() == [OUTSIDE, 1, 2, 0]
    assert campaign.per_firm_of(codes[1:]).tolist() == [9, 6, 4]
    patents = [PatentFacts(maturity=text) for text in (MATURITIES[3], MATURITIES[2], "")]
    strata = np.array([campaign.code_of_patent(patent) for patent in patents], dtype=np.int32)
    assert strata.tolist() == [1, 2, 0]
    assert campaign.least_of(strata).tolist() == [3, 1, 1]
    assert campaign.most_of(strata).tolist() == [-1, 7, -1]


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (datetime(2027, 2, 3, 15, 59, tzinfo=UTC), False),
        (datetime(2027, 2, 3, 16, 0, tzinfo=UTC), True),  # midnight in China
        (datetime(2027, 2, 18, 15, 59, tzinfo=UTC), True),
        (datetime(2027, 2, 18, 16, 0, tzinfo=UTC), False),
    ],
)
def test_quiet_days_are_days_in_china_and_the_last_one_counts(at: datetime, quiet: bool) -> None:
    terms = Terms("春季", (Quiet(date(2027, 2, 4), date(2027, 2, 18)),))
    if quiet:
        with pytest.raises(StateError, match=r"'春季', 2027-02-04 until 2027-02-18.*2027-02-19"):
            terms.refuse_quiet(at)
    else:
        terms.refuse_quiet(at)


def rounds(*days_ago: float) -> list[PushRound]:
    return [PushRound(RoundId(f"r{n}"), NOON - timedelta(days=n)) for n in days_ago]


def test_windows_hold_the_rounds_of_their_days() -> None:
    found = windows_of(
        rounds(1, 5, 29, 31),
        NOON,
        Campaign(Terms("春季", attention=Attention(9, 30)), no_repeat_days=5, rotation=2),
        {},
    )
    assert found.repeat == {"r1"}
    assert found.rotation == {"r1", "r5"}
    assert found.budgets == ((9, frozenset({"r1", "r5", "r29"})),)
    assert found.rounds == ["r1", "r29", "r5"]
    assert windows_of(rounds(1, 5), NOON, None, {}).rounds == []


def test_a_budget_binds_other_campaigns_and_rounds_of_none_while_it_runs() -> None:
    promised = {RoundId("r5"): Attention(9, 30), RoundId("r31"): Attention(2, 30)}
    for campaign in (None, Campaign(NAMED)):
        found = windows_of(rounds(1, 5, 31), NOON, campaign, promised)
        assert found.budgets == ((9, frozenset({"r1", "r5"})),)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6)), max_size=12), st.data())
def test_no_stretch_of_days_holds_more_than_the_budget(
    planned: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Rounds of two campaigns and of none, each taking as much as the budgets leave it."""
    start = datetime(2027, 1, 1, tzinfo=UTC)
    budgets = [Attention(5, 10), Attention(8, 25)]
    made: list[PushRound] = []
    got: dict[str, int] = {}
    promised: dict[RoundId, Attention] = {}
    for number, (day, wanted) in enumerate(sorted(planned)):
        attention = data.draw(st.sampled_from([None, *budgets]))
        at = start + timedelta(days=day, minutes=number)
        campaign = Campaign(Terms("春季", attention=attention))
        windows = windows_of(made[::-1], at, campaign, promised)
        left = [most - sum(got[key] for key in of) for most, of in windows.budgets]
        key = RoundId(f"r{number:03}")
        got[key] = max(0, min([wanted, *left]))
        made.append(PushRound(key, at))
        if attention:
            promised[key] = attention
    for key, attention in promised.items():
        at = next(one.made_at for one in made if one.round_id == key)
        span = timedelta(days=attention.days)
        for last in (one.made_at for one in made if at <= one.made_at < at + span):
            within = [one.round_id for one in made if last - span < one.made_at <= last]
            earlier = [k for k in within if k < key]
            # What was pushed before the budget was first told cannot be taken back.
            before = sum(got[k] for k in earlier)
            assert sum(got[k] for k in within) <= max(attention.items, before)
