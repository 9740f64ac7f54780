"""Reading the registry: all cases, every limit in force, notices and letters of a case."""

from datetime import datetime
from itertools import groupby
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from models.identity import file_name
from models.offices import CountyCode
from operators.commands.options import Household, Office, Roster, Workbook
from operators.commands.words import Duration, InputError, Json, word
from operators.desk.registry import open_registry, utc_now
from operators.views.case import (
    case_table,
    print_limit,
    print_notice,
    print_undelivered,
    print_untold,
)
from operators.views.printing import as_json, at, console, is_over, paragraph
from registry.files.disk import write_text
from registry.forms.letters import write_letters
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


def letters(
    case: Roster,
    /,
    *,
    household: Household | None = None,
    sheet: Workbook | None = None,
    json: Json = False,
) -> None:
    """Write what the households of a roster are told on paper (告知书, F15), a page each; list it.

    Of its posting, of an objection against it and the result, of its exit and what it keeps (F1).
    The pages lie in the folder of letters, by the entry of the file that they tell of. They are for
    the household alone, and show its name in full; the list names its number. No server is needed.

    Args:
        case: Id of the roster's case, for example household-exit/411523100001/2026/1.
        household: Only the letters of this household.
        sheet: Write those that are not reported as delivered to an Excel sheet instead, to be
            filled in and handed in with `exitflow delivered --file`.
    """
    with open_registry() as registry:
        found = registry.letters(case)
    found = tuple(each for each in found if household in (None, each.household))
    if json:
        as_json(found)
        return
    out = console()
    waiting = [each for each in found if each.delivered is None]
    if sheet is not None:
        try:
            write_letters(sheet, waiting)
        except OSError as error:
            raise InputError(f"{sheet} cannot be written: {error.strerror}") from None
        out.print(f"{len(waiting)} letter{'' if len(waiting) == 1 else 's'}: {sheet}", style="bold")
        return
    from registry.notices.texts import page  # with its template engine, for pages alone

    folder = load_settings().letters_folder
    for (entry, title), those in groupby(found, lambda each: (each.entry, each.title)):
        pages = list(those)
        whom = f"_{household}" if household else ""
        path = folder / f"{file_name(case)}_letters-{entry}{whom}.html"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_text(path, page(title, *(each.markdown for each in pages)))
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None
        out.print(Text(str(path), style="bold"), soft_wrap=True)
        numbers = "、".join(each.household for each in pages)
        out.print(paragraph(f"{title}（第{entry}号）  {len(pages)}户：{numbers}", out.width, 2))
    out.print(f"{len(found)} letter{'' if len(found) == 1 else 's'}", style="bold")
    print_undelivered(out, found)


def _missed(found: DeadlineRecord, now: datetime) -> bool:
    return is_over(found.in_force.limit, found.in_force.breached, now)


def undelivered(*, json: Json = False) -> None:
    """List what offices and people were told and has not arrived, of all cases (T8).

    Still tried, or given up, with the reason; no server is needed.
    """
    with open_registry() as registry:
        found = registry.undelivered()
    if json:
        as_json(found)
    elif found:
        print_untold(console(), found)
    else:
        console().print("everything has arrived")
