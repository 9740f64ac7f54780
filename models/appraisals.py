"""民主评议 (H1): the meeting that drafts a roster, and its votes."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Record, Text
from models.case.parts import Count, Name, PlanAddition, Proofs
from models.register.households import HouseholdCode

MOST_HOUSEHOLDS = 1000
"""In one roster: twice what the largest villages bring, and well inside the server's limits."""

_Some = Annotated[int, Field(ge=1, le=100_000, strict=True)]


class Meeting(Record):
    """The record of an appraisal meeting (民主评议会).

    Attributes:
        entitled: How many representatives are entitled to attend.
        present: How many of them attended.
        minutes: What was said and decided, in short; the minutes themselves are evidence.
    """

    held_on: date
    place: Name
    chair: Name
    recorder: Name
    entitled: _Some
    present: _Some
    minutes: Text
    evidence: Proofs = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.present > self.entitled:
            raise ValueError(
                f"present: {self.present} cannot be more than the {self.entitled} entitled (H1)"
            )
        return self


class Proposal(Record):
    """A household put to the vote, and how many were in favour of its exit.

    Attributes:
        plan_addition: Needed where the year's plan does not name the household (G6).
    """

    household: HouseholdCode
    in_favour: Count
    plan_addition: PlanAddition | None = None


class Appraisal(Record):
    """A meeting with its votes: the draft of a roster (初步拟定贫困户退出名单)."""

    meeting: Meeting
    households: Annotated[tuple[Proposal, ...], Field(min_length=1, max_length=MOST_HOUSEHOLDS)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        fault = votes_fault(self.meeting, self.households)
        if fault is not None:
            raise ValueError(fault)
        return self


def votes_fault(meeting: Meeting, households: tuple[Proposal, ...]) -> str | None:
    """What cannot be in the votes of a meeting, in one sentence; None where all can."""
    seen: set[str] = set()
    for proposal in households:
        if proposal.household in seen:
            return f"households: {proposal.household} stands on the roster twice; keep one"
        seen.add(proposal.household)
        if proposal.in_favour > meeting.present:
            return (
                f"households: {proposal.in_favour} votes for {proposal.household} are more than "
                f"the {meeting.present} present (H1)"
            )
    return None
