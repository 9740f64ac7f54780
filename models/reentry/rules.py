"""By which rules the vote on a household's entry into the register is taken in (R2, F5)."""

from datetime import date, datetime

from models.case.messages import Act, Decision
from models.policy import Policy
from models.register.households import Cause
from models.roster.admission import meeting_fault

CAUSES = {Cause.REGISTERED: "新致贫", Cause.FALLEN_BACK: "返贫"}
"""Why a household enters, as notices and files say it."""


def appraisal_fault(
    act: Act, household: str, year: int, policy: Policy, identified_on: date, now: datetime
) -> str | None:
    """What is wrong with an act of R2, in one sentence: its meeting and its vote, as for H1.

    Args:
        identified_on: When the identification was signed, or sent back: no vote is older.
    """
    appraisal = act.appraisal
    if appraisal is None:
        if act.decision is Decision.APPROVE:
            return "appraisal: to approve R2, give the record of the meeting and its vote"
        return None
    meeting, voted = appraisal.meeting, appraisal.households
    if [proposal.household for proposal in voted] != [household]:
        return f"appraisal.households: the vote is on {household}, and on nobody else"
    (vote,) = voted
    if vote.plan_addition is not None:
        return "appraisal.households: nobody enters the register by a plan; leave plan_addition out"
    if meeting.held_on < identified_on:
        return (
            f"appraisal.meeting.held_on: {meeting.held_on} lies before {identified_on}, when the "
            "household was named or sent back; the meeting has to be held on that"
        )
    said = meeting_fault(meeting, year, policy, act.at or now)
    if said is not None:
        return f"appraisal.{said.replace('(H1)', '(R2)')}"
    carried = policy.appraisal.has_majority(vote.in_favour, meeting.present)
    if act.decision is Decision.APPROVE and not carried:
        return (
            f"appraisal.households: {vote.in_favour} of {meeting.present} present are not more "
            f"than {policy.appraisal.majority} (R2); reject it"
        )
    return None
