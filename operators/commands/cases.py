"""Reading the registry: all cases, every limit in force, notices and letters of a case."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from models.identity import file_name
from operators.commands.lists import (
    Excel,
    Most,
    Narrowed,
    fits_a_sheet,
    in_a_file,
    least,
    of_all,
    on_a_page,
    write_list,
)
from operators.commands.options import Household, Roster, Workbook
from operators.commands.words import InputError, Json
from operators.desk.registry import open_registry, utc_now
from operators.views.case import (
    print_limit,
    print_notice,
    print_undelivered_letters,
    print_unreached,
)
from operators.views.lists import (
    CASE_COLUMNS,
    LIMIT_COLUMNS,
    case_cells,
    case_table,
    limit_cells,
    totals_table,
)
from operators.views.printing import (
    ALL,
    WHOLE,
    as_json,
    at,
    console,
    counted,
    is_over,
    paragraph,
    print_cut,
)
from operators.views.terminal import say
from registry.files.disk import write_text
from registry.forms.letters import write_letters
from registry.records import By, CaseFilter, DeadlineRecord, ListFilter, Total
from registry.reports.filings import Filings
from workers.settings import load_settings


def cases(
    *,
    narrowed: Narrowed = Narrowed(),  # noqa: B008 - it is frozen
    open: bool = False,
    by: By | None = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List cases as the registry has them, the nearest limit first; no server is needed.

    Args:
        open: Only cases under way.
        by: Not the cases but how many there are of each city, county, step or office.
    """
    wanted = CaseFilter(**narrowed.values(utc_now()), open=True if open else None)
    with open_registry() as registry:
        registry.check_office("--office", wanted.office)
        registry.check_division("--region", wanted.region)
        if by is not None:
            _print_totals(registry.lists.total_cases(wanted, by), by, "Cases", limit, excel, json)
            return
        count = registry.lists.count_cases(wanted)
        if excel is not None:
            fits_a_sheet(least(count.many, limit))
            found = registry.lists.cases(wanted, in_a_file(limit))
            write_list(excel, "案件", CASE_COLUMNS, map(case_cells, found))
        if json:
            as_json(registry.lists.cases(wanted, in_a_file(limit)))
            return
        if excel is not None:
            say(f"{excel}: {counted(least(count.many, limit), 'case')}")
            return
        shown = list(registry.lists.cases(wanted, on_a_page(limit)))
        checked = registry.last_check()
    out = console()
    if checked is not None and checked[1]:
        said = f"the check of {at(checked[0])} found {checked[1]}: exitflow check --last"
        out.print(said, style="bold red")
    if shown:
        out.print(case_table(shown))
        out.print()
    _print_count(out, of_all(len(shown), count.many, "case", "cases"), len(shown) < count.many)


def deadlines(
    *,
    narrowed: Narrowed = Narrowed(),  # noqa: B008 - it is frozen
    by: By | None = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List every limit in force, the nearest first; no server is needed.

    With them, what is due after an exit: its filing (备案) and data entry (信息录入, F9).

    Args:
        by: Not the limits but how many there are of each city, county, step or office.
    """
    now, settings = utc_now(), load_settings()
    wanted = ListFilter(**narrowed.values(now))
    with open_registry() as registry:
        registry.check_office("--office", wanted.office)
        registry.check_division("--region", wanted.region)
        lists, filings = registry.lists, Filings(settings.load_policy(), settings.calendar(), now)
        if by is not None:
            totals = lists.total_deadlines(wanted, filings, by)
            _print_totals(totals, by, "Limits", limit, excel, json)
            return
        count = lists.count_deadlines(wanted, filings)
        if excel is not None:
            fits_a_sheet(least(count.many, limit))
            found = lists.deadlines(wanted, filings, in_a_file(limit))
            rows = (limit_cells(each, _missed(each, now)) for each in found)
            write_list(excel, "期限", LIMIT_COLUMNS, rows)
        if json:
            as_json(lists.deadlines(wanted, filings, in_a_file(limit)))
            return
        if excel is not None:
            say(f"{excel}: {counted(least(count.many, limit), 'limit')} in force")
            return
        shown = list(lists.deadlines(wanted, filings, on_a_page(limit)))
    out = console()
    for each in shown:
        print_limit(out, each.in_force, now, f"{each.subject_name} {each.year}  {each.case_id}")
        out.print()
    said = of_all(len(shown), count.many, "limit", "limits")
    said += f" in force, {count.overdue:,} overdue (at {at(now)}, Beijing time)"
    _print_count(out, said, len(shown) < count.many)


def _print_count(out: Console, said: str, is_cut: bool) -> None:
    out.print(said, style="bold")
    if is_cut:
        out.print(WHOLE, style="dim")


def _print_totals(
    totals: Sequence[Total],
    by: By,
    counted: str,
    limit: int | None,
    excel: Path | None,
    json: bool,
) -> None:
    if excel is not None:
        raise InputError("--excel: writes the list itself; leave --by out")
    if json:
        as_json(totals[: in_a_file(limit)])
        return
    shown, out = totals[: on_a_page(limit)], console()
    if shown:
        out.print(totals_table(shown, by, counted))
        out.print()
    of = {By.CITY: "cities", By.COUNTY: "counties", By.STEP: "steps", By.OFFICE: "offices"}
    said = of_all(len(shown), len(totals), by.value, of[by])
    many, overdue = sum(each.many for each in totals), sum(each.overdue for each in totals)
    out.print(f"{said}: {many:,} {counted.lower()}, {overdue:,} overdue", style="bold")


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
    waiting = [each for each in found if each.delivered is None]
    if sheet is not None:
        try:
            write_letters(sheet, waiting)
        except OSError as error:
            raise InputError(f"{sheet} cannot be written: {error.strerror}") from None
    if json:
        as_json(found)
        return
    out = console()
    if sheet is not None:
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
    print_undelivered_letters(out, found)


def _missed(found: DeadlineRecord, now: datetime) -> bool:
    return is_over(found.in_force.limit, found.in_force.breached, now)


def unreached(*, limit: Most = None, json: Json = False) -> None:
    """List what offices and people were told and no channel has taken, of all cases (T8).

    Still tried, or given up, with the reason; no server is needed.
    """
    with open_registry() as registry:
        if json:
            as_json(registry.unreached(limit=in_a_file(limit)))
            return
        found = list(registry.unreached(limit=on_a_page(limit)))
        many = registry.count_unreached()
    out = console()
    if not found:
        out.print("everything has arrived")
        return
    print_unreached(out, found)
    print_cut(out, len(found), many, ALL)
