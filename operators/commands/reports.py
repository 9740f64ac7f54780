"""Reports of a year: who could leave, how far it is, what follows from exits; the joint notice."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from models.offices import SubjectKind
from models.periods import beijing
from models.policy import Policy
from operators.commands.lists import (
    Excel,
    Most,
    fits_a_sheet,
    in_a_file,
    least,
    on_a_page,
    write_list,
)
from operators.commands.options import Region, Workbook
from operators.commands.words import Day, InputError, Json, Year
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import as_json, console, counted, in_pieces, print_json
from operators.views.reports import (
    COUNTY_COLUMNS,
    VILLAGE_COLUMNS,
    county_cells,
    print_assessment,
    print_counties,
    print_listed,
    print_progress,
    print_targets,
    print_villages,
    print_watched,
    total_line,
    village_cells,
)
from operators.views.terminal import say, show
from registry.files.disk import write_text
from registry.files.workbook_writing import Value, write_sheets
from registry.reports.assessment import HEADERS, OFFICE_HEADERS, office_rows, statement_rows
from registry.reports.targets import TargetReport
from registry.reports.watching import COLUMNS, Watchlist
from workers.settings import load_settings


def villages(
    *,
    year: Year,
    region: Region = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List the poor villages that have not left, those that lack nothing first (S2, S5, G6, G9).

    The poor are counted from the register as of today. A village without a survey of the year lacks
    nothing by it: its case begins with one (V1).

    Args:
        year: The year of the exit: its plan, its surveys.
    """
    policy = load_settings().load_policy()
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.planning.ready_villages(year, policy, beijing(utc_now()).date(), region)
    if excel is not None:
        rows = map(village_cells, found[: in_a_file(limit)])
        write_list(excel, "贫困村", VILLAGE_COLUMNS, rows)
    if json:
        as_json(found[: in_a_file(limit)])
    elif excel is not None:
        say(f"{excel}: {counted(least(len(found), limit), 'poor village')}")
    else:
        print_villages(console(), found, on_a_page(limit), year)


def counties(
    *,
    year: Year,
    region: Region = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List the poor counties that have not left, those that lack nothing first (S3, S5, G6, G9).

    The poor are counted from the register as of today. Growth of income and basic services are not
    in the register: they come with the application.

    Args:
        year: The year of the exit: its plan.
    """
    policy = load_settings().load_policy()
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.planning.ready_counties(year, policy, beijing(utc_now()).date(), region)
    if excel is not None:
        rows = map(county_cells, found[: in_a_file(limit)])
        write_list(excel, "贫困县", COUNTY_COLUMNS, rows)
    if json:
        as_json(found[: in_a_file(limit)])
    elif excel is not None:
        said = counted(least(len(found), limit), "poor county", "poor counties")
        say(f"{excel}: {said}")
    else:
        print_counties(console(), found, on_a_page(limit), year)


def households(
    *,
    year: Year,
    region: Region = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List who should leave (应退未退, F13), with what was done about it.

    Registered households that meet every demand of S1 by the year, and are in no plan of it and on
    no open roster. The Excel file names heads of households: its owner alone can read it.

    Args:
        year: The year whose income is judged, and of the plan.
    """
    policy = load_settings().load_policy()
    with open_registry() as registry:
        registry.check_division("--region", region)
        today = beijing(utc_now()).date()
        with registry.planning.should_leave(year, policy, today, region) as found:
            _watched(found, "应退未退", f"should leave by {year} 应退未退", limit, excel, json)


def reentry(
    *,
    year: Year,
    region: Region = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List who should come in (应进未进、漏评, F13), with what was done about it.

    Counties and villages that have left and are over the threshold; villages in which a supervision
    of the year found people left out; households that left before the year and fail S1 by it, and
    those that were never registered and fail its income. Excel: as of `ready households`.

    Args:
        year: The year whose income is judged, and of the supervisions.
    """
    policy = load_settings().load_policy()
    with open_registry() as registry:
        registry.check_division("--region", region)
        today = beijing(utc_now()).date()
        with registry.planning.should_come_in(year, policy, today, region) as found:
            _watched(found, "应进未进", f"should come in by {year} 应进未进", limit, excel, json)


def _watched(
    found: Watchlist, title: str, said: str, limit: int | None, excel: Path | None, json: bool
) -> None:
    if json and excel is None:
        as_json(found.each(in_a_file(limit)))
        return
    count = found.count()
    if excel is not None:
        fits_a_sheet(least(count.many, limit))
        rows = (each.cells() for each in found.each(in_a_file(limit)))
        write_list(excel, title, COLUMNS, rows)
        if json:
            as_json(found.each(in_a_file(limit)))
        else:
            say(f"{excel}: {least(count.many, limit):,} {said}")
        return
    print_watched(console(), list(found.each(on_a_page(limit))), count, said)


_Sheet = tuple[str, Sequence[tuple[str, int]], Iterable[Sequence[Value]]]


def _to_excel(path: Path, *sheets: _Sheet) -> None:
    try:
        write_sheets(path, sheets)
    except OSError as error:
        raise InputError(f"--excel: {path} cannot be written: {error.strerror or error}") from None


def progress(
    *,
    year: Year,
    region: Region = None,
    targets: bool = False,
    picture: Path | None = None,
    assessment: bool = False,
    excel: Workbook | None = None,
    json: Json = False,
) -> None:
    """Show how far a year is: planned, under way and exited, by county; and the targets (F8).

    The targets are those of the whole province, up to the end of the year; for a part of it none
    are shown.

    Args:
        year: The year of the plan and of the exits.
        targets: The targets alone: every year from the first exit up to this one, and every city.
        picture: With --targets: draw them, with Chinese labels, to this .svg or .png file.
        assessment: The statement of the year alone (F11 考核): plan against exits, and what
            happened in the cases, by county, city and office.
        excel: With --assessment: write it to this .xlsx file.
    """
    if excel is not None and not assessment:
        raise InputError("--excel: writes the statement; give --assessment too")
    if assessment:
        _assessment(year, region, excel, json)
        return
    policy = load_settings().load_policy()
    if targets:
        _targets(year, region, policy, picture, json)
        return
    if picture is not None:
        raise InputError("--picture: draws the targets; give --targets too")
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.planning.progress(year, policy, region)
    if json:
        as_json(found)
    else:
        print_progress(console(), found)


def _assessment(year: int, region: str | None, excel: Path | None, json: bool) -> None:
    with open_registry() as registry:
        registry.check_division("--region", region)
        found = registry.planning.assessment(year, region)
    if excel is not None:
        sheets = (
            (f"{year}年度考核", HEADERS, statement_rows(found)),
            ("按单位", OFFICE_HEADERS, office_rows(found)),
        )
        _to_excel(excel, *sheets)
    if json:
        as_json(found)
    elif excel is not None:
        say(f"{excel}: {len(found.counties)} counties, {len(found.offices)} offices")
    else:
        print_assessment(console(), found)


def _targets(
    year: int, region: str | None, policy: Policy, picture: Path | None, json: bool
) -> None:
    if region not in (None, policy.province):
        raise InputError(
            f"--region: the targets are those of {policy.province_name} as a whole; leave it out"
        )
    if picture is not None and picture.suffix.lower() not in (".svg", ".png"):
        raise InputError(f"--picture: {picture} is no name of a picture; end it in .svg or .png")
    if policy.targets is None:
        raise Refused(f"the policy {policy.id} names no targets (F8)")
    with open_registry() as registry:
        today = beijing(utc_now()).date()
        found = registry.planning.targets(year, policy, policy.targets, today)
    if picture is not None:
        _draw(found, picture)
    if json:
        as_json(found)
        return
    print_targets(console(), found)
    if picture is not None:
        say("", f"{picture}: drawn")


def _draw(found: TargetReport, picture: Path) -> None:
    # At its first start it says on stderr that it looks through the machine's fonts.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    from operators.views.targets_picture import draw

    try:
        draw(found, picture)
    except OSError as error:
        sentence = f"{picture} cannot be written: {error.strerror or error}"
        raise InputError(f"--picture: {sentence}") from None


# -- what follows from exits (F1-F4) -----------------------------------------------------------


def consequences(
    *,
    year: Year,
    region: Region = None,
    level: SubjectKind | None = None,
    on: Day | None = None,
    limit: Most = None,
    excel: Excel = None,
    json: Json = False,
) -> None:
    """List the exits of a year with what follows from each, and what of it is in force (F1-F4).

    Worked out from the register and the policy when it is asked for. Households are shown by
    village; the Excel file and JSON hold each of them. Excel: every fact of every exit, and the
    names of households: its owner alone can read it. Of a list that is shown --limit cuts each
    part; what is totalled is all of it.

    Args:
        year: The exit year (退出年度): 滑县 is of 2016, though approved on 2017-10-31.
        level: Only counties, villages or households.
        on: The day as of which it is told what is in force, YYYY-MM-DD; otherwise today.
    """
    if limit is not None and (excel is not None or json):
        raise InputError("--limit: JSON and Excel hold every exit with the totals; leave it out")
    day = on if on is not None else beijing(utc_now()).date()
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
                say(f"{excel}: {'; '.join(map(total_line, totals)) or f'no exit of {year}'}")
                return
        if json:
            # Written aside, so that a fault leaves nothing half printed.
            with TemporaryFile("w+", encoding="utf-8") as whole:
                found.write_json(whole, year, policy, day, region, kinds)
                print_json(in_pieces(whole))
        else:
            print_listed(
                console(), found.listed(year, policy, day, region, kinds, on_a_page(limit))
            )


# -- the joint notice -------------------------------------------------------------------------


def notice(
    *,
    level: SubjectKind,
    year: Year,
    region: Region = None,
    html: Path | None = None,
) -> None:
    """Write one notice of all cases of a year that are in publicity now, in Markdown.

    Each has been published by itself, and keeps its own period (T1) and number. Of households it
    shows name, village group and head count, and nothing else (G8).

    Args:
        level: Counties (C4), villages (V2) or households (H3).
        year: The year of the cases.
        html: Write it to this file, as a page to be read or printed, and not to the terminal.
    """
    policy = load_settings().load_policy()
    with open_registry() as registry:
        made = registry.planning.joint_notice(level, year, policy, utc_now(), region)
    if made is None:
        raise Refused(f"no {level} of {year} is in publicity now; `exitflow cases` lists all cases")
    if html is None:
        show(made.markdown)
        return
    from registry.notices.texts import page  # with its template engine, for a page alone

    try:
        write_text(html, page(made.title, made.markdown))
    except OSError as error:
        raise InputError(f"--html: {html} cannot be written: {error.strerror}") from None
    say(f"{html}: {made.title}, {made.subjects} listed")
