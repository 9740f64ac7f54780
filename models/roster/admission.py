"""Whether a roster may open a case, and which households a meeting put on it (H1, G5, G6, G9, S7).

The same functions serve the desk, before anything starts, and the case itself, so that no way of
starting one gets round them.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from pydantic import Field

from models.base import CLOCKS_MAY_DIFFER_BY, Record
from models.offices import Village
from models.periods import beijing
from models.policy import Policy
from models.register.households import HouseholdFacts, PovertyLine
from models.roster.appraisals import Meeting, Proposal
from models.roster.messages import RosterApplication

_NAMED = 5
"""How many faults of households a sentence tells."""

LONGEST = 600_000
"""Bytes of a roster as JSON: with all that the register says of it, it has to fit into payloads."""


class KnownHousehold(Record):
    """What the register says of a household that is proposed.

    Attributes:
        village: The village it is registered in.
        registered: Whether it is in the register as poor on the day.
        exited_on: Since when it is not, where it is not.
        planned: Whether the year's plan names it.
        facts: None where its livelihood of the year is not loaded.
        open_roster: Id of another open case of the year that has it.
        revoked_case: Id of the case that revoked its exit of the year (F7).
        entered_by: Id of the case of this year, or of a later one, by which it came in (F5).
    """

    village: str
    registered: bool
    exited_on: date | None = None
    planned: bool = False
    facts: HouseholdFacts | None = None
    open_roster: str | None = None
    revoked_case: str | None = None
    entered_by: str | None = None


class RosterFacts(Record):
    """What the register knows of a village and the households proposed, on a day.

    Attributes:
        village: None where the code is unknown; ``code_note`` says why.
        line: The national line of the year; None where none is loaded (S7).
        batch: Which roster of the village and year the next one is, from 1.
    """

    village: Village | None
    code_note: str = ""
    line: PovertyLine | None = None
    batch: int = 1
    households: dict[str, KnownHousehold] = Field(default_factory=dict)


def fault(
    application: RosterApplication, facts: RosterFacts, policy: Policy, now: datetime
) -> str | None:
    """Why a roster cannot open a case, in one sentence; None where it can."""
    village = facts.village
    if village is None:
        return f"village {application.village}: {facts.code_note}"
    if policy.province != village.province.code:
        return (
            f"{village.name} is not in the province of the policy {policy.id} ({policy.province})"
        )
    if facts.line is None:
        return no_line(application.year)
    size = len(application.model_dump_json().encode())
    if size > LONGEST:
        return (
            f"the roster has {size} bytes, and a case takes at most {LONGEST}; shorten the "
            "reasons, or make two rosters of it"
        )
    said = _time_fault(application, now) or meeting_fault(
        application.appraisal.meeting, application.year, policy, application.applied_at or now
    )
    if said is not None:
        return said
    return households_fault(
        household_faults(
            application.appraisal.households, village, application.year, facts.households
        )
    )


def no_line(year: int) -> str:
    """What is missing to judge a year's households (S7)."""
    return (
        f"year: no national poverty line of {year} is loaded (S7), so no household can be judged; "
        f"load it with `exitflow registry line {year} --yuan N --source TEXT`"
    )


def meeting_fault(meeting: Meeting, year: int, policy: Policy, signed: datetime) -> str | None:
    """What is wrong with a meeting whose record was signed then (H1): its date, or its quorum."""
    signed_on = beijing(signed).date()
    if meeting.held_on > signed_on:
        return f"meeting.held_on: {meeting.held_on} lies after {signed_on}, when it was handed in"
    if meeting.held_on.year < year:
        return f"meeting.held_on: {meeting.held_on} lies before {year}, the year of the roster"
    if not policy.appraisal.has_quorum(meeting.present, meeting.entitled):
        return (
            f"meeting.present: {meeting.present} of {meeting.entitled} are less than the quorum of "
            f"{policy.appraisal.quorum} (H1); the meeting has to be held again"
        )
    return None


def _time_fault(application: RosterApplication, now: datetime) -> str | None:
    today = beijing(now).date()
    at = application.applied_at or now
    if at > now + CLOCKS_MAY_DIFFER_BY:
        return f"applied_at: {at} lies in the future"
    if application.year > beijing(at).year or application.year < today.year - 1:
        return (
            f"year: {application.year} is not the year of a roster of {beijing(at).date()}; a case "
            "is opened in its year, or late in the year after it (G5)"
        )
    late = beijing(at).year > application.year
    if late and application.late_reason is None:
        return f"the roster comes after {application.year} has ended; give a late_reason (G5)"
    if not late and application.late_reason is not None:
        return "late_reason: the roster comes in its year and needs none (G5)"
    return None


def household_faults(
    proposals: Iterable[Proposal],
    village: Village,
    year: int,
    known: Mapping[str, KnownHousehold],
) -> dict[str, str]:
    """Why households cannot be on a roster, a sentence each; empty where all can."""
    faults = {}
    for proposal in proposals:
        said = _household_fault(proposal, village, year, known.get(proposal.household))
        if said is not None:
            faults[proposal.household] = said
    return faults


def _household_fault(
    proposal: Proposal, village: Village, year: int, known: KnownHousehold | None
) -> str | None:
    if known is None:
        return "is not in the register; import it first"
    if known.village != village.code:
        return f"is registered in the village {known.village}, not in {village.code}"
    if not known.registered:
        why = "that begins later" if known.exited_on is None else f"it left on {known.exited_on}"
        return f"is not in the register as poor: {why}"
    if known.open_roster is not None:
        return f"is on an open roster of {year} already: {known.open_roster} (G9)"
    if known.revoked_case is not None:
        return (
            f"left in {year} already, and that exit was revoked by {known.revoked_case}; it may be "
            "taken up again next year (F7)"
        )
    if known.entered_by is not None:
        return (
            f"came into the register by {known.entered_by}, for what it lived on then; it can be "
            "on a roster of a later year (F5)"
        )
    if known.facts is None:
        return f"has no livelihood of {year} in the register (S1); import it first"
    if not known.planned and proposal.plan_addition is None:
        return (
            f"is not in the plan of {year} (G6); to add it, give a plan_addition with reason and "
            "document_number"
        )
    return None


def households_fault(faults: Mapping[str, str]) -> str | None:
    """The faults of households as one sentence."""
    if not faults:
        return None
    said = [f"household {code} {why}" for code, why in list(faults.items())[:_NAMED]]
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return "; ".join(said) + more
