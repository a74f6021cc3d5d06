"""A crash at any point leaves the old version serving."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.errors import IndexMissing, IndexStale
from matcher.index.index_set import IndexSet
from matcher.index.manifest import Manifest
from matcher.index.publish import current_version, new_version

STEPS = ("mkdir", "write", "fsync", "rename", "replace")

CRASHER = """
import os, signal, sys
from pathlib import Path
from matcher.index.publish import new_version

root, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
count = 0

def dying(real):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call

if point == "fsync":
    os.fsync = dying(os.fsync)
elif point == "rename":
    Path.rename = dying(Path.rename)
elif point == "replace":
    Path.replace = dying(Path.replace)
with new_version(root, "v2") as folder:
    (folder / "data").write_text("two")
    if point == "write":
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / "more").write_text("two")
"""


def publish(root: Path, version: str, text: str) -> None:
    with new_version(root, version) as folder:
        (folder / "data").write_text(text)


@pytest.mark.parametrize(
    ("point", "number"),
    [("write", 1), *(("fsync", n) for n in range(1, 7)), ("rename", 1), ("replace", 1)],
)
def test_a_kill_leaves_a_whole_version(tmp_path: Path, point: str, number: int) -> None:
    publish(tmp_path, "v1", "one")
    result = subprocess.run(
        [sys.executable, "-c", CRASHER, str(tmp_path), point, str(number)],
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, "the fault must really have happened"
    serving = current_version(tmp_path)
    # After CURRENT was replaced the new version serves; before, the old one. Never half of one.
    expected = "two" if serving.name == "v2" else "one"
    assert (serving / "data").read_text() == expected
    if (point, number) < ("fsync", 6) or point != "fsync":
        assert serving.name == "v1"
    publish(tmp_path, "v3", "three")
    assert current_version(tmp_path).name == "v3"


def test_an_error_in_the_build_leaves_nothing(tmp_path: Path) -> None:
    publish(tmp_path, "v1", "one")

    def failing() -> None:
        with new_version(tmp_path, "v2") as folder:
            (folder / "data").write_text("two")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        failing()
    assert current_version(tmp_path).name == "v1"
    assert sorted(os.listdir(tmp_path / "versions")) == ["v1"]


def test_two_versions_are_kept(tmp_path: Path) -> None:
    for number in range(4):
        publish(tmp_path, f"v{number}", str(number))
    assert sorted(os.listdir(tmp_path / "versions")) == ["v2", "v3"]


def test_nothing_published_says_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="run 'panhuo build'"):
        current_version(tmp_path)


def test_every_damaged_file_is_refused_before_it_is_read(own_home: Path) -> None:
    root = own_home / "index"
    folder = current_version(root)
    files = Manifest.read(folder).files
    assert len(files) > 20
    for name in files:
        path = folder / name
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        for damaged in (bytes(flipped), whole[:-1]):
            path.write_bytes(damaged)
            with pytest.raises(IndexStale, match=r"changed since|cut short"):
                IndexSet.open(root)
        path.write_bytes(whole)
    assert IndexSet.open(root).manifest.version == folder.name


def test_another_layout_is_refused(own_home: Path) -> None:
    path = current_version(own_home / "index") / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**content, "layout": 99}), "utf-8")
    with pytest.raises(IndexStale, match="layout 99"):
        IndexSet.open(own_home / "index")


def test_drafts_of_killed_builds_are_removed(tmp_path: Path) -> None:
    publish(tmp_path, "v1", "one")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    draft = tmp_path / "versions" / f".v2.{gone.pid}"
    draft.mkdir()
    ours = tmp_path / "versions" / f".v3.{os.getppid()}"
    ours.mkdir()
    publish(tmp_path, "v4", "four")
    assert not draft.exists()
    assert ours.exists(), "its process lives"
