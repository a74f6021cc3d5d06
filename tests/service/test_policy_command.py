"""``panhuo policy``: shown as a table and as a file, trained, written whole, put in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.judgments import read_qrels
from matcher.codes import PlaceSetting, RelationKind
from matcher.index.training_split import kept_for_policy
from matcher.ranking.policy_file import load_policy, parse_policy
from matcher.types import PatentId, Relation, Uscc
from service.bootstrap import open_home
from service.commands.policy import _relations
from service.config import Settings
from tests.service.test_cli import FIRM, SAMPLE, told

QRELS = SAMPLE / "judgments.qrels"


@pytest.fixture
def few_qrels(tmp_path: Path) -> Path:
    """Judgments of 35 firms: enough to train, and quick."""
    lines = QRELS.read_text("utf-8").splitlines()
    firms = list(dict.fromkeys(line.split()[0] for line in lines))[:35]
    path = tmp_path / "few.qrels"
    path.write_text("\n".join(line for line in lines if line.split()[0] in firms), "utf-8")
    return path


def trained(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    out, _ = told(capsys, "policy", "train", "--folds", "2", "--json", *arguments)
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_policy_in_force_is_shown(
    lsa_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    out, _ = told(capsys, "policy", "show", "--home", str(lsa_home))
    policy = load_policy()
    assert policy.version in out
    assert "本地优先（当前）" in out
    for word in ("不计地域", "跨区域优先", "whole_text", "same_city", "intercept"):
        assert word in out
    out, _ = told(capsys, "policy", "show", "--json", "--home", str(lsa_home))
    shown = parse_policy(out, "shown")
    assert shown.weights == policy.weights
    assert shown.places == policy.places
    assert shown.version == policy.version


def test_a_trained_policy_is_put_in_force_by_its_path(
    lsa_home: Path,
    few_qrels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, out = ("--home", str(lsa_home)), tmp_path / "own.json"
    pool = tmp_path / "pool.txt"
    judged = {d for grades in read_qrels(QRELS).values() for d in grades}
    pool.write_text("\n".join(sorted(judged)), "utf-8")
    given = ("--qrels", str(few_qrels), "--pool", str(pool), "--name", "ours", "--seed", "3")
    report = trained(capsys, *given, "--out", str(out), *home)
    assert report["policy"] == str(out)
    assert report["sets"]["few"]["firms"] == 35
    assert report["sets"]["few"]["pool"] == len(judged)
    assert report["config"]["seed"] == 3
    assert (
        sum(one["linked"] for one in report["reliability"]["bins"])
        == (report["sets"]["few"]["links"])
    )
    made = load_policy(out)
    assert made.name == "ours"
    assert made.weights != load_policy().weights
    assert made.provenance["links"]["few"]["firms"] == 35
    assert made.provenance["encoder"].startswith("lsa-")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".own")] == []

    asked = ("recommend", "--uscc", FIRM, "-n", "3", "--json", *home)
    before = json.loads(told(capsys, *asked)[0])
    monkeypatch.setenv("PANHUO_POLICY", str(out))
    after = json.loads(told(capsys, *asked)[0])
    assert before["versions"]["policy"] == load_policy().version
    assert after["versions"]["policy"] == made.version
    assert after["items"][0]["score"] != before["items"][0]["score"]
    shown = parse_policy(told(capsys, "policy", "show", "--json", *home)[0], "shown")
    assert shown.version == made.version


def test_relations_teach_as_judgments_do(
    own_home: Path, few_qrels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ("--home", str(own_home))
    out = tmp_path / "p.json"
    words = ("policy", "train", "--out", str(out), "--relations", "licensed", *home)
    _, err = told(capsys, *words, code=1)
    assert "11 firms with a link in licensed; expected 30 or more" in " ".join(err.split())
    assert not out.exists()
    with open_home(Settings(home=own_home)) as opened:
        patents = opened.readers.patents
        opened.store.relations.upsert(
            [
                Relation(Uscc(query), PatentId(patents.resolve(document)), RelationKind.LICENSED)
                for query, grades in read_qrels(few_qrels).items()
                for document, grade in grades.items()
                if grade == 3
            ]
        )
    report = trained(capsys, "--relations", "licensed", "--out", str(out), *home)
    assert report["sets"]["licensed"]["firms"] >= 35
    assert load_policy(out).name == "own"


def test_only_firms_that_the_encoder_did_not_learn_from_teach(
    static_home: Path, lsa_home: Path
) -> None:
    kinds = [kind.value for kind in RelationKind]
    with open_home(Settings(home=static_home)) as home:
        kept = set(_relations(home, kinds, across=False).qrels)
    with open_home(Settings(home=lsa_home)) as home:
        every = set(_relations(home, kinds, across=False).qrels)
    assert kept == {uscc for uscc in every if kept_for_policy(uscc)}
    assert 0 < len(kept) < len(every)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--relations", "owns", "--qrels", "x"), "Give --relations or --qrels, not both."),
        (("--pool", "all"), "one --pool for each --qrels"),
        (("--qrels", "x", "--pool", "all", "--pool", "all"), "one --pool for each --qrels"),
        (("--name", "Ours-1"), "expected letters a-z"),
        (("--relations", "contacted"), "contacted"),
        (("--folds", "1"), "--folds"),
        (("--place-share", "2"), "--place-share"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: tuple[str, ...],
    said: str,
    lsa_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = ("policy", "train", "--out", str(tmp_path / "p.json"), *arguments)
    _, err = told(capsys, *whole, "--home", str(lsa_home), code=2)
    assert said in " ".join(err.split())
    assert not (tmp_path / "p.json").exists()
    _, err = told(capsys, "policy", "train", "--home", str(lsa_home), code=2)
    assert "--out" in err


@pytest.mark.parametrize("where", ["none/p.json", "file/p.json", "folder", ""])
def test_what_cannot_be_written_is_one_sentence_and_no_half_file(
    where: str,
    lsa_home: Path,
    few_qrels: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.chdir(room)
    (room / "folder").mkdir()
    (room / "file").write_text("kept", "utf-8")
    given = ("policy", "train", "--folds", "2", "--qrels", str(few_qrels), "--out", where)
    _, err = told(capsys, *given, "--home", str(lsa_home), code=1)
    assert "Traceback" not in err
    assert "expected a path to write to" in " ".join(err.split())
    assert sorted(path.name for path in room.rglob("*")) == ["file", "folder"]
    assert (room / "file").read_text("utf-8") == "kept"


@pytest.mark.parametrize("place", list(PlaceSetting))
def test_place_on_the_command_line(
    place: PlaceSetting, lsa_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ("--home", str(lsa_home))
    version = load_policy().placed(place).version
    asks = (
        ("recommend", "--uscc", FIRM),
        ("recommend", "--text", "水性涂料", "--region", "天津"),
        ("firms-for", "CN201919701553.X"),
    )
    for ask in asks:
        found = json.loads(told(capsys, *ask, "--place", place.value, "--json", *home)[0])
        assert found["versions"]["policy"] == version
        assert found["items"]


def test_another_place_is_wrong_usage(lsa_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = ("recommend", "--uscc", FIRM, "--place", "moon", "--home", str(lsa_home))
    _, err = told(capsys, *ask, code=2)
    assert "moon" in err
