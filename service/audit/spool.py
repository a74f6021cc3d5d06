"""Entries that wait for their database, on disk: acts whose effect is no transaction of ours.

An upload is acknowledged while an import holds SQLite's one write lock; a token is made without
any write at all. Their entries are lines of a file in HOME/audit, durable before the answer goes
out, and move into the chain in batches. A process that dies leaves its file to the next one.

    HOME/audit/PID-RANDOM.ndjson     held by a lock as long as its process lives
"""

from __future__ import annotations

import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from matcher.errors import MatcherError
from service.audit.entry import Entry
from service.jobs.locks import held

# (tenant, entries): appends them to the chain of the tenant, "" for the operator.
Append = Callable[[str, Sequence[Entry]], object]
_LOG = logging.getLogger("panhuo.audit")


class Spool:
    """The waiting entries of one process; safe from many threads.

    Args:
        home: of the operator.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "audit"
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._file: IO[bytes] | None = None
        self._holding: Any = None
        self._path: Path | None = None
        self._written = 0
        self._synced = 0

    def keep(self, tenant: str, entry: Entry, *, durable: bool = True) -> None:
        """Keep an entry; return when it would survive a power cut.

        Args:
            tenant: whose chain it goes into.
            entry: what happened.
            durable: wait for the disk. What was refused changed nothing, and need not.
        """
        told = json.dumps({"chain": tenant, "entry": asdict(entry)}, ensure_ascii=False)
        line = told.encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            file = self._open()
            file.write(line)
            file.flush()
            self._written += 1
            mine, descriptor = self._written, os.dup(file.fileno()) if durable else -1
        if not durable:
            return
        try:
            with self._syncing:  # whoever waited here most likely was synced with the one before
                if self._synced < mine:
                    reached = self._written
                    os.fdatasync(descriptor)
                    self._synced = max(self._synced, reached)
        finally:
            os.close(descriptor)

    def drain(self, append: Append) -> int:
        """Move what waits, of this process and of dead ones, into its chains; return how much.

        What cannot be moved now stays where it is.
        """
        self._rotate()
        moved = 0
        for path in sorted(self._folder.glob("*.ndjson")) if self._folder.is_dir() else ():
            if path == self._path:
                continue
            with held(path) as lock:
                if lock is not None:
                    moved += _move(path, append)
        return moved

    def waiting(self) -> int:
        """Return how many entries wait on disk, whoever wrote them."""
        if not self._folder.is_dir():
            return 0
        found = 0
        for path in self._folder.glob("*.ndjson"):
            with suppress(FileNotFoundError):  # moved meanwhile
                found += path.read_bytes().count(b"\n")
        return found

    def close(self) -> None:
        """Let go of the file; a later process moves what is in it."""
        self._rotate()

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"{os.getpid()}-{uuid.uuid4().hex}.ndjson"
            self._path = self._folder / name
            self._holding = held(self._path)
            self._holding.__enter__()
            self._file = self._path.open("ab")
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(folder)
            os.close(folder)
        return self._file

    def _rotate(self) -> None:
        """Let go of the file that is written to; the next entry begins another."""
        with self._lock, self._syncing:
            file, holding = self._file, self._holding
            self._file = self._holding = self._path = None
            if file is not None:
                os.fdatasync(file.fileno())
                self._synced = self._written
                file.close()
                holding.__exit__(None, None, None)


def _move(path: Path, append: Append) -> int:
    chains: dict[str, list[Entry]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return 0
    for line in lines:
        try:
            told = json.loads(line)
            chains.setdefault(told["chain"], []).append(Entry(**told["entry"]))
        except (ValueError, TypeError, KeyError):
            # Cut short by a crash: its act was never acknowledged.
            _LOG.warning("a line of %s is no entry of the audit and was left out", path.name)
    try:
        for chain, entries in chains.items():
            append(chain, entries)
    except MatcherError as error:
        _LOG.warning("entries of the audit wait in %s: %s", path.name, error)
        return 0
    path.unlink(missing_ok=True)
    return sum(map(len, chains.values()))
