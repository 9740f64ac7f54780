"""Whose turn it is: the decision a case waits for, and since when an act of it can be signed."""

from datetime import datetime

from models.case.mailbox import Expectation
from models.case.messages import Decision
from models.case.state import Docket
from models.refusals import NotYet, Refusal


class Turns:
    """The order of acts in a case, by its docket; it changes nothing."""

    def __init__(self, docket: Docket) -> None:
        self._docket = docket

    def awaited(self, asked: str, now: datetime) -> Expectation:
        """The expectation an act is held against: the present one, or the next if that is decided.

        An act that comes while its step is about to open (the act before it is in, the procedure
        has not got to it yet) is kept, not lost. One that comes before the step before it is
        decided is refused: it would have no basis.
        """
        docket = self._docket
        waiting = docket.waiting_acts(docket.step)
        if docket.expected is not None and not waiting and not docket.preparing:
            return docket.expected
        if docket.preparing:
            raise NotYet(f"{asked} is not open; the register is being asked about {docket.step}")
        if not docket.step.decided and not self.publicity_is_over(now):
            raise Refusal(f"{asked} is not open; {docket.step} {self.why_publicity_goes_on()}")
        if waiting and waiting[-1].message.decision is not Decision.APPROVE:
            act = waiting[-1].message
            raise Refusal(f"{docket.step} is already decided: {act.decision.value}, {act.office}")
        following = self.decider() or self.following()
        if following is not None and following.step == docket.step:
            return following
        if asked == docket.step.id:
            raise Refusal(f"{docket.step} is already decided in round {docket.round}")
        if following is None or not following.step.decided:
            after = f"; {following.step} comes first" if following else ""
            raise Refusal(f"{asked} is not open{after}")
        if docket.waiting_acts(following.step):
            done = "reported" if following.step.reported_by else "decided"
            decided = f"{following.step} is already {done} in round {docket.round}"
            raise Refusal(decided if asked == following.step.id else f"{asked} is not open")
        return following

    def basis(self, now: datetime) -> datetime:
        """Before when no act can have been signed that is held against the present expectation."""
        docket = self._docket
        waiting = docket.waiting_acts(docket.step)
        if waiting:
            return waiting[-1].signed
        return docket.publicity_ended if docket.posted is not None else docket.basis

    def publicity_is_over(self, now: datetime) -> bool:
        """Its time has passed and nobody objects; only the procedure has not gone on yet."""
        docket, posted = self._docket, self._docket.posted
        held = docket.open_count or docket.waits_for_posting
        return posted is not None and now >= posted.due and not held

    def why_publicity_goes_on(self) -> str:
        """The end of a sentence that begins with the step."""
        docket = self._docket
        if docket.open_count:
            return f"goes on while {docket.open_count} objection(s) are open (G1)"
        if docket.posted is None:
            return "is about to be posted (T1)"
        if docket.waits_for_posting:
            return f"waits for {docket.publisher} to report that its notice is posted (T1)"
        return f"goes on until 24:00 on {docket.posted.last_day} (T1)"

    def decider(self) -> Expectation | None:
        """Whose turn it is at the step itself, where only the report to its body waits (V3)."""
        docket, step = self._docket, self._docket.step
        if step.reported_by is None or docket.expected is None:
            return None
        reports = docket.expected.office == docket.subject.office(step.reported_by)
        if not reports or len(docket.waiting_acts(step)) != 1:
            return None
        return Expectation(step, docket.subject.office(step.body), step.decisions)

    def following(self) -> Expectation | None:
        """The next step that is not skipped, and its first office."""
        docket = self._docket
        for step in docket.route[docket.route.index(docket.step) + 1 :]:
            if step not in docket.skipped:
                first = docket.subject.office(step.reported_by or step.body)
                return Expectation(step, first, step.decisions)
        return None
