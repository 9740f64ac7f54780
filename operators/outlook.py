"""Who could leave now and what each still lacks; how far a year is against plan and targets."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from activities.year_records import (
    Counted,
    CountyProgress,
    CountyReadiness,
    Headcount,
    Progress,
    TargetProgress,
    VillageReadiness,
)
from models.periods import beijing
from operators import inputs
from operators.desk import open_registry, utc_now
from operators.options import Json, Region
from operators.printing import as_json, console, heading, paragraph, table
from workers.settings import load_settings

_TARGETS = {
    "people": "people 贫困人口",
    "villages": "villages 贫困村",
    "counties": "counties 贫困县",
    "named_counties": "named counties 率先脱贫",
    "provincial_counties": "provincial counties 省定贫困县",
    "all_counties": "all counties 全部贫困县",
}


def villages(*, year: int, region: Region = None, json: Json = False) -> None:
    """List the poor villages that have not left, those that lack nothing first (S2, S5, G6, G9).

    The poor are counted from the register as of today. A village without a survey of the year lacks
    nothing by it: its case begins with one (V1).

    Args:
        year: The year of the exit: its plan, its surveys.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    policy = load_settings().load_policy()
    with open_registry() as registry:
        found = registry.planning.ready_villages(year, policy, beijing(utc_now()).date(), region)
    if json:
        as_json(found)
    else:
        print_villages(console(), found, year)


def counties(*, year: int, region: Region = None, json: Json = False) -> None:
    """List the poor counties that have not left, those that lack nothing first (S3, S5, G6, G9).

    The poor are counted from the register as of today. Growth of income and basic services are not
    in the register: they come with the application.

    Args:
        year: The year of the exit: its plan.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    policy = load_settings().load_policy()
    with open_registry() as registry:
        found = registry.planning.ready_counties(year, policy, beijing(utc_now()).date(), region)
    if json:
        as_json(found)
    else:
        print_counties(console(), found, year)


def print_villages(out: Console, found: Sequence[VillageReadiness], year: int) -> None:
    """Villages with their heads and what each lacks."""
    shown = table("Village", "County", "Poor", "People", "Lacks", wrap=["Lacks"])
    for each in found:
        shown.add_row(f"{each.code}\n{each.name}", each.county, *_row(each))
    if found:
        out.print(shown)
    ready = sum(each.ready for each in found)
    out.print(heading(f"{ready} of {len(found)} poor villages could leave in {year}"))


def print_counties(out: Console, found: Sequence[CountyReadiness], year: int) -> None:
    """Counties with their heads and what each lacks."""
    shown = table("County", "City", "Poor", "People", "Lacks", wrap=["Lacks"])
    for each in found:
        shown.add_row(f"{each.code}\n{each.name}", each.city, *_row(each))
    if found:
        out.print(shown)
    ready = sum(each.ready for each in found)
    out.print(heading(f"{ready} of {len(found)} poor counties could apply in {year}"))
    out.print("Growth of income (S3.income) and basic services (S3.services) come with it.")


def _row(each: VillageReadiness | CountyReadiness) -> tuple[str | Text, ...]:
    said = Text("\n".join(each.lacks)) if each.lacks else Text("nothing 可退出", "green")
    for note in each.notes:
        said.append(f"\n{note}", "dim")
    return *_heads(each.heads), said


def _heads(heads: Headcount | None) -> tuple[str, str]:
    return ("", "") if heads is None else (f"{heads.poor:,}", f"{heads.population:,}")


def progress(*, year: int, region: Region = None, json: Json = False) -> None:
    """Show how far a year is: planned, under way and exited, by county; and the targets (F8).

    The targets are those of the whole province, up to the end of the year; for a part of it none
    are shown.

    Args:
        year: The year of the plan and of the exits.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
    policy = load_settings().load_policy()
    with open_registry() as registry:
        found = registry.planning.progress(year, policy, region)
    if json:
        as_json(found)
    else:
        _print_progress(found)


def _print_progress(found: Progress) -> None:
    out = console()
    out.print(Text(f"{found.year}: planned / under way / exited  计划 / 办理中 / 已退出", "bold"))
    shown = table("County", "Households", "People", "Villages", "Itself")
    for each in found.counties:
        shown.add_row(f"{each.code} {each.name}", *_counts(each))
    shown.add_row("total 合计", *_counts(found.total), style="bold")
    out.print(shown)
    if found.targets is None:
        return
    out.print(heading(f"Targets 目标 (F8), by the end of {found.year}"))
    shown = table("Target", "By", "Wanted", "Reached", "Missing")
    for target in found.targets:
        shown.add_row(
            _TARGETS[target.name],
            str(target.by),
            f"{target.wanted:,}",
            f"{target.reached:,}",
            _missing(target, found.year),
        )
    out.print(shown)
    for target in found.targets:
        if target.who and target.by <= found.year:
            missing = f"{_TARGETS[target.name]} {target.by}: {'、'.join(target.who)}"
            out.print(paragraph(missing, out.width))


def _counts(county: CountyProgress) -> tuple[str, ...]:
    four: tuple[Counted, ...] = (county.households, county.people, county.villages, county.county)
    return tuple(f"{each.planned:,} / {each.under_way:,} / {each.exited:,}" for each in four)


def _missing(target: TargetProgress, year: int) -> Text:
    if not target.missing:
        return Text("reached 已完成", "green")
    return Text(f"{target.missing:,}", "bold red" if target.by <= year else "")
