"""Objections (异议) to a case: who may hand in what, who investigates, and one review (复核) (G1).

Who is objected to does not judge: the policy names the body that investigates, and whoever signs
for it decides nothing in the case, before or after. The body above reviews a dismissed objection,
once, if who objected asks for it.
"""

from datetime import datetime

from models.base import Record, first_few
from models.case import bounds
from models.case.ledger import Entry, EntryKind
from models.case.mailbox import OpenObjection, Received, who_acts
from models.case.messages import Finding, Objection, Resolution
from models.case.state import Docket
from models.offices import Office
from models.refusals import Refusal

_SHORTEST_NAME = 2
"""Characters of a name that is looked for: a single one stands in many a sentence."""


class ObjectionRules:
    """The part of a reception that takes in objections and the results of their investigation."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    # -- what anybody may say -----------------------------------------------------------------

    def _check_room(self, now: datetime) -> None:
        """What anybody may send is bounded: a flood must not shut the door on the offices."""
        docket = self._docket
        if docket.again is not None:
            return  # it had its room when it came
        if len(docket.objections) >= bounds.MOST_OBJECTIONS:
            raise Refusal(
                f"{docket.case_id} has {bounds.MOST_OBJECTIONS:,} objections and reports, as many "
                f"as a case takes; hand it in to {self._who(docket.investigator, now)} on paper"
            )

    def _check_objection(self, objection: Objection) -> None:
        if objection.review_of is not None:
            self._check_review(objection, objection.review_of)
        self._check_concerned(self._placed(objection))

    def _check_concerned(self, objection: Objection) -> None:
        """Whether whom it concerns can still be objected to."""
        if objection.household is not None:
            raise Refusal("household: only an objection to a roster names one")

    def _check_review(self, objection: Objection, of: str) -> None:
        reviewed = self._received(of, "review_of")
        household = reviewed.received.message.household
        if reviewed.is_review:
            raise Refusal(f"review_of: {of} is a review itself; there is one, and no second (G1)")
        if reviewed.reviewed_by is not None:
            raise Refusal(
                f"review_of: {of} has its one review already, {reviewed.reviewed_by} (G1)"
            )
        if reviewed.resolution is None:
            raise Refusal(f"review_of: {of} is being investigated; there is no result to review")
        if reviewed.resolution.message.finding is Finding.UPHELD:
            raise Refusal(f"review_of: {of} was upheld; what is reviewed is a dismissal (G1)")
        self._check_who_asks(objection, reviewed.received.message)
        if self._docket.subject.superior(reviewed.investigator) is None:
            raise Refusal(f"review_of: no office stands above {reviewed.investigator} here (G1)")
        if objection.household not in (None, household):
            raise Refusal(f"household: {of} is about {household or 'everybody'}; leave it out")

    def _check_who_asks(self, review: Objection, reviewed: Objection) -> None:
        """There is one review: nobody but who objected uses it up."""
        if reviewed.objector is None:
            raise Refusal(
                f"review_of: {reviewed.id} gives no name, so nobody can show that it is his; "
                "object again, under a name (G1)"
            )
        is_same = review.objector == reviewed.objector
        if not is_same or reviewed.contact not in (None, review.contact):
            raise Refusal(
                f"objector: who objected in {reviewed.id} asks for its review, under the same name "
                "and contact (G1)"
            )

    def _placed(self, objection: Objection) -> Objection:
        """A review is about whom the objection was about."""
        if objection.review_of is None:
            return objection
        reviewed = self._docket.objections[objection.review_of].received.message
        return objection.model_copy(update={"household": reviewed.household})

    def _keep_objection(self, objection: Objection, report: bool, now: datetime) -> Entry:
        """Put an objection on file, and on the desk of who investigates it."""
        docket = self._docket
        name = "实名" if objection.objector is not None else "匿名"
        what, kind = ("举报", "report") if report else ("异议", "objection")
        about, investigator = "", docket.investigator
        if objection.review_of is not None:
            reviewed = docket.objections[objection.review_of]
            reviewed.reviewed_by = objection.id
            what, kind = "复核申请", "review"
            about = f"（{reviewed.word} {objection.review_of}）"
            above = docket.subject.superior(reviewed.investigator)
            assert above is not None  # ``_check_review`` has asked
            investigator = above
        entry = docket.record(
            EntryKind.OBJECTION,
            now,
            f"收到{name}{what} {objection.id}{about}",
            {"objection": objection.content(), "as": kind},
            actor="objector",
        )
        received = Received(objection, now, entry.seq)
        docket.take_objection(OpenObjection(received, report, investigator))
        docket.disputed |= self._stops_a_change(objection)
        return entry

    def _stops_a_change(self, objection: Objection) -> bool:
        """Whether it is about what the registry is just being told (G2)."""
        return self._docket.changing

    # -- what came of it ----------------------------------------------------------------------

    def _check_investigation(self, resolution: Resolution, now: datetime) -> None:
        """G1: by the body that has it, and by a person who has decided nothing here."""
        objection = self._received(resolution.objection_id, "objection_id")
        if objection.resolution is not None:
            finding = objection.resolution.message.finding.value
            raise Refusal(f"objection {resolution.objection_id} is already resolved: {finding}")
        self._only(
            objection.investigator, resolution.office, f"resolve {resolution.objection_id}", now
        )
        officer, step = resolution.officer, self._docket.officers.get(resolution.officer)
        if step is not None:
            raise Refusal(
                f"officer: {officer} has decided in this case ({step}); somebody investigates who "
                "has decided nothing in it (G1)"
            )
        reviewed = self._docket.objections.get(objection.received.message.review_of or "")
        before = reviewed.resolution if reviewed is not None else None
        if before is not None and before.message.officer == officer:
            raise Refusal(
                f"officer: {officer} has investigated {before.message.objection_id}; somebody else "
                "reviews it (G1)"
            )
        if resolution.at is not None and resolution.at < min(
            objection.received.signed, objection.received.at
        ):
            raise Refusal(f"at: {resolution.at.isoformat()} lies before the objection itself")
        self._check_names_nobody(resolution.reason, objection.received.message)

    def _check_names_nobody(self, reason: str, objection: Objection) -> None:
        """G1: who objected is for the investigator alone; a reason goes into letters and notes."""
        said = "".join(reason.split()).casefold()
        for secret in (objection.objector, objection.contact):
            looked_for = "".join((secret or "").split()).casefold()
            if len(looked_for) >= _SHORTEST_NAME and looked_for in said:
                raise Refusal(
                    "reason: it says who objected, by name or contact; give the reason without "
                    "that (G1)"
                )

    def _check_who_decides(self, message: Record) -> None:
        """G1: nobody decides in a case in which he has investigated, or reviewed, an objection."""
        for person in who_acts(message):
            objection = self._docket.investigators.get(person)
            if objection is not None:
                raise Refusal(
                    f"officer: {person} has investigated {objection} in this case; somebody else "
                    "decides in it (G1)"
                )

    def _received(self, identifier: str, field: str) -> OpenObjection:
        found = self._docket.objections.get(identifier)
        if found is None:
            known = first_few(list(self._docket.objections)) or "none"
            raise Refusal(f"{field}: {identifier} was not received here; known: {known}")
        return found

    # -- offices ------------------------------------------------------------------------------

    def _only(self, right: Office, given: Office, what: str, now: datetime) -> None:
        if given != right:
            raise Refusal(f"{given} may not {what} here; {self._who(right, now)} may")

    def _who(self, office: Office, now: datetime) -> str:
        return f"{self._docket.name(office, now)} ({office})"
