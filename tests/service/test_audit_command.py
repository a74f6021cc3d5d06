"""`panhuo audit`, and that no verb writes without a row."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import click
import pytest

from service.audit.spool import Spool
from service.cli import panhuo, run
from service.commands.acts import READS
from tests.house.test_house import _verbs

Told = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PANHUO_HOME", str(tmp_path / "home"))
    assert run(["keys", "create", "--tenant", "甲", "--scope", "recommend:read", "--json"]) == 0
    return tmp_path / "home"


def said(capsys: Told, *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run(list(arguments)) == code
    return json.loads(capsys.readouterr().out)


def test_every_verb_is_an_act(home: Path) -> None:
    verbs = dict(_verbs(panhuo))
    assert all(hasattr(command.callback, "__wrapped__") for command in verbs.values())
    assert set(verbs) >= READS - {"bench api", "privacy map"}


def test_who_at_the_machine_did_what(home: Path, capsys: Told) -> None:
    made = said(capsys, "keys", "list", "--json")["keys"][0]
    rows = said(capsys, "audit", "show", "--json")["rows"]
    row = next(one for one in rows if made["id"] in one["objects"])
    assert (row["actor_kind"], row["operation"]) == ("user", "panhuo keys create")
    assert row["actor"]
    assert row["detail"]["after"]["scopes"] == ["recommend:read"]
    assert row["detail"]["tables"] == {"api_keys": 1}


def test_before_and_after_of_a_setting(home: Path, capsys: Told) -> None:
    run(["keys", "origins", "--tenant", "甲", "--allow", "https://a.example"])
    row = said(capsys, "audit", "show", "-n", "1", "--json")["rows"][0]
    assert row["detail"]["before"] == {"origins": []}
    assert row["detail"]["after"] == {"origins": '["https://a.example"]'}


def test_verbs_that_write_files_or_fail_are_told_when_they_end(home: Path, capsys: Told) -> None:
    run(["keys", "rotate"])
    assert run(["keys", "revoke", "nonesuch"]) == 1
    rows = said(capsys, "audit", "show", "-n", "2", "--json")["rows"]
    assert [(row["operation"], row["result"], row["status"]) for row in rows] == [
        ("panhuo keys revoke", "failed", 1),
        ("panhuo keys rotate", "done", 0),
    ]
    assert Spool(home).waiting() == 0


def test_verbs_that_show_leave_none(home: Path, capsys: Told) -> None:
    before = said(capsys, "audit", "show", "--json")["rows"]
    run(["keys", "list"])
    run(["contacts", "list", "甲大学"])
    assert said(capsys, "audit", "show", "--json")["rows"] == before


def test_verify_tells_good_and_bad(home: Path, capsys: Told) -> None:
    good = said(capsys, "audit", "verify", "--json")
    assert (good["good"], good["faults"]) == (True, [])
    assert said(capsys, "audit", "verify", "--head", good["head"], "--json")["good"]
    with sqlite3.connect(home / "panhuo.db") as connection:
        for name in ("kept", "stay", "once"):
            connection.execute(f"DROP TRIGGER audit_rows_{name}")
        connection.execute("UPDATE audit_rows SET actor = 'somebody else' WHERE seq = 1")
    connection.close()
    bad = said(capsys, "audit", "verify", "--json", code=1)
    assert bad["faults"][0].startswith("found row 1 changed")
    assert run(["audit", "verify", "--head", "x"]) == 1


def test_export_has_every_row(home: Path, tmp_path: Path, capsys: Told) -> None:
    for ending in ("ndjson", "csv"):
        assert run(["audit", "export", "--out", str(tmp_path / f"a.{ending}")]) == 0
    rows = said(capsys, "audit", "show", "--json")["rows"]
    lines = (tmp_path / "a.ndjson").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert told == [row for row in reversed(rows) if row["seq"] <= len(told)]
    assert (tmp_path / "a.csv").read_text("utf-8").startswith("seq,at,tenant")


def test_a_verb_that_is_new_is_audited_without_a_word(home: Path, capsys: Told) -> None:
    from service.commands.acts import audit_all

    @click.group()
    def group() -> None:
        pass

    @group.command()
    def brand() -> None:
        """Write a file."""

    audit_all(group)
    group.main(["brand"], standalone_mode=False)
    row = said(capsys, "audit", "show", "-n", "1", "--json")["rows"][0]
    assert (row["operation"], row["result"]) == ("panhuo brand", "done")


def test_a_home_that_is_not_there_is_not_made_for_the_audit(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    assert run(["store", "copy", "--home", str(missing), "--to", "sqlite:///x"]) == 1
    assert not missing.exists()
