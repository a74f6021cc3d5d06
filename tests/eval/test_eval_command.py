"""``panhuo eval``: what may be asked together, and what comes out of it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eval.judgments import read_qrels
from matcher.types import DismissalReason, FeedbackEvent, FeedbackKind, ListId, Uscc
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings
from tests.eval.sample_home import SAMPLE

QRELS = ("--qrels", str(SAMPLE / "judgments.qrels"))


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(("eval", *arguments)) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


@pytest.fixture
def folder(home: Home) -> tuple[str, str]:
    return "--home", str(home.settings.home)


def test_systems_compare_as_their_runs_do(
    folder: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "o.run"
    told(capsys, *QRELS, "--system", "default", "bm25", "--run-out", str(out), "--json", *folder)
    runs = str(tmp_path / "o.default.run"), str(tmp_path / "o.bm25.run")
    nowhere = ("--home", str(tmp_path / "nothing"))
    alone = json.loads(told(capsys, *QRELS, "--compare", *runs, "--json", *nowhere)[0])
    assert not (tmp_path / "nothing").exists()
    live = json.loads(told(capsys, *QRELS, "--compare", "default", "bm25", "--json", *folder)[0])
    mixed = json.loads(told(capsys, *QRELS, "--compare", "default", runs[1], "--json", *folder)[0])
    assert alone["measures"] == live["measures"] == mixed["measures"]
    assert (live["first"], live["second"]) == ("default", "bm25")
    gap = live["measures"]["nDCG@10"]
    assert gap["difference"]["mean"] == pytest.approx(gap["first"] - gap["second"], abs=1e-5)
    assert gap["wins"] + gap["ties"] + gap["losses"] == 95
    text, _ = told(capsys, *QRELS, "--compare", *runs)
    assert "Holm" in text
    assert f"{gap['wins']}/{gap['ties']}/{gap['losses']}" in text


def test_the_report_shows_the_worst_unless_told_not_to(
    folder: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    systems = (*QRELS, "--system", "bm25", "random")
    content = json.loads(told(capsys, *systems, "--json", *folder)[0])
    assert len(content["worst"]["bm25"]) == 10
    assert content["segment_check"]["random"]["baseline"] == "bm25"
    text, _ = told(capsys, *systems, "--worst", "2", *folder)
    assert "结果最差的 2 家企业" in text
    assert "前十名的曝光" in text
    assert "IPC" in text
    assert "结果最差" not in told(capsys, *systems, "--worst", "0", *folder)[0]
    silent = json.loads(told(capsys, *systems, "--worst", "0", "--json", *folder)[0])
    assert "worst" not in silent


def test_slices_and_verdict_are_printed(
    folder: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    text, _ = told(capsys, *QRELS, "--system", "default", "bm25", "--slices", *folder)
    assert "default：scope_length" in text
    assert "firm_segment 中 20 家以上企业的切片一个也没有" in text


def test_the_homes_own_feedback_is_judgment(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = shutil.copytree(home.settings.home, tmp_path / "home")
    _, err = told(capsys, "--feedback", "--home", str(copied), code=1)
    assert "found no contact, directed need or good prospect among 0 judging firms" in err
    judged = list(read_qrels(SAMPLE / "judgments.qrels").items())
    kinds = (FeedbackKind.CONTACT, FeedbackKind.IMPRESSION, FeedbackKind.DISMISSAL)
    events = [
        FeedbackEvent(
            event_id=f"{query}-{document}",
            list_id=ListId("L1"),
            slot=1,
            patent_id=home.readers.patents.resolve(document),
            uscc=Uscc(query),
            kind=kind,
            at=datetime(2026, 1, 1, tzinfo=UTC),
            reason=DismissalReason.NOT_OUR_FIELD if kind is FeedbackKind.DISMISSAL else None,
        )
        for (query, grades), kind in zip(judged[:9], kinds * 3, strict=True)
        for document in list(grades)[:1]
    ]
    with open_home(Settings(home=copied, index_engine="exact")) as opened:
        opened.store.feedback.append(events)
    out, _ = told(capsys, "--feedback", "--json", "--home", str(copied))
    content = json.loads(out)
    assert content["n_queries"] == 3
    assert content["warnings"][0].startswith("judgments come from what firms were shown")
    assert content["warnings"][1].startswith("3 firms only refused")
    assert 0 < content["systems"]["default"]["nDCG@10"] <= 1
    out, _ = told(
        capsys, "--feedback", "--compare", "bm25", "random", "--json", "--home", str(copied)
    )
    assert json.loads(out)["n_queries"] == 3


def test_demands_meet_offers(
    folder: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demands, offers = tmp_path / "demands.jsonl", tmp_path / "offers.jsonl"
    demands.write_text('{"name": "水性涂料", "context": "耐候", "classification": "制造业"}\n')
    offers.write_text(
        '{"name": "水性涂料", "context": "", "classification": "制造业——纺织业"}\n'
        '{"name": "种子", "context": "选育", "classification": "农、林、牧、渔业——农业"}\n' * 2
    )
    files = ("--demands", str(demands), "--offers", str(offers))
    content = json.loads(told(capsys, *files, "--json", *folder)[0])
    assert content["levels"][0]["base"] == 0.5
    assert content["levels"][0]["systems"]["bm25"]["share"]["mean"] == 0.1
    assert content["notes"][0] == "offers: 2 repetitions and 0 empty records left out"
    assert "前十名的行业一致率" in told(capsys, *files, *folder)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give one of --qrels, --feedback"),
        ((*QRELS, "--feedback"), "Give one of --qrels, --feedback"),
        (("--demands", "d"), "belong together"),
        (("--demands", "d", "--offers", "o", "--compare", "a", "b"), "needs judgments"),
        ((*QRELS, "--compare", "a", "b", "--slices"), "neither --run-out nor --slices"),
        ((*QRELS, "--compare", "a"), "--compare"),
        ((*QRELS, "--worst", "-1"), "--worst"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in told(capsys, *arguments, code=2)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*QRELS, "--compare", "best", "bm25"), "found neither a system nor a file 'best'"),
        ((*QRELS, "--compare", "bm25", "bm25"), "found bm25 twice"),
        (("--demands", "missing", "--offers", "missing"), "missing"),
    ],
)
def test_failures_are_one_sentence(
    folder: tuple[str, str],
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, err = told(capsys, *arguments, *folder, code=1)
    assert words in err
    assert len(err.strip().splitlines()) == 1
