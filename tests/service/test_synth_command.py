"""`panhuo synth`: import takes all of it; the same bytes each time, and whole or not at all."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from service.bootstrap import open_home
from service.config import Settings
from service.data_folder import read_folder
from service.ingest.importer import import_files
from tests.service.test_cli import SAMPLE, told

SMALL = ("synth", "--patents", "400", "--firms", "200")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from service.cli import run

    out = tmp_path_factory.mktemp("synth") / "made"
    assert run((*SMALL, "--seed", "7", "--out", str(out), "--quiet")) == 0
    return out


def test_every_record_is_imported(folder: Path, tmp_path: Path) -> None:
    found = read_folder(folder)
    files = [("patents", found.patents), ("firms", found.firms)]
    files.append(("relations", tuple(path for path, _ in found.relations)))
    with open_home(Settings(home=tmp_path / "home")) as home:
        for what, paths in files:
            report = import_files(home.store, what, paths).files[0]
            rows = pq.read_metadata(paths[0]).num_rows
            assert (report.failure, report.refused, report.warned) == (None, 0, 0)
            assert report.records == report.counts.new == rows > 0
        assert home.store.patents.count() == 400
        assert home.store.firms.count() == 200
        patent = next(home.store.patents.iterate())
        assert patent.holder.endswith("（合成）")
        assert patent.ipc
        assert patent.filing_date


def test_a_manifest_says_what_it_is(folder: Path) -> None:
    told = json.loads((folder / "synthetic.json").read_text("utf-8"))
    assert told["synthetic"] is True
    assert told["order"] == {"patents": 400, "firms": 200, "seed": 7, "abstracts": 1.0}
    assert (told["source"]["patents"], told["source"]["firms"]) == (289, 129)
    assert (
        told["source"]["files"]["patents.ndjson"]
        == hashlib.sha256((SAMPLE / "patents.ndjson").read_bytes()).hexdigest()
    )
    files = {name: data for name, data in bytes_of(folder).items() if name != "synthetic.json"}
    assert told["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    assert set(files) == {"patents.parquet", "firms.parquet", "relations.parquet"}
    assert told["fidelity"]["section_distance"] < 0.1
    assert told["versions"].keys() >= {"panhuo", "numpy", "pyarrow"}


def test_the_same_seed_gives_the_same_bytes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in ("7", "8"):
        told(capsys, *SMALL, "--seed", seed, "--out", str(tmp_path / seed))
    (tmp_path / "9").mkdir()  # an empty folder is as good as none
    told(capsys, *SMALL, "--seed", "7", "--from", str(SAMPLE), "--out", str(tmp_path / "9"))
    assert bytes_of(tmp_path / "7") == bytes_of(folder) == bytes_of(tmp_path / "9")
    other = bytes_of(tmp_path / "8")
    assert all(other[name] != data for name, data in bytes_of(folder).items())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7", "8", "9"]


def test_a_synthetic_catalogue_is_a_source_too(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = told(
        capsys, *SMALL, "--from", str(folder), "--out", str(tmp_path / "a"), "--json", "--quiet"
    )
    found = json.loads(out)
    assert found["folder"] == str(tmp_path / "a")
    assert found["refused"] == 0
    assert found["fidelity"]["section_distance"] == 0.0
    assert found["fidelity"]["repeated_titles"] < 0.01


def test_people_see_a_table_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = told(capsys, *SMALL, "--out", str(tmp_path / "a"), "--home", str(tmp_path / "home"))
    assert "title: mean" in out
    assert "IPC sections: total variation" in out
    assert f"panhuo import patents {tmp_path / 'a' / 'patents.parquet'}" in out
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--patents", "0", "--firms", "5"), "found 0 patents asked for; expected 1 to"),
        (("--patents", "5", "--firms", "0"), "found 0 firms asked for; expected 1 to"),
        (("--patents", "5", "--firms", "5", "--abstracts", "2"), "found 2.0 as the share"),
        (("--patents", "5", "--firms", "5", "--from", "nowhere"), "nowhere: found no such folder"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    _, error = told(capsys, "synth", *arguments, "--out", str(tmp_path / "a"), code=1)
    assert error.startswith(f"panhuo: {sentence}")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / "note.txt").write_text("mine")
    _, error = told(capsys, *SMALL, "--out", str(out), code=1)
    assert error == (
        f"panhuo: {out}: found files there already; expected a new or empty folder inside one "
        "that exists; name another --out.\n"
    )
    assert bytes_of(out) == {"note.txt": b"mine"}
    _, error = told(capsys, *SMALL, "--out", str(out / "note.txt"), code=1)
    assert "found files there already" in error
    _, error = told(capsys, *SMALL, "--out", str(tmp_path / "no" / "where"), code=1)
    assert "found no folder to put it in" in error


def test_a_source_that_cannot_serve_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    lines = (SAMPLE / "patents.ndjson").read_text("utf-8").splitlines()
    (source / "firms.csv").write_bytes((SAMPLE / "firms.csv").read_bytes())
    (source / "patents.ndjson").write_text("\n".join(lines[:5]), "utf-8")
    asked = (*SMALL, "--from", str(source), "--out", str(tmp_path / "a"))
    _, error = told(capsys, *asked, code=1)
    assert "found a source of" in error
    assert "expected at least 10" in error
    bare = [{**json.loads(line), "abstract": "", "first_claim": ""} for line in lines]
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in bare)
    (source / "patents.ndjson").write_text(text, "utf-8")
    _, error = told(capsys, *asked, code=1)
    assert "found no abstract in the source" in error
    (source / "patents.ndjson").write_text("{}\n" + text + "\n{broken", "utf-8")
    out, _ = told(capsys, *asked, "--abstracts", "0", "--json")
    assert json.loads(out)["refused"] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "source"]


def test_a_failure_in_the_middle_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.synth_folder.os.fsync", full)
    _, error = told(capsys, *SMALL, "--out", str(tmp_path / "a"), code=1)
    assert "cannot write it (No space left on device)" in error
    assert list(tmp_path.iterdir()) == []
