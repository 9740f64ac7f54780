"""Reading the registry: all cases, every limit in force, and the notices of a case."""

from datetime import datetime
from typing import Annotated

from cyclopts import Parameter

from models.offices import CountyCode
from operators.commands.options import Office
from operators.commands.words import Duration, Json, word
from operators.desk.registry import open_registry, utc_now
from operators.views.case import case_table, print_limit, print_notice
from operators.views.printing import as_json, at, console, is_over
from registry.records import CaseFilter, DeadlineRecord
from workers.settings import load_settings


def cases(
    *,
    year: int | None = None,
    region: Annotated[
        CountyCode | None, Parameter(name=["--region", "--city"]), word(CountyCode)
    ] = None,
    open: bool = False,
    overdue: bool = False,
    waiting_for: Office | None = None,
    json: Json = False,
) -> None:
    """List cases as the registry has them, the nearest limit first; no server is needed.

    Args:
        year: Only the cases of this year.
        region: Only the cases of this city, county or province: its six digits.
        open: Only cases under way.
        overdue: Only cases in which a limit was missed.
        waiting_for: Only the cases that wait for this office, for example A6/411500.
    """
    wanted = CaseFilter(
        year=year,
        region=region,
        open=True if open else None,
        overdue=True if overdue else None,
        waiting_for=waiting_for,
    )
    with open_registry() as registry:
        registry.check_division("--region", region)
        found, checked = registry.case_rows(wanted), registry.last_check()
    if json:
        as_json(found)
        return
    out = console()
    if checked is not None and checked[1]:
        said = f"the check of {at(checked[0])} found {checked[1]}: exitflow check --last"
        out.print(said, style="bold red")
    if found:
        out.print(case_table(found))
        out.print()
    out.print(f"{len(found)} case{'' if len(found) == 1 else 's'}", style="bold")


def deadlines(
    *,
    overdue: bool = False,
    within: Duration | None = None,
    office: Office | None = None,
    json: Json = False,
) -> None:
    """List every limit in force, the nearest first; no server is needed.

    With them, what is due after an exit: its filing (备案) and data entry (信息录入, F9).

    Args:
        overdue: Only limits that were missed.
        within: Only limits that end within this time from now, for example 3d, 12h or 1d12h; what
            is overdue is listed too.
        office: Only limits that this office is held to, for example A6/411500.
    """
    now, settings = utc_now(), load_settings()
    ends = now + within if within is not None else None
    with open_registry() as registry:
        filings = registry.planning.filings_due(settings.load_policy(), settings.calendar(), now)
        in_force = (*registry.deadlines(), *filings)
        found = [
            each
            for each in sorted(in_force, key=lambda each: each.in_force.limit.due)
            if (office is None or each.in_force.office == office)
            and (ends is None or each.in_force.limit.due <= ends)
            and (not overdue or _missed(each, now))
        ]
    if json:
        as_json(found)
        return
    out = console()
    for each in found:
        print_limit(out, each.in_force, now, f"{each.subject_name} {each.year}  {each.case_id}")
        out.print()
    missed = sum(_missed(each, now) for each in found)
    limits = f"{len(found)} limit{'' if len(found) == 1 else 's'} in force"
    out.print(f"{limits}, {missed} overdue (at {at(now)}, Beijing time)", style="bold")


def notices(case: str, /, *, json: Json = False) -> None:
    """List the notices (公示) and announcements (公告) of a case, with their numbers.

    No server is needed. Their texts lie in the folder of notices, under these numbers.

    Args:
        case: Id of the case, for example village-exit/411523100001/2026.
    """
    with open_registry() as registry:
        found = registry.notices(case)
    if json:
        as_json(found)
        return
    out = console()
    for each in found:
        print_notice(out, each)
    out.print(f"{len(found)} notice{'' if len(found) == 1 else 's'}", style="bold")


def _missed(found: DeadlineRecord, now: datetime) -> bool:
    return is_over(found.in_force.limit, found.in_force.breached, now)
