"""Spans of requests and of statements, for whoever installs ``panhuo[otel]`` and names a receiver.

Own layer and not the ready-made instrumentation: that one writes addresses with their queries into
attributes. Here a span holds the route's template, never an id, a text, a parameter.
Nothing of OpenTelemetry's SDK is imported unless an endpoint is set.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from matcher.errors import ExtraMissing
from service.watch.layer import route_of

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SPAN = "panhuo_span"


def wanted() -> bool:
    """Return whether the environment names a receiver of traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in _ENDPOINTS)


def open_tracer() -> tuple[Tracer, Callable[[], None]]:
    """Return a tracer that sends over OTLP (HTTP) as the environment says, and what ends it.

    Raises:
        ExtraMissing: a receiver is named, and the extra is not installed.
    """
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        raise ExtraMissing("opentelemetry-sdk", "otel")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = os.environ.get("OTEL_SERVICE_NAME", "panhuo")
    provider = TracerProvider(resource=Resource.create({"service.name": named}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("panhuo"), provider.shutdown


class Traced:
    """One span a request, child of the sender's where ``traceparent`` names one.

    Args:
        app: the application behind; its state may hold a ``tracer``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on within a span."""
        tracer: Tracer | None = scope.get("state", {}).get("tracer")
        if scope["type"] != "http" or tracer is None:
            await self._app(scope, receive, send)
            return
        from opentelemetry import propagate
        from opentelemetry.trace import SpanKind

        carrier = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in _of_trace(scope)
        }
        parent = propagate.extract(carrier)
        with tracer.start_as_current_span(scope["method"], parent, SpanKind.SERVER) as span:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    route = route_of(scope)
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.request.method", scope["method"])
                    span.set_attribute("http.route", route)
                    span.set_attribute("http.response.status_code", message["status"])
                    span.set_attribute("panhuo.request_id", scope["state"].get("request_id", ""))
                await send(message)

            await self._app(scope, receive, told)


def trace_statements(engine: sa.Engine, tracer: Tracer) -> Callable[[], None]:
    """Make a span of each statement; its text has marks where parameters stood. Return its end."""
    from opentelemetry.trace import SpanKind

    def before(
        connection: sa.Connection, _cursor: Any, statement: str, _p: Any, context: Any, _m: Any
    ) -> None:
        verb = statement.split(maxsplit=1)[0].upper() if statement.strip() else "SQL"
        span = tracer.start_span(verb, kind=SpanKind.CLIENT)
        span.set_attribute("db.system.name", connection.dialect.name)
        span.set_attribute("db.query.text", statement[:2_000])
        if context is not None:
            setattr(context, _SPAN, span)

    def after(_c: Any, _cursor: Any, _s: Any, _p: Any, context: Any, _m: Any) -> None:
        if (span := getattr(context, _SPAN, None)) is not None:
            span.end()

    sa.event.listen(engine, "before_cursor_execute", before)
    sa.event.listen(engine, "after_cursor_execute", after)

    def end() -> None:
        sa.event.remove(engine, "before_cursor_execute", before)
        sa.event.remove(engine, "after_cursor_execute", after)

    return end


def _of_trace(scope: Scope) -> list[tuple[bytes, bytes]]:
    names = (b"traceparent", b"tracestate")
    return [pair for pair in scope["headers"] if pair[0] in names]
