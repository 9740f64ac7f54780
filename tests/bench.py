"""`make bench`: what cases, register changes and imports cost, each against a floor.

First a county's case, against a bare workflow that does as much; then rosters by their size;
striking off 100 000 households against plain SQL; importing 100 000 people against the libraries;
how long two commands take to start, against a bare interpreter.

County case and bare workflow run on the same server in alternation: the case through all seven
steps, and a workflow with the same number of updates, timers, activities and upserts, whose
activities do nothing. Publicity needs days to pass, so the server skips time; the skipping itself,
which takes a second of real time whatever is skipped, is left out. Both are driven without asking
how far they are: questions asked again and again would be measured along with what they ask for.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from models import search
from models.case.ledger import EntryKind
from tests.bare import Bare, nothing
from tests.bench_checks import AIM as CHECKS_AIM
from tests.bench_checks import Checks
from tests.bench_measures import ACTIONS, Clocks, published
from tests.bench_register import measure, show
from tests.bench_rosters import print_costs, roster_costs
from tests.bench_starting import print_starts, starts
from tests.bench_striking_off import striking_off
from tests.play import Play
from tests.stage import YEAR, Stage, at, set_stage, settings_in
from workers.catalogue import unguarded_sandbox
from workers.connection import run
from workers.embedded import embedded

ROUNDS = 7
CASES = 12
"""Cases at once in a round: enough to keep both cores busy."""

WALL_AIM, CPU_AIM = 1.15, 1.25
"""What a county's case takes at most, in times of what a bare workflow takes."""

ACTIONS_AIM = 24
"""Billable actions of a county's case; what it tells is delivered by actions beside it."""

BYTES_AIM = 49_000
"""Of a county's history: a third less than 0.1.0 took."""

QUEUE = "bench-bare"

_ids = count(1)


@dataclass(frozen=True)
class Shape:
    """How much a workflow does after its start and after each of its updates."""

    activities: tuple[int, ...]
    timers: tuple[int, ...]
    upserts: tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """What one round took: seconds of wall clock outside of skipping, and of processors."""

    wall: float
    cpu: float


async def county_round(stage: Stage, clocks: Clocks) -> tuple[Cost, list[Play]]:
    """CASES ordinary national counties, all the way."""
    plays = await asyncio.gather(*(stage.opens(at(11, 16)) for _ in range(CASES)))
    courses = [Course(play) for play in plays]
    before = await _cost_of(clocks, courses, Course.to_publicity)
    for play in plays:
        await play.end_publicity()
    after = await _cost_of(clocks, courses, Course.to_the_end)
    return Cost(before.wall + after.wall, before.cpu + after.cpu), plays


class Course:
    """A case that is acted on as soon as its history shows that it waits for the office."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._events = play.handle.fetch_history_events(wait_new_event=True)

    async def to_publicity(self) -> None:
        """C2 and C3."""
        for step in ("C2", "C3"):
            await self._at(step)
            await self._play.act(step)
        await self._at("C4")

    async def to_the_end(self) -> None:
        """C5, C6 and C7."""
        for step in ("C5", "C6", "C7"):
            await self._at(step)
            await self._play.act(step)
        await self._play.ends()

    async def _at(self, step: str) -> None:
        async for event in self._events:
            shown = event.upsert_workflow_search_attributes_event_attributes.search_attributes
            data = shown.indexed_fields[search.STEP.name].data
            if data and json.loads(data) == step:
                return


async def _cost_of(
    clocks: Clocks, courses: list[Course], what: Callable[[Course], Awaitable[None]]
) -> Cost:
    began, cpu = time.perf_counter(), clocks.cpu()
    await asyncio.gather(*(what(course) for course in courses))
    return Cost(time.perf_counter() - began, clocks.cpu() - cpu)


async def bare_round(
    client: Client, stage: Stage, clocks: Clocks, shape: Shape
) -> tuple[Cost, int]:
    """CASES bare workflows of the same shape, on a client that seals nothing."""
    with stage.skipper.with_time_skipping_disabled():
        handles = [
            await client.start_workflow(
                Bare.run,
                args=[list(shape.activities), list(shape.timers), list(shape.upserts)],
                id=f"bare-{next(_ids)}",
                task_queue=QUEUE,
            )
            for _ in range(CASES)
        ]
    began, cpu = time.perf_counter(), clocks.cpu()
    await asyncio.gather(*(_drive(handle, len(shape.activities) - 1) for handle in handles))
    cost = Cost(time.perf_counter() - began, clocks.cpu() - cpu)
    events = [event async for event in handles[0].fetch_history_events()]
    return cost, len(events)


async def _drive(handle: WorkflowHandle[Any, Any], updates: int) -> None:
    for _ in range(updates):
        await handle.execute_update(Bare.go_on, "word")
    await handle.result()


async def shape_of(play: Play) -> tuple[Shape, Counter[str], int, int]:
    """What a case did, from its history: shape, actions, events, bytes."""
    activities, timers, upserts = [0], [0], [0]
    actions: Counter[str] = Counter()
    history = await play.handle.fetch_history()
    for event in history.events:
        kind = EventType.ValueType(event.event_type)
        if kind in ACTIONS:
            actions[ACTIONS[kind]] += 1
        if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            activities.append(0)
            timers.append(0)
            upserts.append(0)
        activities[-1] += kind == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        timers[-1] += kind == EventType.EVENT_TYPE_TIMER_STARTED
        upserts[-1] += kind == EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
    size = sum(event.ByteSize() for event in history.events)
    shape = Shape(tuple(activities), tuple(timers), tuple(upserts))
    return shape, actions, len(history.events), size


async def main() -> None:
    """Run the rounds in alternation and print the medians."""
    console = Console()
    checks = Checks()
    with checks.measured(), tempfile.TemporaryDirectory() as folder:
        async with (
            embedded(Path(folder) / "temporal.db", time_skipping=True) as server,
            set_stage(
                server.client,
                settings_in(Path(folder), workdays=published(Path(folder), YEAR, YEAR + 1)),
            ) as stage,
            Worker(
                server.client,
                task_queue=QUEUE,
                workflows=[Bare],
                activities=[nothing],
                workflow_runner=unguarded_sandbox(),
            ),
        ):
            clocks = Clocks(server.pid)
            _, plays = await county_round(stage, clocks)  # warms up, and shows the shape
            shape, actions, events, size = await shape_of(plays[0])
            deliveries = len(await plays[0].entries(EntryKind.NOTIFIED))
            await bare_round(server.client, stage, clocks, shape)
            checks.seconds = 0.0
            county: list[Cost] = []
            bare: list[Cost] = []
            for number in range(1, ROUNDS + 1):
                cost, _ = await county_round(stage, clocks)
                county.append(cost)
                cost, bare_events = await bare_round(server.client, stage, clocks, shape)
                bare.append(cost)
                console.print(
                    f"round {number}/{ROUNDS}: county {county[-1].wall:.2f} s, "
                    f"bare {bare[-1].wall:.2f} s"
                )
            checked = checks.seconds / sum(cost.cpu for cost in county)
            rosters = await roster_costs(stage, clocks)
        striking_off(console, Path(folder) / "striking-off")
        imported = Path(folder) / "import"
        imported.mkdir()
        show(measure(imported))
        started = starts(Path(folder) / "starting")
    _print(console, county, bare)
    console.print(
        f"one county case: {events} events (bare {bare_events}), {size:,} bytes of history (aim at "
        f"most {BYTES_AIM:,}), {sum(actions.values())} billable actions (aim at most "
        f"{ACTIONS_AIM}: {', '.join(f'{name} {times}' for name, times in sorted(actions.items()))})"
        f", and beside it {deliveries} deliveries"
    )
    console.print(
        f"of a county case's processor time, {checked:.1%} goes into holding its orders against "
        f"its kept file (aim at most {CHECKS_AIM:.0%})"
    )
    print_costs(console, rosters)
    print_starts(console, started)


def _print(console: Console, county: list[Cost], bare: list[Cost]) -> None:
    table = Table(title=f"{CASES} cases at once, medians of {ROUNDS} rounds in alternation")
    for column in ("", "county case", "bare workflow", "ratio"):
        table.add_column(column, justify="right")
    measures: dict[str, Callable[[Cost], float]] = {
        "wall s": lambda cost: cost.wall,
        "cpu s": lambda cost: cost.cpu,
    }
    for name, of in measures.items():
        ours, floor = statistics.median(map(of, county)), statistics.median(map(of, bare))
        ratios = statistics.median(of(a) / of(b) for a, b in zip(county, bare, strict=True))
        aim = f" (aim {WALL_AIM if name == 'wall s' else CPU_AIM})"
        table.add_row(name, f"{ours:.2f}", f"{floor:.2f}", f"{ratios:.2f}{aim}")
    console.print(table)


if __name__ == "__main__":
    run(main())
