"""Whether a household's entry into the register may be taken up, posted, confirmed (F5, S1, G9)."""

from datetime import date

from models.case.admission import (
    AdmitOrder,
    Matter,
    Rules,
    SubjectFacts,
    in_province,
    of_its_year,
    signed_by_now,
)
from models.household_standard import household_findings
from models.identity import reentry_case
from models.offices import Household
from models.policy import Standards
from models.procedures import REENTRY
from models.reentry.messages import ReentryApplication, ReentryOpening
from models.refusals import Said
from models.register.households import Cause, HouseholdFacts, PovertyLine
from models.roster.admission import no_line
from models.standards import StandardFinding


class ReentryFacts(SubjectFacts[Household]):
    """What the register knows of a household, on the day its entry is looked at.

    Attributes:
        attempt: One case may follow at once on one that has ended: who has become poor does not
            wait for the next year.
        open_case: Of whatever year: an entry, a revocation, or a roster it stands on.
        registered_on: Since when it is in the register as poor; None if it is not.
        episodes: How many times it was in it.
        line: The national line of the year; None if none is loaded (S7).
        facts: How it lives; None if its livelihood of the year is not loaded.
    """

    registered_on: date | None = None
    episodes: int = 0
    line: PovertyLine | None = None
    facts: HouseholdFacts | None = None

    @property
    def name(self) -> str:
        """By its number: who lives there is named nowhere (G8)."""
        return f"household {self.subject.code}" if self.subject else "the household"

    @property
    def cause(self) -> Cause:
        """返贫 for a household that was in the register before, 新致贫 for any other."""
        return Cause.FALLEN_BACK if self.episodes else Cause.REGISTERED

    def findings(self, standards: Standards) -> tuple[StandardFinding, ...]:
        """S1, as far as it is known."""
        if self.facts is None or self.line is None:
            return ()
        return household_findings(self.facts, self.line, standards)


def not_poor(year: int, facts: ReentryFacts, standards: Standards) -> Said | None:
    """Why a household cannot enter the register by what that knows of it; None where it can."""
    if facts.registered_on is not None:
        since = facts.registered_on
        return Said(
            f"该户自{since}起已是建档立卡贫困户",
            f"{facts.name} is in the register as poor already, since {since}",
        )
    if facts.line is None:
        return no_line(year)
    if facts.facts is None:
        return Said(
            f"登记中没有该户{year}年的收入情况",
            f"{facts.name} has no livelihood of {year} in the register (S1); import it first",
        )
    findings = facts.findings(standards)
    if all(finding.met for finding in findings):
        first = findings[0]
        return Said(
            f"该户{year}年各项均达到退出标准，不是贫困户（{first.zh}）",
            f"{facts.name} is not poor: it meets every criterion of S1 in {year} ({first.en})",
        )
    return None


def since_posted(
    posted: HouseholdFacts, year: int, facts: ReentryFacts, standards: Standards
) -> str | None:
    """Why what was posted (R3) cannot be confirmed (R4) any more; None where it can.

    What the register has corrected since is named by field, and by nothing that nobody needs (G8).
    """
    said = not_poor(year, facts, standards)
    if said is not None:
        return said.en
    assert facts.facts is not None  # else it could not enter
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


def _no_other_case(matter: Matter[ReentryApplication, ReentryFacts]) -> str | None:
    facts = matter.facts
    if facts.open_case is None:
        return None
    return f"{facts.name} already has an open case: {facts.open_case} (G9)"


def _judged_by_its_year(matter: Matter[ReentryApplication, ReentryFacts]) -> str | None:
    return of_its_year(matter, "a household is judged by that year or the one before it")


def _is_poor(matter: Matter[ReentryApplication, ReentryFacts]) -> str | None:
    said = not_poor(matter.application.year, matter.facts, matter.policy.standards)
    return None if said is None else said.en


RULES = Rules[ReentryApplication, ReentryFacts](
    procedure=REENTRY,
    named=lambda application: f"household {application.household}",
    case_id=lambda application, attempt: reentry_case(
        application.household, application.year, attempt
    ),
    checks=(in_province, _no_other_case, signed_by_now, _judged_by_its_year, _is_poor),
)


class AdmitReentry(AdmitOrder[ReentryOpening, ReentryFacts]):
    """A household's application to hold against the register."""

    activity = "admit_reentry"
