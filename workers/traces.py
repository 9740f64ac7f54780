"""Traces for OpenTelemetry: what desk, cases and activities did after another, and how long.

A span names its kind, its order, and the ids of workflow and run; no person is in them. Of an error
it says that there was one: what an error quotes may be anybody's words, and stands in the log.
"""

import re
from collections.abc import Sequence
from functools import cache

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from temporalio.contrib.opentelemetry import TracingInterceptor

from registry.database.installation import PROGRAM

_WITHIN = 5.0
"""Seconds until a collector has answered; a command that ends waits so long for it."""

_NAME = re.compile(r"[A-Za-z]+:[A-Za-z_-]{1,60}")
KEPT = ("temporalWorkflowID", "temporalRunID", "temporalActivityID", "temporalActivityType")
"""The attributes that go out: ids, in which no person is, and the names of activities."""


@cache
def tracing(endpoint: str) -> TracingInterceptor:
    """What a client, and every worker that has it, is traced by; one for a process."""
    resource = Resource({SERVICE_NAME: "exitflow", SERVICE_VERSION: PROGRAM})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_WITHIN)
    provider.add_span_processor(BatchSpanProcessor(_Bare(exporter)))
    return TracingInterceptor(provider.get_tracer("exitflow"))


class _Bare(SpanExporter):
    """Gives on of each span only what is known to name nobody."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Part of the exporter."""
        return self._inner.export([bare(span) for span in spans])

    def shutdown(self) -> None:
        """Part of the exporter."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Part of the exporter."""
        return self._inner.force_flush(timeout_millis)


def bare(span: ReadableSpan) -> ReadableSpan:
    """A span without what an error says, and without a name that whoever sends a signal chose."""
    known = _NAME.fullmatch(span.name)
    attributes = span.attributes or {}
    return ReadableSpan(
        name=span.name if known else span.name.partition(":")[0],
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: attributes[name] for name in KEPT if name in attributes},
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
