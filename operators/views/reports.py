"""Reports of a year on the screen: readiness, progress, targets (F8), what follows from exits."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.consequences import Consequence, ExitState
from models.offices import SubjectKind
from models.periods import chinese
from operators.views.printing import heading, paragraph, print_cut, table
from registry.files.workbook_writing import Value
from registry.records import CountyRecord
from registry.register.records import HouseholdRecord, VillageRecord
from registry.reports.assessment import Assessment, Happened
from registry.reports.consequence_lists import STATE_ZH, standing_zh
from registry.reports.consequence_records import ExitFacts, ExitsListed, ExitTotal, VillageExits
from registry.reports.records import (
    Counted,
    CountyProgress,
    CountyReadiness,
    Headcount,
    Progress,
    TargetProgress,
    VillageReadiness,
)
from registry.reports.targets import CityTowards, TargetReport, Towards
from registry.reports.watching import Watched, WatchedCount


def print_villages(
    out: Console, found: Sequence[VillageReadiness], most: int | None, year: int
) -> None:
    """Villages with their heads and what each lacks: the first of them, or all."""
    shown = table("Village", "County", "Poor", "People", "Lacks", wrap=["Lacks"])
    for each in found[:most]:
        shown.add_row(f"{each.code}\n{each.name}", each.county, *_row(each))
    if found:
        out.print(shown)
    ready = sum(each.ready for each in found)
    out.print(heading(f"{ready:,} of {len(found):,} poor villages could leave in {year}"))
    print_cut(out, len(shown.rows), len(found))


def print_counties(
    out: Console, found: Sequence[CountyReadiness], most: int | None, year: int
) -> None:
    """Counties with their heads and what each lacks: the first of them, or all."""
    shown = table("County", "City", "Poor", "People", "Lacks", wrap=["Lacks"])
    for each in found[:most]:
        shown.add_row(f"{each.code}\n{each.name}", each.city, *_row(each))
    if found:
        out.print(shown)
    ready = sum(each.ready for each in found)
    out.print(heading(f"{ready} of {len(found)} poor counties could apply in {year}"))
    print_cut(out, len(shown.rows), len(found))
    out.print(
        "Growth of income (S3.income), education, culture and health (S3.education, S3.culture, "
        "S3.health) come with it."
    )


_READY = (("贫困人口", 10), ("人口", 10), ("可退出", 8), ("尚缺", 80), ("备注", 60))
VILLAGE_COLUMNS = (("编码", 16), ("村", 14), ("乡镇", 14), ("县", 12), *_READY)
COUNTY_COLUMNS = (("编码", 10), ("县", 12), ("市", 12), *_READY)


def village_cells(each: VillageReadiness) -> Sequence[Value]:
    """A village as a row."""
    return each.code, each.name, each.township, each.county, *_ready_cells(each)


def county_cells(each: CountyReadiness) -> Sequence[Value]:
    """A county as a row."""
    return each.code, each.name, each.city, *_ready_cells(each)


def _ready_cells(each: VillageReadiness | CountyReadiness) -> Sequence[Value]:
    heads = (each.heads.poor, each.heads.population) if each.heads else (None, None)
    said = ("; ".join(those) or None for those in (each.lacks, each.notes))
    return *heads, "是" if each.ready else "否", *said


def _row(each: VillageReadiness | CountyReadiness) -> tuple[str | Text, ...]:
    said = Text("\n".join(each.lacks)) if each.lacks else Text("nothing 可退出", "green")
    for note in each.notes:
        said.append(f"\n{note}", "dim")
    return *_heads(each.heads), said


def _heads(heads: Headcount | None) -> tuple[str, str]:
    return ("", "") if heads is None else (f"{heads.poor:,}", f"{heads.population:,}")


def print_watched(out: Console, found: Sequence[Watched], count: WatchedCount, said: str) -> None:
    """Who should leave or come in, why, and what was done about it; how many in all."""
    shown = table("Who", "Where", "People", "Why", "Measure", wrap=["Where", "Why", "Measure"])
    for each in found:
        done = each.measure or Text("none 未采取", "yellow")
        shown.add_row(f"{each.code}\n{each.name}", each.place, f"{each.people:,}", each.why, done)
    if found:
        out.print(shown)
    out.print(heading(f"{count.many:,} {said}; {count.undone:,} without a measure"))
    print_cut(out, len(found), count.many)


def print_progress(out: Console, found: Progress) -> None:
    """A year by county: planned, under way, exited; and its targets."""
    out.print(Text(f"{found.year}: planned / under way / exited  计划 / 办理中 / 已退出", "bold"))
    shown = table("County", "Households", "People", "Villages", "Itself")
    for each in found.counties:
        shown.add_row(f"{each.code} {each.name}", *_counts(each))
    shown.add_row("total 合计", *_counts(found.total), style="bold")
    out.print(shown)
    if found.targets is None:
        return
    print_target_lines(out, found.targets, found.year)


def _counts(county: CountyProgress) -> tuple[str, ...]:
    four: tuple[Counted, ...] = (county.households, county.people, county.villages, county.county)
    return tuple(f"{each.planned:,} / {each.under_way:,} / {each.exited:,}" for each in four)


_HAPPENED = {
    "breaches": "missed\n逾期",
    "late": "late\n逾期办理",
    "overrides": "overrides\n例外",
    "returned": "returned\n退回",
    "rejected": "rejected\n不予通过",
    "upheld": "upheld\n异议成立",
}
_FOUND = {
    "revoked": "revoked\n撤销",
    "wrongly_exited": "wrongly\n错退户",
    "omitted": "omitted\n漏评人",
    "accounted": "called\n追责",
}


def print_assessment(out: Console, found: Assessment) -> None:
    """A year for the assessment: counties, cities and offices."""
    out.print(Text(f"{found.year} for the assessment 年度考核 (F11)", "bold"))
    those = (*found.counties, *found.cities, found.total)
    shown = table("Exited/planned 退出/计划", "户", "村", "县", *_FOUND.values())
    happened = table("In the cases 办理情况", *_HAPPENED.values())
    for each in those:
        style = "" if each in found.counties else "bold"
        place = f"{each.code} {each.name}".strip()
        three = (each.households, each.villages, each.counties)
        counted = (f"{one.exited:,}/{one.planned:,}" for one in three)
        shown.add_row(place, *counted, *_numbers(each, _FOUND), style=style)
        happened.add_row(place, *_numbers(each, _HAPPENED), style=style)
    out.print(shown)
    out.print()
    out.print(happened)
    if found.offices:
        out.print(heading("By office 按单位 (F13)"))
        offices = table("Office", "Place", *_HAPPENED.values())
        for office in found.offices:
            offices.add_row(office.office, office.name, *_numbers(office, _HAPPENED))
        out.print(offices)


def _numbers(each: Happened, fields: Iterable[str]) -> Iterator[str]:
    return (f"{getattr(each, field):,}" for field in fields)


# -- targets (F8) -----------------------------------------------------------------------------

_TARGETS = {
    "people": "people 贫困人口",
    "villages": "villages 贫困村",
    "counties": "counties 贫困县",
    "named_counties": "named counties 率先脱贫",
    "provincial_counties": "provincial counties 省定贫困县",
    "all_counties": "all counties 全部贫困县",
}


def print_targets(out: Console, report: TargetReport) -> None:
    """Every measure year by year, then the cities, and the counties that are listed still."""
    title = f"Targets 目标 (F8) of {report.province} by the end of {report.year}"
    out.print(Text(f"{title}, counted 截至{chinese(report.on)}", style="bold"))
    for measure in report.measures:
        out.print(heading(f"{_TARGETS[measure.name]}: {measure.wanted:,} by {measure.by}"))
        out.print(_measured(measure))
    print_target_lines(out, report.targets, report.year)
    out.print(heading(f"By city 分市, by the end of {report.year}"))
    out.print(_cities(report))
    for city in report.cities:
        if city.listed:
            out.print(paragraph(f"{city.name}在册: {'、'.join(city.listed)}", out.width))


def print_target_lines(out: Console, targets: Sequence[TargetProgress], year: int) -> None:
    """Every target by the end of a year, and which counties it misses."""
    out.print(heading(f"Targets 目标 (F8), by the end of {year}"))
    shown = table("Target", "By", "Wanted", "Reached", "Missing")
    for target in targets:
        shown.add_row(
            _TARGETS[target.name],
            str(target.by),
            f"{target.wanted:,}",
            f"{target.reached:,}",
            _missing(target, year),
        )
    out.print(shown)
    for target in targets:
        if target.who and target.by <= year:
            missing = f"{_TARGETS[target.name]} {target.by}: {'、'.join(target.who)}"
            out.print(paragraph(missing, out.width))


def _measured(measure: Towards) -> Table:
    columns = ("Exited 退出", "Revoked 撤销", "Fell back 返贫", "In all 累计", "Of target 完成")
    shown = table("Year 年度", *columns)
    for each in measure.years:
        shown.add_row(
            str(each.year),
            f"{each.exited:,}",
            f"{each.revoked:,}",
            f"{each.back:,}",
            f"{each.cumulative:,}",
            Text(f"{each.share} %", "green" if each.cumulative >= measure.wanted else ""),
        )
    return shown


def _cities(report: TargetReport) -> Table:
    shown = table("City 市", "Counties out 县", "Listed 在册县", "Villages out 村", "People out 人")
    for city in report.cities:
        shown.add_row(f"{city.code} {city.name}", *_city_counts(city))
    shown.add_row("total 合计", *_city_counts(report.total), style="bold")
    return shown


def _city_counts(city: CityTowards) -> tuple[str, ...]:
    counted = (city.counties, city.counties_listed, city.villages, city.people)
    return tuple(f"{each:,}" for each in counted)


def _missing(target: TargetProgress, year: int) -> Text:
    if not target.missing:
        return Text("reached 已完成", "green")
    return Text(f"{target.missing:,}", "bold red" if target.by <= year else "")


# -- what follows from the exits of a year (F1-F4) ---------------------------------------------

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


def print_listed(out: Console, found: ExitsListed) -> None:
    """Counties and villages one by one, households by village, and what they come to."""
    title = f"Exits of {found.year} 退出年度{found.year}年, on {found.on} 截至{chinese(found.on)}"
    exits = {total.kind: total.exits for total in found.totals}
    out.print(Text(title, style="bold"))
    if found.counties:
        out.print(heading("Counties 贫困县"))
        out.print(_places("County", found.counties, found.on, tuple(_CLAUSES)))
        print_cut(out, len(found.counties), exits[SubjectKind.COUNTY])
    if found.villages:
        out.print(heading("Villages 贫困村"))
        out.print(_places("Village", found.villages, found.on, ("F1",)))
        print_cut(out, len(found.villages), exits[SubjectKind.VILLAGE])
    if found.households:
        out.print(heading("Households 贫困户, by village"))
        out.print(Text("\n".join(_by_village(found.households))), soft_wrap=True)
        print_cut(out, len(found.households), found.household_villages)
    out.print(heading("Total 合计"))
    for total in found.totals:
        out.print(total_line(total))
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


def total_line(total: ExitTotal) -> str:
    """What the exits of a level come to."""
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
