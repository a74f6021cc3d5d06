"""The policy: its file both ways, its three place settings, and what a score means."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.codes import PlaceSetting
from matcher.errors import BadFile
from matcher.ranking.features import FEATURES, PLACE_FEATURES
from matcher.ranking.policy import Placing, Policy, probability
from matcher.ranking.policy_file import load_policy, parse_policy, policy_text

WEIGHTED = [feature for feature in FEATURES if feature not in PLACE_FEATURES]
finite = st.floats(-100, 100, allow_nan=False)


def some_features(n: int = 50) -> np.ndarray:
    return np.random.default_rng(0).random((n, len(FEATURES))).astype(np.float32)


def changed(**fields: Any) -> str:
    content = json.loads(policy_text(load_policy()))
    return json.dumps({**content, **fields})


@given(
    weights=st.lists(finite, min_size=len(WEIGHTED), max_size=len(WEIGHTED)),
    placings=st.lists(st.tuples(finite, finite, finite), min_size=3, max_size=3),
    place=st.sampled_from(PlaceSetting),
)
def test_a_policy_read_back_gives_the_same_scores(
    weights: list[float], placings: list[tuple[float, float, float]], place: PlaceSetting
) -> None:
    by_name = dict(zip(WEIGHTED, weights, strict=True))
    written = replace(
        load_policy(),
        weights=tuple(by_name.get(feature, 0.0) for feature in FEATURES),
        places={s: Placing(*p) for s, p in zip(PlaceSetting, placings, strict=True)},
        place=place,
    )
    read = parse_policy(policy_text(written), "here")
    for setting in PlaceSetting:
        ours, theirs = written.placed(setting), read.placed(setting)
        assert ours.score(some_features()).tolist() == theirs.score(some_features()).tolist()
    assert (read.floor, read.per_holder, read.diversity) == (
        written.floor,
        written.per_holder,
        written.diversity,
    )
    assert read.provenance == written.provenance
    assert parse_policy(policy_text(read), "there").version == read.version


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "no JSON"),
        ("[1]", "a list"),
        ("[" * 100_000, "no JSON"),
        (json.dumps({"name": "x"}), "'weights'"),
        (changed(weights={"charm": 1.0}), "'charm'"),
        (changed(weights={"same_city": 1.0}), "'same_city'"),
        (changed(weights={"whole_text": math.nan}), "whole_text is nan"),
        (changed(weights={"whole_text": math.inf}), "whole_text is inf"),
        (changed(weights={"whole_text": 10**400}), "too large"),
        (changed(weights={"whole_text": "much"}), "'much'"),
        (changed(weights={"whole_text": None}), "NoneType"),
        (changed(weights=[1.0]), "list"),
        (changed(floor=0), "floor is 0"),
        (changed(floor=1), "floor is 1"),
        (changed(per_holder=0), "per_holder is 0"),
        (changed(diversity=1.5), "diversity is 1.5"),
        (changed(place="nearby"), "'nearby'"),
        (changed(places={}), "'local_first'"),
        (changed(places={"moon": {}}), "'moon'"),
        (
            changed(
                places={
                    s.value: {"same_province": 0, "same_city": 0, "intercept": 0}
                    for s in PlaceSetting
                    if s is not PlaceSetting.CROSS_REGION
                }
            ),
            "'cross_region'",
        ),
        (changed(places={"neutral": {"same_province": 0, "same_city": 0}}), "'intercept'"),
        (changed(provenance="by hand"), "no usable policy"),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadFile) as refused:
        load_policy(path)
    told = str(refused.value)
    assert str(path) in told
    assert named in told
    assert "\n" not in told
    assert refused.value.cure


@pytest.mark.parametrize("field", json.loads(policy_text(load_policy())))
def test_every_field_is_needed(field: str) -> None:
    content = json.loads(policy_text(load_policy()))
    del content[field]
    with pytest.raises(BadFile, match=f"found no '{field}'"):
        parse_policy(json.dumps(content), "here")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no readable file"):
        load_policy(tmp_path / "none.json")
    (tmp_path / "gbk.json").write_bytes("{'名': 1}".encode("gbk"))
    with pytest.raises(BadFile, match="UTF-8"):
        load_policy(tmp_path / "gbk.json")


def test_another_content_has_another_version() -> None:
    first, second = (parse_policy(changed(floor=f), "here") for f in (0.1, 0.2))
    assert first.version != second.version
    assert first.version.startswith("linear-local_first-")


def test_another_setting_changes_version_and_weights_of_place_only() -> None:
    policy = load_policy()
    for setting in PlaceSetting:
        placed = policy.placed(setting)
        name, told, digest = placed.version.split("-")
        assert (name, told, digest) == (policy.name, setting.value, policy.version.split("-")[2])
        assert replace(placed, place=policy.place, version=policy.version) == policy
        differing = {
            feature
            for feature, ours, theirs in zip(
                FEATURES, policy.effective, placed.effective, strict=True
            )
            if ours != theirs
        }
        assert differing <= set(PLACE_FEATURES)
        assert placed.placed(policy.place) == policy
    assert policy.placed(None) is policy
    assert policy.placed(policy.place) is policy


def test_a_name_that_holds_a_setting_stays_as_it_is() -> None:
    policy = parse_policy(changed(name="our-local_first-one"), "here")
    version = policy.placed(PlaceSetting.NEUTRAL).version
    assert version.startswith("our-local_first-one-neutral-")


def test_relevance_is_the_same_under_every_setting_and_blind_to_place() -> None:
    policy, features = load_policy(), some_features()
    elsewhere = features.copy()
    for feature in (*PLACE_FEATURES, "public_holder", "in_force"):
        elsewhere[:, FEATURES.index(feature)] = 0.0
    expected = policy.relevance(features).tolist()
    for setting in PlaceSetting:
        assert policy.placed(setting).relevance(features).tolist() == expected
        assert policy.placed(setting).relevance(elsewhere).tolist() == expected
    other = features.copy()
    other[:, FEATURES.index("whole_text")] += 0.1
    assert (policy.relevance(other) > policy.relevance(features)).all()


def test_near_first_far_first_and_neither() -> None:
    policy = load_policy()
    pair = np.zeros((2, len(FEATURES)), dtype=np.float32)
    pair[1, [FEATURES.index(feature) for feature in PLACE_FEATURES]] = 1.0
    gaps = {s: float(np.subtract(*policy.placed(s).score(pair)[::-1])) for s in PlaceSetting}
    assert gaps[PlaceSetting.LOCAL_FIRST] > 0
    assert gaps[PlaceSetting.NEUTRAL] == 0
    assert gaps[PlaceSetting.CROSS_REGION] < 0


def test_a_score_is_written_as_arithmetic() -> None:
    features = np.zeros((1, len(FEATURES)), dtype=np.float32)
    features[0, FEATURES.index("whole_text")] = 0.5
    features[0, FEATURES.index("same_city")] = 1.0
    weights = tuple(2.0 if f == "whole_text" else 0.0 for f in FEATURES)
    policy = _policy(weights, Placing(3.0, 5.0, -4.0))
    assert policy.score(features).tolist() == [2.0 * 0.5 + 5.0 - 4.0]
    assert policy.relevance(features).tolist() == [2.0 * 0.5 - 1.0]
    assert policy.placed(PlaceSetting.NEUTRAL).score(features).tolist() == [2.0 * 0.5 - 1.0]


def _policy(weights: tuple[float, ...], local: Placing) -> Policy:
    places = {
        PlaceSetting.LOCAL_FIRST: local,
        PlaceSetting.NEUTRAL: Placing(0.0, 0.0, -1.0),
        PlaceSetting.CROSS_REGION: Placing(-1.0, 0.0, -1.0),
    }
    default = load_policy()
    return replace(default, weights=weights, places=places, place=PlaceSetting.LOCAL_FIRST)


@given(st.floats(1e-9, 1 - 1e-9))
def test_the_floor_as_log_odds(floor: float) -> None:
    found = replace(load_policy(), floor=floor).floor_score
    assert 1 / (1 + math.exp(-found)) == pytest.approx(floor)


def test_probability_of_log_odds() -> None:
    log_odds = np.array([0.0, math.log(3), -math.log(9), 800.0, -90.0], dtype=np.float32)
    expected = [1 / 2, 3 / 4, 1 / 10, 1.0, 0.0]
    assert probability(log_odds).tolist() == pytest.approx(expected)
    assert probability(log_odds).dtype == np.float32
