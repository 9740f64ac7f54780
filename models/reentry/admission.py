"""Whether a household's entry into the register may be taken up, posted, confirmed (F5, S1, G9).

The same function serves the desk, before anything starts, and the case itself, so that no way of
starting one gets round it.
"""

from datetime import date, datetime

from models.base import CLOCKS_MAY_DIFFER_BY, Record
from models.offices import Household
from models.periods import beijing
from models.policy import Policy
from models.reentry.messages import ReentryApplication
from models.register.households import Cause, HouseholdFacts, PovertyLine
from models.roster.admission import no_line
from models.standards import StandardFinding, household_findings


class ReentryFacts(Record):
    """What the register knows of a household, on the day its entry is looked at.

    Attributes:
        household: None where the register does not know its number, or not its village's place.
        code_note: Why there is no household.
        registered_on: Since when it is in the register as poor; None where it is not.
        episodes: How many times it was in it.
        line: The national line of the year; None where none is loaded (S7).
        facts: How it lives; None where its livelihood of the year is not loaded.
        attempt: Which case of the household and year the next one is, from 1. One may follow at
            once on one that has ended: who has become poor does not wait for the next year.
        open_case: Id of another case of the household that has not ended, of whatever year: an
            entry, a revocation, or a roster it stands on.
    """

    household: Household | None
    code_note: str = ""
    registered_on: date | None = None
    episodes: int = 0
    line: PovertyLine | None = None
    facts: HouseholdFacts | None = None
    attempt: int = 1
    open_case: str | None = None

    @property
    def cause(self) -> Cause:
        """返贫 for a household that was in the register before, 新致贫 for any other."""
        return Cause.FALLEN_BACK if self.episodes else Cause.REGISTERED

    @property
    def findings(self) -> tuple[StandardFinding, ...]:
        """S1, as far as it is known."""
        if self.facts is None or self.line is None:
            return ()
        return household_findings(self.facts, self.line)


def fault(
    application: ReentryApplication, facts: ReentryFacts, policy: Policy, now: datetime
) -> str | None:
    """Why an application cannot open a case, in one sentence; None where it can."""
    household = facts.household
    if household is None:
        return f"household {application.household}: {facts.code_note}"
    province = household.village.province.code
    if policy.province != province:
        return (
            f"household {household.code} is not in the province of the policy {policy.id} "
            f"({policy.province})"
        )
    if facts.open_case is not None:
        return f"household {household.code} already has an open case: {facts.open_case} (G9)"
    return _time_fault(application, now) or not_poor(application.year, facts)


def not_poor(year: int, facts: ReentryFacts) -> str | None:
    """Why a household cannot enter the register by what that knows of it; None where it can."""
    named = f"household {facts.household.code}" if facts.household else "the household"
    if facts.registered_on is not None:
        return f"{named} is in the register as poor already, since {facts.registered_on}"
    if facts.line is None:
        return no_line(year)
    if facts.facts is None:
        return f"{named} has no livelihood of {year} in the register (S1); import it first"
    if all(finding.met for finding in facts.findings):
        income = facts.findings[0].en
        return f"{named} is not poor: it meets every criterion of S1 in {year} ({income})"
    return None


def since_posted(posted: HouseholdFacts, year: int, facts: ReentryFacts) -> str | None:
    """Why what was posted (R3) cannot be confirmed (R4) any more; None where it can.

    What the register has corrected since is named by field, and by nothing that nobody needs (G8).
    """
    said = not_poor(year, facts)
    if said is not None or facts.facts is None:
        return said
    if facts.facts.revision == posted.revision:
        return None
    told, true = _flat(posted), _flat(facts.facts)
    changed = [field for field in true if told[field] != true[field]]
    return (
        f"the register's entry of household {posted.code} was corrected after it was posted "
        f"({', '.join(changed) or 'and corrected back'})"
    )


def _flat(facts: HouseholdFacts) -> dict[str, object]:
    values = facts.model_dump(exclude={"revision", "livelihood"})
    return values | facts.livelihood.model_dump()


def _time_fault(application: ReentryApplication, now: datetime) -> str | None:
    signed = application.applied_at or now
    if signed > now + CLOCKS_MAY_DIFFER_BY:
        return f"applied_at: {signed} lies in the future"
    if application.year > beijing(signed).year or application.year < beijing(now).year - 1:
        return (
            f"year: {application.year} is not the year of an application of "
            f"{beijing(signed).date()}; a household is judged by that year or the one before it"
        )
    return None
