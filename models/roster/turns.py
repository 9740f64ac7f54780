"""Whose turn it is in a roster's case: several offices can have households to see to at once."""

from models.case.mailbox import Expectation
from models.case.state import Docket
from models.policy import Body
from models.procedures import H1, H2, H4
from models.roster.households import roster_of


def whose_turn(docket: Docket) -> Expectation | None:
    """Who is waited for first: who strikes off, verifies, or agrees; None while time passes."""
    if docket.step == H1:
        return docket.expected
    roster, subject = roster_of(docket), docket.subject
    assert roster is not None
    if docket.step == H4 and roster.cleared():
        return Expectation(H4, subject.office(H4.body), H4.decisions)
    for body in roster.verifiers:
        if roster.awaiting(body):
            return Expectation(H2, subject.office(body), H2.decisions)
    if roster.unanswered():
        return Expectation(H2, subject.office(Body.HOUSEHOLD), ())
    return None
