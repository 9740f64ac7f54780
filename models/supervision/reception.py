"""What a supervision takes in (F6): findings of its checks, pleas of the county, their results."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.base import Record, first_few
from models.case.ledger import Entry, EntryKind
from models.case.mailbox import Expectation, OpenObjection, Received
from models.case.messages import Act, Decision, Finding, Objection, Resolution
from models.case.reception import MESSAGES, Reception
from models.case.state import Docket
from models.case.turns import Turns
from models.offices import Office
from models.periods import beijing
from models.policy import Body
from models.procedures import J2, J3, J4
from models.refusals import Refusal
from models.supervision.messages import Findings, Plea
from models.supervision.rules import Inspection


class HearingTurns(Turns):
    """As elsewhere; during the hearing (J3) the county alone may act, to end it early."""

    def __init__(self, docket: Docket, inspection: Inspection) -> None:
        super().__init__(docket)
        self._inspection = inspection

    @property
    def ended_early(self) -> bool:
        """Whether the county has said that it has nothing more to say."""
        return bool(self._docket.waiting_acts(J3))

    def awaited(self, asked: str, now: datetime) -> Expectation:
        docket = self._docket
        if docket.step.id == J3.id and docket.posted is not None and asked == J3.id:
            if self.ended_early:
                raise Refusal("J3: the county has ended its hearing already")
            county = docket.subject.office(Body.COUNTY_GROUP)
            return Expectation(docket.step, county, (Decision.APPROVE,))
        return super().awaited(asked, now)

    def basis(self, now: datetime) -> datetime:
        docket = self._docket
        if docket.posted is None or docket.step.id != J3.id:
            return super().basis(now)
        if now < docket.posted.due and not self.ended_early:
            return docket.basis  # the county's own act, while its time runs
        ended = [each.signed for each in docket.waiting_acts(J3)] or [docket.posted.due]
        results = [each.resolution.signed for each in docket.objections.values() if each.resolution]
        return max([*ended, *results, *self._inspection.replaced])

    def publicity_is_over(self, now: datetime) -> bool:
        """The hearing's time has passed, or the county ended it; and nothing of it is open."""
        docket = self._docket
        if docket.posted is None or docket.unresolved or self._inspection.missing:
            return False
        return now >= docket.posted.due or self.ended_early

    def why_publicity_goes_on(self) -> str:
        docket, missing = self._docket, self._inspection.missing
        if docket.unresolved:
            pleas = first_few([each.received.message.id for each in docket.unresolved])
            return f"goes on while a plea is open: {pleas} (F6)"
        if docket.posted is None:
            return "is about to begin (F6)"
        if missing:
            return f"goes on until there is a new finding on {first_few(missing)} (F6)"
        return f"goes on until 24:00 on {docket.posted.last_day} (F6)"


class SupervisionReception(Reception):
    """The desk at which a supervision receives."""

    messages: Mapping[str, type[Record]] = {
        "act": MESSAGES["act"],
        "resolve": MESSAGES["resolve"],
        "check": Findings,
        "plead": Plea,
    }

    def __init__(self, docket: Docket, inspection: Inspection) -> None:
        turns = HearingTurns(docket, inspection)
        super().__init__(docket, self._vet_act, turns)
        self._hearing, self._inspection = turns, inspection

    @property
    def county(self) -> Office:
        """The inspected county, which is heard."""
        return self._docket.subject.office(Body.COUNTY_GROUP)

    # -- the rules ----------------------------------------------------------------------------

    def _check_message(self, message: Any, now: datetime) -> None:
        match message:
            case Findings():
                self._check_findings(message, now)
            case Plea():
                self._check_plea(message, now)
            case _:
                super()._check_message(message, now)

    def _check_findings(self, findings: Findings, now: datetime) -> None:
        docket, inspection = self._docket, self._inspection
        self._only(docket.publisher, findings.office, "hand in findings", now)
        if inspection.sample is None or docket.preparing:
            raise Refusal(
                f"check: {docket.case_id} is at {docket.step} and the register is being asked; "
                "send it again"
            )
        codes = [each.household for each in findings.households]
        codes += [each.village for each in findings.villages]
        if docket.step.id != J2.id or docket.waiting_acts(J2):
            late = [code for code in codes if code not in inspection.aside]
            if late and inspection.aside:
                raise Refusal(
                    f"check: the checks (J2) are complete; hand in a list with "
                    f"{first_few(tuple(inspection.aside))} alone, of which a plea was upheld, "
                    f"without {late[0]} (F6)"
                )
            if late:
                raise Refusal(
                    f"check: the checks (J2) are complete; {late[0]} can be found on again only "
                    "where a plea about it was upheld (F6)"
                )
        fault = inspection.fault(findings)
        if fault is not None:
            raise Refusal(f"check: {fault}")
        self._check_not_before(findings.at, now)

    def _check_plea(self, plea: Plea, now: datetime) -> None:
        docket, inspection = self._docket, self._inspection
        self._only(self.county, plea.office, "plead", now)
        if docket.posted is None:
            when = "is over" if J3.id in docket.done else "has not begun"
            raise Refusal(f"plead: the hearing (J3 申诉举证) {when}; the case is at {docket.step}")
        if (plea.at or now) >= docket.posted.due:
            raise Refusal(
                f"plead: the time of the hearing ended at 24:00 on {docket.posted.last_day} (F6)"
            )
        if self._hearing.ended_early:
            raise Refusal("plead: the county has ended its hearing (J3) itself")
        if not inspection.has_drawn(plea.about):
            raise Refusal(
                f"about: {plea.about} is not in the sample of this supervision; `exitflow "
                "supervision sample` lists what is (F6)"
            )
        if plea.about in inspection.aside:
            raise Refusal(f"about: the finding on {plea.about} was set aside already")
        if not inspection.is_against(plea.about):
            raise Refusal(
                f"about: nothing was found against the county in {plea.about}; a plea is about a "
                "finding that was (F6)"
            )
        for known in docket.unresolved:
            if known.received.message.household == plea.about:
                raise Refusal(
                    f"about: a plea about {plea.about} is open already: {known.received.message.id}"
                )
        if plea.id in docket.objections:
            raise Refusal(f"id: {plea.id} was already used for a different content")
        self._check_not_before(plea.at, now)
        self._check_room(now)

    def _check_resolution(self, resolution: Resolution, now: datetime) -> None:
        if resolution.return_to is not None:
            raise Refusal(
                "return_to: an upheld plea sets the finding aside, and sends nothing back (F6)"
            )
        super()._check_resolution(resolution, now)

    def _check_not_before(self, at: datetime | None, now: datetime) -> None:
        basis = self._docket.basis
        if at is not None and at < basis:
            raise Refusal(
                f"at: {at.isoformat()} lies before {beijing(basis).isoformat()}, when that was "
                f"done on which {self._docket.step} rests"
            )

    def _vet_act(self, act: Act, now: datetime) -> None:
        """A supervision's own rules for an act: complete checks (J2), a document (J4)."""
        missing = self._inspection.missing
        if act.step == J2.id and missing:
            raise Refusal(
                f"J2: {len(missing)} drawn without a finding: {first_few(missing)}; hand in all of "
                "them first with `exitflow supervision check` (F6)"
            )
        if act.step == J4.id and act.document_number is None:
            raise Refusal("document_number: the result (J4) needs the number of its document")

    # -- the file -------------------------------------------------------------------------------

    def _take(self, message: Any, now: datetime) -> Entry:
        match message:
            case Findings():
                self._inspection.take(message)
                if self._docket.step.id == J3.id:
                    self._inspection.replaced.append(message.at or now)
                return self._docket.record(
                    EntryKind.CHECKS,
                    now,
                    self._finding(message, now),
                    {"checks": message.content()},
                    actor=f"{message.office} {message.officer}",
                )
            case Plea():
                return self._keep_plea(message, now)
            case Resolution(finding=Finding.UPHELD):
                about = self._docket.objections[message.objection_id].received.message.household
                self._inspection.set_aside(about or "")
                return super()._take(message, now)
            case _:
                return super()._take(message, now)

    def _finding(self, findings: Findings, now: datetime) -> str:
        wrong = sum(each.wrongly_exited for each in findings.households)
        omitted = sum(each.omitted_people for each in findings.villages)
        said = []
        if findings.households:
            said.append(f"核查{len(findings.households)}户，错退{wrong}户")
        if findings.villages:
            said.append(f"核查{len(findings.villages)}村，漏评{omitted}人")
        return f"{self._docket.name(findings.office, now)}提交核查结果：{'；'.join(said)}"

    def _keep_plea(self, plea: Plea, now: datetime) -> Entry:
        docket = self._docket
        entry = docket.record(
            EntryKind.OBJECTION,
            now,
            f"{docket.name(plea.office, now)}就{plea.about}的核查结果提出申诉 {plea.id}",
            {"objection": plea.content(), "as": "plea"},
            actor=f"{plea.office} {plea.officer}",
        )
        # From here on it goes the way of every objection: accepted, under T7, resolved.
        objection = Objection(
            id=plea.id, text=plea.text, at=plea.at, household=plea.about, evidence=plea.evidence
        )
        received = Received(objection, now, entry.seq)
        docket.take_objection(
            OpenObjection(received, False, docket.investigator, pleader=plea.office)
        )
        docket.lapse("新的申诉", now)  # a result that rested on a hearing without this plea
        return entry
