"""The floor of the benchmark: a workflow that does nothing, as often as a county's case."""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow

from models import search


@activity.defn
async def nothing(word: str) -> str:
    """The cheapest activity there is."""
    return word


@workflow.defn(name="Bare")
class Bare:
    """As many updates, timers, activities and upserts as a county's case, and nothing else."""

    def __init__(self) -> None:
        self.updates = 0

    @workflow.run
    async def run(self, activities: list[int], timers: list[int], upserts: list[int]) -> int:
        """A stretch of work, then the next update, until there is no more."""
        work = zip(activities, timers, upserts, strict=True)
        for stretch, (calls, waits, shown) in enumerate(work):
            await workflow.wait_condition(lambda: self.updates >= stretch)  # noqa: B023
            for turn in range(max(calls, waits, shown)):
                if turn < shown:
                    workflow.upsert_search_attributes([search.STEP.value_set(str(stretch))])
                if turn < calls:
                    await workflow.execute_activity(
                        nothing, "word", start_to_close_timeout=timedelta(seconds=60)
                    )
                if turn < waits:
                    timer = asyncio.create_task(workflow.sleep(timedelta(days=7)))
                    await asyncio.sleep(0)
                    timer.cancel()
        return self.updates

    @workflow.update
    def go_on(self, word: str) -> str:
        """The next stretch may begin."""
        self.updates += 1
        return word
