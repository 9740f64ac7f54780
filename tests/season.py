"""`make season`: a province through its season, on the embedded server, with time skipped.

    python -m tests.season --scale 100

Registers are imported; rosters are opened, verified, agreed to, posted and struck off; then the
poor villages leave, then the counties. Counties strike off in bulk, by the command that they have
for it; what an office has to judge case by case, it does one by one. Server, worker and offices are
a process each. Every case keeps its limits: its publicity is skipped and not shortened. Exits with
1 if the registry does not have every exit in the end, or if the check finds anything.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, func
from sqlmodel import col, select

from models.checks.findings import CheckReport
from operators.commands.check import print_report
from operators.commands.running import make_schedules
from operators.desk.registry import rehearsed_at
from operators.rehearsal.stage import Said, commands_in
from operators.rehearsal.stage import Stage as Rehearsal
from operators.views.terminal import progress
from registry.database.engine import reading
from registry.tables import CaseRow, EpisodeRow, Standing, StatusRow, VillageStatusRow
from tests.bench_measures import resident
from tests.house import House, set_house
from tests.play import Play, eventually
from tests.roster_stage import RosterPlay, meeting, roster_application, starts_roster
from tests.season_measures import PARTS, Acts, Processors, bytes_of, p50_p99
from tests.season_province import PlannedCounty, PlannedRoster, load, planned
from tests.stage import YEAR, Stage, application, at, figures, settings_in
from tests.village_stage import VillagePlay, village_application
from workers.connection import run
from workers.server_check import server_part

ROSTERS_ON, STRUCK_OFF_ON = at(11, 2), at(11, 14)
VILLAGES_ON, APPROVED_ON = at(11, 15), at(11, 27)
COUNTIES_ON, CLEARED_ON = at(12, 1), at(12, 20)
"""The season's calendar: each notice has ended by the second day of a pair."""

LOT = 50
"""Cases that a county takes together, with one command for all."""

LOTS_AT_ONCE = 4
OFFICES = 16
"""Who acts at the same moment: more of them only wait longer for each other."""

PATIENCE = 900.0
SAMPLE = 12
"""Histories of rosters that are weighed."""

T = TypeVar("T")


@dataclass
class Season:
    """A season as it went.

    Attributes:
        seconds: Of the register's import, then of each kind of case.
        used: Processor seconds by part, over all cases.
        exits: Households, villages and counties that the registry has as exited.
        load: What else the machine had to do when it ended: its average load of five minutes.
    """

    scale: int
    meant: tuple[int, int, int]
    rosters: int
    seconds: dict[str, float] = field(default_factory=dict)
    used: dict[str, dict[str, float]] = field(default_factory=dict)
    acts: Acts = field(default_factory=Acts)
    exits: tuple[int, int, int] = (0, 0, 0)
    report: CheckReport | None = None
    memory: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    history: float = 0.0
    load: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether all that was to leave has left, and nothing is wrong with what is kept."""
        return self.exits == self.meant and self.report is not None and not self.report.total


class Player:
    """The offices of a province, and what they see of its cases: the registry's list."""

    def __init__(self, house: House, stage: Stage, season: Season, *, say: bool) -> None:
        self._house, self._stage, self._season, self._say = house, stage, season, say
        self._rehearsal = Rehearsal(stage.desk, house.server)
        self._engine = stage.settings.engine()
        self._turn = asyncio.Semaphore(OFFICES)
        self._lots = asyncio.Semaphore(LOTS_AT_ONCE)
        self._files = count(1)
        self._done = 0

    async def plays(self, counties: Sequence[PlannedCounty]) -> None:
        """The whole season: rosters, villages, counties."""
        rosters = [(county, lot) for county in counties for lot in _lots(county.rosters)]
        async with self._phase("rosters", self._season.rosters):
            await asyncio.gather(*(self._lot(self._rosters, *each) for each in rosters))
        villages = [(county, lot) for county in counties for lot in _lots(county.poor)]
        async with self._phase("villages", self._season.meant[1]):
            await asyncio.gather(*(self._lot(self._villages, *each) for each in villages))
        async with self._phase("counties", len(counties)):
            await asyncio.gather(*map(self._county, counties))

    # -- rosters -----------------------------------------------------------------------------

    async def _rosters(self, county: PlannedCounty, lot: Sequence[PlannedRoster]) -> None:
        plays = await self._together(lot, self._opens_roster)
        await self._stands(plays, CaseRow.step == "H2", col(CaseRow.waiting_for).is_not(None))
        await self._together(plays, self._verified)
        await self._stands(plays, CaseRow.step == "H3")
        await self._come_to(plays, STRUCK_OFF_ON)
        office = f"A5/{county.code}"
        await self._stands(plays, CaseRow.step == "H4", CaseRow.waiting_for == office)
        await self._in_bulk(plays, STRUCK_OFF_ON, "H4", office, document="合成〔H4〕号")
        await self._stands(plays, col(CaseRow.outcome).is_not(None))

    async def _opens_roster(self, roster: PlannedRoster) -> RosterPlay:
        given = roster_application(
            roster.village,
            roster.households,
            appraisal={
                "meeting": meeting(held_on=f"{YEAR}-10-20"),
                "households": [{"household": code, "in_favour": 18} for code in roster.households],
            },
        )
        play, wait = await starts_roster(self._stage, given, ROSTERS_ON)
        await self._stage.skip(play.handle, wait)
        return play

    async def _verified(self, play: RosterPlay) -> None:
        await play.verify()
        await play.consent()

    # -- villages ----------------------------------------------------------------------------

    async def _villages(self, county: PlannedCounty, lot: Sequence[str]) -> None:
        async def opens(code: str) -> VillagePlay:
            play, wait = await self._stage.starts_by(
                village_application(code),
                VILLAGES_ON,
                lambda case_id: VillagePlay(self._stage, case_id, code, county.is_direct),
            )
            await self._stage.skip(play.handle, wait)
            return play

        plays = await self._together(lot, opens)
        reports, approves = f"A5/{county.code}", plays[0].office("V3")
        await self._stands(plays, CaseRow.step == "V1", CaseRow.waiting_for == reports)
        await self._together(plays, self._surveyed)
        await self._stands(plays, CaseRow.step == "V2")
        await self._come_to(plays, APPROVED_ON)
        await self._stands(plays, CaseRow.step == "V3", CaseRow.waiting_for == reports)
        await self._together(plays, self._reported)
        await self._stands(plays, CaseRow.waiting_for == approves)
        await self._together(plays, self._approved)
        await self._stands(plays, col(CaseRow.outcome).is_not(None))

    async def _surveyed(self, play: VillagePlay) -> None:
        with rehearsed_at(VILLAGES_ON):
            await play.act("V1")

    async def _reported(self, play: VillagePlay) -> None:
        with rehearsed_at(APPROVED_ON):
            await play.report()

    async def _approved(self, play: VillagePlay) -> None:
        with rehearsed_at(APPROVED_ON):
            await play.act("V3")

    # -- counties ----------------------------------------------------------------------------

    async def _county(self, county: PlannedCounty) -> None:
        day = COUNTIES_ON.date()
        counted = self._stage.registry.county_incidence(county.code, day)
        assert counted is not None
        own = figures(poor=counted.poor, population=counted.population, as_of=day)
        given = application(county.code, tier=county.tier, figures=own)
        play, wait = await self._stage.starts_by(
            given, COUNTIES_ON, lambda case_id: Play(self._stage, case_id, county.code)
        )
        await self._stage.skip(play.handle, wait)
        with rehearsed_at(COUNTIES_ON):
            for step in ("C2", "C3"):
                if step != "C2" or not county.is_direct:
                    await self._acts(play, step)
        await self._stands([play], CaseRow.step == "C4")
        await self._come_to([play], CLEARED_ON)
        with rehearsed_at(CLEARED_ON):
            for step in ("C5", "C6", "C7"):
                if step != "C6" or county.tier == "national":
                    await self._acts(play, step)
        await self._stands([play], col(CaseRow.outcome).is_not(None))
        self._tell(1)

    async def _acts(self, play: Play, step: str) -> None:
        await self._stands([play], CaseRow.step == step, CaseRow.waiting_for == play.office(step))
        await play.act(step)

    # -- what all do -------------------------------------------------------------------------

    async def _lot(self, course: Callable[..., Awaitable[None]], county: Any, lot: Any) -> None:
        async with self._lots:
            await course(county, lot)
        self._tell(len(lot))

    async def _together(
        self, each: Sequence[Any], does: Callable[[Any], Awaitable[Any]]
    ) -> list[Any]:
        """As many at a time as there are offices."""

        async def in_turn(one: Any) -> Any:
            async with self._turn:
                return await does(one)

        return await asyncio.gather(*map(in_turn, each))

    async def _in_bulk(
        self, plays: Sequence[Play], moment: datetime, step: str, office: str, **options: str
    ) -> None:
        """An office approves all of them by its command."""
        file = Path(f"{step}-{next(self._files)}.txt")
        lines = "".join(f"{play.case_id}\n" for play in plays)
        await asyncio.to_thread(file.write_text, lines)
        words = ["act", "--approve", "--step", step, "--as", office, "--officer", "某乙"]
        words += [part for name, said in options.items() for part in (f"--{name}", said)]
        said = await self._rehearsal.run([*words, "--cases", str(file)], moment, ())
        _hold(said)

    async def _come_to(self, plays: Sequence[Play], moment: datetime) -> None:
        await asyncio.gather(*(play.until(moment) for play in plays))

    async def _stands(self, plays: Sequence[Play], *conditions: Any) -> None:
        """Wait until the registry's list has all of them so."""
        ids = col(CaseRow.case_id).in_([play.case_id for play in plays])
        there = select(func.count()).select_from(CaseRow).where(ids, *conditions)
        async with asyncio.timeout(PATIENCE):
            while await asyncio.to_thread(_number, self._engine, there) < len(plays):  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _phase(self, name: str, number: int) -> AsyncIterator[None]:
        self._name, self._number, self._done = name, number, 0
        processors, began = Processors(self._house), perf_counter()
        self._tell(0)
        yield
        self._season.seconds[name] = perf_counter() - began
        self._season.used[name] = processors.used()

    def _tell(self, more: int) -> None:
        self._done += more
        if self._say:
            last = self._done >= self._number
            progress(f"{self._name}: {self._done:,} of {self._number:,}", last=last)


def _lots(those: Sequence[T]) -> list[Sequence[T]]:
    return [those[begin : begin + LOT] for begin in range(0, len(those), LOT)]


def _number(engine: Engine, query: Any) -> int:
    with reading(engine) as session:
        return int(session.exec(query).one())


def _hold(said: Said) -> None:
    if said.status:
        raise AssertionError(f"an act in bulk was not taken by all: {said.sentence}\n{said.out}")


# -- the whole -----------------------------------------------------------------------------------


async def season(folder: Path, scale: int, *, seed: int = 1, say: bool = False) -> Season:
    """Play a season of 1/scale in a folder, and measure it."""
    counties = planned(scale, seed)
    rosters = [each for county in counties for each in county.rosters]
    households = sum(len(each.households) for each in rosters)
    meant = households, sum(each.is_poor for each in rosters), len(counties)
    went = Season(scale, meant, len(rosters))
    async with set_house(settings_in(folder)) as (house, stage):
        await eventually(house.worker_has_come)
        await make_schedules(stage.desk.client, stage.policy, stage.registry.overview())
        began = perf_counter()
        await asyncio.to_thread(load, stage, counties, folder)
        went.seconds["register"] = perf_counter() - began
        with commands_in(stage.settings, house.address), went.acts.measured():
            await Player(house, stage, went, say=say).plays(counties)
        await _weigh(went, house, stage, rosters)
        went.exits = await asyncio.to_thread(exits, stage.settings.engine())
        went.report = await _checked(stage)
    return went


def exits(engine: Engine) -> tuple[int, int, int]:
    """Households, villages and counties that the registry has as exited in the year."""
    exited = Standing.EXITED
    queries = (
        select(func.count()).where(EpisodeRow.exit_year == YEAR),
        select(func.count()).where(
            VillageStatusRow.exit_year == YEAR, VillageStatusRow.status == exited
        ),
        select(func.count()).where(StatusRow.exit_year == YEAR, StatusRow.status == exited),
    )
    households, villages, counties = (_number(engine, each) for each in queries)
    return households, villages, counties


async def _checked(stage: Stage) -> CheckReport:
    """As `exitflow check` does, on the season's last day."""
    engine = stage.settings.engine()
    server = await server_part(stage.desk.client, stage.settings, engine)
    checks = stage.settings.checks(engine)
    return await asyncio.to_thread(checks.run, server, lambda *_: None, (), CLEARED_ON.date())


async def _weigh(
    went: Season, house: House, stage: Stage, rosters: Sequence[PlannedRoster]
) -> None:
    server, worker = house.pids
    home = stage.settings
    went.memory = {"server": resident(server, most=True), "worker": resident(worker, most=True)}
    went.kept = {
        "registry": bytes_of(home.home / "registry.db"),
        "server": bytes_of(home.server_file),
        "notices and letters": bytes_of(home.notices_folder, home.letters_folder),
        "notifications": bytes_of(home.home / "notifications.jsonl"),
    }
    sizes = []
    for roster in rosters[:: max(1, len(rosters) // SAMPLE)]:
        case_id = f"household-exit/{roster.village}/{YEAR}/1"
        history = await stage.desk.client.get_workflow_handle(case_id).fetch_history()
        sizes.append(sum(event.ByteSize() for event in history.events))
    went.history = sum(sizes) / len(sizes)
    went.load = os.getloadavg()[1]


PEER = 18.9
"""Cases a second of the fastest durable engine with timers, one small case a household (Absurd on
PostgreSQL, on such a machine: docs/scale.md)."""

FULL_WITHIN = 2 * 3600
"""Seconds in which the full season shall be played, on two idle cores."""


def print_season(went: Season) -> None:
    """What was seen, and what the full season would take."""
    out = Console(width=100, highlight=False, markup=False)
    households, villages, counties = went.meant
    rosters = went.rosters
    cases = {"rosters": rosters, "villages": villages, "counties": counties}
    played = sum(went.seconds[kind] for kind in cases)
    table = Table(title=f"a season of 1/{went.scale}")
    for column in ("", "cases", "seconds", "cases/s", "processor ms a case", "of it"):
        table.add_column(column, justify="right" if column != "of it" else "left")
    for kind, number in cases.items():
        used = went.used[kind]
        total = sum(used.values())
        shares = ", ".join(f"{part} {of / total:.0%}" for part, of in used.items())
        table.add_row(
            *(kind, f"{number:,}", f"{went.seconds[kind]:.1f}"),
            *(f"{number / went.seconds[kind]:.2f}", f"{1000 * total / number:.0f}", shares),
        )
    out.print(table)
    middle, late = p50_p99(went.acts.waited)
    full = went.scale * went.seconds["rosters"]
    a_second = households / went.seconds["rosters"]
    parts = {part: sum(used[part] for used in went.used.values()) for part in PARTS}
    whole = sum(parts.values())
    lines = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in (
        (
            "households a second",
            f"{a_second:.1f} (rosters alone), {a_second / PEER:.2f} times the fastest durable peer",
        ),
        ("cases a second", f"{sum(cases.values()) / played:.2f}"),
        ("processors", ", ".join(f"{part} {of / whole:.0%}" for part, of in parts.items())),
        ("register imported in", f"{went.seconds['register']:.1f} s"),
        ("acts", f"{len(went.acts.waited):,}: p50 {middle:.2f} s, p99 {late:.2f} s"),
        *(
            (f"memory of {who}", f"{size / 2**20:,.0f} MB at most")
            for who, size in went.memory.items()
        ),
        *((f"kept: {what}", f"{size / 2**20:,.1f} MB") for what, size in went.kept.items()),
        ("history of a roster", f"{went.history / 1000:,.0f} kB"),
        (
            "the full season",
            f"{went.scale * played / 3600:.1f} h; rosters {full / 3600:.1f} h "
            f"(aim {FULL_WITHIN / 3600:.0f} h on two idle cores)",
        ),
        ("load average", f"{went.load:.1f} on {os.cpu_count()} cores"),
        ("exited", "{:,} households, {:,} villages, {:,} counties".format(*went.exits)),
        ("meant to exit", "{:,} households, {:,} villages, {:,} counties".format(*went.meant)),
    ):
        lines.add_row(name, value)
    out.print(lines)
    if went.report is not None:
        print_report(out, went.report)


def main() -> int:
    """As a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=100, help="1/SCALE of a season is played")
    parser.add_argument("--seed", type=int, default=1, help="of the sizes of rosters")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exitflow-season-") as folder:
        went = run(season(Path(folder), given.scale, seed=given.seed, say=True))
        print_season(went)
    return 0 if went.is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
