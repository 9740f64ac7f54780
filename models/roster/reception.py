"""What a roster's case takes in: acts on some of its households, their consents, its amendments.

Unlike a county's, verifications and consents count as soon as they are received, and an objection
stops one household and no other.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from models.base import Record
from models.case.ledger import Entry, EntryKind
from models.case.mailbox import Received
from models.case.messages import Act, Decision, Objection
from models.case.reception import AT_ANY_MOMENT, MESSAGES
from models.case.state import Docket
from models.policy import Body
from models.procedures import H1, H2, H3, H4
from models.refusals import Refusal
from models.roster.households import roster_of
from models.roster.messages import Amendment, Consents
from models.roster.rules import RosterRules


class RosterReception(RosterRules):
    """The desk at which a roster's case receives."""

    messages: Mapping[str, type[Record]] = {
        **MESSAGES,
        "consent": Consents,
        "amend": Amendment,
    }

    def __init__(self, docket: Docket, vet: Callable[[Act, datetime], None]) -> None:
        super().__init__(docket, vet)
        self._is_open = False

    def hear(self, kind: str, payload: Any, now: datetime) -> None:
        """As in every case; but what comes before the roster is drafted is kept for then."""
        if self._is_open or kind in AT_ANY_MOMENT:
            super().hear(kind, payload, now)
        else:
            self._early.append((kind, payload, now))

    def is_early_due(self) -> bool:
        return self._is_open and super().is_early_due()

    def open(self) -> None:
        """From now on everything is taken in; what came before, as of when it came."""
        self._is_open = True
        self.hear_early()

    def _reopen(self) -> None:
        super()._reopen()
        roster = roster_of(self._docket)
        for candidate in roster.candidates.values() if roster else ():
            candidate.being_struck_off = False

    def _check_message(self, message: Any, now: datetime) -> None:
        if self._is_open and self._docket.own is None:
            raise Refusal("the roster was not admitted; nothing can be done with it")
        if self._is_open:
            super()._check_message(message, now)
        elif not isinstance(message, Objection) or message.review_of is not None:
            raise Refusal("the roster is being looked up in the register; send it again")
        else:
            self._check_room(now)

    # -- the file, and what counts at once ------------------------------------------------------

    def _take(self, message: Any, now: datetime) -> Entry:
        match message:
            case Act(step=H2.id):
                return self._take_verification(message, now)
            case Act(step=H3.id):
                self._roster.publish_now = True
                office, count = self._docket.name(message.office, now), len(self._roster.ready())
                said = f"{office}先行公示已核实认可的{count}户"
                return self._record(EntryKind.ACT, now, message, said)
            case Act(step=H4.id):
                return super()._take(self._naming_whom_it_is_about(message, now), now)
            case Objection():
                roster, message = roster_of(self._docket), self._placed(message)
                running = roster is not None and roster.is_running(message.household, now)
                return self._keep_objection(message, not running, now)
            case Consents():
                return self._take_consents(message, now)
            case Amendment():
                entry = self._record(EntryKind.AMENDMENT, now, message, _amending(message))
                self._roster.amendments.append(Received(message, now, entry.seq))
                return entry
            case _:
                return super()._take(message, now)

    def _naming_whom_it_is_about(self, act: Act, now: datetime) -> Act:
        """An act of H4 that names nobody is about those whose publicity is over now, and no other.

        Only where that is everybody is it a return, or a rejection, of the roster itself; and where
        it goes back to a step that only the whole of it can be at.
        """
        over = self._roster.over(now)
        everybody = len(over) == len(self._roster.unfinished) or act.return_to in (H1.id, H3.id)
        if act.households or (everybody and act.decision is not Decision.APPROVE):
            return act
        return act.model_copy(update={"households": tuple(each.code for each in over)})

    def _take_verification(self, act: Act, now: datetime) -> Entry:
        roster, body = self._roster, act.office.body
        named = self._unfinished(act.households)
        if act.decision is Decision.REJECT:
            those, failed = named or roster.stoppable, []
        else:
            those = named or roster.awaiting(body)
            decides = body is Body.VILLAGE_COMMITTEES and not named
            failed = [each for each in those if decides and roster.failed(each)]
            out = {each.code for each in failed}
            those = [each for each in those if each.code not in out]
        for candidate in those:
            if act.decision is Decision.REJECT:
                candidate.leave(f"核实未通过：{act.reason}")
            else:
                candidate.verified = {**candidate.verified, body: act.officer}
                overridden = (*candidate.overrides, *act.overrides)
                candidate.overrides = tuple(dict.fromkeys(overridden))
        for candidate in failed:
            candidate.leave(roster.why_it_fails(candidate))
        verb = "核实未通过" if act.decision is Decision.REJECT else "核实"
        left = f"，{len(failed)}户未达退出标准" if failed else ""
        reason = f"，理由：{act.reason}" if act.reason else ""
        office = self._docket.name(act.office, now)
        return self._record(
            EntryKind.ACT,
            now,
            act,
            f"{office}{verb}{len(those)}户{left}{reason}",
            {"courses": roster.take_changes()},
        )

    def _take_consents(self, consents: Consents, now: datetime) -> Entry:
        roster = self._roster
        agreed = refused = 0
        for answer in consents.answers:
            candidate = roster[answer.household]
            if answer.agreed:
                candidate.agreed = True
                agreed += 1
            else:
                candidate.leave(f"本户不认可：{answer.reason}")
                refused += 1
        said = "、".join(
            f"{count}户{word}" for count, word in ((agreed, "认可"), (refused, "不认可")) if count
        )
        agents = sum(answer.agent_reason is not None for answer in consents.answers)
        said += f"，其中{agents}户由他人代签" if agents else ""
        said += "" if consents.evidence else "，未附签字材料"
        return self._record(
            EntryKind.CONSENTS,
            now,
            consents,
            f"拟退出贫困户{said}",
            {"courses": roster.take_changes()},
        )

    def _record(
        self,
        kind: EntryKind,
        now: datetime,
        message: Act | Consents | Amendment,
        text: str,
        data: dict[str, JsonValue] | None = None,
    ) -> Entry:
        office = f"{message.office} " if not isinstance(message, Consents) else ""
        return self._docket.record(
            kind,
            now,
            text,
            {kind.value: message.content(), **(data or {})},
            step=_step_of(message),
            actor=f"{office}{message.officer}",
        )


def _step_of(message: Act | Consents | Amendment) -> str | None:
    """What a message belongs to; an amendment to whatever the case is at."""
    match message:
        case Act():
            return message.step
        case Consents():
            return H2.id
        case _:
            return None


def _amending(amendment: Amendment) -> str:
    return f"公示内容变更{len(amendment.households)}户，理由：{amendment.reason}"
