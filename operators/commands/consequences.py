"""What follows from exits (F1-F4): lists of a year, and what the register shows of one subject."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from json import dumps
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

from cyclopts import Parameter
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.consequences import Consequence, ExitState
from models.offices import SubjectKind
from models.periods import beijing, chinese
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import Json, Region
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import console, heading, print_json, table
from operators.views.terminal import say
from registry.records import CountyRecord
from registry.register.records import HouseholdRecord, VillageRecord
from registry.reports.consequence_lists import STATE_ZH, standing_zh
from registry.reports.consequence_records import (
    ExitFacts,
    ExitsListed,
    ExitTally,
    ExitTotal,
    VillageExits,
)
from workers.settings import load_settings

_CLAUSES = {
    "F1": "Support\n扶持政策",
    "F2": "Reward\n奖励",
    "F3": "Restrictions\n解除限制",
    "F4": "Assessment\n不再考核",
}
_STATES = {
    ExitState.COMING: "to come 尚未退出",
    ExitState.EXITED: "exited 已退出",
    ExitState.FALLEN_BACK: "fallen back 返贫",
    ExitState.REVOKED: "revoked 已撤销",
}
_LEVELS = {
    kind: f"{plural} 贫困{kind.zh}"
    for kind, plural in zip(SubjectKind, ("counties", "villages", "households"), strict=True)
}


def consequences(
    *,
    year: int,
    region: Region = None,
    level: SubjectKind | None = None,
    on: str | None = None,
    excel: Annotated[Path | None, Parameter(name="--excel")] = None,
    json: Json = False,
) -> None:
    """List the exits of a year with what follows from each, and what of it is in force (F1-F4).

    Worked out from the register and the policy when it is asked for. Households are shown by
    village; the Excel file and JSON hold each of them.

    Args:
        year: The exit year (退出年度): 滑县 is of 2016, though approved on 2017-10-31.
        level: Only counties, villages or households.
        on: The day as of which it is told what is in force, YYYY-MM-DD; otherwise today.
        excel: Write every fact of every exit to this .xlsx file. It names households: it can be
            read by its owner alone.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    day = inputs.day("--on", on) if on is not None else beijing(utc_now()).date()
    if excel is not None and excel.suffix.lower() != ".xlsx":
        raise InputError(f"--excel: {excel} is no name of a workbook; end it in .xlsx")
    policy = load_settings().load_policy().after_exit
    kinds = (level,) if level is not None else tuple(SubjectKind)
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.consequences
        if excel is not None:
            try:
                totals = found.write_excel(excel, year, policy, day, region, kinds)
            except OSError as error:
                sentence = f"{excel} cannot be written: {error.strerror or error}"
                raise InputError(f"--excel: {sentence}") from None
            if not json:
                say(f"{excel}: {'; '.join(map(_total, totals)) or f'no exit of {year}'}")
                return
        if json:
            _print_json(found.each(year, policy, day, region, kinds), year, day, region)
        else:
            print_listed(console(), found.listed(year, policy, day, region, kinds))


def _print_json(found: Iterable[ExitFacts], year: int, on: date, region: str | None) -> None:
    """One object, an exit a line: written aside, so that a fault leaves nothing half printed."""
    tally = ExitTally()
    with TemporaryFile("w+", encoding="utf-8") as whole:
        head = {"year": year, "on": on.isoformat(), "region": region}
        whole.write(f'{dumps(head)[:-1]}, "exits": [')
        for number, each in enumerate(found):
            tally.add(each)
            whole.write(f"{',' if number else ''}\n{each.model_dump_json()}")
        totals = [total.model_dump(mode="json") for total in tally.totals()]
        whole.write(f'\n], "totals": {dumps(totals)}}}\n')
        whole.seek(0)
        print_json(whole)


# -- of a year ----------------------------------------------------------------------------------


def print_listed(out: Console, found: ExitsListed) -> None:
    """Counties and villages one by one, households by village, and what they come to."""
    title = f"Exits of {found.year} 退出年度{found.year}年, on {found.on} 截至{chinese(found.on)}"
    out.print(Text(title, style="bold"))
    if found.counties:
        out.print(heading("Counties 贫困县"))
        out.print(_places("County", found.counties, found.on, tuple(_CLAUSES)))
    if found.villages:
        out.print(heading("Villages 贫困村"))
        out.print(_places("Village", found.villages, found.on, ("F1",)))
    if found.households:
        out.print(heading("Households 贫困户, by village"))
        out.print(Text("\n".join(_by_village(found.households))), soft_wrap=True)
    out.print(heading("Total 合计"))
    for total in found.totals:
        out.print(_total(total))
    if not found.totals:
        out.print("none")


def _places(what: str, found: Sequence[ExitFacts], on: date, clauses: Sequence[str]) -> Table:
    shown = table(what, "Left\n退出日期", "Stands\n状态", *(_CLAUSES[each] for each in clauses))
    for each in found:
        name = each.name if each.exit.kind is SubjectKind.COUNTY else f"{each.name} {each.county}"
        facts = {fact.clause: fact for fact in each.consequences}
        shown.add_row(
            f"{each.code}\n{name}",
            f"{each.exit.since}\n{ended(each) or ''}",
            Text(_STATES[each.state].replace(" ", "\n"), _style(each.state)),
            *(_cell(each, facts.get(clause), on) for clause in clauses),
        )
    return shown


def _cell(found: ExitFacts, fact: Consequence | None, on: date) -> Text:
    """Whether a fact holds, and from or to when: to, where it has an end."""
    if fact is None:
        return Text("无", "dim")
    last = f"至{fact.last_day}" if fact.last_day else f"自{fact.since}"
    word = standing_zh(found, fact, on)
    return Text(f"{word}\n{last}", "green" if fact.in_force else "dim")


def _by_village(found: Sequence[VillageExits]) -> Iterator[str]:
    """A line a village: a whole province has some 39 000, too many for a table that is laid out."""
    rows = [("Village", "", "County", "户", "人", "Last left", "Supported 享受政策", "Stand 状态")]
    for each in found:
        rows.append(
            (
                each.code,
                each.name,
                each.county,
                f"{each.households:,}",
                f"{each.people:,}",
                f"{each.last}",
                f"{each.supported:,}",
                "、".join(f"{STATE_ZH[state]}{many:,}" for state, many in each.states.items()),
            )
        )
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _total(total: ExitTotal) -> str:
    said = [f"{total.exits:,} {_LEVELS[total.kind]}"]
    if total.people is not None:
        said.append(f"{total.people:,} people 人")
    said += [f"{_STATES[state]} {many:,}" for state, many in total.states.items()]
    said += [f"{clause} {total.in_force[clause]:,}/{of:,}" for clause, of in total.facts.items()]
    return ", ".join(said)


# -- of one subject -----------------------------------------------------------------------------


def print_consequences(out: Console, found: Sequence[ExitFacts], on: date) -> None:
    """What follows from the exits of one county, village or household; nothing without one."""
    if not found:
        return
    out.print(heading(f"What follows from the exit 退出后续政策 (F1-F4), on {on}"))
    for each in found:
        said = (
            f"{each.exit.year} 年度: {each.exit.since}, {_STATES[each.state]} {ended(each) or ''}"
        )
        out.print(Text(said.strip(), _style(each.state)))
        if not each.consequences:
            out.print("  none 无")
            continue
        shown = table("", "From 自", "To 至", "In force", "What", wrap=["What"])
        for fact in each.consequences:
            shown.add_row(
                fact.clause,
                str(fact.since),
                str(fact.last_day or ""),
                Text(standing_zh(each, fact, on), "green" if fact.in_force else "dim"),
                f"{fact.zh}\n{fact.en}",
            )
        out.print(shown)


def kind_of(record: CountyRecord | VillageRecord | HouseholdRecord) -> SubjectKind:
    """Whose exits a record of the register can have."""
    match record:
        case CountyRecord():
            return SubjectKind.COUNTY
        case VillageRecord():
            return SubjectKind.VILLAGE
        case HouseholdRecord():
            return SubjectKind.HOUSEHOLD


def ended(found: ExitFacts) -> date | None:
    """Since when a household is in the register again, or an exit revoked."""
    return found.exit.revoked_on or found.exit.fallen_back_on


def _style(state: ExitState) -> str:
    return {ExitState.EXITED: "green", ExitState.REVOKED: "bold red"}.get(state, "yellow")
