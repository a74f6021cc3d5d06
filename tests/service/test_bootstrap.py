"""Opening a home: which index serves, with which tables, and what may not be overwritten."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.errors import BadFile, IndexStale
from matcher.index.publish import current_version
from service.benchmark import measure_road
from service.bootstrap import Home, open_home
from service.cli import run
from service.config import Settings

SAMPLE = Path(__file__).parents[2] / "service" / "sample"


def build(home: Home) -> str:
    return home.build(lambda stage, done, total: None, "lsa").version


@pytest.fixture
def home(own_home: Path) -> Iterator[Home]:
    with open_home(Settings(home=own_home)) as opened:
        yield opened


def test_a_new_version_serves_at_the_next_call(home: Home) -> None:
    before = home.engine().index.manifest.version
    after = build(home)
    assert home.engine().index.manifest.version == after != before


def test_a_damaged_new_version_leaves_the_old_one_serving(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    before = home.engine().index.manifest.version
    broken = build(home)
    path = current_version(home.settings.index_root) / "patents" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with caplog.at_level(logging.ERROR, "panhuo"):
        assert home.engine().index.manifest.version == before
        assert home.engine().index.manifest.version == before
    told = [record.message for record in caplog.records if record.name == "panhuo"]
    assert len(told) == 1, "said once, not at every request"
    assert broken in told[0]
    mended = build(home)
    assert home.engine().index.manifest.version == mended


def test_a_damaged_only_version_is_refused(own_home: Path) -> None:
    path = current_version(own_home / "index") / "patents" / "vectors.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with open_home(Settings(home=own_home)) as home, pytest.raises(IndexStale, match="cut short"):
        home.engine()


def test_an_index_that_vanished_under_a_service_goes_on(home: Home) -> None:
    before = home.engine().index.manifest.version
    (home.settings.index_root / "CURRENT").unlink()
    assert home.engine().index.manifest.version == before


def test_an_index_stays_with_the_tables_it_was_built_with(home: Home, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("code,name,group\nX1,光谱仪器,本省重点\nX2,其他,本省重点\n", "utf-8")
    ipc = tmp_path / "ipc.csv"
    ipc.write_text("segment,ipc\nX1,G01J\nX2,A\nX2,B\nX2,C\nX2,H\n", "utf-8")
    folder = str(home.settings.home)
    before = len(home.segments.taxonomy)
    home.engine()
    assert run(["segments", "import", "taxonomy", str(own), "--replace", "--home", folder]) == 0
    assert len(home.segments.taxonomy) == before, "until the next build"
    build(home)  # the packaged concordances name codes that the new taxonomy has not
    home.engine()
    assert [s.code for s in home.segments.taxonomy] == ["X1", "X2"]
    assert run(["segments", "import", "ipc", str(ipc), "--replace", "--home", folder]) == 0
    build(home)
    side = home.engine().index.patents
    assert set(side.members) <= {"X1", "X2"}
    assert home.recommender().recommend_text("光谱仪", n=3).items


def test_a_bench_deletes_benchmark_homes_only(own_home: Path) -> None:
    with pytest.raises(BadFile, match="not a benchmark's"):
        measure_road(Settings(home=own_home), SAMPLE, 10)
    assert (own_home / "panhuo.db").exists()


def test_a_demo_empties_demo_homes_only(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--data", str(SAMPLE), "--home", str(own_home)]) == 1
    assert "not the demo's" in capsys.readouterr().err
    assert (own_home / "panhuo.db").exists()


def test_a_demo_never_writes_into_an_operators_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = tmp_path / "theirs.db"
    monkeypatch.setenv("PANHUO_DATABASE_URL", f"sqlite:///{theirs}")
    data = tmp_path / "data"
    data.mkdir()
    for name in ("patents.ndjson", "firms.csv"):
        shutil.copy(SAMPLE / name, data / name)
    assert run(["demo", "--data", str(data), "--home", str(tmp_path / "home"), "--quiet"]) == 0
    assert not theirs.exists()
    assert "next" in capsys.readouterr().out
