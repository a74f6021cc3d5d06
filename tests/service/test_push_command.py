"""``panhuo push``: a round over processes, seen from both sides; wrong use in a sentence."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from matcher.push.round_folder import RoundFolder
from service.bootstrap import open_home
from service.cli import run
from service.config import Settings


@pytest.fixture(scope="module")
def folder(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(lsa_home, tmp_path_factory.mktemp("push") / "home"))


def printed(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> dict[str, Any]:
    assert run(["push", *arguments, "--home", str(folder), "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(scope="module")
def made(folder: Path) -> dict[str, Any]:
    from click.testing import CliRunner

    from service.cli import panhuo

    found = CliRunner().invoke(
        panhuo,
        ["push", "plan", "--per-firm", "5", "--processes", "2", "--home", str(folder), "--json"],
    )
    assert found.exit_code == 0, found.output
    content: dict[str, Any] = json.loads(found.stdout)
    return content


def test_a_round_is_planned_and_certified(made: dict[str, Any]) -> None:
    proof = made["certificate"]
    assert proof["firms"] == 129
    assert proof["slots"] == made["items"] > 500
    assert 0 <= proof["gap"] < 0.005
    assert proof["balanced"]["over"] == proof["balanced"]["under"] == 0
    assert proof["balanced"]["largest_load"] <= proof["load_limit"]
    assert made["exceptions"]["patents"]["stopped"] >= 0
    assert set(made["seconds"]) == {"prepare", "candidates", "gather", "balance", "write"}


def test_file_and_store_hold_the_same(made: dict[str, Any], folder: Path) -> None:
    rows = pq.read_table(folder / "push" / made["round"] / "items.parquet").to_pylist()
    assert len(rows) == made["items"]
    with open_home(Settings(home=folder)) as home:
        store = home.store.push_rounds
        stored = store.items_of_firms(made["round"], sorted({row["uscc"] for row in rows}))
    for row in rows:
        item = stored[row["uscc"]][row["rank"] - 1]
        assert (item.patent_id, item.rank, item.segment or "") == (
            row["patent_id"], row["rank"], row["segment"],
        )  # fmt: skip
        assert item.score == pytest.approx(row["score"])
        assert item.propensity == pytest.approx(row["propensity"])


def test_the_list_names_its_columns(
    made: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["push", "list", "--home", str(folder)]) == 0
    head, *rows = (
        [cell.strip() for cell in re.split("[┃│]", line)[1:-1]]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("┃", "│"))
    )
    assert head[:3] == ["round", "for", "firms"]
    assert rows[0][:3] == [made["round"], "all", str(made["certificate"]["reached"])]


def test_list_and_show(
    made: dict[str, Any], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = made["round"]
    (listed,) = printed(capsys, folder, "list")["rounds"]
    assert (listed["round"], listed["items"]) == (name, made["items"])
    assert printed(capsys, folder, "show", name)["certificate"]["gap"] == pytest.approx(
        made["certificate"]["gap"]
    )
    firm = printed(capsys, folder, "show", name, "--uscc", "91110105PHP6BNEM71")["items"]
    assert [item["rank"] for item in firm] == [1, 2, 3, 4, 5]
    assert all(item["title"] and item["firm"] for item in firm)
    patent = firm[0]["patent_id"]
    firms = printed(capsys, folder, "show", name, "--patent", patent)["items"]
    assert "91110105PHP6BNEM71" in {item["uscc"] for item in firms}
    assert printed(capsys, folder, "report", name)["exceptions"] == made["exceptions"]
    page = folder / "page.html"
    assert run(["push", "report", name, "--out", str(page), "--home", str(folder)]) == 0
    text = page.read_text("utf-8")
    assert "http" not in text
    assert "<svg" in text
    assert f"推送批次 {name}" in text
    assert run(["push", "report", name, "--out", "/none/x", "--home", str(folder)]) == 1
    assert "cannot be written" in capsys.readouterr().err
    for shown in (["list"], ["show", name], ["show", name, "--uscc", "91110105PHP6BNEM71"]):
        assert run(["push", *shown, "--home", str(folder)]) == 0
    assert "北京链圃" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["plan", "--per-firm", "0"], "found 0 items a firm"),
        (["plan", "--max-per-patent", "many"], "found --max-per-patent 'many'"),
        (["plan", "--max-per-patent", "1", "--min-per-patent", "2"], "at least 2 and at most 1"),
        (["plan", "--explore", "0.9"], "found 0.9 as the share of places"),
        (["plan", "--resume"], "found no unfinished push_round"),
        (["show", "nothing"], "found no published push_round 'nothing'"),
        (["report", "nothing"], "found no published push_round 'nothing'"),
    ],
)
def test_wrong_use_ends_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    before = {one.path.name for one in _rounds(folder)}
    assert run(["push", *arguments, "--home", str(folder)]) in (1, 2)
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert {one.path.name for one in _rounds(folder)} == before


def _rounds(folder: Path) -> list[RoundFolder]:
    from matcher.push.round_folder import folders

    return list(folders(folder / "push"))
