"""``build --compact`` killed at any moment: the old version serves, the next one is whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.index.publish import current_version
from matcher.types import PatentId, Uscc
from service.bootstrap import open_home
from service.config import Settings

ROOT = Path(__file__).parents[2]
FIRM = Uscc("91330108PH9YJRY21R")
PATENT = PatentId("CN202119402100.4")


def start(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "service", "build", "--compact", "--quiet", "--home", str(home)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def drafts(home: Path) -> list[Path]:
    return [*(home / "index" / "versions").glob(".*")]


@pytest.mark.parametrize("moment", ["started", "drafting", "writing"])
def test_a_killed_compaction_leaves_the_old_version(
    lsa_home: Path, tmp_path: Path, moment: str
) -> None:
    home = shutil.copytree(lsa_home, tmp_path / "home")
    before = current_version(home / "index").name
    with open_home(Settings(home=home)) as opened:
        one = opened.store.patents.get(PATENT)
        added = replace(one, patent_id=PatentId("ADDED"), application_no="", family_id="")
        opened.store.patents.upsert([replace(added, publication_no="", grant_no="")])
        opened.store.patents.remove([PatentId("CN202419977335.X")])
        expected = [item.item_id for item in opened.recommender().recommend(FIRM, 20).items]
        assert "ADDED" in expected
        process = start(home)
        try:
            _wait(process, home, moment)
            process.send_signal(signal.SIGKILL)
        finally:
            process.wait(30)
        after = current_version(home / "index").name
        assert after == before or moment != "started"
        served = [item.item_id for item in opened.recommender().recommend(FIRM, 20).items]
        assert served == expected
        again = start(home)
        assert again.wait(120) == 0, "the lock went with its holder"
        assert current_version(home / "index").name not in {before, after}
        assert drafts(home) == []
        found = [item.item_id for item in opened.recommender().recommend(FIRM, 20).items]
        assert set(found[:5]) == set(expected[:5])
        assert opened.changed == 0


def _wait(process: subprocess.Popen[bytes], home: Path, moment: str) -> None:
    """Return when the process is so far, or has ended."""
    chance = random.Random(moment)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if moment == "started":
            time.sleep(chance.uniform(0.3, 1.0))
            return
        if drafts(home) and (moment == "drafting" or [*drafts(home)[0].glob("firms/*")]):
            return
        time.sleep(0.001)
