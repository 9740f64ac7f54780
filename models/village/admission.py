"""Whether a village's case may be opened (V1, S5, G6, G9, F7).

The same function serves the desk, before anything starts, and the case itself, so that no way of
starting one gets round it.
"""

from datetime import date, datetime

from models.base import CLOCKS_MAY_DIFFER_BY, Record
from models.offices import Village
from models.periods import beijing
from models.policy import Policy
from models.register.villages import Incidence
from models.village.messages import VillageApplication


class VillageFacts(Record):
    """What the register knows of a village, on the day an application is looked at.

    Attributes:
        village: None where the register does not know the code, or not its county on that day.
        code_note: Why there is no village.
        listed: Whether it is on the list of poor villages.
        exited_on: Since when it is not, where it has left; None where it never was on it.
        planned: Whether the year's plan names it.
        attempt: Which case of the village and year the next one is, from 1.
        open_case: Id of a case of the same village and year that has not ended.
        refused_case: Id of a case of the same village and year that ended as not exited.
        revoked_case: Id of the case that revoked its exit of the same year (F7).
        incidence: The register's own count of the day; None where nobody is known to live there.
    """

    village: Village | None
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
    application: VillageApplication, facts: VillageFacts, policy: Policy, now: datetime
) -> str | None:
    """Why an application cannot open a case, in one sentence; None where it can."""
    village = facts.village
    if village is None:
        return f"village {application.village}: {facts.code_note}"
    name = f"{village.name} ({village.code})"
    if policy.province != village.province.code:
        return f"{name} is not in the province of the policy {policy.id} ({policy.province})"
    if facts.open_case is not None:
        return f"{name} already has an open case for {application.year}: {facts.open_case} (G9)"
    if facts.refused_case is not None:
        return (
            f"{name} was not exited in {application.year} ({facts.refused_case}); it may be taken "
            "up again next year (G3)"
        )
    if facts.revoked_case is not None:
        return (
            f"the exit of {name} in {application.year} was revoked by {facts.revoked_case}; it may "
            "be taken up again next year (F7)"
        )
    if facts.exited_on is not None:
        return f"{name} is not on the list of poor villages: it left on {facts.exited_on}"
    if not facts.listed:
        return f"{name} is not on the list of poor villages, and never was"
    if not facts.planned and application.plan_addition is None:
        return (
            f"{name} is not in the plan of {application.year} (G6); to add it, give a "
            "plan_addition with reason and document_number"
        )
    if facts.incidence is None:
        return (
            f"{name} has no population in the register, so its incidence cannot be computed (S5); "
            "import the village with its population"
        )
    return _time_fault(application, now)


def _time_fault(application: VillageApplication, now: datetime) -> str | None:
    signed = application.applied_at or now
    if signed > now + CLOCKS_MAY_DIFFER_BY:
        return f"applied_at: {signed} lies in the future"
    if application.year > beijing(signed).year or application.year < beijing(now).year - 1:
        return (
            f"year: {application.year} is not the year of an application of "
            f"{beijing(signed).date()}; a case is opened in its year, or in the year after it (G5)"
        )
    return None
