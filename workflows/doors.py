"""The doors of a case: how messages come in.

Updates answer: what the rules do not allow is refused and leaves no trace. Signals of the same name
and content work while no worker runs and from the form of the Web UI; nobody hears their errors, so
a refusal is put on file. Handlers only record; the procedure acts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from models.base import Record, faults
from models.case.admission import Opening
from models.case.handover import Handed, Handover, standing_of, take_over
from models.case.ledger import Entry, first_of
from models.case.mending import Mending
from models.case.messages import Receipt
from models.case.reception import Reception
from models.case.refused import Unreadable
from models.case.status import CaseStatus, ObjectionStatus, markdown, objections_of, status_of
from models.refusals import AlreadyReceived, NotYet, Refusal
from models.sealed import UnknownKey
from workflows.calls import orders_given
from workflows.case import Case

_ANSWER = 500_000
"""Bytes of entries in one answer to a query, and ``_MOST_ENTRIES`` how many."""

_MOST_ENTRIES = 1_000


class CaseWorkflow:
    """What every procedure can be sent and asked.

    A message is one JSON object, which is read inside.
    """

    opening: Opening[Any, Any]
    case: Case
    reception: Reception

    # -- from one run to the next ---------------------------------------------------------------

    def begin(self) -> None:
        """Stand where an earlier run stood, if there was one: last of all that makes a case."""
        self.case.hand_over = self._hand_over
        if self.opening.handed is None:
            return
        try:
            self._take_over(self.opening.handed.unpacked())
        except ValidationError as error:
            # While one worker is replaced by another: it would end the case. Any other error fails
            # this task, which is tried again until a worker comes that can read it.
            raise RuntimeError(f"a handover of another version: {faults(error)}") from None

    def _take_over(self, handover: Handover) -> None:
        take_over(self.case.docket, handover)
        self.case.take_over(handover)
        self.case.clerk.take_over(handover)
        self.reception.take_over(handover.known, handover.reception)
        if handover.own is not None:
            self.restore(handover.own)

    def own_state(self) -> Record | None:
        """What the procedure keeps of its own, to be handed over; None if that is nothing."""
        return None

    def restore(self, own: Any) -> None:
        """Take over what ``own_state`` of an earlier run has said, as JSON."""

    def _hand_over(self) -> None:
        """End this run, if what the next has to know can be sent to it."""
        case, own = self.case, self.own_state()
        handover = Handover(
            **standing_of(case.docket),
            **case.clerk.standing(),
            orders=orders_given(),
            arrived=case.arrived,
            notice=case.notice,
            passed=case.progress.handed_over(),
            known=self.reception.receipts.known(),
            reception=self.reception.counters(),
            own=None if own is None else own.model_dump(mode="json"),
        )
        handed = Handed.of(handover, self.opening)
        if handed is not None:
            workflow.continue_as_new(self.opening.model_copy(update={"handed": handed}))

    # -- the doors ------------------------------------------------------------------------------

    @workflow.update(name="act")
    def act(self, message: Any = None) -> Receipt:
        """An office decides a step (``models.case.messages.Act``)."""
        return self._receive("act", message)

    @act.validator
    def _check_act(self, message: Any = None) -> None:
        self._check("act", message)

    @workflow.update(name="object")
    def object(self, message: Any = None) -> Receipt:
        """Anybody objects to a notice, or reports (``models.case.messages.Objection``)."""
        return self._receive("object", message)

    @object.validator
    def _check_object(self, message: Any = None) -> None:
        self._check("object", message)

    @workflow.update(name="resolve")
    def resolve(self, message: Any = None) -> Receipt:
        """The publishing body ends an investigation (``models.case.messages.Resolution``)."""
        return self._receive("resolve", message)

    @resolve.validator
    def _check_resolve(self, message: Any = None) -> None:
        self._check("resolve", message)

    @workflow.update(name="withdraw")
    def withdraw(self, message: Any = None) -> Receipt:
        """The applicant takes the application back (``models.case.messages.Withdrawal``)."""
        return self._receive("withdraw", message)

    @withdraw.validator
    def _check_withdraw(self, message: Any = None) -> None:
        self._check("withdraw", message)

    @workflow.update(name="posted")
    def posted(self, message: Any = None) -> Receipt:
        """The publisher has hung a notice out, or taken it down (``PostingReport``, T1)."""
        return self._receive("posted", message)

    @posted.validator
    def _check_posted(self, message: Any = None) -> None:
        self._check("posted", message)

    @workflow.update(name="file")
    def file(self, message: Any = None) -> Receipt:
        """An office files, enters or evaluates (``models.case.documents.CaseDocument``, F9)."""
        return self._receive("file", message)

    @file.validator
    def _check_file(self, message: Any = None) -> None:
        self._check("file", message)

    @workflow.update(name="mend")
    def mend(self, message: Any = None) -> None:
        """Take the kept file as the case's own where they differ (``models.case.mending``, G7)."""
        with _answered():
            self.case.clerk.mend(_mending(message))

    @mend.validator
    def _check_mend(self, message: Any = None) -> None:
        with _answered():
            _mending(message)
            self.case.clerk.check_mend()

    @workflow.signal(dynamic=True)
    def signal(self, name: str, arguments: Sequence[RawValue]) -> None:
        """Any of the above as a signal of the same name; everything else is refused, on file.

        One door for all names: what does not decode, comes in the wrong number, or under a name
        that nobody handles would be dropped without a word, or wedge the case for ever.
        """
        size = sum(len(each.payload.data) for each in arguments)
        self.case.line.stand(partial(self._hear, name, arguments, workflow.now()), size)

    def _hear(self, name: str, arguments: Sequence[RawValue], at: datetime) -> None:
        try:
            message = _decoded(arguments)
        except Refusal as refusal:
            self.reception.refuse(name, _unreadable(arguments), refusal, at)
        else:
            self.reception.hear(name, message, at)

    def details(self) -> str:
        """What the Web UI shows of the case, when somebody looks (``workers.details``)."""
        docket = self.case.docket
        return markdown(status_of(docket, workflow.now()), docket.own)

    @workflow.query
    def status(self) -> CaseStatus:
        """Steps, limits in force, who is waited for."""
        return status_of(self.case.docket, workflow.now())

    @workflow.query
    def objections(self, after: Any = 0) -> list[ObjectionStatus]:
        """Objections, reports and pleas behind so many of them; as many as fit into an answer."""
        return objections_of(self.case.docket, number(after))

    @workflow.query
    def ledger(self, after: Any = 0) -> list[Entry]:
        """The case file behind an entry, as much of it as fits into an answer.

        What earlier runs of the case have handed over is in the registry alone: then the answer
        begins later, with the first entry that this run has.

        Anybody may ask, as for the other doors: the answer is for those who have the key.
        """
        ledger, after = self.case.docket.ledger, number(after)
        return list(first_of(ledger.after(after, _MOST_ENTRIES), _ANSWER))

    def _check(self, kind: str, message: Any) -> None:
        with _answered():
            self.case.check_pause()
            self.reception.check(kind, message, workflow.now())

    def _receive(self, kind: str, message: Any) -> Receipt:
        # The validator has let it pass, but a replay does not ask it: should the rules have become
        # stricter since, a plain exception would wedge the case.
        with _answered():
            return self.reception.receive(kind, message, workflow.now())


@contextmanager
def _answered() -> Iterator[None]:
    """Turn a refusal into the one kind of error that an update may answer with."""
    try:
        yield
    except Refusal as refusal:
        kind, details = "NotYet" if isinstance(refusal, NotYet) else "Refused", list[int]()
        if isinstance(refusal, AlreadyReceived):
            kind, details = "AlreadyReceived", [refusal.seq]
        raise ApplicationError(str(refusal), *details, type=kind, non_retryable=True) from refusal


def _mending(message: Any) -> Mending:
    try:
        return Mending.model_validate(message)
    except ValidationError as error:
        raise Refusal(faults(error)) from error


def number(after: Any) -> int:
    """Behind how many a query wants to go on; raises what a query may fail with."""
    if type(after) is not int or after < 0:
        raise ApplicationError(
            f"after: {after!r:.50} is no count; give 0 or a whole number above it", type="Refused"
        )
    return after


def _decoded(arguments: Sequence[RawValue]) -> Any:
    """The one argument of a signal, as JSON says it."""
    if len(arguments) != 1:
        raise Refusal(f"a signal takes one JSON object, this one has {len(arguments)} arguments")
    payload = arguments[0].payload
    try:
        return workflow.payload_converter().from_payload(payload, Any)
    except UnknownKey as lacking:
        raise Refusal(str(lacking)) from lacking
    except Exception as error:  # whatever a converter raises on bytes that anybody may send
        raise Refusal(f"this is no JSON: {bytes(payload.data[:100])!r}") from error


def _unreadable(arguments: Sequence[RawValue]) -> Unreadable:
    """What came, as people can read it; or open it, once they have the key."""
    shown = [_shown(each.payload) for each in arguments]
    return shown[0] if len(shown) == 1 else Unreadable("\n".join(each.text for each in shown))


def _shown(payload: Payload) -> Unreadable:
    """As text, with the bytes that are no text spelt out."""
    with suppress(Exception):  # whatever else a converter says of it, it is shown as it is
        try:
            workflow.payload_converter().from_payload(payload, Any)
        except UnknownKey as lacking:
            return Unreadable(lacking.whole, lacking.key)
    return Unreadable(payload.data.decode(errors="backslashreplace"))
