"""The tables of a season: rosters, incidence before and after, the county's steps, sums."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.case.ledger import EntryKind
from models.identity import subject_code
from models.policy import Standards
from models.procedures import COUNTY_EXIT, ENDINGS
from models.roster.households import STATES, Course, State
from models.standards import incidence_met, percentage
from operators.rehearsal.season import COUNTY, Heads, Season
from operators.rehearsal.season_after_tables import print_after_exit
from operators.rehearsal.season_course import CaseWent, SeasonCourse, unit_names
from operators.rehearsal.season_events import counted_on
from operators.views.printing import at, heading, table
from registry.reports.records import Counted

_ON_THE_WAY = tuple(state for state in State if state not in (State.STRUCK_OFF, State.OUT))


def print_tables(out: Console, season: Season, course: SeasonCourse, standards: Standards) -> None:
    """Everything that came of a season."""
    out.print(heading("Rosters 贫困户退出名单"))
    out.print(_rosters(course.cases))
    out.print(heading("Incidence 贫困发生率 (S5), by the register's own count"))
    out.print(_incidence(season, course, standards))
    for went in course.cases:
        if went.case.kind == "county":
            out.print(heading(f"{went.case.place} {went.case.case_id}"))
            out.print(_steps(went))
    print_after_exit(out, season, course, standards)
    out.print(heading(f"Registry 登记汇总 {course.year}年度"))
    out.print(_sums(course))


def verdict_of(course: SeasonCourse) -> Text:
    """How the cases ended, and whether that is what the file says."""
    ended = [went for went in course.cases if went.course.outcome is not None]
    entries = sum(len(went.course.entries) for went in course.cases)
    made = Text(
        f"{len(course.cases)} cases, {len(ended)} ended, {len(course.cases) - len(ended)} open "
        f"在办; {entries} entries"
    )
    made.stylize("red" if course.faults else "green")
    if course.faults:
        made.append("\nNOT as the scenario says:", style="bold red")
        for fault in course.faults:
            made.append(f"\n  {fault}", style="bold red")
    else:
        made.append("\nas the scenario says", style="green")
    return made


def _rosters(cases: Iterable[CaseWent]) -> Table:
    """Every roster: who was struck off when, who is out and why, who is still on the way."""
    shown = table("Case", "", "", "Households 户", wrap=["Households 户"])
    for went in cases:
        if went.case.kind != "roster":
            continue
        first = f"{went.case.place} {went.case.key}"
        known = {each.household: each for each in went.households}
        for day, codes in sorted(went.struck_off.items()):
            those = [known[code] for code in codes]
            shown.add_row(first, f"{day} 销号", _heads(those), _ranges(codes), style="green")
            first = ""
        for state in _ON_THE_WAY:
            those = [each for each in went.households if each.state is state]
            if those:
                said = _ranges(each.household for each in those)
                shown.add_row(first, STATES[state], _heads(those), said, style="yellow")
                first = ""
        for each in went.households:
            if each.state is State.OUT:
                said = f"{each.household} {each.reason}"
                shown.add_row(first, STATES[State.OUT], _heads([each]), said)
                first = ""
        if went.course.outcome is None:
            waits = f"{went.course.step} waits for 待办 {went.course.waiting_for or '—'}"
            shown.add_row(first, "在办 open", "", waits, style="yellow")
    return shown


def _heads(households: Iterable[Course]) -> str:
    sizes = [each.size for each in households]
    return f"{len(sizes)}户{sum(sizes)}人"


def _ranges(codes: Iterable[str]) -> str:
    """Three numbers or more that follow each other as a range, as a file may write them.

    >>> _ranges(["A-01", "A-04", "A-05", "A-06", "A-08"])
    'A-01 A-04..A-06 A-08'
    """
    runs: list[list[str]] = []
    for code in sorted(codes):
        if runs and counted_on(runs[-1][0], len(runs[-1]) + 1)[-1] == code:
            runs[-1].append(code)
        else:
            runs.append([code])
    return " ".join(f"{run[0]}..{run[-1]}" if len(run) > 2 else " ".join(run) for run in runs)


def _incidence(season: Season, course: SeasonCourse, standards: Standards) -> Table:
    """Every village, and the county, on the first day and on the last."""
    sign = "<" if standards.incidence_strict else "≤"
    limit = f"{sign} {standards.incidence_below_percent} %"
    shown = table("", f"{course.before.on}", f"{course.after.on}", limit, "Exit 退出")
    names = {village.key: village.name for village in season.villages}
    for unit, name in (names | {COUNTY: season.county.name}).items():
        heads = course.after.heads[unit]
        met = incidence_met(heads.poor, heads.population, standards)
        shown.add_row(
            name,
            _rate(course.before.heads[unit]),
            _rate(heads),
            Text("met 达标", "green") if met else Text("not met 未达标", "red"),
            _left(season, course, unit),
            style="bold" if unit == COUNTY else "",
        )
    return shown


def _rate(heads: Heads) -> str:
    shown, exact = percentage(heads.poor, heads.population)
    return f"{heads.poor}/{heads.population} {'=' if exact else '≈'} {shown} %"


def _left(season: Season, course: SeasonCourse, unit: str) -> str:
    """When a village or the county left its list, or was put on it again, by which document."""
    codes = {code: key for code, key in unit_names(season).items() if key == unit}
    said = []
    for went in course.cases:
        outcome, case = went.course.outcome, went.case
        of_unit = case.kind in ("village", "county", "revoke")
        if of_unit and outcome is not None and subject_code(case.case_id) in codes:
            document = f"（{outcome.document_number}）" if outcome.document_number else ""
            said.append(f"{at(outcome.at)[:10]} {ENDINGS[outcome.ending]}{document}")
    return "\n".join(said) or "在册 listed"


def _steps(went: CaseWent) -> Table:
    """The county's steps: when each was decided, or ended, and by which document."""
    shown = table("Step", "Ended", "Document", "What")
    for step in COUNTY_EXIT.steps:
        here = [entry for entry in went.course.entries if entry.step == step.id]
        done = [entry.at for entry in here if entry.kind is EntryKind.STEP_DONE]
        acts = [entry for entry in here if entry.kind in (EntryKind.OPENED, EntryKind.ACT)]
        what = acts[-1].data if acts else {}
        act = what.get("act") or what.get("application")
        document = str(act.get("document_number", "")) if isinstance(act, dict) else ""
        shown.add_row(str(step), at(done[-1]) if done else "", document, step.name)
    return shown


def _sums(course: SeasonCourse) -> Table:
    """The year's plan against what the registry has."""
    shown = table("", "Planned 计划", "Under way 办理中", "Exited 已退出")
    total = course.progress.total
    kinds: dict[str, Counted] = {
        "households 户": total.households,
        "people 人": total.people,
        "villages 村": total.villages,
        "county 县": total.county,
    }
    for name, counted in kinds.items():
        shown.add_row(name, *(f"{each:,}" for each in counted.model_dump().values()))
    return shown
