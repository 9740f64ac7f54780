"""By which rules a roster's case takes in acts on some of its households, consents, amendments.

Unlike a county's, the course of a household is its own: what is asked of a message is asked of
every household that it is about.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models.appraisals import MOST_HOUSEHOLDS, votes_fault
from models.base import first_few
from models.case.mailbox import OnBoard
from models.case.messages import Act, Decision, Objection, PostingReport, Resolution
from models.case.reception import Reception
from models.periods import beijing
from models.policy import Body
from models.procedures import H1, H2, H3, H4
from models.refusals import Refusal
from models.roster.admission import meeting_fault
from models.roster.households import Candidate, Roster, roster_of
from models.roster.messages import Amendment, Consent, Consents

_SUPERVISION = "report it to the supervision of the provincial group"


class RosterRules(Reception):
    """The rules of H1 to H4 for what comes in."""

    def _check_message(self, message: Any, now: datetime) -> None:
        match message:
            case Consents():
                self._check_consents(message)
            case Amendment():
                self._check_amendment(message, now)
            case _:
                super()._check_message(message, now)

    def _check_act(self, act: Act, now: datetime) -> None:
        if self._docket.withdrawal is not None:
            raise Refusal("the roster is withdrawn")
        if act.round is not None and act.round != self._docket.round:
            raise Refusal(
                f"round {act.round} is not running; the case is in round {self._docket.round}"
            )
        if len(set(act.households)) < len(act.households):
            raise Refusal("households: one of them stands there twice; keep one")
        match act.step:
            case H1.id:
                self._check_appraisal(act, now)
            case H2.id:
                self._check_verification(act)
            case H3.id:
                self._check_posting(act, now)
            case H4.id:
                self._check_striking_off(act, now)
            case other:
                raise Refusal(f"{other} is no step of a roster; its steps are H1 to H4")

    # -- H1 -----------------------------------------------------------------------------------

    def _check_appraisal(self, act: Act, now: datetime) -> None:
        super()._check_act(act, now)
        if act.appraisal is None:
            raise Refusal("appraisal: give the record of the renewed meeting (H1)")
        docket, meeting = self._docket, act.appraisal.meeting
        fault = meeting_fault(meeting, docket.year, docket.policy, act.at or now)
        if fault is not None:
            raise Refusal(f"appraisal.{fault}")
        returned_on = beijing(docket.basis).date()
        if meeting.held_on < returned_on:
            raise Refusal(
                f"appraisal.meeting.held_on: {meeting.held_on} lies before {returned_on}, when the "
                "roster was returned; the meeting has to be held again (G3)"
            )
        self._unfinished(proposal.household for proposal in act.appraisal.households)

    def _check_amendment(self, amendment: Amendment, now: datetime) -> None:
        docket, roster = self._docket, self._roster
        codes = [each.household for each in amendment.households]
        added = [code for code in codes if code not in roster]
        # The county keeps the register: it tells of a natural change, and adds nobody.
        keeps = docket.subject.office(Body.COUNTY_GROUP)
        if added or amendment.meeting is not None or amendment.office != keeps:
            self._only(docket.applicant, amendment.office, "amend the roster", now)
        if docket.withdrawal is not None:
            raise Refusal("the roster is withdrawn")
        self._unfinished(code for code in codes if code in roster)
        queued = sum(len(each.message.households) for each in roster.amendments)
        if len(roster.candidates) + queued + len(added) > MOST_HOUSEHOLDS:
            raise Refusal(
                f"households: a roster has at most {MOST_HOUSEHOLDS}; put the rest on one of their "
                "own"
            )
        meeting = amendment.meeting
        if meeting is not None:
            fault = votes_fault(meeting, amendment.households) or meeting_fault(
                meeting, docket.year, docket.policy, amendment.at or now
            )
            if fault is not None:
                raise Refusal(fault)
        elif added:
            raise Refusal(
                f"meeting: {first_few(added)} is not on the roster; to add it, give the record of "
                "the meeting that voted on it (H1)"
            )
        elif len(set(codes)) < len(codes):
            raise Refusal("households: one of them stands there twice; keep one")

    # -- H2 -----------------------------------------------------------------------------------

    def _check_verification(self, act: Act) -> None:
        docket, roster, body = self._docket, self._roster, act.office.body
        own = docket.subject.office(body) if body in roster.verifiers else None
        if own != act.office:
            here = ", ".join(str(docket.subject.office(each)) for each in roster.verifiers)
            raise Refusal(f"{act.office} may not decide {H2} here; the register says: {here}")
        if docket.step == H1:
            raise Refusal(f"H2 is not open; {docket.case_id} is at {H1}")
        if act.decision not in H2.decisions:
            raise Refusal(
                f"'{act.decision.value}' is no decision of {H2}; it takes approve, reject"
            )
        named = self._unfinished(act.households)
        rejects = act.decision is Decision.REJECT
        for candidate in named:
            if body in candidate.verified and not rejects:
                raise Refusal(f"household {candidate.code} is verified by {body.value} already")
        those = named or (roster.stoppable if rejects else roster.awaiting(body))
        if not those and rejects:
            raise Refusal(f"too late, all that are left are being struck off; {_SUPERVISION}")
        if not those:
            raise Refusal(f"no household waits for the verification of {body.value} (H2)")
        for candidate in those:
            self._check_since(act, candidate)
            self._check_persons(act, candidate)
        self._check_overrides(act, named)

    def _check_persons(self, act: Act, candidate: Candidate) -> None:
        for other, officer in candidate.verified.items():
            if other is not act.office.body and officer == act.officer:
                raise Refusal(
                    f"officer: {act.officer} has verified {candidate.code} for {other.value} "
                    "already; committees, work team and first secretary are different persons (H2)"
                )

    def _check_since(self, signed: Act | Consents, candidate: Candidate) -> None:
        if signed.at is not None and signed.at < candidate.begins:
            raise Refusal(
                f"at: {signed.at.isoformat()} lies before {beijing(candidate.begins).isoformat()}, "
                f"when household {candidate.code} was drafted or returned"
            )

    def _check_overrides(self, act: Act, named: list[Candidate]) -> None:
        """S6: a failed criterion blocks, unless the committees override it by name."""
        overridden = set(act.overrides)
        if overridden and act.office.body is not Body.VILLAGE_COMMITTEES:
            raise Refusal("overrides: only the two committees, which decide, can override (S6)")
        if overridden and act.decision is not Decision.APPROVE:
            raise Refusal("overrides: only an approval overrides a criterion (S6)")
        if overridden and not named:
            raise Refusal("overrides: name the households they are for (S6)")
        if act.office.body is not Body.VILLAGE_COMMITTEES or act.decision is not Decision.APPROVE:
            return
        for candidate in named:
            failed = {finding.id: finding for finding in self._roster.failed(candidate)}
            needless = sorted(overridden - failed.keys())
            if needless:
                raise Refusal(
                    f"overrides: {', '.join(needless)} did not fail for {candidate.code} and needs "
                    "no override"
                )
            for id, finding in failed.items():
                if id not in overridden:
                    raise Refusal(
                        f"household {candidate.code}: {id} is not met ({finding.en}); to verify it "
                        "all the same, name it in overrides and give the reason (S6)"
                    )

    def _check_consents(self, consents: Consents) -> None:
        docket = self._docket
        if docket.withdrawal is not None:
            raise Refusal("the roster is withdrawn")
        for answer in consents.answers:
            (candidate,) = self._unfinished([answer.household])
            self._check_signature(answer, candidate)
            if not answer.agreed:
                continue  # nobody is exited by force: a refusal is never too early
            if docket.step == H1:
                raise Refusal(f"H2 is not open; {docket.case_id} is at {H1}")
            if candidate.agreed:
                raise Refusal(f"household {answer.household} has agreed already (H2)")
            self._check_since(consents, candidate)

    def _check_signature(self, answer: Consent, candidate: Candidate) -> None:
        """H2: a member whom the register names signs, or an agent with a reason."""
        members = list(dict.fromkeys((candidate.facts.head, *candidate.facts.members)))
        if answer.agent_reason is None and answer.signed_by not in members:
            raise Refusal(
                f"signed_by: {answer.signed_by} is no member of household {answer.household} whom "
                f"the register names ({first_few(members)}); let a member sign, or give the "
                "agent_reason of who signs for it; if the register has changed, amend reads it "
                "again (H2)"
            )

    # -- H3 -----------------------------------------------------------------------------------

    def _check_posting(self, act: Act, now: datetime) -> None:
        """The committees post who is ready, without waiting for the rest."""
        docket = self._docket
        self._only(docket.publisher, act.office, f"post {H3}", now)
        if act.at is not None and act.at < docket.basis:
            raise Refusal(
                f"at: {act.at.isoformat()} lies before {beijing(docket.basis).isoformat()}, when "
                f"that was done on which {H3} rests"
            )
        if act.decision is not Decision.APPROVE:
            raise Refusal(f"{H3} takes nothing but 'approve' for all who are ready")
        if docket.step != H2:
            raise Refusal(f"H3 is not waiting to be posted; {docket.case_id} is at {docket.step}")
        if not self._roster.ready():
            raise Refusal("no household is verified and agrees yet: there is nobody to post (H3)")

    def _check_posted(self, report: PostingReport, now: datetime) -> OnBoard:
        notice = super()._check_posted(report, now)
        leaving = (each for each in self._roster.candidates.values() if each.being_struck_off)
        if report.removed and any(each.posting is notice.watched for each in leaving):
            raise Refusal(
                f"removed: too late, who stands in it is being struck off; {_SUPERVISION}"
            )
        return notice

    def _check_concerned(self, objection: Objection) -> None:
        code = objection.household
        if code is not None and code not in self._roster and objection.review_of is not None:
            return  # of an objection from before the roster was open, which named whom it would
        if code is not None:
            self._unfinished([code], stoppable=False)
        elif not self._roster.unfinished:
            raise Refusal(f"too late, all that were left are struck off; {_SUPERVISION}")

    def _stops_a_change(self, objection: Objection) -> bool:
        roster, code = roster_of(self._docket), objection.household
        if roster is None:
            return False
        if code is not None:
            return code in roster and roster[code].being_struck_off
        return len(roster.stoppable) < len(roster.unfinished)

    def _check_resolution(self, resolution: Resolution, now: datetime) -> None:
        objection = self._docket.objections.get(resolution.objection_id)
        if objection is None or objection.received.message.household is None:
            super()._check_resolution(resolution, now)
            return
        plain = resolution.model_copy(update={"return_to": None})
        super()._check_resolution(plain, now)
        if resolution.return_to not in (None, H2.id, H3.id):
            raise Refusal(
                f"return_to: {resolution.return_to} is no step to send a household back to; H2 "
                "verifies it again, H3 posts it again"
            )

    def _check_return(self, target: str, end: int) -> None:
        # A notice that was itself at fault is posted again, for a fresh period (G1).
        super()._check_return(target, end + (self._docket.step == H3))

    # -- H4 -----------------------------------------------------------------------------------

    def _check_striking_off(self, act: Act, now: datetime) -> None:
        docket, roster = self._docket, self._roster
        self._only(docket.subject.office(H4.body), act.office, f"decide {H4}", now)
        if act.decision not in H4.decisions:
            raise Refusal(f"'{act.decision.value}' is no decision of {H4}")
        if docket.waiting_acts(H4):
            raise Refusal(f"{H4} is already decided in round {docket.round}; it is being done")
        over = roster.over(now)
        if not over:
            raise Refusal(f"{H4} is not open: {self._why_nobody_is_cleared(now)}")
        named = self._unfinished(act.households)
        late = [each.code for each in named if each not in over]
        if late:
            raise Refusal(
                f"household {first_few(late)}: its publicity is not over, or an objection is open "
                "(H3, G1)"
            )
        if act.return_to is not None:
            allowed = (H2.id,) if act.households else (H1.id, H2.id, H3.id)
            if act.return_to not in allowed:
                raise Refusal(f"return_to: from {H4} a return goes to {' or '.join(allowed)}")
        if act.decision is Decision.APPROVE and act.document_number is None:
            raise Refusal("document_number: striking off (H4) needs the number of its document")
        if act.at is not None:
            results = self._results()
            for candidate in named or over:
                assert candidate.posting is not None
                signed = [results[each] for each in (None, candidate.code) if each in results]
                ended = max([candidate.posting.limit.due, *signed])
                if act.at < ended:
                    raise Refusal(
                        f"at: {act.at.isoformat()} lies before {beijing(ended).isoformat()}, when "
                        f"the publicity of {candidate.code} had ended"
                    )

    def _why_nobody_is_cleared(self, now: datetime) -> str:
        held = [each.code for each in self._roster.unfinished if self._roster.is_held(each)]
        posted = [each.posting for each in self._roster.unfinished if each.posting is not None]
        closing = [each.limit for each in posted if each.runs]
        if closing and min(limit.due for limit in closing) > now:
            first = min(closing, key=lambda limit: limit.due)
            return f"the publicity goes on until 24:00 on {first.last_day} (T1)"
        if held:
            return f"an objection to {first_few(held)} is open (G1)"
        if len(closing) < len(posted):
            return f"{self._docket.publisher} has not reported yet that the notice is posted (T1)"
        return f"{self._docket.case_id} is at {self._docket.step}"

    def _results(self) -> dict[str | None, datetime]:
        """When the last result was signed to objections to a household, and to the whole roster."""
        last: dict[str | None, datetime] = {}
        for each in self._docket.objections.values():
            if each.resolution is not None:
                household, signed = each.received.message.household, each.resolution.signed
                last[household] = max(last.get(household, signed), signed)
        return last

    def _check_withdrawal(self) -> None:
        if self._docket.withdrawal is not None:
            raise Refusal("the roster is already withdrawn")
        if self._docket.waiting_acts(H4):
            raise Refusal(f"{H4} is decided already")
        if not self._roster.stoppable:
            raise Refusal("too late, all that are left are being struck off")

    # -- households ---------------------------------------------------------------------------

    def _unfinished(self, codes: Iterable[str], *, stoppable: bool = True) -> list[Candidate]:
        """The households named, each on the roster and still on its way.

        Args:
            stoppable: And not just being struck off.
        """
        found = []
        for code in codes:
            if code not in self._roster:
                raise Refusal(
                    f"household {code} is not on this roster; `exitflow case "
                    f"{self._docket.case_id} --households` lists who is"
                )
            candidate = self._roster[code]
            if candidate.struck_off:
                raise Refusal(f"household {code} is struck off already; {_SUPERVISION}")
            if candidate.being_struck_off and stoppable:
                raise Refusal(f"household {code}: too late, it is being struck off; {_SUPERVISION}")
            if candidate.out is not None:
                raise Refusal(f"household {code} has left the roster: {candidate.out}")
            found.append(candidate)
        return found

    @property
    def _roster(self) -> Roster:
        roster = roster_of(self._docket)
        assert roster is not None
        return roster
