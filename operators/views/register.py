"""What the register says of a county, a village or a household, for a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.follow_up.messages import RISKS
from models.household_standard import yuan
from models.offices import Tier
from models.periods import chinese
from models.register.changes import KeptChange
from models.register.counties import SERVICES
from models.register.households import MONEY, Cause, HouseholdState
from models.register.office_records import FAULTS, FORMS, KeptRecord
from models.register.villages import Bus
from models.roster.households import STATES, State
from models.standards import percentage
from operators.views.lists import case_table
from operators.views.printing import heading, paragraph, table
from registry.files.columns import Column, columns_of
from registry.records import AlarmRecord, CountyRecord, CountyStanding, Overview, StandingRecord
from registry.register.columns import LivelihoodCells, SurveyCells
from registry.register.records import (
    EpisodeRecord,
    HouseholdRecord,
    RosterCount,
    SurveyRecord,
    VillageRecord,
    YearRecord,
)

_TIERS = {Tier.NATIONAL: "国定 national", Tier.PROVINCIAL: "省定 provincial", None: ""}
_STATES = {
    HouseholdState.REGISTERED: "registered 在册",
    HouseholdState.EXITED: "exited 已脱贫",
    HouseholdState.FALLEN_BACK: "fallen back 返贫",
    HouseholdState.GONE: "gone 已注销",
    None: "not yet registered 未识别",
}
_CAUSES = {
    Cause.REGISTERED: "登记",
    Cause.FALLEN_BACK: "返贫",
    Cause.REVOKED: "撤销退出",
}
_BUS = {Bus.YES: "是", Bus.NO: "否", Bus.NOT_FEASIBLE: "不具备条件"}
_STABLE = {True: "是", False: "否", None: ""}


def print_overview(out: Console, overview: Overview) -> None:
    """Every county with its standing."""
    lines = table("Code", "County", "City", "Tier", "Direct", "Standing", "Since", "Exit year")
    for county in overview.counties:
        lines.add_row(*_overview_row(county))
    out.print(lines)
    out.print(heading(f"{overview.listed} listed, {overview.exited} exited"))


def _overview_row(county: CountyStanding) -> tuple[str | Text, ...]:
    return (
        county.code,
        county.name,
        county.city,
        _TIERS[county.tier],
        "直管" if county.directly_administered else "",
        standing(county.status.value),
        str(county.since),
        str(county.exit_year or ""),
    )


def print_county(out: Console, record: CountyRecord) -> None:
    """A county: its code, standing, plans, cases, indicators."""
    out.print(Text(f"{record.name} {record.code}", style="bold"))

    out.print(heading("Code 区划代码"))
    divisions = table("Name", "Valid", "Parent", "Tier", "Direct", "Successor")
    for division in record.divisions:
        valid = f"{division.valid_from} – {division.valid_until or ''}"
        direct = "直管" if division.directly_administered else ""
        divisions.add_row(
            division.name,
            valid,
            division.parent,
            _TIERS[division.tier],
            direct,
            division.successor,
        )
    out.print(divisions)

    out.print(heading("Standing 在册情况"))
    out.print(standings(record.standings))

    out.print(heading("Plans 年度计划"))
    for plan in record.plans:
        added = f"，追加：{plan.reason or ''}（{plan.document or ''}）" if plan.addition else ""
        out.print(paragraph(f"{plan.year}  {plan.source}{added}", out.width))

    out.print(heading("Cases 退出程序"))
    out.print(case_table(record.cases) if record.cases else "none")

    if record.indicators:
        out.print(heading("Indicators 指标"))
        indicators = table("As of", "Poor", "Population", "Income +%", "Services", "Case, entry")
        for each in record.indicators:
            figures = each.figures
            indicators.add_row(
                str(figures.as_of),
                f"{figures.poor:,}",
                f"{figures.population:,}",
                str(figures.income_growth_percent),
                "、".join(
                    f"{zh}{_yes(getattr(figures, name).met)}" for name, zh in SERVICES.items()
                ),
                f"{each.case_id}, {each.seq}",
            )
        out.print(indicators)
    print_alarms(out, record.alarms)


def print_village(out: Console, record: VillageRecord) -> None:
    """A village: its facts, standing, surveys, households by state, rosters."""
    out.print(Text(f"{record.name} {record.code}", style="bold"))
    out.print(f"{record.township_name} {record.township_code}, county {record.county_code}")
    out.print(
        f"population 农村户籍人口 {record.population:,} on {record.population_as_of}; work team "
        f"驻村工作队 {_yes(record.work_team)}, first secretary 第一书记 "
        f"{_yes(record.first_secretary)}"
    )
    if record.gone_on is not None:
        out.print(f"no longer in use since {record.gone_on}: {record.successor} follows 已撤并")
    if record.changes:
        out.print(heading("Changes 区划变动"))
        print_changes(out, record.changes)
    out.print(heading("Standing 贫困村"))
    out.print(standings(record.standings) if record.standings else "never on the list")

    out.print(heading(f"Households 贫困户 on {record.on}"))
    for state, count in record.households.items():
        out.print(f"{count:>6,}  {_STATES[state]}")
    found = record.incidence
    if found is None:
        out.print("no registered population, so no incidence")
    else:
        rate, exact = percentage(found.poor, found.population)
        out.print(
            f"poor people 贫困人口 {found.poor:,} of {found.population:,}: incidence 贫困发生率 "
            f"{'' if exact else '≈ '}{rate} %"
        )
    if record.surveys:
        out.print(heading("Surveys 退出标准 (S2)"))
        out.print(_surveys(record.surveys))
    if record.rosters:
        out.print(heading("Rosters 贫困户退出名单"))
        out.print(_rosters(record.rosters))
    print_alarms(out, record.alarms)


def print_household(out: Console, record: HouseholdRecord) -> None:
    """A household: how it stands, its members with masked numbers, its years, its episodes."""
    out.print(Text(f"{record.head} {record.code}", style="bold"))
    out.print(
        f"{record.village_name} {record.village_code}, {record.group}; {record.size} people; "
        f"{_STATES[record.state]} as of {record.on}"
    )
    out.print(heading("Members 家庭成员"))
    members = table("Name", "Relation", "ID number")
    for member in record.members:
        number = member.id_number or f"无证件 none: {member.without_id}"
        members.add_row(member.name, member.relation, number)
    out.print(members if record.members else "none named")

    if record.years:
        out.print(heading("Income in yuan, and conditions (S1)"))
        out.print(_years(record.years, record.size))
    out.print(heading("In the register 建档立卡"))
    out.print(_episodes(record.episodes) if record.episodes else "never")
    if record.changes:
        out.print(heading("Changes 动态调整"))
        print_changes(out, record.changes)
    for each in record.episodes:
        if each.opened_by is not None:
            began = f"{each.opening_document or ''}, {each.opened_by}, entry {each.opened_seq}"
            out.print(f"No. {each.number} began by {began}", soft_wrap=True)
    print_follow_ups(out, record)


def print_follow_ups(out: Console, record: HouseholdRecord) -> None:
    """The visits to a household, and the risks it is or was marked with; nothing without any."""
    if record.visits:
        out.print(heading("Follow-up 跟踪回访 (F5)"))
        shown = table("Year", "Until", "Visited", "Stable", "Found", "By", wrap=["Found", "By"])
        for visit in record.visits:
            shown.add_row(
                str(visit.year),
                str(visit.due_on),
                str(visit.made_on or "待访 due"),
                _STABLE[visit.stable],
                visit.note or "",
                ", ".join(filter(None, [visit.office, visit.case_id])),
            )
        out.print(shown)
    if record.risks:
        out.print(heading("Risks 风险标注"))
        marked = table("Risk", "From", "Until", "Reason", "By", wrap=["Reason", "By"])
        for mark in record.risks:
            marked.add_row(
                RISKS[mark.risk],
                str(mark.since),
                str(mark.until or ""),
                mark.reason,
                f"{mark.office}, {mark.case_id}",
            )
        out.print(marked)


def print_alarms(out: Console, records: Sequence[AlarmRecord]) -> None:
    """When an exited unit was above the threshold again (F5); nothing where none was."""
    if not records:
        return
    out.print(heading("Alarms 预警 (F5, F13)"))
    columns = ("As of", "", "Unit", "Poor", "Population", "Incidence %", "Case, entry")
    shown = table(*columns, wrap=["Unit"])
    for each in records:
        rate, exact = percentage(each.poor, each.population)
        shown.add_row(
            str(each.as_of),
            "解除" if each.ended else "预警",
            f"{each.name or '本县'} {each.subject_code}",
            f"{each.poor:,}",
            f"{each.population:,}",
            f"{'' if exact else '≈ '}{rate}",
            f"{each.case_id}, {each.seq}",
        )
    out.print(shown)


def print_records(out: Console, records: Sequence[KeptRecord]) -> None:
    """What offices have put down (台账), by its day; nothing without any."""
    if not records:
        return
    out.print(heading("Records 台账"))
    for each in records:
        form = FORMS[each.kind]
        number = f"（{each.document}）" if each.document else ""
        gone = "，已更正 replaced" if each.replaced else ""
        said = f"{each.day} {form.zh} {each.name} {each.subject}, {each.year} ({form.clause}){gone}"
        out.print(Text(said, "dim" if each.replaced else "bold"))
        out.print(paragraph(f"{each.text}{number}", out.width, 2))
        if each.fault is not None:
            whom = zip(
                ("领导", "部门", "人员"), (each.leader, each.department, each.person), strict=True
            )
            named = "；".join(f"{role}：{name}" for role, name in whom if name)
            out.print(paragraph(f"{FAULTS[each.fault]}。{named}", out.width, 2))
        if each.targets:
            wanted = "、".join(f"{kind.zh}{many:,}" for kind, many in each.targets.items())
            out.print(paragraph(f"计划退出：{wanted}", out.width, 2))
        if each.until is not None:
            out.print(paragraph(f"有效期至{chinese(each.until)}", out.width, 2))
        if each.case_id is not None:
            tied = f"{each.case_id}, entry {each.entry}, {str(each.entry_hash)[:12]}"
            out.print(paragraph(tied, out.width, 2))
        if each.refers_to is not None:
            out.print(paragraph(f"所指台账 refers to {each.refers_to}", out.width, 2))
        proofs = "".join(f", {proof.name} {proof.sha256[:12]}" for proof in each.evidence)
        out.print(
            paragraph(f"{each.office} {each.officer}, {each.key}{proofs}", out.width, 2, "dim")
        )


def standings(records: Iterable[StandingRecord]) -> Table:
    """The standings of a county or a village, from one day to another."""
    shown = table("Standing", "From", "Until", "Exit year", "By", wrap=["By"])
    for each in records:
        shown.add_row(
            standing(each.status.value),
            str(each.since),
            str(each.until or ""),
            str(each.exit_year or ""),
            ", ".join(filter(None, [each.document, each.case_id])),
        )
    return shown


def standing(status: str) -> Text:
    """On the list, or off it, or on it again because the exit was revoked (F7)."""
    if status == "revoked":
        return Text("revoked 撤销退出，在册", "red")
    return Text("exited 已退出", "green") if status == "exited" else Text("listed 在册")


def _surveys(records: Sequence[SurveyRecord]) -> Table:
    shown = table("Criterion", *(str(each.year) for each in records))
    for column in columns_of(SurveyCells)[1:]:  # the year stands above
        found = (getattr(each.survey, column.field) for each in records)
        shown.add_row(_called(column), *(_said(value) for value in found))
    shown.add_row("from", *(each.source for each in records))
    return shown


def _called(column: Column) -> str:
    """A column of the register's files by the name of its field, and as offices call it."""
    return f"{column.field.replace('_', ' ')} {column.header.name}"


def _said(value: Bus | bool | str | int | None) -> str:
    match value:
        case Bus():
            return _BUS[value]
        case bool():
            return _yes(value)
        case int():
            return f"{value:,}"
        case _:
            return value or ""


def _rosters(records: Sequence[RosterCount]) -> Table:
    shown = table("Year", "Case", "Households", wrap=["Households"])
    for each in records:
        counted = (f"{_roster_state(state)} {count}" for state, count in each.households.items())
        shown.add_row(str(each.year), each.case_id, "、".join(counted))
    return shown


def _roster_state(state: str) -> str:
    return STATES[State(state)] if state in set(State) else state


def _years(records: Sequence[YearRecord], size: int) -> Table:
    shown = table("", *(str(each.livelihood.year) for each in records))
    lived = [each.livelihood for each in records]
    for column in columns_of(LivelihoodCells)[1:]:  # the year stands above
        found = [getattr(each, column.field) for each in lived]
        said = yuan if column.field in MONEY else _said
        shown.add_row(_called(column), *(said(value) for value in found))
        if column.field == MONEY[-1]:
            shown.add_row("net income 纯收入", *(yuan(each.net_income) for each in lived))
            shown.add_row(f"a head, of {size} 人均", *(yuan(x.net_income // size) for x in lived))
    shown.add_row("from", *(each.source for each in records))
    return shown


def _episodes(records: Sequence[EpisodeRecord]) -> Table:
    shown = table("No.", "Cause", "In since", "Out since", "Exit year", "By", wrap=["By"])
    for each in records:
        gone = each.gone_because.zh if each.gone_because is not None else None
        shown.add_row(
            str(each.number),
            _CAUSES[each.cause],
            str(each.registered_on),
            str(each.exited_on or ""),
            str(each.exit_year or ""),
            ", ".join(filter(None, [each.document, each.case_id, gone])),
        )
    return shown


def print_changes(out: Console, changes: Sequence[KeptChange]) -> None:
    """What has happened, by its day, with the entry of the register's own ledger."""
    shown = table("Day", "Change 动态调整", "Entry", wrap=["Change 动态调整"])
    for each in changes:
        shown.add_row(str(each.day), each.text, f"{each.ledger} {each.seq}")
    out.print(shown)


def _yes(fact: bool) -> str:
    return "是" if fact else "否"
