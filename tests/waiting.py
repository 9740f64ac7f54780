"""`make season WAITING=1000`: what open cases cost that only wait, and a limit that all miss.

    python -m tests.waiting --cases 1000

Rosters of ten households wait for their verification (H2). Measured: processors and memory beside
those of an empty installation; the first act after the worker was killed; and 31 December 24:00
(T6), which comes for all of them in the same instant, while offices go on acting on others. Exits
with 1 if a case did not hear of it.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func
from sqlmodel import col, select

from models.case.ledger import EntryKind
from models.case.messages import Act
from operators.desk.errors import NoAnswer
from operators.views.terminal import progress
from registry.database.engine import reading
from registry.tables import CaseRow, EntryRow
from tests.bench_measures import processor_seconds, resident
from tests.house import House, set_house
from tests.play import eventually
from tests.roster_stage import RosterPlay, meeting, roster_application, starts_roster
from tests.season_measures import Acts, p50_p99
from tests.season_province import PlannedCounty, PlannedRoster, load
from tests.stage import YEAR, Stage, at, settings_in
from workers.connection import run

BEGAN, MISSED = at(12, 28), at(1, 1, 0, year=YEAR + 1)
"""A little before the end of the year, and its end: the target of T6 in the narrow reading."""

HOUSEHOLDS = 10
RESERVE = 30
"""Other cases, on which offices act while the limit is heard of."""

OFFICES = 16
AN_ACT_EVERY = 1.0
PATIENCE = 3600.0
HEARD_WITHIN, ANSWERED_WITHIN, MEGABYTES = 300.0, 1.0, 1 / 3
"""The aims: seconds until all 1 000 have heard, seconds for an act meanwhile, memory a case."""


@dataclass(frozen=True)
class Idle:
    """What an installation uses while nobody does anything: shares of a core, bytes."""

    server: float
    worker: float
    server_memory: int
    worker_memory: int


@dataclass
class Waiting:
    """What was seen.

    Attributes:
        first_act: Seconds from the start of a worker to the first answer, and memory then.
        heard: Seconds from the instant until half, and all, have it on file.
        acts: Of offices meanwhile.
    """

    cases: int
    empty: Idle
    full: Idle
    first_act: float = 0.0
    after_restart: int = 0
    heard: dict[str, float] = field(default_factory=dict)
    heard_by: int = 0
    heard_cpu: float = 0.0
    acts: list[float] = field(default_factory=list)
    load: float = 0.0


class Installation:
    """An installation with cases that wait."""

    def __init__(self, house: House, stage: Stage, *, rest: float, say: bool) -> None:
        self._house, self._stage, self._rest, self._say = house, stage, rest, say
        self._engine = stage.settings.engine()
        self._turn = asyncio.Semaphore(OFFICES)

    async def idle(self) -> Idle:
        """Look at both processes for a while in which nobody acts."""
        await asyncio.sleep(self._rest / 2)  # what was asked for before comes to its end
        began, before = perf_counter(), list(map(processor_seconds, self._house.pids))
        await asyncio.sleep(self._rest)
        took = perf_counter() - began
        used = [
            (processor_seconds(each) - was) / took
            for each, was in zip(self._house.pids, before, strict=True)
        ]
        server, worker = map(resident, self._house.pids)
        return Idle(used[0], used[1], server, worker)

    async def opens(self, rosters: Sequence[PlannedRoster]) -> list[RosterPlay]:
        """Open a case for each, and wait until all of them wait."""
        done = 0

        async def open_one(roster: PlannedRoster) -> RosterPlay:
            nonlocal done
            votes = [{"household": code, "in_favour": 18} for code in roster.households]
            record = {"meeting": meeting(held_on=f"{YEAR}-12-20"), "households": votes}
            given = roster_application(roster.village, roster.households, appraisal=record)
            async with self._turn:
                play, wait = await starts_roster(self._stage, given, BEGAN)
                await self._stage.skip(play.handle, wait)
                done += 1
                self._tell("opened", done, len(rosters))
            return play

        plays = await asyncio.gather(*map(open_one, rosters))
        waiting = select(func.count()).where(
            CaseRow.step == "H2", col(CaseRow.waiting_for).is_not(None)
        )
        await self._until(waiting, len(rosters))
        return plays

    async def comes_again(self, play: RosterPlay) -> tuple[float, int]:
        """Kill the worker, start another, and ask a case nobody has in memory; seconds, bytes."""
        given = {"office": f"A1/{play.code}", "officer": "某甲"}
        act = Act.model_validate(play.message("H2", **given))
        await self._house.worker_goes()
        began = perf_counter()
        await self._house.worker_comes()
        while True:
            try:
                await self._stage.desk.act(play.case_id, act)
                return perf_counter() - began, resident(self._house.pids[1])
            except NoAnswer:
                pass

    async def misses(self, due: Sequence[RosterPlay], others: Sequence[RosterPlay]) -> Any:
        """Let the year end for all of those in the same instant, while offices act on others."""
        # Every case has a clock of its own: all are set so that they strike together.
        instant = datetime.now(UTC) + timedelta(seconds=30 + 0.25 * len(due))

        async def is_set(play: RosterPlay) -> None:
            async with self._turn:
                left = MISSED - await play.now()
                await self._stage.skip(play.handle, left - (instant - datetime.now(UTC)))

        await asyncio.gather(*map(is_set, due))
        early = (instant - datetime.now(UTC)).total_seconds()
        assert early > 0, f"the clocks were set {-early:.0f} s too late: give them more time"
        await asyncio.sleep(early)
        began, used = perf_counter(), sum(map(processor_seconds, self._house.pids))
        acting = asyncio.create_task(self._act(others))
        heard = select(func.count(func.distinct(EntryRow.case_id))).where(
            EntryRow.kind == EntryKind.TARGET_PASSED
        )
        half = await self._until(heard, len(due) // 2) - began
        whole = await self._until(heard, len(due)) - began
        acting.cancel()
        spent = sum(map(processor_seconds, self._house.pids)) - used
        return {"half": half, "all": whole}, self._number(heard), spent

    async def _act(self, plays: Sequence[RosterPlay]) -> None:
        for play in plays:
            for body in ("A1", "A2", "A3"):
                await asyncio.gather(play.verify(body), asyncio.sleep(AN_ACT_EVERY))

    async def _until(self, query: Any, number: int) -> float:
        async with asyncio.timeout(PATIENCE):
            while (so_far := await asyncio.to_thread(self._number, query)) < number:
                self._tell("seen", so_far, number)
                await asyncio.sleep(0.5)
        self._tell("seen", number, number)
        return perf_counter()

    def _number(self, query: Any) -> int:
        with reading(self._engine) as session:
            return int(session.exec(query).one())

    def _tell(self, what: str, done: int, of: int) -> None:
        if self._say:
            progress(f"{what}: {done:,} of {of:,}", last=done >= of)


def _planned(cases: int) -> PlannedCounty:
    rosters = []
    for number in range(cases):
        first = number * HOUSEHOLDS + 1
        households = tuple(f"H{first + each:07}" for each in range(HOUSEHOLDS))
        village = f"411523{100 + number // 100}{200 + number % 100}"
        rosters.append(PlannedRoster(village, households, False))
    return PlannedCounty("411523", "national", False, tuple(rosters))


async def waiting(folder: Path, cases: int, *, rest: float = 30.0, say: bool = False) -> Waiting:
    """Let cases wait in a folder, and measure what they cost."""
    county = _planned(cases + RESERVE)
    async with set_house(settings_in(folder)) as (house, stage):
        await eventually(house.worker_has_come)
        await asyncio.to_thread(load, stage, (county,), folder)
        there = Installation(house, stage, rest=rest, say=say)
        empty = await there.idle()
        plays = await there.opens(county.rosters)
        seen = Waiting(len(plays), empty, await there.idle())
        others, due = plays[:RESERVE], plays[RESERVE:]
        seen.first_act, seen.after_restart = await there.comes_again(due[-1])
        acts = Acts()
        with acts.measured():
            seen.heard, seen.heard_by, seen.heard_cpu = await there.misses(due, others)
        seen.acts, seen.load = acts.waited, os.getloadavg()[1]
    return seen


def print_waiting(seen: Waiting) -> None:
    """Beside an empty installation, and beside the aims."""
    out = Console(width=100, highlight=False, markup=False)
    table = Table(title=f"{seen.cases:,} rosters of {HOUSEHOLDS} that wait")
    for column in ("", "empty", "waiting", "a case"):
        table.add_column(column, justify="right")
    empty, full = seen.empty, seen.full
    for name, before, after in (
        ("server, % of a core", empty.server, full.server),
        ("worker, % of a core", empty.worker, full.worker),
    ):
        table.add_row(name, f"{before:.1%}", f"{after:.1%}", "")
    for name, less, more in (
        ("server, MB", empty.server_memory, full.server_memory),
        ("worker, MB", empty.worker_memory, full.worker_memory),
    ):
        each = (more - less) / 2**20 / seen.cases
        aim = f" (aim {MEGABYTES:.2f})" if name.startswith("worker") else ""
        table.add_row(name, f"{less / 2**20:,.0f}", f"{more / 2**20:,.0f}", f"{each:.2f}{aim}")
    out.print(table)
    lines = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    middle, late = p50_p99(seen.acts)
    for name, value in (
        ("first act after a restart", f"{seen.first_act:.1f} s"),
        ("memory of the worker then", f"{seen.after_restart / 2**20:,.0f} MB"),
        (
            f"a limit that {seen.heard_by:,} miss at once",
            f"half have heard in {seen.heard['half']:.0f} s, all in {seen.heard['all']:.0f} s "
            f"(aim {HEARD_WITHIN:.0f} s for 1 000)",
        ),
        ("processors a case of it", f"{1000 * seen.heard_cpu / seen.heard_by:.0f} ms"),
        (
            f"{len(seen.acts)} acts meanwhile",
            f"p50 {middle:.2f} s, p99 {late:.2f} s (aim {ANSWERED_WITHIN:.0f} s)",
        ),
        ("load average", f"{seen.load:.1f} on {os.cpu_count()} cores"),
    ):
        lines.add_row(name, value)
    out.print(lines)


def main() -> int:
    """As a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exitflow-waiting-") as folder:
        seen = run(waiting(Path(folder), given.cases, say=True))
    print_waiting(seen)
    return 0 if seen.heard_by == given.cases else 1


if __name__ == "__main__":
    sys.exit(main())
