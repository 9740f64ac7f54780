"""What a case takes in, and what it refuses: the reception of acts, objections and the rest.

Pure: the same rules serve an update, whose sender is answered, and a signal, whose sender is not.
A reception writes the ledger and leaves the message for the procedure to act on; it never moves
the procedure itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from models.base import CLOCKS_MAY_DIFFER_BY, Record, faults
from models.case import bounds
from models.case.documents import CaseDocument, described, filing_fault
from models.case.handover import KnownMessage
from models.case.ledger import Entry, EntryKind
from models.case.mailbox import OnBoard, Received, who_acts
from models.case.messages import (
    Act,
    Decision,
    Objection,
    PostingReport,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.case.objections import ObjectionRules
from models.case.posting import reported, take_report
from models.case.receipts import Receipts
from models.case.refused import RefusedSignals, as_text
from models.case.state import Docket
from models.case.turns import Turns
from models.household_standard import named_zh
from models.offices import Office
from models.periods import beijing
from models.refusals import AlreadyReceived, NotYet, Refusal

AGAIN_AT_ONCE = 250
"""Entries of a kept file that are taken in again at one go."""

EARLY_AT_ONCE = 500
"""Messages that came too early and are heard at one go, when their step opens."""

_HALF = re.compile("[\ud800-\udfff]")

MESSAGES: Mapping[str, type[Record]] = {
    "act": Act,
    "object": Objection,
    "resolve": Resolution,
    "withdraw": Withdrawal,
    "posted": PostingReport,
}
"""What can be sent to a case, by the name of the update and of the signal."""

ALWAYS: Mapping[str, type[Record]] = {"file": CaseDocument}
"""What every case takes beside that, whatever it is waiting for (F9)."""

_KEPT_AS: Mapping[str, tuple[str, ...]] = {
    "act": ("act",),
    "objection": ("plead", "object"),
    "resolution": ("resolve",),
    "withdrawal": ("withdraw",),
    "posted": ("posted",),
    "document": ("file",),
    "consents": ("consent",),
    "amendment": ("amend",),
    "checks": ("visit", "check"),
    "risk": ("mark",),
    "supervision": ("inspect",),
}
"""Under which key an entry keeps a message, and as what it can be sent."""

AT_ANY_MOMENT = ("object", "file")
"""What is taken in while the register is asked, too: it holds nothing up, and is not held up."""


class Reception(ObjectionRules):
    """The desk at which a case receives.

    Args:
        vet: The procedure's own rules for an act; raises ``Refusal``.
        turns: Whose turn it is, where the procedure has rules of its own for that.
    """

    messages: Mapping[str, type[Record]] = MESSAGES
    """What is taken in here, by name."""

    def __init__(
        self, docket: Docket, vet: Callable[[Act, datetime], None], turns: Turns | None = None
    ) -> None:
        super().__init__(docket)
        self._vet = vet
        self._turns = turns or Turns(docket)
        self._known = {**self.messages, **ALWAYS}
        self._early: list[tuple[str, Any, datetime]] = []
        self._refused = RefusedSignals(docket)
        self._documents = self._repeated = self._messages = 0
        docket.opened, docket.is_early_due = self.hear_early, self.is_early_due
        docket.mended, docket.reopen = self.take_again, self._reopen
        self.receipts = Receipts(docket.case_id)
        """Of every message that was received."""

    def check(self, kind: str, payload: Any, now: datetime) -> Any:
        """Read a message and hold it against the rules, changing nothing.

        Raises:
            Refusal: saying what is wrong and what would be right.
        """
        docket = self._docket
        message = self._read(kind, payload)
        if docket.mending and docket.again is None:  # it may have this message already
            raise NotYet(f"{docket.case_id} is being mended; try again in a moment")
        known = self.receipts.of(kind, message)
        if known is not None:
            if self._repeated >= bounds.MOST_REPEATED:
                raise AlreadyReceived(f"{kind} {message.id}", known.seq)
            return message
        if not docket.admitted:
            if docket.outcome is not None:
                raise Refusal(f"{docket.case_id} was not admitted: {docket.outcome.reason}")
            raise NotYet(f"{docket.case_id} is not admitted yet; try again in a moment")
        if docket.outcome is not None:
            raise Refusal(f"{docket.case_id} has ended; nothing can be added to it any more")
        if isinstance(message, CaseDocument):
            self._check_moment(message, now)
            self._check_document(message)
            return message
        if docket.changing and not isinstance(message, Objection | Resolution):
            raise Refusal(
                f"{kind}: too late, the register is being changed; what speaks against that comes "
                "as a report (G2)"
            )
        if docket.again is None:  # else it had its room when it came
            bounds.check_number(kind, message, self._messages)
        self._check_moment(message, now)
        if not isinstance(message, Resolution | PostingReport):
            self._check_who_decides(message)
        self._check_message(message, now)
        return message

    def receive(self, kind: str, payload: Any, now: datetime) -> Receipt:
        """Take a message in: into the file, and into the mailbox.

        The same message sent twice is taken in once and answered with the same receipt.

        Raises:
            Refusal: as ``check``.
        """
        docket, message = self._docket, self.check(kind, payload, now)
        known = self.receipts.of(kind, message)
        if known is not None:
            self._repeated += 1
            return known
        docket.stirred = True
        self._messages += kind not in bounds.BOUNDED_APART
        if isinstance(message, CaseDocument):
            entry = self._take_document(message, now)
        else:
            entry = self._take(message, now)
            office: Office | None = getattr(message, "office", None)
            docket.acted |= {} if office is None else {office: None}
            if not isinstance(message, Resolution | PostingReport):
                docket.officers |= dict.fromkeys(who_acts(message), entry.step)
        return self.receipts.give(kind, message, entry, now)

    def hear(self, kind: str, payload: Any, now: datetime) -> None:
        """Take in what nobody waits to be answered for; what is refused is put on file.

        What comes while the register is asked is kept for then: an early act is not lost. So is
        what comes while the case is mended.
        """
        docket = self._docket
        if docket.mending or (docket.preparing and kind not in AT_ANY_MOMENT):
            self._early.append((kind, payload, now))
            return
        try:
            self.receive(kind, payload, now)
        except AlreadyReceived as refusal:
            self._repeated += 1
            if self._repeated > bounds.MOST_REPEATED:
                self.refuse(kind, payload, refusal, now)
        except Refusal as refusal:
            self.refuse(kind, payload, refusal, now)

    def hear_early(self) -> None:
        """Take in what came while the register was asked, as of when it came: the first of it."""
        now, self._early = self._early[:EARLY_AT_ONCE], self._early[EARLY_AT_ONCE:]
        for kind, payload, at in now:
            self.hear(kind, payload, at)

    def is_early_due(self) -> bool:
        """Whether some of it is left, and nothing is in its way any more."""
        return bool(self._early) and not (self._docket.preparing or self._docket.mending)

    def refuse(self, kind: str, payload: Any, refusal: Refusal, now: datetime) -> None:
        """Put a refused signal on file with all it said: its sender cannot be answered."""
        self._docket.stirred = True
        self._refused.keep(kind, payload, refusal, now)

    def take_again(
        self, after: int, kept: Sequence[Entry], contradicted: Entry, now: datetime
    ) -> Iterator[None]:
        """After a mending: what the kept file says was received, and the case has forgotten.

        It is taken in as of when it came, under the entry it has. What is not possible any more is
        put on file as refused. A message that counted under an entry of the case's own has its
        receipt from the entry that keeps that one.

        The register is not being changed any more: what was forgotten may stop the change.

        Returns:
            The work in pieces, each as much as can be done in one turn.
        """
        self._reopen()
        self.receipts.move_all_after(after, contradicted)
        for number, entry in enumerate(kept):
            if number and number % AGAIN_AT_ONCE == 0:
                yield
            self._take_one_again(entry, now)

    def _reopen(self) -> None:
        """Nothing is too late any more for the change that was about to be made."""
        self._docket.changing = False

    def _take_one_again(self, entry: Entry, now: datetime) -> None:
        found = self._message_in(entry)
        if found is None:
            return
        kind, content = found
        key = kind, str(content.get("id"))
        if key not in self.receipts:
            self._docket.again = entry
            try:
                self.receive(kind, content, entry.at)
            except Refusal as refusal:
                self.refuse(kind, content, refusal, now)
            finally:
                self._docket.again = None
        if key in self.receipts:
            self.receipts.move(key, entry)

    def _message_in(self, entry: Entry) -> tuple[str, dict[str, Any]] | None:
        """The message that an entry keeps, with its name; None where it keeps none."""
        for key, names in _KEPT_AS.items():
            content = entry.data.get(key)
            for name in names:
                if isinstance(content, dict) and name in self._known:
                    return name, content
        return None

    def _read(self, kind: str, payload: Any) -> Any:
        known = self._known
        if kind not in known:
            raise Refusal(f"{kind}: this case takes {', '.join(known)}")
        if not isinstance(payload, dict):
            raise Refusal(f"'{kind}' takes one JSON object with named fields")
        text = as_text(payload)
        bounds.check_size(kind, text)
        if kind == "object":
            # Half a character, of a telephone's cut message: no objection is lost to it.
            text = _HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text)
        try:
            return known[kind].model_validate_json(text)
        except ValidationError as error:
            raise Refusal(faults(error)) from error

    # -- the rules ----------------------------------------------------------------------------

    def _check_moment(self, message: Any, now: datetime) -> None:
        # An objection is never lost to a wrong clock: its reception counts.
        ahead = message.at is not None and message.at > now + CLOCKS_MAY_DIFFER_BY
        if ahead and not isinstance(message, Objection):
            raise Refusal(f"at: {message.at.isoformat()} lies in the future")

    def _check_document(self, document: CaseDocument) -> None:
        """F9: anybody files who has to do with the case; what decides comes as an act."""
        fault = filing_fault(document.office, self._docket.subject)
        if fault is not None:
            raise Refusal(fault)
        if document.deliveries:
            raise Refusal(
                "deliveries: letters are held against the kept file and reported beside it, with "
                "`exitflow delivered` (F15)"
            )
        if self._documents >= bounds.MOST_DOCUMENTS:
            raise Refusal(
                f"file: {self._docket.case_id} has {bounds.MOST_DOCUMENTS:,} documents, as many as "
                "a case takes; file it when the case has ended, as a supplement (F9)"
            )

    def _check_message(self, message: Any, now: datetime) -> None:
        """Hold a message that can be read against the rules of its kind."""
        match message:
            case Act():
                self._check_contents(message)
                self._check_act(message, now)
            case Objection():
                self._check_room(now)
                self._check_objection(message)
            case Resolution():
                self._check_resolution(message, now)
            case PostingReport():
                self._only(self._docket.publisher, message.office, "report a posting", now)
                self._check_posted(message, now)
            case Withdrawal():
                applicant = self._docket.applicant
                self._only(applicant, message.office, "withdraw the application", now)
                self._check_withdrawal()

    def _check_contents(self, act: Act) -> None:
        """An act carries what its step declares, and nothing else."""
        route = self._docket.route
        carried = next((step.carries for step in route if step.id == act.step), act.contents)
        for content in act.contents:
            if content not in carried:
                those = " or ".join(step.id for step in route if content in step.carries)
                whose = f"only an act of {those}" if those else "no act of this case"
                raise Refusal(f"{content.value}: {whose} carries it")

    def _check_act(self, act: Act, now: datetime) -> None:
        if self._docket.withdrawal is not None:
            raise Refusal("the application is withdrawn")
        docket, awaited = self._docket, self._turns.awaited(act.step, now)
        step = awaited.step
        if act.step != step.id:
            raise Refusal(
                f"{act.step} is not open; {docket.case_id} is at {step} (round {docket.round}) and "
                f"waits for {self._who(awaited.office, now)}"
            )
        self._only(awaited.office, act.office, f"decide {step}", now)
        if act.round is not None and act.round != docket.round:
            raise Refusal(f"round {act.round} is not running; the case is in round {docket.round}")
        if act.decision not in awaited.decisions:
            allowed = ", ".join(each.value for each in awaited.decisions)
            raise Refusal(
                f"'{act.decision.value}' is no decision of {step} now; it takes {allowed}"
            )
        if act.return_to is not None:
            self._check_return(act.return_to, docket.route.index(step))
        if act.at is not None and act.at < self._turns.basis(now):
            basis = beijing(self._turns.basis(now))
            raise Refusal(
                f"at: {act.at.isoformat()} lies before {basis.isoformat()}, when that was done on "
                f"which {step} rests"
            )
        self._vet(act, now)

    def _check_return(self, target: str, end: int) -> None:
        """A return goes to a step of this subject's own route, before position ``end``."""
        docket = self._docket
        allowed = [step.id for step in docket.route[:end] if step not in docket.skipped]
        if target not in allowed:
            choice = f"one of {', '.join(allowed)}" if allowed else "there is none before it"
            raise Refusal(f"return_to: {target} is no step to go back to from here; {choice}")

    def _check_resolution(self, resolution: Resolution, now: datetime) -> None:
        docket = self._docket
        self._check_investigation(resolution, now)
        if resolution.return_to is not None:
            here = docket.route.index(docket.step)
            # A notice that was itself at fault is posted again, for a fresh period (G1).
            self._check_return(resolution.return_to, here + (docket.posted is not None))

    def _check_posted(self, report: PostingReport, now: datetime) -> OnBoard:
        """T1: it is about a notice of the case that is in force."""
        return reported(self._docket, report, now)

    def _check_withdrawal(self) -> None:
        """A withdrawal does not undo what was decided before it came."""
        docket = self._docket
        if docket.withdrawal is not None:
            raise Refusal("the application is already withdrawn")
        waiting, final = docket.waiting_acts(docket.step), docket.route[-1]
        if any(each.message.decision is Decision.REJECT for each in waiting):
            raise Refusal(f"{docket.step} has rejected the application already")
        about_to_open = docket.preparing and not waiting
        approved = docket.expected is None if not waiting else self._turns.decider() is None
        if docket.step == final and approved and docket.preparing and waiting:
            raise NotYet(f"{final} is being judged by the register; try again in a moment")
        if docket.step == final and approved and not about_to_open:
            raise Refusal(f"{final} has approved the application already")
        if any(each.upheld_and_unanswered for each in docket.objections.values()):
            raise Refusal("an objection was upheld already")

    # -- the file -----------------------------------------------------------------------------

    def _take(self, message: Any, now: datetime) -> Entry:
        """Put a message on file and into the mailbox."""
        docket = self._docket
        match message:
            case Act():
                entry = self._enter(EntryKind.ACT, message, now)
                received = Received(message, now, entry.seq)
                docket.acts.setdefault((message.step, docket.round), []).append(received)
            case Objection():
                report = docket.posted is None and not docket.posting
                entry = self._keep_objection(self._placed(message), report, now)
                if not report:
                    docket.lapse("新的异议", now)  # what counted on an end without objections
            case Resolution():
                entry = self._enter(EntryKind.RESOLUTION, message, now)
                docket.take_result(Received(message, now, entry.seq))
            case PostingReport():
                entry = take_report(docket, message, now)
            case Withdrawal():
                entry = self._enter(EntryKind.WITHDRAWAL, message, now)
                docket.withdrawal = Received(message, now, entry.seq)
            case other:
                raise AssertionError(f"{type(other)} has no door here")
        return entry

    def _take_document(self, document: CaseDocument, now: datetime) -> Entry:
        self._documents += 1
        return self._docket.record(
            EntryKind.DOCUMENT,
            now,
            described(document, self._docket.name(document.office, now)),
            {"document": document.content()},
            actor=f"{document.office} {document.officer}",
        )

    def _enter(
        self, kind: EntryKind, message: Act | Resolution | Withdrawal, now: datetime
    ) -> Entry:
        return self._docket.record(
            kind,
            now,
            self._sentence(message, now),
            {kind.value: message.content()},
            step=message.step if isinstance(message, Act) else None,
            actor=f"{message.office} {message.officer}",
        )

    def _sentence(self, message: Act | Resolution | Withdrawal, now: datetime) -> str:
        office = self._docket.name(message.office, now)
        number = f"（{message.document_number}）" if message.document_number else ""
        reason = f"，理由：{message.reason}" if message.reason else ""
        more = ""
        match message:
            case Act():
                to = f"至{message.return_to}" if message.return_to else ""
                what = f"{message.step} {self._decided(message)}{to}"
                if message.overrides:
                    number += f"，对{named_zh(message.overrides)}未达标予以例外"
                if message.consideration:
                    more = f"；统筹考虑：{message.consideration}"
            case Resolution():
                objection = self._docket.objections[message.objection_id]
                found = objection.came_to(message.finding)
                what = f"：{objection.word} {message.objection_id} {found}"
            case Withdrawal():
                what = "撤回申请"
        return f"{office}{what}{number}{reason}{more}"

    def _decided(self, act: Act) -> str:
        """What a decision is called, in Chinese."""
        step = next(each for each in self._docket.route if each.id == act.step)
        if act.decision is Decision.APPROVE and act.office.body is step.reported_by:
            return "上报"
        return _DECIDED[act.decision]

    # -- from one run of the case to the next ---------------------------------------------------

    def counters(self) -> dict[str, int]:
        """How much was received of what is bounded, to be handed over."""
        return {
            "messages": self._messages,
            "documents": self._documents,
            "repeated": self._repeated,
            "refused": self._refused.number,
            "refused_bytes": self._refused.bytes,
        }

    def take_over(self, known: Iterable[KnownMessage], counters: Mapping[str, int]) -> None:
        """Go on where an earlier run of the case stood; a version before may lack a counter."""
        self.receipts.take_over(known)
        counted = {**self.counters(), **counters}
        self._messages, self._documents = counted["messages"], counted["documents"]
        self._repeated = counted["repeated"]
        self._refused.number, self._refused.bytes = counted["refused"], counted["refused_bytes"]


_DECIDED = {
    Decision.APPROVE: "同意",
    Decision.RETURN: "退回",
    Decision.REJECT: "不予通过",
    Decision.RECTIFY: "责成核查整改",
    Decision.REPLY: "整改答复",
}
