"""Who could leave now and what each still lacks; how far a year is against plan and targets."""

import logging
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from models.periods import beijing
from models.policy import Policy
from operators.commands import inputs
from operators.commands.inputs import InputError
from operators.commands.options import Json, Region
from operators.desk.errors import Refused
from operators.desk.registry import open_registry, utc_now
from operators.views.printing import as_json, console, heading, table
from operators.views.targets import print_target_lines, print_targets
from operators.views.terminal import say
from registry.reports.records import (
    Counted,
    CountyProgress,
    CountyReadiness,
    Headcount,
    Progress,
    VillageReadiness,
)
from registry.reports.targets import TargetReport
from workers.settings import load_settings


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
        registry.check_division("--region", region)
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
        registry.check_division("--region", region)
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


def progress(
    *,
    year: int,
    region: Region = None,
    targets: bool = False,
    picture: Path | None = None,
    json: Json = False,
) -> None:
    """Show how far a year is: planned, under way and exited, by county; and the targets (F8).

    The targets are those of the whole province, up to the end of the year; for a part of it none
    are shown.

    Args:
        year: The year of the plan and of the exits.
        targets: The targets alone: every year from the first exit up to this one, and every city.
        picture: With --targets: draw them, with Chinese labels, to this .svg or .png file.
    """
    year, region = inputs.year("--year", year), inputs.region(region)
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
        _print_progress(found)


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
    print_target_lines(out, found.targets, found.year)


def _counts(county: CountyProgress) -> tuple[str, ...]:
    four: tuple[Counted, ...] = (county.households, county.people, county.villages, county.county)
    return tuple(f"{each.planned:,} / {each.under_way:,} / {each.exited:,}" for each in four)
