"""Rehearsals: a scenario played on a real server whose cases run ahead of the clock.

The case, its policy, its limits and its notices are the real ones; only its time is virtual, and
its registry is its own.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle

from activities.store import Registry
from models.ledger import Entry, EntryKind, verify
from models.messages import Act, Objection, Resolution, Withdrawal
from models.offices import County
from models.periods import LimitKind, beijing
from models.status import CaseStatus
from operators.course import Answer, Course, Spectator, Unseen, disagreements
from operators.course_view import Narrator
from operators.desk import Message, NoAnswer, Refused, utc_now
from operators.printing import as_json, console
from operators.scenario import (
    AnyEvent,
    Scenario,
    ScenarioError,
    application_of,
    load_scenario,
    message_of,
    moved,
)
from operators.stage import Stage, scratch_folder, set_stage
from operators.up import cancel_on_signals, is_stopping

_AT_REST_WITHIN = 60.0
_LOOK_EVERY = 0.05
_A_MOMENT = timedelta(seconds=1)


class RehearsalError(NoAnswer):
    """A rehearsal that could not be played to its end, through no fault of its scenario."""


class _Unexpected(Exception):
    """Something went otherwise than the scenario says; the text is the sentence."""


async def rehearse(
    stage: Stage,
    name: str,
    scenario: Scenario,
    spectator: Spectator,
    years: int | None = None,
) -> Course:
    """Play a scenario to its end, or to the first event that goes otherwise than it says.

    Args:
        name: What the scenario is called in sentences.
        years: By how many years to move it, where it is not played alone.

    Raises:
        ScenarioError: if the register does not know its county.
        RehearsalError: if the case does not come to rest.
    """
    if years is None:
        years = scenario.years_ahead(utc_now())
    county = _cast(stage.desk.registry, name, scenario, years)
    play = _Play(stage, name, county, scenario.moved(years), spectator, years)
    faults: list[str] = []
    try:
        await play.open()
        for number, event in enumerate(play.scenario.events, start=1):
            await play.perform(number, event)
    except _Unexpected as unexpected:
        faults.append(str(unexpected))
    course = await play.course()
    faults += _differences_of_copy(course, stage.desk.registry)
    if not faults:
        faults += disagreements(course, play.scenario.expect)
    course = course.model_copy(update={"faults": tuple(faults)})
    spectator.ends(course)
    return course


async def rehearse_command(scenario: str, *, json: bool) -> int:
    """Play one scenario and print its course; return the exit status.

    Raises:
        ScenarioError: if there is no such scenario, or it is none.
    """
    loaded = load_scenario(scenario)
    cancel_on_signals()
    try:
        with scratch_folder("rehearsal") as folder:
            async with set_stage(folder) as stage:
                spectator = Unseen() if json else Narrator(console())
                course = await rehearse(stage, scenario, loaded, spectator)
    except BaseException:
        if not is_stopping():
            raise
        return 130
    if json:
        as_json(course)
    return 1 if course.faults else 0


def _cast(registry: Registry, name: str, scenario: Scenario, years: int) -> County:
    """The scenario's county; who was in the year's plan is in the moved year's (G6)."""
    application = scenario.application
    day = beijing(moved(application.at, years)).date()
    facts = registry.county_facts(application.county, application.year, day)
    if facts.county is None:
        raise ScenarioError(f"{name}: application: county: {application.county}: {facts.code_note}")
    if facts.planned:
        registry.add_plan(
            application.year + years,
            application.county,
            f"the plan of {application.year}, moved by {years} years for a rehearsal",
        )
    return facts.county


def _differences_of_copy(course: Course, registry: Registry) -> tuple[str, ...]:
    """G7: the registry's file of the case is the case's own, unbroken."""
    if course.case_id is None:
        return ()
    verify(course.case_id, course.entries)
    if registry.ledger(course.case_id) == list(course.entries):
        return ()
    return (f"the registry's file of {course.case_id} is not the case's own",)


class _Play:
    """One scenario on the stage: the case, its clock, and how far the scenario is."""

    def __init__(
        self,
        stage: Stage,
        name: str,
        county: County,
        scenario: Scenario,
        spectator: Spectator,
        years: int,
    ) -> None:
        self.scenario = scenario
        self._stage, self._name, self._years = stage, name, years
        self._county = county
        self._spectator = spectator
        self._handle: WorkflowHandle[Any, Any] | None = None
        self._answers: list[Answer] = []
        self._entries: list[Entry] = []

    async def open(self) -> None:
        """Hand in the application, on its day."""
        desk, application = self._stage.desk, application_of(self.scenario)
        wait = self.scenario.application.at - utc_now()
        try:
            case_id = await desk.start_county(application, begins_in=wait)
        except Refused as refusal:
            raise _Unexpected(f"the application is refused: {refusal}") from refusal
        self._handle = desk.client.get_workflow_handle(case_id)
        self._spectator.begins(self.scenario, self._years, case_id, self._county)
        await self._stage.skipper.fast_forward(self._handle, wait)
        await self._at_rest()

    async def perform(self, number: int, event: AnyEvent) -> None:
        """Let one event happen, on its day or as soon as it can."""
        await self._until(event.at)
        if event.do == "wait":
            if event.until is not None and not await self._open(event.until):
                raise self._otherwise(number, event, f"{event.until} does not open")
            self._answered(event, Answer(number=number, at=await self._now(), text="waited"))
            return
        if event.do == "act" and event.refused is None:
            await self._open(event.step)
        message = message_of(event, number)
        assert message is not None
        await self._send(number, event, message)

    async def course(self) -> Course:
        """How it went so far."""
        status: CaseStatus | None = None
        if self._handle is not None:
            status = await self._at_rest()
        return Course(
            scenario=self._name,
            title=self.scenario.title,
            years=self._years,
            case_id=self._handle.id if self._handle else None,
            county=self._county,
            answers=tuple(self._answers),
            entries=tuple(self._entries),
            step=status.step if status else None,
            round=status.round if status else 1,
            waiting_for=status.waiting_for if status else None,
            breaches=tuple(
                f"{entry.step} {_clause(entry)}"
                for entry in self._entries
                if entry.kind is EntryKind.BREACH
            ),
            outcome=status.outcome if status else None,
        )

    async def _send(self, number: int, event: AnyEvent, message: Message) -> None:
        assert self._handle is not None
        desk, case_id = self._stage.desk, self._handle.id
        now = await self._now()
        try:
            match message:
                case Act():
                    receipt = await desk.act(case_id, message)
                case Objection():
                    receipt = await desk.object(case_id, message)
                case Resolution():
                    receipt = await desk.resolve(case_id, message)
                case Withdrawal():
                    receipt = await desk.withdraw(case_id, message)
        except Refused as refusal:
            answer = Answer(number=number, at=now, text=str(refusal))
            self._answered(event, answer)
            if event.refused is None or event.refused not in answer.text:
                raise self._otherwise(number, event, f"it is refused: {answer.text}") from refusal
            return
        at, text = receipt.received_at, receipt.text
        self._answered(event, Answer(number=number, at=at, text=text, seq=receipt.seq))
        await self._at_rest()
        if event.refused is not None:
            raise self._otherwise(number, event, "it is taken")

    def _answered(self, event: AnyEvent, answer: Answer) -> None:
        self._answers.append(answer)
        self._spectator.happened(event, answer)

    def _otherwise(self, number: int, event: AnyEvent, what: str) -> _Unexpected:
        wanted = f" (expected to be refused: {event.refused!r})" if event.refused else ""
        step = f" {event.step}" if event.do == "act" else ""
        return _Unexpected(f"event {number}, {event.do}{step}{wanted}: {what}")

    # -- time ---------------------------------------------------------------------------------

    async def _now(self) -> datetime:
        assert self._handle is not None
        return await self._stage.skipper.get_current_time(self._handle)

    async def _until(self, moment: datetime) -> CaseStatus:
        """Let time pass; limits that pass on the way have their say."""
        assert self._handle is not None
        status = await self._at_rest()
        ahead = moment - await self._now()
        if status.outcome is not None or ahead <= timedelta(0):
            return status
        await self._stage.skipper.fast_forward(self._handle, ahead)
        return await self._at_rest()

    async def _open(self, step: str) -> bool:
        """Wait, where a publicity has to end first, until a step waits for its office."""
        status = await self._at_rest()
        while not (status.step == step and status.waiting_for):
            closes = [
                watched.limit.due
                for watched in status.limits
                if watched.limit.kind is LimitKind.MINIMUM and not status.open_objections
            ]
            if not closes or await self._now() > closes[0] + _A_MOMENT:
                return False
            status = await self._until(closes[0] + _A_MOMENT)
        return True

    async def _at_rest(self) -> CaseStatus:
        """Wait until the case has nothing under way and only people or time can move it."""
        handle = self._handle
        assert handle is not None
        try:
            async with asyncio.timeout(_AT_REST_WITHIN):
                while not await self._is_at_rest(handle):  # noqa: ASYNC110 - no event to wait for
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise RehearsalError(
                f"{handle.id} is still at work after {_AT_REST_WITHIN:.0f} s"
            ) from None
        desk = self._stage.desk
        known, self._entries = len(self._entries), await desk.ledger(handle.id)
        if self._entries[known:]:
            self._spectator.entered(self._entries[known:])
        status = await desk.status(handle.id)
        self._spectator.stands(status, await self._now())
        return status

    async def _is_at_rest(self, handle: WorkflowHandle[Any, Any]) -> bool:
        description = await handle.describe()
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return True
        raw = description.raw_description
        return not raw.pending_activities and not raw.HasField("pending_workflow_task")


def _clause(entry: Entry) -> str:
    limit = entry.data.get("limit")
    return str(limit["clause"]) if isinstance(limit, dict) else ""
