"""The demo: ``python -m operators.demo [--once]``, which is ``make demo``.

First real counties go through their exit, on a real server whose cases run ahead of the clock; then
a whole township, from its households up to its county; then another county, and what comes after
its exit. All of it lies in a folder that goes with the demo.
"""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.live import Live
from rich.text import Text

from models.offices import Tier
from models.procedures import HOUSEHOLD_EXIT
from operators.desk.registry import utc_now
from operators.rehearsal.course import CaseCourse, Course
from operators.rehearsal.course_view import padded, verdict_of
from operators.rehearsal.demo_board import Board, Seat
from operators.rehearsal.rehearsal import rehearse
from operators.rehearsal.scenario import Scenario
from operators.rehearsal.scenario_files import load_scenario, load_season
from operators.rehearsal.season import Season
from operators.rehearsal.season_course import SeasonCourse
from operators.rehearsal.season_rehearsal import rehearse_season
from operators.rehearsal.season_view import SeasonNarrator
from operators.rehearsal.stage import Stage, policy_file, scratch_folder, set_stage
from operators.up import cancel_on_signals, is_stopping
from operators.verdicts import verdict
from operators.views.printing import console, heading, table
from operators.views.terminal import say, settle
from registry.desk import Registry
from registry.records import CountyStanding, Overview
from workers.connection import run

SCENARIOS = ("lankao-2016", "xinxian-2017", "wuyang-2017", "shenqiu-2017")
"""Played side by side; the last stays open, overdue, so that there is such a case to look at."""
SEASONS = {
    "township-2017": "2 A township 一个乡镇: from its households up to its county, all made up",
    "after-exit-2017": "3 After exit 退出之后: inspected, heard, fallen back, revoked, all made up",
}
"""Played after them one by one, by heading; a roster of the first stays open, to act on."""


def main(arguments: Sequence[str]) -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m operators.demo", description="The demo.")
    parser.add_argument("--once", action="store_true", help="end when the scenarios have ended")
    once = parser.parse_args(arguments).once
    settle()
    try:
        return run(show(console(), once))
    except ExceptionGroup as group:
        error: Exception = group
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        return _complain(error)
    except Exception as error:
        return _complain(error)


def _complain(error: Exception) -> int:
    judged = verdict(error)
    if judged is None:
        raise error
    say(f"demo: {judged[1]}", file=sys.stderr)
    return judged[0]


async def show(out: Console, once: bool) -> int:
    """The whole demo; a signal ends it cleanly, and is no failure unless something was to be shown.

    Raises:
        ServerError, RegistryError, RehearsalError: if the demo cannot be played.
    """
    cancel_on_signals()
    try:
        with scratch_folder("demo") as folder:
            return await _show(out, folder, once)
    except BaseException:
        if not is_stopping():
            raise
        out.print("stopped; nothing is left behind")
        return 130 if once else 0


async def _show(out: Console, folder: Path, once: bool) -> int:
    out.print(Text("贫困县退出 exit of poor counties: the demo", style="bold"))
    out.print(Text(f"everything of it lies in {folder}, and goes when it ends"), soft_wrap=True)
    scenarios = {name: load_scenario(name) for name in SCENARIOS}
    seasons = {name: load_season(name) for name in SEASONS}
    # One number for all: so the courses lie to each other as they did.
    now = utc_now()
    years = max(
        *(scenario.years_ahead(now) for scenario in scenarios.values()),
        *(season.years_ahead(now) for season in seasons.values()),
    )
    async with set_stage(folder, years) as stage:
        courses = await _counties(out, stage, scenarios, years)
        went = [await _season(out, stage, *each, years) for each in seasons.items()]
        if not once:
            left_open = [each.course for season in went if (each := season.open_case())]
            shown = (*left_open, courses[-1])[0]
            _print_links(out, stage.server.ui, shown.case_id)
            _print_commands(out, stage, folder, shown)
            out.print(Text("\nCtrl-C ends the demo.", style="bold"))
            await asyncio.Event().wait()
    faults = [*(course.faults for course in courses), *(season.faults for season in went)]
    return 1 if any(faults) else 0


async def _counties(
    out: Console, stage: Stage, scenarios: dict[str, Scenario], years: int
) -> list[Course]:
    """The first part: counties side by side."""
    registry = stage.desk.registry
    _print_before(out, registry.overview())
    _print_links(out, stage.server.ui, None)
    out.print(
        heading(f"1 Counties 贫困县: all dates are {years} years on 演练日期整体后移{years}年")
    )
    courses = await _play(out, stage, scenarios, years)
    _print_courses(out, courses)
    _print_after(out, registry)
    return courses


async def _season(
    out: Console, stage: Stage, name: str, season: Season, years: int
) -> SeasonCourse:
    """One of the other parts: households, villages, and their county."""
    out.print(heading(SEASONS[name]))
    narrator = SeasonNarrator(out, stage.desk.policy.standards)
    return await rehearse_season(stage, name, season, narrator, years)


async def _play(
    out: Console, stage: Stage, scenarios: dict[str, Scenario], years: int
) -> list[Course]:
    seats = [Seat(out, scenario.title) for scenario in scenarios.values()]
    board = Board(seats)
    live = Live(board, console=out, refresh_per_second=8) if out.is_terminal else nullcontext()
    with live:
        async with asyncio.TaskGroup() as group:
            plays = [
                group.create_task(rehearse(stage, name, scenario, seat, years))
                for (name, scenario), seat in zip(scenarios.items(), seats, strict=True)
            ]
    if not out.is_terminal:
        out.print(board)
    return [play.result() for play in plays]


# -- what is printed --------------------------------------------------------------------------


def _print_before(out: Console, overview: Overview) -> None:
    out.print(heading("Registry before 演练前"))
    out.print(_count(overview))
    lines = table("City", "Listed 在册", wrap=["Listed 在册"])
    for city, counties in groupby(_listed(overview), key=lambda county: county.city):
        here = list(counties)
        lines.add_row(f"{city} {len(here)}", " ".join(county.name for county in here))
    out.print(lines)


def _listed(overview: Overview) -> list[CountyStanding]:
    return [county for county in overview.counties if county.status.value == "listed"]


def _count(overview: Overview) -> str:
    national = sum(county.tier is Tier.NATIONAL for county in _listed(overview))
    return (
        f"{overview.listed} counties listed 在册 ({national} 国定 national, "
        f"{overview.listed - national} 省定 provincial), {overview.exited} exited 已退出"
    )


def _print_courses(out: Console, courses: Iterable[Course]) -> None:
    for course in courses:
        out.print(heading(course.title))
        out.print(verdict_of(course))


def _print_after(out: Console, registry: Registry) -> None:
    overview = registry.overview()
    out.print(heading("Registry after 演练后"))
    out.print(_count(overview))
    lines = table("Code", "Left 退出", "City", "On", "Document", "Case")
    for county in overview.counties:
        if county.status.value == "exited":
            left = registry.county_record(county.code).standings[-1]
            on, document, case = str(left.since), left.document or "", left.case_id or ""
            lines.add_row(county.code, county.name, county.city, on, document, case)
    out.print(lines)


def _print_links(out: Console, ui: str, case_id: str | None) -> None:
    cases = f"{ui}/namespaces/default/workflows"
    links = {"all cases": cases, "overdue 逾期": f"{cases}?query={quote('ExitOverdue=true')}"}
    if case_id is not None:
        links["one case"] = f"{cases}/{quote(case_id, safe='')}"
    out.print(heading("Web UI"))
    for name, address in links.items():
        out.print(Text.assemble((padded(name, 14), "dim"), (address, "cyan")), soft_wrap=True)


def _print_commands(out: Console, stage: Stage, folder: Path, case: CaseCourse) -> None:
    program = Path(sys.executable).with_name("exitflow")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    commands = [
        f"export TEMPORAL_ADDRESS={stage.server.address} EXITFLOW_HOME={folder} "
        f"EXITFLOW_POLICY={policy_file(folder)}",
        f"{program} case {case.case_id}",
    ]
    if case.step in [step.id for step in HOUSEHOLD_EXIT.steps]:
        commands.append(f"{program} case {case.case_id} --households")
    if case.waiting_for is not None:
        commands.append(
            f"{program} act {case.case_id} --step {case.step} --as {case.waiting_for} "
            "--officer 某乙 --approve --document 演练末号"
        )
    out.print(heading("Command line 命令行, in another terminal"))
    out.print(Text("\n".join(commands), style="cyan"), soft_wrap=True)
    out.print(Text(f"\nnotices 公示  {folder / 'notices'}"), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
