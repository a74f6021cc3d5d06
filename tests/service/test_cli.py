"""The command line is a contract: what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.cli import run
from service.commands.doctor import _routing
from tests.contracts.test_encoders import tiny_transformer

SAMPLE = Path(__file__).parents[2] / "service" / "sample"
FIRM = "91120116PHXCAXM85N"


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert run(arguments) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ("--home", str(tmp_path / "home"))
    jobs = (
        ("patents", "patents.ndjson"),
        ("firms", "firms.csv"),
        ("demands", "demands.ndjson"),
        ("relations", "relations.csv"),
    )
    for what, name in jobs:
        out, _ = told(capsys, "import", what, str(SAMPLE / name), "--json", *home)
        assert json.loads(out)["files"][0]["refused"] == 0
    out, _ = told(capsys, "build", "--encoder", "lsa", "--json", *home)
    built = json.loads(out)
    assert (built["patents"], built["firms"]) == (289, 129)
    assert built["encoder"].startswith("lsa-")
    out, _ = told(capsys, "recommend", "--uscc", FIRM, "-n", "3", "--json", *home)
    found = json.loads(out)
    assert [item["rank"] for item in found["items"]] == [1, 2, 3]
    assert (
        "涂料" in found["items"][0]["patent"]["title"]
        or "漆" in found["items"][0]["patent"]["title"]
    )
    assert all(item["reasons"] for item in found["items"])
    out, _ = told(capsys, "firms-for", found["items"][0]["item_id"], "-n", "2", "--json", *home)
    assert json.loads(out)["items"][0]["firm"]["uscc"] == FIRM
    run_file = tmp_path / "run.trec"
    qrels = str(SAMPLE / "judgments.qrels")
    systems = ("--system", "default", "bm25", "--run-out", str(run_file))
    out, _ = told(capsys, "eval", "--qrels", qrels, *systems, "--json", *home)
    report = json.loads(out)
    assert report["n_queries"] == 95
    assert list(report["systems"]) == ["default", "bm25"]
    assert set(report["systems"]["default"]) == {"nDCG@10", "R@10", "R@100", "RR", "P@10"}
    assert 0.5 < report["systems"]["default"]["nDCG@10"] <= 1.0
    out, _ = told(capsys, "doctor", "--json", *home)
    assert json.loads(out)["healthy"] is True


def test_people_see_tables(
    static_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")  # narrower tables break words over lines
    out, _ = told(capsys, "recommend", "--uscc", FIRM, "-n", "2", "--home", str(static_home))
    assert "天津彩汀涂料有限公司" in out
    assert "共有关键词" in out
    text = ("--text", "数控机床主轴", "--region", "浙江杭州")
    out, _ = told(capsys, "recommend", *text, "--home", str(static_home))
    assert "概率" in out
    out, _ = told(capsys, "segments", "list", "--json", "--home", str(static_home))
    assert len(json.loads(out)) == 91
    told_once = ("eval", "--qrels", str(SAMPLE / "judgments.qrels"), "--k", "50")
    out, err = told(capsys, *told_once, "--home", str(static_home))
    assert (out + err).count("runs are 50 deep") == 1


def test_the_doctor_compares_both_stamps_and_tells_what_routing_loses(
    lsa_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(lsa_home, tmp_path / "home")
    home = ("--home", str(folder))
    firms = tmp_path / "firms.csv"
    firms.write_text(f"name,uscc,business_scope\n甲公司,{FIRM},轴承\n", "utf-8")
    told(capsys, "import", "firms", str(firms), *home)
    out, _ = told(capsys, "doctor", "--json", *home, code=1)
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert checks["index"]["detail"].endswith("; firms changed since: run 'panhuo build'")
    assert checks["routing"]["ok"]
    for recall, losing in ((0.899, True), (0.9, False)):
        name, ok, detail = _routing(recall)
        assert (name, ok) == ("routing", True)
        assert detail.startswith(f"keeps {recall:.1%}")
        assert ("routing loses candidates: compare with 'panhuo eval'" in detail) == losing


def test_help_says_what_is_emptied_and_what_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for verb, words in (
        (("recommend",), "exactly one of --uscc, --demand and --text"),
        (("demo",), "Empties its home"),
        (("bench", "road"), "Deletes its home"),
    ):
        out, _ = told(capsys, *verb, "--help")
        assert words in " ".join(out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("recommend",),
        ("recommend", "--uscc", "x", "--text", "y"),
        ("recommend", "--uscc", "x", "-n", "0"),
        ("import", "planets", "x.csv"),
        ("import", "patents"),
        ("import", "firms", "x.csv", "--kind", "owns"),
        ("eval",),
        ("eval", "--qrels", "x", "--system", "magic"),
        ("nonsense",),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = told(capsys, *arguments, code=2)
    assert "Error" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("recommend", "--uscc", "91330000000000000X"), "found no firm '91330000000000000X'"),
        (("firms-for", "CN0"), "found no patent 'CN0'"),
        (("recommend", "--text", "轴承", "--region", "亚特兰蒂斯"), "亚特兰蒂斯"),
        (("recommend", "--uscc", FIRM, "--segment", "Z9"), "found segment 'Z9'"),
        (("eval", "--qrels", "nothing.qrels"), "nothing.qrels"),
        (("build", "--encoder", "/nowhere/model"), "no sentence-transformers model"),
        (("serve", "--host", "0.0.0.0"), "127.0.0.1"),
        (("segments", "import", "taxonomy", "nothing.csv"), "nothing.csv"),
        (("demo", "--data", "nothing"), "found no such folder"),
    ],
)
def test_failures_are_one_sentence(
    lsa_home: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = told(capsys, *arguments, "--home", str(lsa_home), code=1)
    assert words in err
    assert err.startswith("panhuo: ")
    assert len(err.strip().splitlines()) == 1


def test_nothing_built_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ("--home", str(tmp_path))
    _, err = told(capsys, "recommend", "--uscc", "x", *home, code=1)
    assert "run 'panhuo build'" in err
    _, err = told(capsys, "build", *home, code=1)
    assert "found no patent in the catalogue" in err
    out, _ = told(capsys, "doctor", *home, code=1)
    assert "CURE index" in out


def test_a_bad_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PANHUO_THREADS", "many")
    out, _ = told(capsys, "doctor", "--home", str(tmp_path), code=1)
    assert "CURE settings: found PANHUO_THREADS='many'; expected " in out
    assert "store" not in out
    monkeypatch.setenv("PANHUO_THREADS", "2")
    monkeypatch.setenv("PANHUO_INDEX_ENGINE", "magic")
    _, err = told(capsys, "build", "--home", str(tmp_path), code=1)
    assert "PANHUO_INDEX_ENGINE='magic'" in err


def test_a_home_that_cannot_be_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    for verb in (("firms-for", "CN0"), ("build",), ("recommend", "--uscc", FIRM)):
        _, err = told(capsys, *verb, "--home", str(file / "x"), code=1)
        assert err.startswith(f"panhuo: found 'not a directory' at {file}/x; expected ")
        assert len(err.strip().splitlines()) == 1
    monkeypatch.setenv("PANHUO_HOME", str(file))
    _, err = told(capsys, "build", code=1)
    assert err.startswith(f"panhuo: found 'file exists' at {file}; expected ")
    out, _ = told(capsys, "doctor", code=1)
    assert f"CURE home: found 'file exists' at {file}; expected " in out


def test_a_policy_that_is_no_utf8_is_a_sentence(
    lsa_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_bytes('{"name": "试用"}'.encode("gbk"))
    monkeypatch.setenv("PANHUO_POLICY", str(policy))
    home = ("--home", str(lsa_home))
    _, err = told(capsys, "recommend", "--text", "轴承", *home, code=1)
    assert err == (
        f"panhuo: {policy}: found bytes that are no UTF-8; expected a policy file in UTF-8; "
        "save it as UTF-8.\n"
    )


def test_words_of_a_gbk_terminal_are_refused(
    lsa_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "轴承".encode("gbk").decode("utf-8", "surrogateescape")
    _, err = told(capsys, "recommend", "--text", words, "--home", str(lsa_home), code=2)
    assert err.startswith("panhuo: found argument ")
    assert "expected UTF-8; set terminal and locale to UTF-8" in err
    assert len(err.strip().splitlines()) == 1


def test_a_build_tells_what_a_model_does_not_read(
    lsa_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shutil.copytree(lsa_home, tmp_path / "home")
    home = ("--home", str(folder))
    out, _ = told(capsys, "build", "--encoder", "lsa", "--json", *home)
    assert json.loads(out)["truncation"] is None
    model = tiny_transformer(tmp_path / "tiny")
    monkeypatch.chdir(model.parent)
    out, _ = told(capsys, "build", "--encoder", model.name, "--json", *home)
    built = json.loads(out)
    assert built["encoder"].startswith("model-")
    counts = built["truncation"]
    assert 289 < counts["cut"] < counts["texts"] < counts["tokens_lost"]
    # The model was given relative to one folder, and is found from another.
    monkeypatch.chdir(tmp_path)
    out, _ = told(capsys, "recommend", "--text", "轴承", "-n", "1", "--json", *home)
    assert json.loads(out)["versions"]["encoder"] == built["encoder"]
    out, _ = told(capsys, "build", "--encoder", str(model), *home)
    assert f"{counts['cut']:,} of {counts['texts']:,} texts" in out


def test_a_dry_run_writes_nothing_and_the_report_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, report = ("--home", str(tmp_path / "home")), tmp_path / "report.json"
    bad = tmp_path / "firms.csv"
    bad.write_text(
        "name,uscc,business_scope\n甲公司,91120116PHXCAXM85N,轴承\n乙公司,123,泵\n", "utf-8"
    )
    out, err = told(
        capsys, "import", "firms", str(bad), "--dry-run", "--report", str(report), *home
    )
    assert "dry run" in out
    assert "firms.csv:3:" in err
    errors = json.loads(report.read_text("utf-8"))["files"][0]["errors"]
    assert [(e["row"], e["value"]) for e in errors] == [(3, "123")]
    out, _ = told(capsys, "import", "firms", str(bad), "--json", *home)
    assert json.loads(out)["files"][0]["new"] == 1
    out, _ = told(capsys, "import", "firms", str(bad), "--json", *home)
    assert json.loads(out)["files"][0]["unchanged"] == 1


def test_a_file_that_is_no_file_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, err = told(
        capsys,
        "import",
        "patents",
        str(tmp_path / "none.csv"),
        "--home",
        str(tmp_path / "h"),
        code=1,
    )
    assert "none.csv" in err


def test_own_segments_take_effect_with_the_next_build(
    lsa_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(lsa_home, tmp_path / "home")
    home = ("--home", str(folder))
    taxonomy, ipc = tmp_path / "taxonomy.csv", tmp_path / "ipc.csv"
    taxonomy.write_text("code,name,group\nX1,光谱仪器,本省重点\n", "utf-8")
    ipc.write_text("segment,ipc\nX1,G01J3\nX9,G01J3\n", "utf-8")
    told(capsys, "segments", "import", "taxonomy", str(taxonomy), *home)
    _, err = told(capsys, "segments", "import", "ipc", str(ipc), *home)
    assert "X9" in err
    told(capsys, "build", "--encoder", "lsa", "--json", *home)
    out, _ = told(capsys, "recommend", "--text", "光谱仪", "--segment", "X1", "--json", *home)
    found = json.loads(out)
    assert found["items"]
    assert all(item["patent"]["ipc"] for item in found["items"])
