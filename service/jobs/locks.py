"""Who is alive: locks that the system takes back when their last holder is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[int | None]:
    """Yield the descriptor that holds the lock, ``None`` where another holds it already.

    A child process that is given the descriptor holds the lock too: it stays held until the child
    is gone, whatever becomes of us.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:  # the folder is gone, and with it what there was to hold
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
