"""The worst season: what it leaves of the server's limits. ``python -m tests.bench_worst``.

A roster of 500 whose households answer one by one, as many objections as a case takes, one after
the other and each resolved, and between them three years of reminders. The case goes on in a new
run whenever its history has grown long: what counts is the longest run.
"""

import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from models.case import bounds
from tests.roster_stage import RosterPlay, opens_roster, stands
from tests.stage import Stage, at, set_stage, settings_in
from workers import limits
from workers.catalogue import FAILURES, WORKFLOWS, sandbox
from workers.connection import run
from workers.embedded import embedded

HOUSEHOLDS = 500
YEARS = 3


@dataclass(frozen=True)
class Season:
    """What a case came to; of all its runs, in each case the one with most."""

    runs: int
    events: int
    size: int
    updates: int
    signals: int
    handed: int
    entries: int
    replay: float
    cpu: float
    status: float

    def of_limits(self) -> list[tuple[str, str, str]]:
        """What it came to, the limit, and how much room is left, as a factor."""
        pairs = (
            ("events", self.events, limits.EVENTS),
            ("bytes", self.size, limits.HISTORY),
            ("updates", self.updates, limits.UPDATES),
            ("signals", self.signals, limits.SIGNALS),
            ("bytes handed over", self.handed, limits.PAYLOAD),
        )
        lines = [
            (f"{name}: {came:,}", f"{most:,}", f"{most / max(came, 1):.1f}")
            for name, came, most in pairs
        ]
        turn = limits.TURN.seconds
        replay = (f"replay: {self.replay:.1f} s", f"{turn} s", f"{turn / self.replay:.1f}")
        cpu = (f"of processors: {self.cpu:.1f} s", "", "")
        counted = (f"runs: {self.runs}", "", ""), (f"entries: {self.entries:,}", "", "")
        return [*lines, replay, cpu, *counted]


async def worst(stage: Stage, households: int, objections: int, years: int) -> Season:
    """Drive the roster, and measure it."""
    case = await opens_roster(stage, at(11, 16), households)
    await case.reaches("H2")
    await case.verify()
    for code in case.households:
        await case.consent(code)
    await stands(case, posted=households)
    began = time.perf_counter()
    ids = [await case.object(f"不应列入（合成 {number}）") for number in range(objections)]
    print(f"{objections} objections in {time.perf_counter() - began:.0f} s", flush=True)
    began = time.perf_counter()
    await case.status()
    status = time.perf_counter() - began
    # Nobody investigates for three years, and everybody is reminded of all of it.
    for _ in range(years * 12):
        await case.until(await case.now() + timedelta(days=30))
    began = time.perf_counter()
    for each in ids:
        await case.resolve(each, "dismissed")
    print(f"{objections} results in {time.perf_counter() - began:.0f} s", flush=True)
    await case.rests()
    return await measured(case, status)


async def measured(case: RosterPlay, status: float) -> Season:
    """Events, bytes, messages, and the time a worker takes that has never seen it."""
    runs = [history async for history in runs_of(case)]
    longest = max(runs, key=lambda each: len(each.events))
    began, cpu = time.perf_counter(), time.process_time()
    await replayed(case.stage, longest)
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    return Season(
        runs=len(runs),
        events=len(longest.events),
        size=max(sum(event.ByteSize() for event in each.events) for each in runs),
        updates=max(count(each, "UPDATE_ACCEPTED") for each in runs),
        signals=max(count(each, "SIGNALED") for each in runs),
        handed=max(each.events[0].ByteSize() for each in runs),
        entries=(await case.status()).entries,
        replay=took,
        cpu=worked,
        status=status,
    )


async def runs_of(case: RosterPlay) -> AsyncIterator[WorkflowHistory]:
    """The histories of a case, from its first run on."""
    client = case.stage.desk.client
    described = await case.handle.describe()
    run_id = described.raw_description.workflow_execution_info.first_run_id
    while run_id:
        history = await client.get_workflow_handle(case.case_id, run_id=run_id).fetch_history()
        yield history
        continued = history.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id = continued.new_execution_run_id


def count(history: WorkflowHistory, kind: str) -> int:
    """How many events of a kind a run has."""
    wanted = EventType.Value(f"EVENT_TYPE_WORKFLOW_EXECUTION_{kind}")
    return sum(event.event_type == wanted for event in history.events)


async def replayed(stage: object, history: WorkflowHistory) -> None:
    """Play it from its beginning, as a worker does that has just started."""
    assert isinstance(stage, Stage)
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=stage.desk.client.data_converter,
        workflow_runner=sandbox(),
        workflow_failure_exception_types=FAILURES,
    )
    await replayer.replay_workflow(history)


async def main(
    households: int = HOUSEHOLDS, objections: int = bounds.MOST_OBJECTIONS, years: int = YEARS
) -> None:
    """Drive it on a server with its time skipped, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            embedded(Path(folder) / "temporal.db", time_skipping=True) as server,
            set_stage(server.client, settings_in(Path(folder))) as stage,
        ):
            season = await worst(stage, households, objections, years)
    table = Table(title=f"{households} households, {objections} objections, {years} years")
    for column in ("came to", "limit", "room"):
        table.add_column(column, justify="right")
    for line in season.of_limits():
        table.add_row(*line)
    Console().print(table)
    Console().print(f"status answered in {season.status:.2f} s")


if __name__ == "__main__":
    run(main(*map(int, sys.argv[1:])))
