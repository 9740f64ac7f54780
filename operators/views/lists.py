"""How the lists of a whole province look: cases, limits in force, and what they come to."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from models.case.messages import DONE, Ending
from models.periods import beijing, until
from models.procedures import COUNTY_EXIT, PROCEDURES
from operators.views.printing import table
from registry.files.workbook_writing import Value
from registry.records import By, CaseRecord, DeadlineRecord, Total


def case_table(cases: Sequence[CaseRecord]) -> Table:
    """Cases as the registry lists them."""
    lines = table("Case", "Subject", "Step", "Waits for", "Next limit", "Marks")
    for case in cases:
        lines.add_row(
            case.case_id,
            case.subject_name,
            f"{case.step}/{case.round}",
            _waits_for(case),
            until(case.deadline) if case.deadline else "",
            _marks(case),
        )
    return lines


def _waits_for(case: CaseRecord) -> str:
    return str(case.waiting_for or "")


def _marks(case: CaseRecord) -> Text:
    marks = Text()
    if case.contradicted:
        marks.append("与留存案卷不一致 contradicted ", style="bold red")
    if case.found:
        marks.append("核查不符 check --last ", style="bold red")
    if case.outcome:
        style = "green" if Ending(case.outcome) in DONE else "red"
        marks.append(f"{_ending(case)} ", style=style)
    if case.overdue:
        marks.append("已逾期 overdue ", style="bold red")
    if case.open_objections:
        marks.append(f"异议 {case.open_objections}", style="yellow")
    return marks


def _ending(case: CaseRecord) -> str:
    # Whatever stands in the row: it is the check that tells of it.
    return PROCEDURES.get(case.procedure, COUNTY_EXIT).ending(str(case.outcome))


def totals_table(totals: Sequence[Total], by: By, counted: str) -> Table:
    """What cases or limits come to, where most are overdue first."""
    lines = table(by.value.capitalize(), "Name", counted, "Overdue", "Next limit", wrap=["Name"])
    for each in totals:
        overdue = Text(f"{each.overdue:,}", style="bold red" if each.overdue else "")
        ends = until(each.next) if each.next else ""
        lines.add_row(each.code or "-", each.name, f"{each.many:,}", overdue, ends)
    for column in lines.columns[2:4]:
        column.justify = "right"
    return lines


# -- workbooks ----------------------------------------------------------------------------------

CASE_COLUMNS = (
    ("案件", 44),
    ("对象", 28),
    ("年度", 8),
    ("程序", 14),
    ("市", 9),
    ("县", 9),
    ("步骤", 8),
    ("轮次", 8),
    ("待办单位", 20),
    ("最近期限（当日24时）", 20),
    ("是否逾期", 10),
    ("未办结异议", 12),
    ("结果", 14),
)

LIMIT_COLUMNS = (
    ("期限（当日24时）", 16),
    ("是否逾期", 10),
    ("依据", 8),
    ("事项", 28),
    ("责任单位", 32),
    ("单位代码", 20),
    ("对象", 28),
    ("年度", 8),
    ("步骤", 8),
    ("案件", 44),
    ("计算说明", 80),
)


def case_cells(case: CaseRecord) -> Sequence[Value]:
    """A case as a row."""
    _, city, county, *_ = (*case.region, "", "", "")
    return (
        case.case_id,
        case.subject_name,
        case.year,
        PROCEDURES.get(case.procedure, COUNTY_EXIT).title,
        city,
        county,
        case.step,
        case.round,
        _waits_for(case),
        _last_day(case.deadline) if case.deadline else None,
        _yes(case.overdue),
        case.open_objections,
        _ending(case) if case.outcome else None,
    )


def limit_cells(deadline: DeadlineRecord, missed: bool) -> Sequence[Value]:
    """A limit as a row."""
    held = deadline.in_force
    return (
        held.limit.last_day,
        _yes(missed),
        held.limit.clause,
        held.subject,
        held.office_name,
        str(held.office),
        deadline.subject_name,
        deadline.year,
        deadline.step,
        deadline.case_id,
        held.limit.zh,
    )


def _last_day(due: datetime) -> Value:
    return beijing(due - timedelta(seconds=1)).date()


def _yes(said: bool) -> str:
    return "是" if said else "否"
