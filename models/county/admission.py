"""Whether an application may open a case (C1, S5, T2, G5, G6, G9, F7).

The same function serves the desk, before anything starts, and the case itself, so that no way of
starting one gets round it.
"""

from datetime import date, datetime

from models.base import CLOCKS_MAY_DIFFER_BY, Record
from models.case.messages import CountyApplication, CountyFigures
from models.offices import County
from models.periods import beijing, end_of
from models.policy import Policy, day_of
from models.register.villages import Incidence


class CountyFacts(Record):
    """What the register knows of a county, on the day an application is looked at.

    Attributes:
        county: None where the code is unknown or no longer in use on that day.
        code_note: Why there is no county: unknown, expired, or a division that is no county.
        listed: Whether the county is on the register as poor.
        exited_on: Since when it is not, where it is not.
        planned: Whether the year's plan names it.
        attempt: Which case of the county and year the next one is, from 1.
        refused_case: Id of a case of the same county and year that ended as not exited.
        revoked_case: Id of the case that revoked its exit of the same year (F7).
        incidence: What the register itself counts as of the day of the application's figures; None
            where it holds no village of the county.
        open_case: Id of a case of the same county and year that has not ended.
    """

    county: County | None
    code_note: str = ""
    listed: bool = False
    exited_on: date | None = None
    planned: bool = False
    attempt: int = 1
    open_case: str | None = None
    refused_case: str | None = None
    revoked_case: str | None = None
    incidence: Incidence | None = None


def fault(
    application: CountyApplication, facts: CountyFacts, policy: Policy, now: datetime
) -> str | None:
    """Why an application cannot open a case, in one sentence; None where it can."""
    county = facts.county
    if county is None:
        return f"county {application.county}: {facts.code_note}"
    name = f"{county.name} ({county.code})"
    if facts.open_case is not None:
        return f"{name} already has an open case for {application.year}: {facts.open_case} (G9)"
    if facts.refused_case is not None:
        return (
            f"{name} was not exited in {application.year} ({facts.refused_case}); it may apply "
            "again next year (G3)"
        )
    if facts.revoked_case is not None:
        return (
            f"the exit of {name} in {application.year} was revoked by {facts.revoked_case}; it may "
            "apply again next year (F7)"
        )
    if policy.province != county.province.code:
        return f"{name} is not in the province of the policy {policy.id} ({policy.province})"
    if not facts.listed:
        return f"{name} is not on the register as poor: it left on {facts.exited_on}"
    if application.tier is not county.tier:
        return (
            f"{name} is a {county.tier.value} county in the register, the application says "
            f"{application.tier.value}"
        )
    if not facts.planned and application.plan_addition is None:
        return (
            f"{name} is not in the plan of {application.year} (G6); to add it, give a "
            "plan_addition with reason and document_number"
        )
    return _time_fault(application, policy, now) or _count_fault(application, facts)


def received_fault(received_at: datetime | None, started: datetime) -> str | None:
    """Why a case cannot have come in then: it is started at that moment, and at no other.

    Limits are counted from it; nobody is in breach who never saw the case. Whoever lets a start
    wait says none: the matter comes in when the case begins.
    """
    if received_at is None or abs(received_at - started) <= CLOCKS_MAY_DIFFER_BY:
        return None
    return (
        f"received_at: {received_at.isoformat()} is not when the case was started "
        f"({started.isoformat()}); give the moment of the start, or leave it out"
    )


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


def _count_fault(application: CountyApplication, facts: CountyFacts) -> str | None:
    said = difference(application.figures, facts.incidence)
    if said is not None and application.figures_reason is None:
        return f"figures: {said} (S5); correct them, or say why in figures_reason"
    if said is None and application.figures_reason is not None:
        return (
            "figures_reason: the figures differ from nothing that the register counts, and need "
            "none"
        )
    return None


def _time_fault(application: CountyApplication, policy: Policy, now: datetime) -> str | None:
    today = beijing(now).date()
    if application.applied_at is not None and application.applied_at > now + CLOCKS_MAY_DIFFER_BY:
        return f"applied_at: {application.applied_at} lies in the future"
    applied = beijing(application.applied_at or now).date()
    if application.year > applied.year or application.year < today.year - 1:
        return (
            f"year: {application.year} is not the year of an application of {applied}; a case "
            "is opened in its year, or late in the year after it (G5)"
        )
    out_of_date = figures_fault(application.figures, application.year, now)
    if out_of_date is not None:
        return out_of_date
    limit = day_of(application.year, policy.application.limit)
    late = (application.applied_at or now) >= end_of(limit)
    if late and application.late_reason is None:
        return f"the application comes after {limit} 24:00 (T2); give a late_reason (G5)"
    if application.late_reason is not None and not late:
        return f"late_reason: the application is in time (T2, {limit} 24:00) and needs none"
    return None
