"""Traces, as a real collector over OTLP/HTTP gets them from a desk and a worker."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import Status, StatusCode
from temporalio.client import Client

from operators.up import prepare_registry
from tests.crew import apart
from tests.operators.test_up import opens_a_case, running
from tests.play import eventually
from tests.replays import opened_history, recordings, replay
from tests.stage import at, set_stage, settings_in
from workers.connection import connect
from workers.embedded import embedded
from workers.namespace import set_up
from workers.settings import SettingsError, load_settings
from workers.traces import KEPT, bare, tracing

ORDERED = {"RunActivity:admit_county", "RunActivity:write_ledger", "RunActivity:deliver"}


class Collector:
    """Takes traces, and keeps them as they came."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        kept = self.raw

        class _Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    @property
    def names(self) -> set[str]:
        return {span.name for span in self.spans}

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for each in self.raw
            for told in ExportTraceServiceRequest.FromString(each).resource_spans
            for scope in told.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    tracing(made.address).tracer.span_processor.shutdown()  # type: ignore[attr-defined]
    made.server.shutdown()
    made.server.server_close()


async def test_a_started_case_is_one_trace_from_the_desk_to_the_registry(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # milliseconds until spans go out
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    async with embedded() as server:
        await set_up(server.client)
        told = {"TEMPORAL_ADDRESS": server.address, "EXITFLOW_TRACES": collector.address}
        async with running(settings.home, "worker", **told) as worker:
            await worker.says("worker ready")
            desk = await connect(None, server.address, "default", traces=collector.address)
            case_id = await opens_a_case(settings, desk)

            async def traced() -> bool:
                return collector.names >= ORDERED

            await eventually(traced, lambda: str(collector.names))
    (started,) = [each for each in collector.spans if each.name == "StartWorkflow:CountyExit"]
    of_case = [each for each in collector.spans if each.trace_id == started.trace_id]
    assert {each.name for each in of_case} >= ORDERED
    by_id = {each.span_id: each.name for each in of_case}
    by_name = {each.name: by_id.get(each.parent_span_id) for each in of_case}
    assert by_name["RunWorkflow:CountyExit"] == "StartWorkflow:CountyExit"
    assert by_name["RunActivity:admit_county"] == "StartActivity:admit_county"
    said = {told.value.string_value for each in of_case for told in each.attributes}
    assert case_id in said
    for each in collector.spans:
        assert {told.key for told in each.attributes} <= {*KEPT}
        assert not each.events
        assert not each.status.message
    whole = b"".join(collector.raw)
    for personal in ("合成", "某"):  # of places, and of officers
        assert personal.encode() not in whole


async def test_a_traced_case_replays_with_traces_and_without(
    server: Client, tmp_path: Path, collector: Collector
) -> None:
    """Also one that began without them: the switch may be turned while cases are open."""
    traces = tracing(collector.address)
    config = (await apart(server)).config()
    config["interceptors"] = [traces]
    settings = settings_in(tmp_path / "home")
    async with set_stage(Client(**config), settings, max_cached_workflows=0) as stage:
        play = await stage.opens(at(11, 16), direct=True)
        await play.pass_until("C3")
        await play.object()
        await play.rests()
        entries = await play.file()
        sealed = await play.handle.fetch_history()
    history = opened_history(sealed, settings.keyring())
    assert any("_tracer-data" in str(event) for event in history.events)
    for interceptors in ([], [traces]):
        assert (await replay(history, interceptors=interceptors)).entries == entries
    before = recordings()[0].history()
    plain = await replay(before)
    assert (await replay(before, interceptors=[traces])).fingerprint == plain.fingerprint


def test_what_an_error_says_is_not_in_a_span() -> None:
    tracer = TracerProvider().get_tracer("test")
    span = tracer.start_span("HandleSignal:张某甲")
    span.set_attributes({"temporalWorkflowID": "county-exit/411523/2018", "who": "张某甲"})
    span.record_exception(ValueError("张某甲"))
    span.set_status(Status(StatusCode.ERROR, "ValueError: 张某甲"))
    assert isinstance(span, ReadableSpan)
    told = bare(span)
    assert json.dumps("张某甲")[1:-1] in span.to_json()
    assert json.dumps("张某甲")[1:-1] not in told.to_json()
    assert told.status.status_code is StatusCode.ERROR
    assert told.name == "HandleSignal"
    assert told.attributes == {"temporalWorkflowID": "county-exit/411523/2018"}


@pytest.mark.parametrize(
    "wrong",
    ["127.0.0.1:4318", "grpc://127.0.0.1:4317", "http:///v1/traces", "http://me:secret@127.0.0.1"],
)
def test_an_address_that_is_no_collectors(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("EXITFLOW_TRACES", wrong)
    with pytest.raises(SettingsError, match=r"traces: .*write the address of an OTLP/HTTP"):
        load_settings()
