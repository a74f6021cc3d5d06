"""What an operator starts it with: image, compose file, units. Checked as far as can be here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.cli import panhuo
from service.config import Settings
from tests.house.test_house import _verbs

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy").iterdir())


def need(name: str) -> str:
    """Return a program; skip where it is not installed, fail where it is asked for."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found:
        return found
    if name in os.environ.get("PANHUO_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PANHUO_REQUIRE={name}, but there is none")
    pytest.skip(f"no {name} is installed")


def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def options_of(words: list[str]) -> set[str]:
    verb = dict(_verbs(panhuo))[words[0]]
    return {name for parameter in verb.params for name in parameter.opts}


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run(
        [need("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_runs_without_root_and_watches_itself() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.M)
    assert last.index("\nUSER ") < last.index("ENTRYPOINT")
    assert "HEALTHCHECK" in last
    assert "latest" not in text
    for name in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for source in name.split():
            assert (ROOT / source).exists(), source
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {".git", ".panhuo", ".venv"} <= set(ignored)


def test_compose_has_what_it_refers_to() -> None:
    found = compose()
    services, volumes, networks = found["services"], found["volumes"], found["networks"]
    for name, service in services.items():
        assert "healthcheck" in service, name
        assert service["restart"] == "unless-stopped"
        assert set(service["networks"]) <= set(networks)
        for mount in service["volumes"]:
            assert mount.partition(":")[0] in volumes
        for other in service.get("depends_on", {}):
            assert services[other]
    assert services["app"]["depends_on"]["postgres"]["condition"] == "service_healthy"


def test_compose_runs_the_service_with_few_rights() -> None:
    app = compose()["services"]["app"]
    assert app["read_only"] is True
    assert app["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in app["security_opt"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", app["user"])
    assert all(port.startswith("127.0.0.1:") for port in app["ports"])
    database = compose()["services"]["postgres"]
    assert "ports" not in database
    assert compose()["networks"]["inside"]["internal"] is True
    assert database["networks"] == ["inside"]


def test_no_secret_stands_in_the_compose_file() -> None:
    for service in compose()["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|KEY|URL", name):
                assert "${" in value, name


def test_settings_and_options_that_are_used_exist() -> None:
    known = {f"PANHUO_{name.upper()}" for name in Settings.model_fields}
    text = (ROOT / "Dockerfile").read_text("utf-8")
    used = set(re.findall(r"\b(PANHUO_[A-Z_]+)=", text))
    used |= {name for name in compose()["services"]["app"]["environment"]}
    for unit in UNITS:
        used |= set(re.findall(r"Environment=(PANHUO_\w+)", unit.read_text("utf-8")))
    assert used
    assert used <= known
    command = compose()["services"]["app"]["command"]
    assert {word for word in command if word.startswith("--")} <= options_of(command)
    grace = int(command[command.index("--grace") + 1])
    assert int(compose()["services"]["app"]["stop_grace_period"].rstrip("s")) > grace


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(unit: Path, tmp_path: Path) -> None:
    analyze = need("systemd-analyze")
    # Programs that are not installed here are no fault of the unit.
    text = unit.read_text("utf-8").replace("/opt/panhuo/.venv/bin/panhuo", "/bin/true")
    for other in UNITS:
        (tmp_path / other.name).write_text(other.read_text("utf-8"))
    (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if unit.name in line or "Unknown" in line]
    assert ours == []


def test_the_unit_waits_longer_than_the_service_does() -> None:
    text = (ROOT / "deploy" / "panhuo.service").read_text("utf-8")
    grace = re.search(r"--grace (\d+)", text)
    stop = re.search(r"^TimeoutStopSec=(\d+)", text, re.M)
    assert grace
    assert stop
    assert int(stop[1]) > int(grace[1])
    words = re.search(r"bin/panhuo (serve.*)$", text, re.M)
    assert words
    given = {word for word in words[1].split() if word.startswith("--")}
    assert given <= options_of(words[1].split())


def test_operations_tells_of_each_file() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for path in [*UNITS, ROOT / "Dockerfile", ROOT / "compose.yaml"]:
        assert path.name in text, path.name
