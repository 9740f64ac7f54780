"""Workers of two versions under one running case: what one of them cannot read, the other can."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.converter import PayloadCodec
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.ledger import EntryKind
from tests.play import PLAYED, eventually, execution_status, wedged
from tests.stage import Stage, at
from workers.catalogue import build_worker


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
        return [each.content() | {"newer": True} for each in answer]


class Reading(PayloadCodec):
    """What the newer version has beyond the older one: it knows the field."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Nothing is changed."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the older version would have written it."""
        return [_without_the_field(payload) for payload in payloads]


def _without_the_field(payload: Payload) -> Payload:
    if b'"newer":true' not in payload.data:
        return payload
    said = [{k: v for k, v in each.items() if k != "newer"} for each in json.loads(payload.data)]
    return Payload(metadata=payload.metadata, data=json.dumps(said).encode())


@pytest.mark.clause("G7")
@pytest.mark.parametrize("activity_type", ["compute_limits", "notify"])
async def test_an_answer_that_only_a_newer_worker_can_read_waits_for_one(
    own_stage: Stage, activity_type: str
) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    await own_stage.crew.goes()
    client = own_stage.desk.client
    both = {"max_cached_workflows": 0, "interceptors": [Newer(activity_type)]}
    async with build_worker(client, own_stage.settings, **both):
        # A signal: where a task fails nobody is answered.
        await play.signal("act", play.message("C3", "return", return_to="C1", reason="补", id="a"))

        async def tried() -> bool:
            return bool(await wedged(play))

        await eventually(tried)
    assert await execution_status(play) is WorkflowExecutionStatus.RUNNING
    assert all("Failed decoding arguments" in fault for fault in await wedged(play))
    config = client.config()
    config["data_converter"] = replace(config["data_converter"], payload_codec=Reading())
    async with build_worker(Client(**config), own_stage.settings, max_cached_workflows=0):
        await play.reaches("C1", 2)
        assert [line["topic"] for line in await play.has_told("退回", 1)] == ["退回"]
        acts = await play.entries(EntryKind.ACT)
        await play.file()
    assert [act.data["act"]["id"] for act in acts] == ["a"]  # type: ignore[index,call-overload]
    PLAYED.remove(play)
