"""Spans, with an exporter in memory; without the extra these skip, visibly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from matcher.errors import ExtraMissing
from service.app import create_app
from service.config import Settings
from service.watch import at_work, traces

FIRM = "91330108PH9YJRY21R"
PARENT = "4bf92f3577b34da6a3ce929d0e0e4736"


def need_otel() -> None:
    if find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None:
        return
    reason = "no OpenTelemetry is installed (pip install 'panhuo[otel]')"
    if "otel" in os.environ.get("PANHUO_REQUIRE", "").replace(",", " ").split():
        pytest.fail(f"PANHUO_REQUIRE=otel, but {reason}")
    pytest.skip(reason)


@pytest.fixture
def spans(
    lsa_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[TestClient, Any]]:
    need_otel()
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    opened = (provider.get_tracer("test"), provider.shutdown)
    monkeypatch.setattr(at_work, "wanted", lambda: True)
    monkeypatch.setattr(at_work, "open_tracer", lambda: opened)
    home = Path(shutil.copytree(lsa_home, tmp_path / "home"))
    settings = Settings(home=home, database_url="", encoder="lsa", policy=None, threads=1)
    with TestClient(create_app(settings, trusted={"testclient"})) as client:
        exporter.clear()
        yield client, exporter


def test_a_request_is_a_span_with_its_statements_below(spans: tuple[TestClient, Any]) -> None:
    client, exporter = spans
    headers = {"traceparent": f"00-{PARENT}-00f067aa0ba902b7-01", "x-request-id": "asked-123"}
    client.get(f"/v1/firms/{FIRM}?fields=name", headers=headers)
    found = exporter.get_finished_spans()
    (request,) = [span for span in found if span.name == "GET /v1/firms/{uscc}"]
    assert f"{request.context.trace_id:032x}" == PARENT
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["panhuo.request_id"] == "asked-123"
    below = [
        span for span in found if span.parent and span.parent.span_id == request.context.span_id
    ]
    assert any(span.name == "SELECT" for span in below)
    assert FIRM not in str([dict(span.attributes) for span in found])


def test_nothing_of_the_sdk_is_loaded_unless_it_is_asked_for() -> None:
    code = (
        "import sys; from service.app import create_app; create_app();"
        "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    )
    variables = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", code], env=variables, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_usual_variables_decide(
    variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert traces.wanted() is expected


def test_without_the_extra_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="panhuo\\[otel\\]"):
        traces.open_tracer()
