"""The tables of the time after exit: supervisions, alarms, and how units stood in the register."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.periods import beijing
from models.policy import Standards
from models.standards import exact_rate_findings, percentage
from operators.rehearsal.season import Season, place_names
from operators.rehearsal.season_after import Stood
from operators.rehearsal.season_after_course import alarms_of, result_of, sample_of
from operators.rehearsal.season_course import CaseWent, Following, SeasonCourse
from operators.views.printing import heading, table
from registry.reports.consequence_lists import standing_zh

_STOOD = {
    "listed": ("在册 listed", ""),
    "exited": ("已退出 exited", "green"),
    "fallen_back": ("返贫 fallen back", "yellow"),
    "revoked": ("退出撤销，重新在册 revoked", "bold red"),
}


def print_after_exit(
    out: Console, season: Season, course: SeasonCourse, standards: Standards
) -> None:
    """What there was of it."""
    supervised = [went for went in course.cases if went.case.kind == "supervise"]
    if supervised:
        out.print(heading("Supervision 督导 (F6): who was drawn, and the rates (S4)"))
        out.print(_supervisions(supervised, standards))
    alarms = [(went, alarm) for went in course.cases for alarm in alarms_of(went.course)]
    if alarms:
        out.print(heading("Alarms 预警 (F5)"))
        for went, alarm in alarms:
            counted = alarm.incidence
            shown, exact = percentage(counted.poor, counted.population)
            out.print(
                Text(
                    f"{counted.as_of}  {alarm.name} {counted.poor}/{counted.population} "
                    f"{'=' if exact else '≈'} {shown} %, by {went.case.key}, told to 告知 "
                    f"{' '.join(map(str, alarm.tell))}",
                    style="yellow",
                )
            )
    if course.stood:
        out.print(heading("Register 台账: exited, and on the list again"))
        out.print(_stood(season, course.stood.items()))


def print_following(out: Console, name: str, found: Following) -> None:
    """What follows from the exits of a unit, and whether it holds on that day."""
    on = beijing(found.at).date()
    out.print(heading(f"{on}  {name}: what follows from its exit 退出后续政策 (F1-F4)"))
    shown = table("", "From 自", "To 至", "On the day", "", wrap=[""])
    for exit in found.exits:
        for fact in exit.consequences:
            shown.add_row(
                fact.clause,
                str(fact.since),
                str(fact.last_day or ""),
                Text(standing_zh(exit, fact, on), "green" if fact.in_force else "yellow"),
                fact.zh,
            )
    out.print(shown)


def _supervisions(cases: Iterable[CaseWent], standards: Standards) -> Table:
    shown = table("Case", "Drawn 抽取", "Rates 四率", wrap=["Drawn 抽取", "Rates 四率"])
    for went in cases:
        sample, result = sample_of(went.course), result_of(went.course)
        if sample is None:
            continue
        drawn = Text(
            f"{' '.join(each.code for each in sample.households)}\n"
            f"{' '.join(each.code for each in sample.villages)}\n"
        )
        drawn.append(f"seed 种子 {sample.seed}\nframe 抽样框 {sample.sha256[:16]}…", "dim")
        rates = Text()
        for finding in exact_rate_findings(result.rates, standards) if result else ():
            style = "" if finding.met else "bold red"
            rates.append(f"{finding.zh}\n", style)
        rates.rstrip()
        shown.add_row(f"{went.case.key}", drawn, rates)
    return shown


def _stood(season: Season, units: Iterable[tuple[str, tuple[Stood, ...]]]) -> Table:
    shown = table("", "Since 自", "", "Document 文号")
    names = place_names(season)
    for unit, standings in units:
        name = names.get(unit, unit)
        for each in standings:
            word, style = _STOOD[each.status]
            shown.add_row(name, str(each.since), word, each.document or "", style=style)
            name = ""
    return shown
