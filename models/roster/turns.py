"""Whose turn it is in a roster's case: several offices can have households to see to at once."""

from models.case.mailbox import Expectation
from models.case.state import Docket
from models.offices import Office
from models.policy import Body
from models.procedures import H1, H2, H4
from models.roster.households import Candidate, roster_of


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


def in_hand(docket: Docket) -> dict[Office, list[str]]:
    """Which offices have households to see to now, and which (T6); one can be with several.

    An office strikes off, verifies or investigates. Whom nobody of these has is with the
    committees: they hold the meeting, collect the consents, and post the notice.
    """
    roster, subject = roster_of(docket), docket.subject
    if roster is None:
        return {}
    found: dict[Office, dict[str, None]] = {}

    def has(office: Office, those: list[Candidate]) -> None:
        found.setdefault(office, {}).update(dict.fromkeys(each.code for each in those))

    going, taken = roster.unfinished, found.values()
    if docket.step != H1:
        has(subject.office(H4.body), roster.cleared())
        for body in roster.verifiers:
            has(subject.office(body), roster.awaiting(body))
        has(docket.publisher, roster.unanswered())
    for objection in docket.unresolved:
        code = objection.received.message.household
        has(objection.investigator, [each for each in going if code in (None, each.code)])
    seen = {code for codes in taken for code in codes}
    has(docket.publisher, [each for each in going if each.code not in seen])
    return {office: list(codes) for office, codes in found.items() if codes}
