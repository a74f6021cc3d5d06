"""Index versions side by side, and the one atomic rename that makes a version current.

Layout under the index folder: ``versions/<version>/…`` and a file ``CURRENT`` with one version's
name. A crash at any point leaves ``CURRENT`` as it was; unfinished folders start with ``.``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matcher.errors import IndexMissing, StateError

CURRENT = "CURRENT"
_KEPT = 2


@contextmanager
def new_version(root: Path, version: str, after: str | None = None) -> Iterator[Path]:
    """Yield an empty folder to build in; on success it becomes the current version.

    On any error before that the folder goes away and nothing changes for readers. Drafts that a
    killed build left are removed first.

    Args:
        root: the index folder.
        version: its name.
        after: the version that has to be current when this one takes its place; ``None`` for any.

    Raises:
        StateError: another version was published meanwhile.
    """
    versions = root / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    _forget_drafts(versions)
    draft = versions / f".{version}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        _sync_tree(draft)
        with _publishing(root):
            if after is not None and current_version(root).name != after:
                raise StateError(
                    f"found another index version published since {after}",
                    "that version still in use",
                    "nothing to do: the newer version stays; run it again if it is still wanted",
                )
            draft.rename(versions / version)
            _sync(versions)
            _point_to(root, version)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _forget_old(root, version)


@contextmanager
def _publishing(root: Path) -> Iterator[None]:
    """Let one at a time look at what is current and take its place."""
    handle = os.open(root / ".publishing", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def current_version(root: Path) -> Path:
    """Return the folder of the current version; raise ``IndexMissing`` where there is none."""
    try:
        name = (root / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        raise IndexMissing(str(root)) from None
    folder = root / "versions" / name
    if not name or not folder.is_dir():
        raise IndexMissing(str(root))
    return folder


def _point_to(root: Path, version: str) -> None:
    draft = root / f".{CURRENT}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as out:
        out.write(version + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(root / CURRENT)
    _sync(root)


def _forget_old(root: Path, current: str) -> None:
    """Delete all but the current version and the one before; open readers keep their mapping."""
    versions = root / "versions"
    others = [p for p in versions.iterdir() if p.name != current and not p.name.startswith(".")]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _forget_drafts(versions: Path) -> None:
    """Delete drafts whose process is gone."""
    for path in versions.glob(".*.*"):
        pid = path.suffix[1:]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
