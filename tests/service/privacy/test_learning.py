"""Nothing of a tenant is learnt from unless its contract says so."""

from __future__ import annotations

import ast
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import StateError
from matcher.types import FeedbackEvent, FeedbackKind, ListId, Uscc
from service.bootstrap import open_home
from service.cli import run
from service.config import Settings
from service.privacy.learning import learnt_from
from service.tenancy import Tenancy

FIRM = "91330108PH9YJRY21R"
Said = pytest.CaptureFixture[str]


@pytest.fixture
def home(lsa_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    monkeypatch.setenv("PANHUO_HOME", str(folder))
    for name in ("甲", "乙"):
        assert run(["keys", "create", "--tenant", name, "--scope", "feedback:write"]) == 0
    with open_home(Settings(home=folder)) as opened:
        patent = next(iter(opened.store.patents.iterate())).patent_id
        tenancy = Tenancy(opened)
        for name in ("甲", "乙"):
            event = FeedbackEvent(
                event_id=name, list_id=ListId("L"), slot=1, patent_id=patent, uscc=Uscc(FIRM),
                kind=FeedbackKind.CONTACT, at=datetime.now(UTC),
            )  # fmt: skip
            tenancy.store_of(name).feedback.append([event])
        tenancy.close()
    return folder


def learnt(folder: Path, *, across: bool) -> list[str]:
    with open_home(Settings(home=folder)) as home, learnt_from(home, across=across) as stores:
        return [event.event_id for store in stores for event in store.feedback.iterate()]


def test_nothing_of_a_tenant_unless_its_contract_says_so(home: Path, capsys: Said) -> None:
    assert learnt(home, across=False) == []
    with pytest.raises(StateError, match="no tenant whose contract"):
        learnt(home, across=True)
    assert run(["eval", "--feedback"]) == 1
    assert run(["eval", "--feedback", "--across"]) == 1
    assert run(["keys", "learning", "--tenant", "甲", "--allow"]) == 0
    assert learnt(home, across=True) == ["甲"]
    assert learnt(home, across=False) == []
    capsys.readouterr()
    assert run(["eval", "--feedback", "--across", "--system", "bm25", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert run(["keys", "learning", "--tenant", "甲", "--deny"]) == 0
    with pytest.raises(StateError):
        learnt(home, across=True)


def test_the_contract_and_its_use_stand_in_the_audit(home: Path, capsys: Said) -> None:
    run(["keys", "learning", "--tenant", "甲", "--allow"])
    capsys.readouterr()
    run(["audit", "show", "-n", "1", "--json"])
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["objects"] == ["甲"]
    assert (row["detail"]["before"], row["detail"]["after"]) == (
        {"learning": False},
        {"learning": True},
    )


def test_a_tenant_never_learns_from_others(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(["keys", "learning", "--tenant", "甲", "--allow"])
    monkeypatch.setenv("PANHUO_TENANT", "乙")
    assert run(["eval", "--feedback", "--across"]) == 1


def test_learning_reads_feedback_and_links_in_one_place_alone() -> None:
    """Feedback and links are iterated whole by who learns; each place is known."""
    found = set()
    for path in [*Path("service").rglob("*.py"), *Path("eval").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if _iterates(node):
                found.add(str(path))
    assert found <= {
        "eval/firm_sample.py",  # of the readers it is given: one home's own
        "service/commands/demo.py",  # the demo's own home
        "service/commands/evaluate.py",  # within learnt_from
        "service/commands/policy.py",  # within learnt_from
        "service/store/tenant_store.py",  # lays a tenant's own rows over the shared ones
    }, found


def _iterates(node: ast.AST) -> Any:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    named = getattr(owner, "attr", getattr(owner, "id", ""))
    return node.func.attr == "iterate" and named in {"feedback", "relations"}
