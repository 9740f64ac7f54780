"""One case of a rehearsal: its clock is moved, messages reach it, and it is watched at rest."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from models.case.documents import CaseDocument
from models.case.ledger import Entry, EntryKind
from models.case.messages import Act, Objection, Resolution, Withdrawal
from models.case.status import CaseStatus
from models.follow_up.messages import Visits
from models.periods import LimitKind
from models.roster.messages import Amendment, Consents
from models.supervision.messages import Findings, Plea
from operators.desk.desk import Message
from operators.desk.errors import NoAnswer, Refused
from operators.desk.registry import utc_now
from operators.rehearsal.course import Answer, CaseCourse, Onlooker
from operators.rehearsal.events import Event, WaitEvent
from operators.rehearsal.stage import Stage

_AT_REST_WITHIN = 60.0
_LOOK_EVERY = 0.02
_A_MOMENT = timedelta(seconds=1)


class RehearsalError(NoAnswer):
    """A rehearsal that could not be played to its end, through no fault of its scenario."""


class Unexpected(Exception):
    """Something went otherwise than the scenario says; the text is the sentence."""


class CasePlay:
    """A case that was opened on the stage, from its beginning on."""

    def __init__(self, stage: Stage, case_id: str, onlooker: Onlooker) -> None:
        self.case_id = case_id
        self._stage = stage
        self._handle: WorkflowHandle[Any, Any] = stage.desk.client.get_workflow_handle(case_id)
        self._onlooker = onlooker
        self._answers: list[Answer] = []
        self._entries: list[Entry] = []
        self._status: CaseStatus

    async def begin(self, wait: timedelta) -> None:
        """Skip the wait with which it was started; afterwards it rests between two events.

        A case that another workflow has started has that one's clock, and waits no more.
        """
        ahead = wait - (await self.now() - utc_now())
        if ahead > _A_MOMENT:
            await self._stage.skipper.fast_forward(self._handle, ahead)
        self._status = await self._at_rest()

    async def wait(self, number: int, event: WaitEvent) -> None:
        """Let time pass until an event's day, and until the step it names is open.

        Raises:
            Unexpected: if that does not open.
        """
        await self.until(event.at)
        if event.until is not None and not await self.opens(event.until):
            raise otherwise(number, event, f"{event.until} does not open")
        self._answered(event, Answer(number=number, at=await self.now(), text="waited"))

    async def send(self, number: int, event: Event, message: Message) -> None:
        """Send a message on its day, or as soon as the step that it decides is open.

        Raises:
            Unexpected: if it is refused, or taken, against what the event says.
        """
        await self.until(event.at)
        if isinstance(message, Act) and event.refused is None:
            await self.opens(message.step)
        now = await self.now()
        try:
            receipt = await self._door(message)
        except Refused as refusal:
            self._answered(event, Answer(number=number, at=now, text=str(refusal)))
            expect_refusal(number, event, refusal)
            return
        at, text = receipt.received_at, receipt.text
        self._answered(event, Answer(number=number, at=at, text=text, seq=receipt.seq))
        self._status = await self._at_rest()
        if event.refused is not None:
            raise otherwise(number, event, "it is taken")

    def course(self) -> CaseCourse:
        """How it went so far."""
        status = self._status
        return CaseCourse(
            case_id=self.case_id,
            answers=tuple(self._answers),
            entries=tuple(self._entries),
            step=status.step,
            round=status.round,
            waiting_for=status.waiting_for,
            breaches=tuple(
                f"{entry.step} {_clause(entry)}"
                for entry in self._entries
                if entry.kind is EntryKind.BREACH
            ),
            outcome=status.outcome,
        )

    def _door(self, message: Message) -> Any:
        desk = self._stage.desk
        doors: dict[type, Callable[[str, Any], Any]] = {
            Act: desk.act,
            Objection: desk.object,
            Resolution: desk.resolve,
            Withdrawal: desk.withdraw,
            Consents: desk.consent,
            Amendment: desk.amend,
            Findings: desk.check,
            Plea: desk.plead,
            Visits: desk.visit,
            CaseDocument: desk.file,
        }
        return doors[type(message)](self.case_id, message)

    def _answered(self, event: Event, answer: Answer) -> None:
        self._answers.append(answer)
        self._onlooker.happened(event, answer)

    # -- time ---------------------------------------------------------------------------------

    async def now(self) -> datetime:
        """The case's own time."""
        return await self._stage.skipper.get_current_time(self._handle)

    async def until(self, moment: datetime) -> None:
        """Let time pass; limits that pass on the way have their say."""
        ahead = moment - await self.now()
        if self._status.outcome is None and ahead > timedelta(0):
            await self._stage.skipper.fast_forward(self._handle, ahead)
            self._status = await self._at_rest()

    async def opens(self, step: str) -> bool:
        """Wait, where a publicity has to end first, until a step waits for its office."""
        while not (self._status.step == step and self._status.waiting_for):
            closes = [
                watched.limit.due
                for watched in self._status.limits
                if watched.limit.kind is LimitKind.MINIMUM
            ]
            if not closes or await self.now() > closes[0] + _A_MOMENT:
                return False
            await self.until(closes[0] + _A_MOMENT)
        return True

    async def rest(self) -> None:
        """Wait until it has taken in what other cases have sent it."""
        if self._status.outcome is None:
            self._status = await self._at_rest()

    async def _at_rest(self) -> CaseStatus:
        """Wait until the case has nothing under way and only people or time can move it.

        Raises:
            RehearsalError: if it does not come to rest.
        """
        try:
            async with asyncio.timeout(_AT_REST_WITHIN):
                while not await self._is_at_rest():  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise RehearsalError(
                f"{self.case_id} is still at work after {_AT_REST_WITHIN:.0f} s"
            ) from None
        desk = self._stage.desk
        status = await desk.status(self.case_id)
        if status.entries > len(self._entries):
            new = await desk.ledger(self.case_id, after=len(self._entries))
            self._entries += new
            self._onlooker.entered(new)
        self._onlooker.stands(status, await self.now())
        return status

    async def _is_at_rest(self) -> bool:
        description = await self._handle.describe()
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return True
        raw = description.raw_description
        return not raw.pending_activities and not raw.HasField("pending_workflow_task")


def expect_refusal(number: int, event: Event, refusal: Refused) -> None:
    """Hold a refusal against what the event says of it.

    Raises:
        Unexpected: if the event is not to be refused, or not for this.
    """
    if event.refused is None or event.refused not in str(refusal):
        raise otherwise(number, event, f"it is refused: {refusal}") from refusal


def otherwise(number: int, event: Event, what: str) -> Unexpected:
    """The sentence that an event went otherwise than it says."""
    wanted = f" (expected to be refused: {event.refused!r})" if event.refused else ""
    step = getattr(event, "step", None) if event.do == "act" else None
    return Unexpected(f"event {number}, {event.do}{f' {step}' if step else ''}{wanted}: {what}")


def _clause(entry: Entry) -> str:
    limit = entry.data.get("limit")
    return str(limit["clause"]) if isinstance(limit, dict) else ""
