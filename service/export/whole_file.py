"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matcher.errors import BadFile


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; at the end it takes the place of ``path``.

    The new file is on the disk before its name is. Where the block fails, an older file stays as
    it was and nothing is left behind.

    Raises:
        BadFile: the place cannot be written.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise _unwritable(path, "found something that is no file")
    # The same ending: some writers go by it.
    draft = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        _claim(draft)
        yield draft
        _publish(draft, target)
    except OSError as error:
        raise _unwritable(path, f"cannot write it ({error.strerror or error})") from error
    finally:
        draft.unlink(missing_ok=True)


def _claim(draft: Path) -> None:
    with draft.open("xb"):
        pass


def _publish(draft: Path, target: Path) -> None:
    if target.exists():
        shutil.copymode(target, draft)
    with draft.open("rb+") as written:
        os.fsync(written.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, found: str) -> BadFile:
    return BadFile(
        str(path), found, "a place that can be written", "choose another path, or free the place"
    )
