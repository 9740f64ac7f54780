"""The demo: ``python -m operators.demo [--once]``, which is ``make demo``.

First real counties go through their exit, on a real server whose cases run ahead of the clock; then
a whole township, from its households up to its county; then another county, and what comes after
its exit. All of it lies in a folder that goes with the demo.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from models.offices import Tier
from models.procedures import HOUSEHOLD_EXIT
from operators.desk.registry import utc_now
from operators.rehearsal.narrator import Narrator
from operators.rehearsal.player import play
from operators.rehearsal.scenario import load
from operators.rehearsal.stage import Stage, policy_file, scratch_folder, set_stage
from operators.up import cancel_on_signals, is_stopping
from operators.verdicts import verdict
from operators.views.printing import console, heading, table
from operators.views.terminal import say, settle
from registry.desk import Registry
from registry.records import CaseFilter, CaseRecord, Overview
from workers.connection import run

PARTS = {
    "1 Counties 贫困县": ("lankao-2016", "xinxian-2017", "wuyang-2017", "shenqiu-2017"),
    "2 A township 一个乡镇: from its households up to its county, all made up": ("township-2017",),
    "3 After exit 退出之后: inspected, heard, fallen back, revoked, all made up": (
        "after-exit-2017",
    ),
}
"""What is played, by heading. A county stays open, overdue, and so does a roster: to act on."""


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
    parts = {title: {name: load(name) for name in names} for title, names in PARTS.items()}
    # One number for all: so the courses lie to each other as they did.
    now = utc_now()
    years = max(each.years_ahead(now) for part in parts.values() for each in part.values())
    faults: list[str] = []
    async with set_stage(folder, years) as stage:
        registry = stage.desk.registry
        out.print(heading("Registry before 演练前"))
        out.print(_count(registry.overview()))
        _print_links(out, stage.server.ui, None)
        for title, scenarios in parts.items():
            out.print(heading(title))
            for name, scenario in scenarios.items():
                out.print()
                faults += (await play(stage, name, scenario, Narrator(out), years)).faults
        out.print(heading("Registry after 演练后"))
        _print_after(out, registry)
        if not once:
            shown = _case_to_act_on(registry)
            _print_links(out, stage.server.ui, shown.case_id)
            _print_commands(out, stage, folder, shown)
            out.print(Text("\nCtrl-C ends the demo.", style="bold"))
            await asyncio.Event().wait()
    return 1 if faults else 0


def _case_to_act_on(registry: Registry) -> CaseRecord:
    """An open case, a roster before others: one of each kind waits for an office in the end."""
    waiting = [each for each in registry.case_rows(CaseFilter(open=True)) if each.waiting_for]
    return min(waiting, key=lambda each: each.procedure != HOUSEHOLD_EXIT.id)


# -- what is printed --------------------------------------------------------------------------


def _count(overview: Overview) -> str:
    listed = [county for county in overview.counties if county.status.value == "listed"]
    national = sum(county.tier is Tier.NATIONAL for county in listed)
    return (
        f"{overview.listed} counties listed 在册 ({national} 国定 national, "
        f"{overview.listed - national} 省定 provincial), {overview.exited} exited 已退出"
    )


def _print_after(out: Console, registry: Registry) -> None:
    overview = registry.overview()
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
        line = Text.assemble((set_cell_size(name, 14), "dim"), (address, "cyan"))
        out.print(line, soft_wrap=True)


def _print_commands(out: Console, stage: Stage, folder: Path, case: CaseRecord) -> None:
    program = Path(sys.executable).with_name("exitflow")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    commands = [
        f"export TEMPORAL_ADDRESS={stage.server.address} EXITFLOW_HOME={folder} "
        f"EXITFLOW_POLICY={policy_file(folder)}",
        f"{program} case {case.case_id}",
    ]
    if case.procedure == HOUSEHOLD_EXIT.id:
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
