"""A service as operators start it: a process of its own, asked over loopback."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY_WITHIN = 60.0


@dataclass(frozen=True)
class Served:
    """A service at ``url``, and the process that was started for it."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as the kernel would: no farewell."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(10) == -signal.SIGKILL


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def key_of(home: Path, tenant: str, *scopes: str) -> str:
    """Return a new key, made on the command line."""
    options = [word for scope in scopes for word in ("--scope", scope)]
    made = subprocess.run(
        [
            *(sys.executable, "-m", "service", "keys", "create", "--home", str(home)),
            *("--tenant", tenant, *options, "--json"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return str(json.loads(made.stdout)["key"])


@contextmanager
def serving(home: Path, log: Path, *options: str, **settings: str) -> Iterator[Served]:
    """Yield a service over a home; if it still runs in the end, SIGTERM must end it.

    Args:
        home: of the service.
        log: where its output goes.
        options: of ``panhuo serve``.
        settings: of its environment, without ``PANHUO_``.
    """
    port = free_port()
    told = {f"PANHUO_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "service", "serve", "--home", str(home), "--port", str(port)]
    with log.open("a", encoding="utf-8") as out:
        process = subprocess.Popen(
            [*command, *options], stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **told}
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield Served(url, process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended: {log.read_text('utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"not ready: {log.read_text('utf-8')[-2000:]}")
