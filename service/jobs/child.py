"""The process that does the work of one job: the same command line that people use."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from service.config import Settings

_PACKAGES = Path(__file__).parents[2]
_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_TAIL = 20
_LONGEST_LINE = 1 << 16


class Stop(StrEnum):
    """Why a child was stopped."""

    CANCELLED = "cancelled"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: its exit code (negative: a signal), why it was stopped, its last words."""

    code: int
    stopped: Stop | None
    said: str


def environment(settings: Settings, temporary: Path, act_for: str) -> dict[str, str]:
    """Return the environment in which a child has these settings, whatever ours says.

    Args:
        settings: of ours.
        temporary: its folder for temporary files.
        act_for: what the audit is told the child works for.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PANHUO_")}
    # A dump would hand it stars for a secret. It seals the audit of what it writes, and encrypts.
    secrets = {"key_secret": settings.key_secret, "contact_key": settings.contact_key}
    chosen = settings.model_dump(mode="json", exclude_none=True, exclude=set(secrets))
    chosen |= {name: secret.get_secret_value() for name, secret in secrets.items()}
    told = {f"PANHUO_{name.upper()}": str(value) for name, value in chosen.items()}
    told["PANHUO_HOME"] = str(settings.home.absolute())
    # Our own package, installed or not, and not a folder named "service" that happens to stand
    # where we were started (see -P below).
    paths = [str(_PACKAGES), *filter(None, [ours.get("PYTHONPATH")])]
    told |= {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    return {**ours, **told, "PANHUO_ACT_FOR": act_for, "TMPDIR": str(temporary)}


def run_child(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    locks: Sequence[int],
    rows: Callable[[int], None],
    stop: Callable[[], Stop | None],
) -> Ended:
    """Run ``panhuo`` to its end, or until ``stop`` gives a reason; return how it ended.

    Args:
        arguments: after ``panhuo``.
        variables: its whole environment.
        locks: descriptors that it inherits: the locks are held until it is gone, should we die.
        rows: told of the rows read so far.
        stop: asked several times a second.
    """
    # A session of its own: Ctrl-C in our terminal is ours to pass on, and the process that reads
    # a workbook for the child dies with it.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "service", *arguments],
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=tuple(locks),
        start_new_session=True,
    )
    with process:
        try:
            return _Watch(process, rows, stop).run()
        finally:
            if process.poll() is None:
                _signal(process, signal.SIGKILL)


class _Watch:
    """Reads what a child says while it runs, and stops it when asked to."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        rows: Callable[[int], None],
        stop: Callable[[], Stop | None],
    ) -> None:
        self._process = process
        self._rows = rows
        self._stop = stop
        self._said: deque[str] = deque(maxlen=_TAIL)
        self._rest = b""
        self._stopped: Stop | None = None
        self._kill_at = 0.0

    def run(self) -> Ended:
        """Return how the child ended."""
        pipe = cast(IO[bytes], self._process.stderr).fileno()
        heard = select.poll()  # select() knows no descriptor above 1,023
        heard.register(pipe, select.POLLIN)
        while True:
            if heard.poll(_LOOK_SECONDS * 1_000):
                chunk = os.read(pipe, 1 << 16)
                if not chunk:
                    break
                self._hear(chunk)
            elif self._process.poll() is not None:
                break  # a process of the child's may hold the pipe open
            self._look()
        self._await()
        return Ended(self._process.returncode, self._stopped, "\n".join(self._said))

    def _await(self) -> None:
        while True:
            try:
                self._process.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                self._look()
            else:
                return

    def _look(self) -> None:
        if self._stopped is None:
            self._stopped = self._stop()
            if self._stopped is not None:
                # Not SIGINT: a service started in the background ignores it, and so do its
                # children. What is left open lies in the job's own temporary folder, and the
                # database takes back what was not committed.
                _signal(self._process, signal.SIGTERM)
                self._kill_at = time.monotonic() + _GRACE_SECONDS
        elif time.monotonic() > self._kill_at:
            _signal(self._process, signal.SIGKILL)

    def _hear(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        for line in lines:
            rows = _rows_of(line)
            if rows is not None:
                self._rows(rows)
            elif line.strip():
                self._said.append(line.decode("utf-8", "replace")[:500])


def _rows_of(line: bytes) -> int | None:
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    rows = found.get("rows")
    return rows if isinstance(rows, int) else None


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:  # its id is its own until it has been waited for
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
