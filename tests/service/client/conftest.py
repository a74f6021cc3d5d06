"""One service a session over a copy of the sample home, a key of a platform, the client's code."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tests.faults.serving import key_of, serving

_ROOT = Path(__file__).parents[3]
SCOPES = (
    "recommend:read",
    "feedback:write",
    "catalogue:write",
    "push:send",
    "licence:write",
    "admin",
)


@dataclass(frozen=True)
class Running:
    """A service at work.

    ``url`` is its address, ``key`` one with every scope, ``log`` what it wrote.
    """

    url: str
    key: str
    log: Path


@pytest.fixture(scope="session")
def running(lsa_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("served")
    home = Path(shutil.copytree(lsa_home, folder / "home"))
    key = key_of(home, "平台甲", *SCOPES)
    log = folder / "service.log"
    with serving(home, log, rate_limit="0") as served:
        yield Running(served.url, key, log)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ``panhuo_client``, made as ``make client`` makes it."""
    folder = tmp_path_factory.mktemp("client")
    tools = Path(sys.executable).parent
    search = f"{tools}{os.pathsep}{os.environ['PATH']}"  # the generator asks ruff to tidy up
    for words in (
        [sys.executable, "-m", "service", "openapi", "--out", str(folder / "openapi.json")],
        [
            *(str(tools / "openapi-python-client"), "generate"),
            *("--path", str(folder / "openapi.json"), "--meta", "none", "--fail-on-warning"),
            *("--config", str(_ROOT / "clients" / "python" / "config.yaml")),
            *("--output-path", str(folder / "panhuo_client")),
        ],
    ):
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=120, env={**os.environ, "PATH": search}
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def panhuo_client(generated: Path) -> Iterator[ModuleType]:
    sys.path.insert(0, str(generated))
    yield importlib.import_module("panhuo_client")
    sys.path.remove(str(generated))
