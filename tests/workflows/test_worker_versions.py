"""Workers of two versions under one running case: what one of them cannot read, the other can."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowExecutionStatus
from temporalio.converter import SerializationContext
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.warrants import server_time
from models.base import Record
from models.case.ledger import EntryKind
from tests.play import PLAYED, eventually, execution_status, wedged
from tests.stage import Stage, at
from workers.catalogue import build_worker
from workers.seal import Seal

pytestmark = pytest.mark.server


class Newer(Interceptor):
    """A worker that answers what was asked of one activity with a field more."""

    def __init__(self, activity_type: str) -> None:
        self.activity_type = activity_type

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Part of the worker."""
        return _Newer(next, self.activity_type)


class _Newer(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, activity_type: str) -> None:
        super().__init__(next)
        self._activity_type = activity_type

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        answer = await super().execute_activity(input)
        if activity.info().activity_type != self._activity_type:
            return answer
        if isinstance(answer, Record):
            return answer.content() | {"newer": True}
        return [each.content() | {"newer": True} for each in answer]


class Reading(Seal):
    """What the newer version has beyond the older one: it knows the field."""

    def with_context(self, context: SerializationContext) -> "Reading":
        """The same for a workflow, or an activity of one."""
        return Reading(self._ring, context, answering=self._answering)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the older version would have written it."""
        return [_without_the_field(payload) for payload in await super().decode(payloads)]


def _without_the_field(payload: Payload) -> Payload:
    if b'"newer":true' not in payload.data:
        return payload
    said = json.loads(payload.data, object_hook=_without)
    return Payload(metadata=payload.metadata, data=json.dumps(said).encode())


def _without(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "newer"}


@pytest.mark.clause("G7")
@pytest.mark.parametrize("activity_type", ["write_ledger"])
async def test_an_answer_that_only_a_newer_worker_can_read_waits_for_one(
    own_stage: Stage, activity_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    await own_stage.crew.goes()
    client = own_stage.desk.client
    both: dict[str, Any] = {
        "max_cached_workflows": 0,
        "interceptors": [Newer(activity_type)],
        "clock": server_time,
    }
    async with build_worker(client, own_stage.settings, **both):
        # A signal: where a task fails nobody is answered.
        await play.signal(
            "act", play.message("C3", "return", return_to="C1", reason="补件", id="a")
        )

        async def tried() -> bool:
            return bool(await wedged(play))

        await eventually(tried)
    assert await execution_status(play) is WorkflowExecutionStatus.RUNNING
    assert all("Failed decoding arguments" in fault for fault in await wedged(play))
    monkeypatch.setattr("workers.seal.Seal", Reading)
    async with build_worker(client, own_stage.settings, clock=server_time, max_cached_workflows=0):
        await play.reaches("C1", 2)
        assert [line["topic"] for line in await play.has_told("退回", 1)] == ["退回"]
        acts = await play.entries(EntryKind.ACT)
        await play.file()
    assert [act.data["act"]["id"] for act in acts] == ["a"]  # type: ignore[index,call-overload]
    PLAYED.remove(play)
