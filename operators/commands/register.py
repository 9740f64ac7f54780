"""Setting up, loading and reading the registry."""

import re
from contextlib import suppress
from datetime import date
from pathlib import Path

from rich.text import Text

from models.offices import Tier, province_of
from models.periods import beijing
from operators.commands import inputs
from operators.commands.consequences import kind_of, print_consequences
from operators.commands.options import Json
from operators.desk.registry import open_registry, utc_now
from operators.views.case import case_table
from operators.views.printing import as_json, console, heading, paragraph, table
from operators.views.register import (
    print_alarms,
    print_household,
    print_village,
    standing,
    standings,
)
from operators.views.terminal import say
from registry.desk import Registry
from registry.errors import UnknownSubject
from registry.records import CountyRecord, CountyStanding, Overview
from registry.register.records import HouseholdRecord, VillageRecord
from workers.settings import load_settings

TIERS = {Tier.NATIONAL: "国定 national", Tier.PROVINCIAL: "省定 provincial", None: ""}


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


def load(file: Path, /, *, listed_since: str, plan_source: str) -> None:
    """Load a list of poor counties and the plans of their exit years: all of it, or nothing.

    The counties are those of the province whose policy is in force.

    Args:
        file: The CSV file, as data/henan-counties.csv.
        listed_since: The day from which the counties are on the list, YYYY-MM-DD.
        plan_source: The document that the yearly plans rest on.
    """
    since = inputs.day("--listed-since", listed_since)
    province = province_of(load_settings().load_policy())
    with open_registry() as registry:
        loaded = registry.load_counties(file, since, plan_source, province)
    say(f"new: {loaded.counties} counties, {loaded.divisions} divisions, {loaded.plans} plans")


def show(code: str, /, *, json: Json = False) -> None:
    """Show what the register knows of a county, a village or a household as of today.

    With what follows from its exits (F1-F4).

    Args:
        code: The county's six digits, the village's twelve, or the household's number (户编号).
    """
    code, today = inputs.subject("CODE", code), beijing(utc_now()).date()
    policy = load_settings().load_policy().after_exit
    with open_registry() as registry:
        record = _looked_up(registry, code, today)
        follows = registry.consequences.of(kind_of(record), code, policy, today)
    record = record.model_copy(update={"consequences": follows})
    match record:
        case _ if json:
            as_json(record)
        case CountyRecord():
            _print_county(record)
        case VillageRecord():
            print_village(console(), record)
        case HouseholdRecord():
            print_household(console(), record)
    if not json:
        print_consequences(console(), follows, today)


def list_(*, json: Json = False) -> None:
    """List the counties that are or were on the register of poor counties."""
    with open_registry() as registry:
        overview = registry.overview()
    if json:
        as_json(overview)
    else:
        print_overview(overview)


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


# -- sheets -----------------------------------------------------------------------------------


def print_overview(overview: Overview) -> None:
    """Every county with its standing."""
    out = console()
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
        TIERS[county.tier],
        "直管" if county.directly_administered else "",
        standing(county.status.value),
        str(county.since),
        str(county.exit_year or ""),
    )


def _print_county(record: CountyRecord) -> None:
    out = console()
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
            TIERS[division.tier],
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
        indicators = table("As of", "Poor", "Population", "Income +%", "Mean +%", "Case, entry")
        for each in record.indicators:
            figures = each.figures
            indicators.add_row(
                str(figures.as_of),
                f"{figures.poor:,}",
                f"{figures.population:,}",
                str(figures.income_growth_percent),
                str(figures.provincial_income_growth_percent),
                f"{each.case_id}, {each.seq}",
            )
        out.print(indicators)
    print_alarms(out, record.alarms)
