"""The yearly plan (G6 年度计划), and the national poverty lines (S7)."""

from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from models.base import faults
from models.register.households import PovertyLine
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import Json, Region
from operators.desk.registry import open_registry
from operators.views.printing import as_json, console, heading, table
from operators.views.terminal import say
from registry.reports.records import PlanLine


def add(code: str, /, *, year: int, source: str) -> None:
    """Put a county, a village or a household into a year's plan (G6).

    Args:
        code: Six digits of a county, twelve of a village, or a household's number.
        year: The year of the plan.
        source: The document that says so.
    """
    code, year = inputs.subject("CODE", code), inputs.year("--year", year)
    with open_registry() as registry:
        added = registry.add_plan(
            year, code, inputs.words("--source", source, "the document it rests on")
        )
    already = "" if added else " already"
    say(f"{code} is{already} in the plan of {year}")


def load(file: Path, /) -> None:
    """Load the plans of one or more years: all of the file, or nothing.

    Args:
        file: Excel or CSV with the columns 年度, 类别 (户, 村 or 县), 编号 and 文件依据.
    """
    with open_registry() as registry:
        loaded = registry.planning.load_plan(file)
    say(
        f"new: {loaded.counties} counties, {loaded.villages} villages, {loaded.households} "
        f"households; {loaded.there} were in the plan already"
    )


def list_(*, year: int, region: Region = None, json: Json = False) -> None:
    """List the plan of a year; households are counted by village, and named one by one in JSON.

    Args:
        year: The year of the plan.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    with open_registry() as registry:
        planned = registry.planning.plans(year, region)
    if json:
        as_json(planned)
    else:
        _print_plan(planned, year)


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
        added = registry.planning.add_line(line)
    already = "" if added else " already"
    say(f"the line of {year} is{already} {yuan} yuan")


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


def _print_plan(planned: tuple[PlanLine, ...], year: int) -> None:
    out = console()
    shown = table("Code", "Subject", "Kind", "Source", wrap=["Source"])
    for line in planned:
        if line.village:
            continue
        added = f"，追加：{line.reason or ''}（{line.document or ''}）" if line.addition else ""
        shown.add_row(line.code, line.name, f"{line.kind.zh} {line.kind}", f"{line.source}{added}")
    if shown.row_count:
        out.print(shown)
    in_villages = Counter((line.village, line.name) for line in planned if line.village)
    if in_villages:
        out.print(heading("Households 户, by village"))
        shown = table("Code", "Village", "Households")
        for (village, name), many in sorted(in_villages.items()):
            shown.add_row(village, name, f"{many:,}")
        out.print(shown)
    kinds = Counter(line.kind.value for line in planned)
    out.print(
        heading(
            f"plan of {year}: {kinds['county']} counties, {kinds['village']} villages, "
            f"{kinds['household']} households"
        )
    )
