"""The register: setting up, reading, import and export; plans (G6) and poverty lines (S7)."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import islice
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

from models.alarms import Alarm
from models.base import faults
from models.offices import SubjectKind, province_of
from models.periods import beijing
from models.policy import Policy
from models.register.changes import ChangesLoaded
from models.register.counties import ProvincialMean
from models.register.households import PovertyLine
from models.register.office_records import FORMS, KeptRecord, RecordKind
from operators.commands.changes import say_stale, tell_cases
from operators.commands.lists import Most, in_a_file, on_a_page
from operators.commands.options import County, Region, Subject, Village, Workbook
from operators.commands.words import Day, InputError, Json, Source, Year
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import ALL, as_json, console, heading, print_cut, table
from operators.views.register import (
    print_county,
    print_household,
    print_overview,
    print_records,
    print_village,
)
from operators.views.reports import kind_of, print_consequences
from operators.views.terminal import say
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.records import CountyRecord
from registry.register.loading import HouseholdsLoaded, VillagesLoaded
from registry.register.office_records import RecordsLoaded
from registry.register.records import HouseholdRecord, VillageRecord
from registry.reports.records import Planned
from workers.settings import load_settings


def setup_registry() -> None:
    """Make the registry's database, or bring its schema up to date; repeating it is no change.

    On PostgreSQL as the owner of its tables: the roles exitflow_worker and exitflow_reader, where
    the server has them, get the rights that they need, and no others.
    """
    from registry.database.engine import upgrade
    from registry.database.roles import grant
    from workers.installation import check_home, check_registry

    settings = load_settings()
    engine = settings.engine()
    try:
        check_home(settings)
        upgrade(engine)
        check_registry(engine, settings, claim=True)
        roles = grant(engine)
        say(f"{engine.url.render_as_string(hide_password=True)} is set up")
        if roles:
            say(f"rights set: {', '.join(roles)}")
    finally:
        engine.dispose()


def setup_key(*, another: bool = False) -> None:
    """Make the file of the installation's keys if it is not there; repeating it is no change.

    Args:
        another: Add a key, which seals from now on; what was sealed before stays readable.
    """
    from workers.keys import Keys

    file = load_settings().keys_file
    keys = Keys.another(file) if another else Keys.made(file)
    say(f"{file}: {len(keys.all)} of them, {keys.newest.id} seals; keep a copy apart")


def setup_namespace() -> None:
    """Make the Temporal namespace and register the search attributes that it lacks."""
    from temporalio.service import RPCError, RPCStatusCode

    from workers.connection import Unreachable, connect, run
    from workers.installation import check_server
    from workers.namespace import once_known, set_up

    settings = load_settings()

    async def prepare() -> None:
        client = await connect(None)
        try:
            try:
                await check_server(client, settings)  # nothing is added to another's
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            added = await once_known(lambda: set_up(client))
            await once_known(lambda: check_server(client, settings, claim=True))
        except TimeoutError:
            raise Unreachable(
                f"the namespace {client.namespace} and its search attributes did not become "
                "usable in time; run it again"
            ) from None
        say(f"namespace {client.namespace}: {', '.join(added) or 'nothing'} added")

    run(prepare())


# -- loading and reading ----------------------------------------------------------------------


def load(file: Path, /, *, listed_since: Day, plan_source: str) -> None:
    """Load a list of poor counties and the plans of their exit years: all of it, or nothing.

    The counties are those of the province whose policy is in force.

    Args:
        file: The CSV file, as data/henan-counties.csv.
        listed_since: The day from which the counties are on the list, YYYY-MM-DD.
        plan_source: The document that the yearly plans rest on.
    """
    province = province_of(load_settings().load_policy())
    with open_registry() as registry:
        loaded = registry.load_counties(file, listed_since, plan_source, province)
    say(f"new: {loaded.counties} counties, {loaded.divisions} divisions, {loaded.plans} plans")


def show(code: Subject, /, *, json: Json = False) -> None:
    """Show what the register knows of a county, a village or a household as of today.

    With what follows from its exits (F1-F4).

    Args:
        code: The county's six digits, the village's twelve, or the household's number (户编号).
    """
    today = beijing(utc_now()).date()
    policy = load_settings().load_policy().after_exit
    with open_registry() as registry:
        record = _looked_up(registry, code, today)
        follows = registry.consequences.of(kind_of(record), code, policy, today)
        put_down = registry.office_records.listed(subject=code)
    record = record.model_copy(update={"consequences": follows, "office_records": put_down})
    match record:
        case _ if json:
            as_json(record)
        case CountyRecord():
            print_county(console(), record)
        case VillageRecord():
            print_village(console(), record)
        case HouseholdRecord():
            print_household(console(), record)
    if not json:
        print_consequences(console(), follows, today)
        print_records(console(), put_down)


def list_(*, json: Json = False) -> None:
    """List the counties that are or were on the register of poor counties."""
    with open_registry() as registry:
        overview = registry.overview()
    if json:
        as_json(overview)
    else:
        print_overview(console(), overview)


def _looked_up(
    registry: Registry, code: str, today: date
) -> CountyRecord | VillageRecord | HouseholdRecord:
    """Whatever has a code; a household's number may look like the code of a place."""
    try:
        if re.fullmatch(r"[0-9]{6}", code):
            return registry.county_record(code)
        if re.fullmatch(r"[0-9]{12}", code):
            return registry.register.village(code, today)
    except UnknownSubject:
        with suppress(UnknownSubject):
            return registry.register.household(code, today)
        raise
    return registry.register.household(code, today)


# -- files of offices -------------------------------------------------------------------------


def import_(file: Path, /) -> None:
    """Import villages, a roster (花名册), records (台账) or changes (动态调整): all or nothing.

    With faults, all of them are written to a workbook in the same folder, FILE-faults.xlsx. Where
    an exited village or county is over its threshold now, the offices above it are told (F13).
    Open rosters are told of what has happened to their households.

    Args:
        file: An .xlsx, .xls or .csv file; its headers tell which of the four it is. Of records
            (台账) it has 台账类别, 对象编号, 年度, 单位, 经办人, 日期, 内容 and what their kind
            needs, as `registry records --excel` writes them.
    """
    today, policy = beijing(utc_now()).date(), load_settings().load_policy()
    with open_registry() as registry:
        loaded = registry.register.import_file(file, today)
        if isinstance(loaded, RecordsLoaded):
            say(f"records: {loaded.new} new, {loaded.unchanged} put down before")
            return
        if isinstance(loaded, ChangesLoaded):
            say(f"changes: {loaded.new} new, {loaded.unchanged} put down before")
        alarms = registry.register.alarms_due(loaded.counties, today, policy)
    match loaded:
        case ChangesLoaded():
            tell_cases(loaded.concerned)
            say_stale(loaded.stale)
        case VillagesLoaded():
            say(f"villages: {_counts(loaded)}; {loaded.listed} newly on the list of poor villages")
        case _:
            say(f"households: {_counts(loaded)}; {loaded.people} people in all")
    if alarms:
        tell_alarms(alarms, policy)


def _counts(loaded: VillagesLoaded | HouseholdsLoaded) -> str:
    return f"{loaded.new} new, {loaded.changed} changed, {loaded.unchanged} unchanged"


def tell_alarms(alarms: Sequence[Alarm], policy: Policy) -> None:
    """Say what gives an alarm (F13), and let the round begin that puts it on file and tells it."""
    from temporalio.service import RPCError

    from workers import schedules
    from workers.connection import Unreachable, connect, run

    say(*(alarm.sentence(policy.standards) for alarm in alarms))
    schedule = f"watch/{policy.province}"

    async def begin() -> None:
        await schedules.begin(await connect(load_settings().keyring()), schedule)

    try:
        run(begin())
    except (Unreachable, RPCError, schedules.UnknownSchedule) as error:
        say(f"the next round of {schedule} tells the offices above; it did not begin now: {error}")
    else:
        say(f"round of {schedule} begun: the offices above are told")


def export(
    file: Workbook,
    /,
    *,
    county: County | None = None,
    village: Village | None = None,
    year: Year | None = None,
) -> None:
    """Write the households of a county or village to an Excel file that import reads.

    It holds personal data: the file can be read by its owner alone.

    Args:
        file: The .xlsx file; one that is there is replaced.
        county: The six digits of the county.
        village: The twelve digits of the village.
        year: Whose income and conditions are written; otherwise the last known of each household.
    """
    region = county or village
    if region is None or (county and village):
        raise InputError("give either --county or --village")
    with open_registry() as registry:
        try:
            exported = registry.register.export(file, region, year)
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    say(f"{file}: {exported.households} households, {exported.people} people")


# -- plans and poverty lines ------------------------------------------------------------------


def add_to_plan(code: Subject, /, *, year: Year, source: Source) -> None:
    """Put a county, a village or a household into a year's plan (G6).

    Args:
        code: Six digits of a county, twelve of a village, or a household's number.
        year: The year of the plan.
        source: The document that says so.
    """
    with open_registry() as registry:
        added = registry.add_plan(year, code, source)
    already = "" if added else " already"
    say(f"{code} is{already} in the plan of {year}")


def load_plan(file: Path, /) -> None:
    """Load the plans of one or more years: all of the file, or nothing.

    Args:
        file: Excel or CSV with the columns 年度, 类别 (户, 村 or 县), 编号 and 文件依据.
    """
    with open_registry() as registry:
        loaded = registry.planning.load_plan(file)
    others = f", {loaded.otherwise} of them by another document, which stays"
    say(
        f"new: {loaded.counties} counties, {loaded.villages} villages, {loaded.households} "
        f"households; {loaded.there} were in the plan already{others if loaded.otherwise else ''}"
    )


def list_plan(*, year: Year, region: Region = None, limit: Most = None, json: Json = False) -> None:
    """List the plan of a year; households are counted by village, and named one by one in JSON.

    With the plans, schemes and policies in force (F12), and their targets against what is planned.
    --limit cuts each part of what is shown; what is counted is all of it.

    Args:
        year: The year of the plan.
    """
    with open_registry() as registry:
        if json:
            as_json(islice(registry.planning.plans(year, region), in_a_file(limit)))
            return
        planned = registry.planning.planned(year, region, on_a_page(limit))
        holding = [
            each
            for each in registry.office_records.listed(region=region)
            if FORMS[each.kind].of_place and each.holds_in(year) and not each.replaced
        ]
        against = [
            (each, registry.planning.planned(year, each.subject, 0).many)
            for each in holding
            if each.kind is RecordKind.ANNUAL_PLAN
        ]
    out = console()
    _print_plan(out, planned, year)
    print_records(out, holding)
    for document, many in against:
        _print_against(document, many)


def add_line(year: int, /, *, yuan: int, source: str) -> None:
    """Add the national poverty line of a year (S7 国家扶贫标准); a year has one.

    Args:
        year: The year of the line, and of the income that is judged by it.
        yuan: Yuan a head and year.
        source: Who published it, and where.
    """
    try:
        line = PovertyLine(year=year, yuan=yuan, source=source)
    except ValidationError as error:
        raise InputError(faults(error)) from None
    with open_registry() as registry:
        known = registry.planning.add_line(line)
    say(_added(f"the line of {year} is", f"{yuan} yuan", line.source, known))


def _added(what: str, number: str, source: str, known: str | None) -> str:
    """What became of a published number of a year, which has one source."""
    if known is None:
        return f"{what} {number}"
    if known == source:
        return f"{what} already {number}"
    return f"{what} already {number}, and keeps its source:\n{known}"


def lines(*, json: Json = False) -> None:
    """List the national poverty lines (S7) by year, with their sources."""
    with open_registry() as registry:
        found = registry.planning.lines()
    if json:
        as_json(found)
        return
    out = console()
    shown = table("Year", "Yuan", "Source", wrap=["Source"])
    for line in found:
        shown.add_row(str(line.year), f"{line.yuan:,}", line.source)
    out.print(shown if found else "no line is loaded")


def add_mean(year: int, /, *, growth: Decimal, source: str) -> None:
    """Add how much farmers' disposable income grew in the province in a year (S3); a year has one.

    Args:
        year: The year of the growth, and of the counties that are judged by it.
        growth: In percent over the year before, as it was published.
        source: Who published it, and where.
    """
    province = load_settings().load_policy().province
    try:
        mean = ProvincialMean(
            province=province, year=year, income_growth_percent=growth, source=source
        )
    except ValidationError as error:
        raise InputError(faults(error)) from None
    with open_registry() as registry:
        known = registry.planning.add_mean(mean)
    say(_added(f"the mean of {year} is", f"{growth} %", mean.source, known))


def means(*, json: Json = False) -> None:
    """List the provincial means (S3) by province and year, with their sources."""
    with open_registry() as registry:
        found = registry.planning.means()
    if json:
        as_json(found)
        return
    out = console()
    shown = table("Province", "Year", "Income +%", "Source", wrap=["Source"])
    for mean in found:
        growth = str(mean.income_growth_percent)
        shown.add_row(mean.province, str(mean.year), growth, mean.source)
    out.print(shown if found else "no provincial mean is loaded")


def _print_against(document: KeptRecord, planned: Mapping[SubjectKind, int]) -> None:
    """The targets of a year's plan against what stands in it, where they differ (F12)."""
    for kind, many in document.targets.items():
        if planned[kind] != many:
            said = f"计划退出{kind.zh}{many:,}，年度计划列入{planned[kind]:,}，不一致 differs"
            say(f"{document.name} {document.document}: {said}")


def _print_plan(out: Console, planned: Planned, year: int) -> None:
    shown = table("Code", "Subject", "Kind", "Source", wrap=["Source"])
    for line in planned.places:
        added = f"，追加：{line.reason or ''}（{line.document or ''}）" if line.addition else ""
        shown.add_row(line.code, line.name, f"{line.kind.zh} {line.kind}", f"{line.source}{added}")
    many = planned.many
    if planned.places:
        out.print(shown)
        places = many[SubjectKind.COUNTY] + many[SubjectKind.VILLAGE]
        print_cut(out, len(planned.places), places, ALL)
    if planned.households:
        out.print(heading("Households 户, by village"))
        shown = table("Code", "Village", "Households")
        for each in planned.households:
            shown.add_row(each.code, each.name, f"{each.households:,}")
        out.print(shown)
        print_cut(out, len(planned.households), planned.household_villages, ALL)
    out.print(
        heading(
            f"plan of {year}: {many[SubjectKind.COUNTY]:,} counties, "
            f"{many[SubjectKind.VILLAGE]:,} villages, {many[SubjectKind.HOUSEHOLD]:,} households"
        )
    )
