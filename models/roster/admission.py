"""Whether a roster may open a case, and who can be on it (H1, G5, G6, G9, S7)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import accumulate
from typing import Self

from pydantic import Field

from models.appraisals import Meeting, Proposal
from models.base import Record
from models.case.admission import (
    AdmitOrder,
    Matter,
    Rules,
    SubjectFacts,
    in_its_year,
    in_province,
    not_planned,
    signed_by_now,
)
from models.identity import household_case
from models.offices import Village
from models.periods import beijing
from models.policy import Policy
from models.procedures import HOUSEHOLD_EXIT
from models.refusals import Said
from models.register.households import HouseholdFacts, PovertyLine
from models.roster.messages import RosterApplication, RosterOpening

_NAMED = 5
"""How many faults of households a sentence tells."""

LONGEST = 600_000
"""Bytes of a roster as JSON: with all that the register says of it, it has to fit into payloads."""

MOST_TOLD = 950_000
"""Bytes of what the register says of the households of a roster, as JSON: one answer of it."""


class KnownHousehold(Record):
    """What the register says of a household that is proposed.

    Attributes:
        village: The village it is registered in.
        registered: Whether it is in the register as poor on the day.
        exited_on: Since when it is not, where it is not.
        gone: Since when there is no such household any more, and why, in Chinese.
        planned: Whether the year's plan names it.
        facts: None where its livelihood of the year is not loaded.
        open_roster: Id of another open case of the year that has it.
        revoked_case: Id of the case that revoked its exit of the year (F7).
        entered_by: Id of the case of this year, or of a later one, by which it came in (F5).
    """

    village: str
    registered: bool
    exited_on: date | None = None
    gone: str | None = None
    planned: bool = False
    facts: HouseholdFacts | None = None
    open_roster: str | None = None
    revoked_case: str | None = None
    entered_by: str | None = None


class RosterFacts(SubjectFacts[Village]):
    """What the register knows of a village and the households proposed.

    Attributes:
        attempt: Which roster of the village and year the next one is, from 1.
        line: The national line of the year; None if none is loaded (S7).
        households: Those that it knows, by code.
    """

    line: PovertyLine | None = None
    households: dict[str, KnownHousehold] = Field(default_factory=dict)


class AdmittedRoster(Record):
    """What a case is told of its roster: of a thousand households no more than it needs.

    Attributes:
        line: The national line of the year (S7).
        households: What the register says of each.
        unplanned: Whom the year's plan does not name, by code (G6).
    """

    line: PovertyLine
    households: tuple[HouseholdFacts, ...]
    unplanned: tuple[str, ...]

    @classmethod
    def of(cls, facts: RosterFacts) -> Self:
        """What the case is told of what the register knows of an admitted roster."""
        assert facts.line is not None  # it is admitted
        known = facts.households
        return cls(
            line=facts.line,
            households=tuple(each.facts for each in known.values() if each.facts is not None),
            unplanned=tuple(code for code, each in known.items() if not each.planned),
        )


_Matter = Matter[RosterApplication, RosterFacts]


def no_line(year: int) -> Said:
    """What is missing to judge a year's households (S7)."""
    return Said(
        f"登记中没有{year}年国家扶贫标准，无法对照",
        f"year: no national poverty line of {year} is loaded (S7), so no household can be judged; "
        f"load it with `exitflow registry line {year} --yuan N --source TEXT`",
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


def household_faults(
    proposals: Iterable[Proposal],
    village: Village,
    year: int,
    known: Mapping[str, KnownHousehold],
) -> dict[str, Said]:
    """Why households cannot be on a roster, a sentence each; empty where all can."""
    faults = {}
    for proposal in proposals:
        said = _household_fault(proposal, village, year, known.get(proposal.household))
        if said is not None:
            faults[proposal.household] = said
    return faults


def _household_fault(
    proposal: Proposal, village: Village, year: int, known: KnownHousehold | None
) -> Said | None:
    if known is None:
        return Said("登记中没有该户", "is not in the register; import it first")
    if known.gone is not None:
        return Said(f"登记中{known.gone}", "is no household of the register any more")
    if known.village != village.code:
        return Said(
            f"登记在其他村（{known.village}）",
            f"is registered in the village {known.village}, not in {village.code}",
        )
    if not known.registered:
        later = known.exited_on is None
        zh = "识别时间在此之后" if later else f"已于{known.exited_on}退出"
        why = "that begins later" if later else f"it left on {known.exited_on}"
        return Said(f"现不是建档立卡贫困户，{zh}", f"is not in the register as poor: {why}")
    if known.open_roster is not None:
        return Said(
            f"已列入{year}年度另一在办名单（{known.open_roster}）",
            f"is on an open roster of {year} already: {known.open_roster} (G9)",
        )
    if known.revoked_case is not None:
        return Said(
            f"{year}年度的退出已被撤销（{known.revoked_case}），下一年度方可再列入",
            f"left in {year} already, and that exit was revoked by {known.revoked_case}; it may be "
            "taken up again next year (F7)",
        )
    if known.entered_by is not None:
        return Said(
            f"已按当年生活状况纳入扶贫对象（{known.entered_by}），以后年度方可列入",
            f"came into the register by {known.entered_by}, for what it lived on then; it can be "
            "on a roster of a later year (F5)",
        )
    if known.facts is None:
        return Said(
            f"登记中没有{year}年的收入情况",
            f"has no livelihood of {year} in the register (S1); import it first",
        )
    if not known.planned and proposal.plan_addition is None:
        return Said(f"未列入{year}年度计划", not_planned(year))
    return None


def households_fault(faults: Mapping[str, Said]) -> str | None:
    """The faults of households as one sentence."""
    if not faults:
        return None
    said = [f"household {code} {why.en}" for code, why in list(faults.items())[:_NAMED]]
    more = f"; and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return "; ".join(said) + more


def _has_a_line(matter: _Matter) -> str | None:
    return no_line(matter.application.year).en if matter.facts.line is None else None


def _fits(matter: _Matter) -> str | None:
    size = len(matter.application.model_dump_json().encode())
    if size > LONGEST:
        return (
            f"the roster has {size} bytes, and a case takes at most {LONGEST}; shorten the "
            "reasons, or make two rosters of it"
        )
    told = [each.facts for each in matter.facts.households.values() if each.facts is not None]
    if told_in_one(told) < len(told):
        return "the register says more of its households than a case takes; make two rosters of it"
    return None


def told_in_one(households: Iterable[HouseholdFacts]) -> int:
    """How many of households, from the first, a case can be told of at one go."""
    sizes = accumulate(len(each.model_dump_json().encode()) + 1 for each in households)
    return sum(size <= MOST_TOLD for size in sizes)


def _late_with_a_reason(matter: _Matter) -> str | None:
    """G5: a roster that comes after its year has ended says why, and no other does."""
    application = matter.application
    late = beijing(application.applied_at or matter.now).year > application.year
    if late and application.late_reason is None:
        return f"the roster comes after {application.year} has ended; give a late_reason (G5)"
    if not late and application.late_reason is not None:
        return "late_reason: the roster comes in its year and needs none (G5)"
    return None


def _of_a_meeting(matter: _Matter) -> str | None:
    application = matter.application
    signed = application.applied_at or matter.now
    return meeting_fault(application.appraisal.meeting, application.year, matter.policy, signed)


def _of_its_households(matter: _Matter) -> str | None:
    application, facts = matter.application, matter.facts
    assert facts.subject is not None
    proposals = application.appraisal.households
    return households_fault(
        household_faults(proposals, facts.subject, application.year, facts.households)
    )


RULES = Rules[RosterApplication, RosterFacts](
    procedure=HOUSEHOLD_EXIT,
    named=lambda application: f"village {application.village}",
    case_id=lambda application, attempt: household_case(
        application.village, application.year, attempt
    ),
    checks=(
        in_province,
        _has_a_line,
        _fits,
        signed_by_now,
        in_its_year,
        _late_with_a_reason,
        _of_a_meeting,
        _of_its_households,
    ),
)


class AdmitRoster(AdmitOrder[RosterOpening, AdmittedRoster]):
    """A roster to hold against the register; it is listed with its households."""

    activity = "admit_roster"
