"""Schemathesis over the whole OpenAPI document, against a service of its own process.

``PANHUO_SCHEMA_EXAMPLES`` says how many examples an operation gets: few here, many in
``make soak``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.service.client.conftest import Running

EXAMPLES = int(os.environ.get("PANHUO_SCHEMA_EXAMPLES", "5"))
SECONDS = 3_600

# What a schema cannot say is refused too (a cursor of somebody else, a field that the answer does
# not have, a record that has changed since): a refusal of well-formed data is no finding. It has to
# be a documented one, which the other checks see to.
LEFT_OUT = "positive_data_acceptance"


def test_no_answer_is_a_surprise(running: Running, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *_command(f"{running.url}/openapi.json", running.key, EXAMPLES),
            *("--exclude-checks", LEFT_OUT, "--phases", "examples,coverage,fuzzing,stateful"),
            *("--continue-on-failure", "--seed", "7", "--no-shrink", "--warnings", "off"),
            *("--suppress-health-check", "all", "--report-json-path", str(report)),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=tmp_path,
    )
    sys.stdout.write(done.stdout[done.stdout.rfind("= SUMMARY") :])  # for ``pytest -s``
    assert done.returncode == 0, _short(done.stdout) + done.stderr[-2000:]
    assert report.exists()
    with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
        assert answer.status == 200
    assert "Traceback" not in running.log.read_text("utf-8")


def test_the_check_can_fail(running: Running, tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{running.url}/openapi.json", timeout=5) as answer:
        document = json.load(answer)
    del document["paths"]["/v1/firms/{uscc}"]["get"]["responses"]["404"]
    told = tmp_path / "openapi.json"
    told.write_text(json.dumps(document), "utf-8")
    done = subprocess.run(
        [
            *_command(str(told), running.key, 3),
            *("--url", running.url, "--include-path", "/v1/firms/{uscc}"),
            *("--include-method", "GET"),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout[-3000:]
    assert "404" in done.stdout


def _short(told: str) -> str:
    """What was found, its long requests cut."""
    found = told[max(0, told.find("= FAILURES")) :]
    return "\n".join(line[:600] for line in found.splitlines())[-20_000:]


def _command(where: str, key: str, examples: int) -> list[str]:
    tool = str(Path(sys.executable).parent / "st")
    asked = ["--max-examples", str(examples), "--no-color", "--generation-database", "none"]
    settings = str(Path(__file__).with_name("schemathesis.toml"))
    return [
        tool,
        "--config-file",
        settings,
        "run",
        where,
        "--header",
        f"Authorization: Bearer {key}",
        *asked,
    ]
