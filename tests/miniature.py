"""A case without a server: the workflow's own code and the registry's own activities, and a clock
that goes when it is told to.

For long random sequences alone. Whatever a server adds (histories, replays, outages) is tested on
the real one.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from temporalio import activity, workflow

from models.case.messages import Receipt
from workers.catalogue import TASK_QUEUE, activities
from workers.settings import Settings

T = TypeVar("T")
_TURNS = 40
"""Turns of the event loop after which nothing more can be on its way by itself."""


@dataclass
class _Waiting:
    condition: Callable[[], bool]
    until: datetime | None
    answer: "asyncio.Future[None]"


class Miniature:
    """One case, alone with a registry.

    Args:
        patch: Puts the functions of ``temporalio.workflow`` that a case calls in its hands.
    """

    def __init__(self, patch: pytest.MonkeyPatch, settings: Settings, now: datetime) -> None:
        self.now = now
        self._loop = asyncio.new_event_loop()
        self._waiting: list[_Waiting] = []
        self._under_way = 0
        self._activities = {each.__name__: each for each in activities(settings, lambda: self.now)}
        patch.setattr(workflow, "now", lambda: self.now)
        patch.setattr(workflow, "wait_condition", self._wait_condition)
        patch.setattr(workflow, "sleep", self._sleep)
        patch.setattr(workflow, "execute_activity", self._execute_activity)
        patch.setattr(workflow, "upsert_search_attributes", lambda updates: None)
        patch.setattr(workflow, "all_handlers_finished", lambda: True)

    def open(self, kind: Any, opening: Any, patch: pytest.MonkeyPatch) -> None:
        """Begin a case."""
        info = SimpleNamespace(
            workflow_id=opening.case_id,
            first_execution_run_id="run",
            workflow_start_time=self.now,
            activity_type="",
            task_queue=TASK_QUEUE,
            get_current_history_length=lambda: 0,
        )
        patch.setattr(workflow, "info", lambda: info)
        patch.setattr(activity, "info", lambda: info)
        self.case = kind(opening)
        patch.setattr(workflow, "instance", lambda: self.case)
        self.running = self._loop.create_task(self.case.run(opening))
        self.settle()

    def send(self, kind: str, message: dict[str, Any]) -> Receipt:
        """Hand in a message as an update does; raises ``Refusal``."""
        receipt: Receipt = self.case.reception.receive(kind, message, self.now)
        self.settle()
        return receipt

    def pass_time(self, length: timedelta) -> None:
        """Let time pass; what is due on the way happens at its moment."""
        end = self.now + length
        while True:
            due = [each.until for each in self._waiting if each.until is not None]
            nearest = min(due, default=end)
            if nearest > end:
                break
            self.now = max(self.now, nearest)
            if not self._time_out():
                break
            self.settle()
        self.now = end
        self.settle()

    def settle(self) -> None:
        """Until the case only waits for people or for time."""
        self._loop.run_until_complete(self._settle())
        if self.running.done() and self.running.exception() is not None:
            raise AssertionError("the case failed") from self.running.exception()

    def close(self) -> None:
        """Leave nothing behind."""
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(_turns())
        self._loop.close()

    async def _settle(self) -> None:
        while True:
            await _turns()
            while self._under_way:  # some of it in another thread
                await asyncio.sleep(0.001)
                await _turns()
            ready = [each for each in self._waiting if each.condition()]
            if not ready:
                return
            for each in ready:
                self._waiting.remove(each)
                if not each.answer.done():
                    each.answer.set_result(None)

    def _time_out(self) -> bool:
        late = [each for each in self._waiting if each.until is not None and each.until <= self.now]
        for each in late:
            self._waiting.remove(each)
            if not each.answer.done():
                each.answer.set_exception(TimeoutError())
        return bool(late)

    async def _wait_condition(
        self,
        condition: Callable[[], bool],
        *,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - the signature it stands in for
    ) -> None:
        if condition():
            return
        until = self.now + timeout if timeout is not None else None
        waiting = _Waiting(condition, until, self._loop.create_future())
        self._waiting.append(waiting)
        await waiting.answer

    async def _sleep(self, duration: timedelta, *, summary: str) -> None:
        with suppress(TimeoutError):
            await self._wait_condition(lambda: False, timeout=duration)

    async def _execute_activity(self, name: str, order: Any, **profile: Any) -> Any:
        self._under_way += 1
        try:
            await asyncio.sleep(0)
            done = self._activities[name](order)
            return await done if isinstance(done, Coroutine) else done
        finally:
            self._under_way -= 1


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
