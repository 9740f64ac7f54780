"""Whether an application may open a county's case (C1, S5, T2, G5, G6, G9, F7)."""

from datetime import date, datetime
from typing import ClassVar

from models.case.admission import (
    AdmitOrder,
    Matter,
    PlaceFacts,
    Rules,
    in_its_year,
    in_province,
    late_with_a_reason,
    no_open_case,
    not_refused,
    on_the_list,
    planned,
    signed_by_now,
)
from models.county.messages import CountyApplication, CountyOpening
from models.identity import county_case
from models.offices import County
from models.periods import beijing, end_of
from models.policy_values import day_of
from models.procedures import COUNTY_EXIT
from models.register.counties import CountyFigures, PoorVillages, ProvincialMean
from models.register.villages import Incidence
from models.supervision.messages import SupervisionResult


class CountyFacts(PlaceFacts[County]):
    """What the register knows of a county.

    Attributes:
        mean: The provincial mean of the year (S3); None if none is published in the register.
        incidence, villages: Its own counts on the day of the application's figures; the incidence
            is None if it holds no village of the county.
        inspections: What supervision has found of it since its year began (C7, F6).
    """

    list_name: ClassVar[str] = "the list of poor counties"

    mean: ProvincialMean | None = None
    villages: PoorVillages = PoorVillages()
    inspections: tuple[SupervisionResult, ...] = ()


_Matter = Matter[CountyApplication, CountyFacts]


def figures_fault(figures: CountyFigures, year: int, now: datetime) -> str | None:
    """Why a snapshot cannot stand for a year (S5): it is of the future, or of a year before."""
    if figures.as_of > beijing(now).date():
        return f"figures.as_of: {figures.as_of} lies in the future"
    if figures.as_of < date(year, 1, 1):
        return f"figures.as_of: {figures.as_of} lies before {year}"
    return None


def difference(figures: CountyFigures, counted: Incidence | None) -> str | None:
    """What the register counts otherwise than a snapshot of the same day (S5); None where nothing.

    The words are the middle of a sentence: what would be right depends on where they stand.
    """
    if counted is None or (figures.poor, figures.population) == (counted.poor, counted.population):
        return None
    return (
        f"the register counts {counted.poor} of {counted.population} as of {counted.as_of}, "
        f"not {figures.poor} of {figures.population}"
    )


def _of_its_tier(matter: _Matter) -> str | None:
    county, said = matter.facts.subject, matter.application.tier
    if county is None or said is county.tier:
        return None
    return (
        f"{matter.facts.name} is a {county.tier.value} county in the register, the application "
        f"says {said.value}"
    )


def _of_the_year(matter: _Matter) -> str | None:
    return figures_fault(matter.application.figures, matter.application.year, matter.now)


def _has_a_mean(matter: _Matter) -> str | None:
    """S3: the provincial mean is one published number of the year, and no application types it."""
    year, province = matter.application.year, matter.policy.province
    if matter.facts.mean is not None:
        return None
    return (
        f"year: no provincial mean of {year} is in the register (S3), so growth of income cannot "
        f"be judged; put it there with `exitflow registry mean {year} --growth N --source TEXT` "
        f"as it was published for {province}"
    )


def _in_time_or_with_a_reason(matter: _Matter) -> str | None:
    """T2: what is handed in late says why, and nothing else does (G5)."""
    limit = day_of(matter.application.year, matter.policy.application.limit)
    return late_with_a_reason(matter, "T2", end_of(limit), "the application")


def _as_counted(matter: _Matter) -> str | None:
    """S5: figures other than the register's own count say why, and no others do."""
    application = matter.application
    said = difference(application.figures, matter.facts.incidence)
    if said is not None and application.figures_reason is None:
        return f"figures: {said} (S5); correct them, or say why in figures_reason"
    if said is None and application.figures_reason is not None:
        return (
            "figures_reason: the figures differ from nothing that the register counts, and need "
            "none"
        )
    return None


RULES = Rules[CountyApplication, CountyFacts](
    procedure=COUNTY_EXIT,
    named=lambda application: f"county {application.county}",
    case_id=lambda application, attempt: county_case(application.county, application.year, attempt),
    checks=(
        in_province,
        no_open_case,
        not_refused,
        on_the_list,
        _of_its_tier,
        planned,
        signed_by_now,
        in_its_year,
        _has_a_mean,
        _of_the_year,
        _in_time_or_with_a_reason,
        _as_counted,
    ),
)


class AdmitCounty(AdmitOrder[CountyOpening, CountyFacts]):
    """A county's application to hold against the register."""

    activity = "admit_county"
