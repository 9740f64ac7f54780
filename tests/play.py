"""One case on the stage: how it is acted on, waited for and looked at."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, ClassVar

from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateFailedError,
)
from temporalio.converter import WorkflowSerializationContext

from models.case.ledger import Entry, EntryKind, verify
from models.case.messages import (
    Act,
    Ending,
    Objection,
    Outcome,
    PostingReport,
    Receipt,
    Resolution,
    Withdrawal,
)
from models.case.status import CaseStatus
from models.periods import Limit
from operators.desk.desk import NoAnswer
from tests.crew import Theatre
from tests.models.samples import FINDINGS, NOT_MET, PROOF
from tests.replays import opened_history

ANSWERED_WITHIN = timedelta(seconds=60)

PATIENCE = 100.0
"""Seconds of real time after which a condition that was waited for counts as missed.

An order that is lost with its worker is given again after sixty."""

BESIDE = {"write_ledger"}
"""Activities that go on while a step is open; the others open it, or end it."""


@dataclass
class Play:
    """One case on the stage."""

    stage: Theatre
    case_id: str
    code: str
    direct: bool = False
    ids: "count[int]" = field(default_factory=lambda: count(1))

    first: ClassVar[str] = "C1"
    publicity: ClassVar[str] = "C4"
    investigated: ClassVar[str] = "C4"
    """The steps of the applicant, of the publisher and of who investigates objections."""

    @property
    def handle(self) -> WorkflowHandle[Any, Outcome]:
        """The client's."""
        return self.stage.desk.client.get_workflow_handle(self.case_id, result_type=Outcome)

    def office(self, step: str) -> str:
        """The office whose step it is."""
        city = f"{self.code[:4]}00"
        return {
            "C1": f"A5/{self.code}",
            "C2": f"A6/{city}",
            "C3": "A7/410000",
            "C4": "A7/410000",
            "C5": "A7/410000",
            "C6": "A8/100000",
            "C7": "A9/410000",
        }[step]

    def message(self, step: str, decision: str = "approve", **fields: Any) -> dict[str, Any]:
        """An act as JSON."""
        given: dict[str, Any] = {
            "id": f"act-{next(self.ids)}",
            "step": step,
            "decision": decision,
            "office": self.office(step),
            "officer": "某乙",
        }
        if (step, decision) == ("C3", "approve"):
            # What fails by the numbers, and is overridden, is not found met.
            failed = {"S3.incidence", "S3.income"} & set(fields.get("overrides", ()))
            given["findings"] = FINDINGS | {each.removeprefix("S3."): NOT_MET for each in failed}
        if (step, decision) == ("C7", "approve"):
            given["document_number"] = "合成〔7〕号"
        return given | fields

    async def act(self, step: str, decision: str = "approve", **fields: Any) -> Receipt:
        """An office acts; what the rules refuse raises ``operators.desk.desk.Refused``."""
        message = Act.model_validate(self.message(step, decision, **fields))
        return await self.stage.desk.act(self.case_id, message)

    async def object(self, text: str = "道路未通（合成）", **fields: Any) -> str:
        """Somebody objects; returns the objection's id."""
        message = Objection.model_validate(
            {"id": f"objection-{next(self.ids)}", "text": text} | fields
        )
        await self.stage.desk.object(self.case_id, message)
        return message.id

    def result(self, objection: str, finding: str = "upheld", **fields: Any) -> dict[str, Any]:
        """A resolution of an objection as JSON."""
        given = {
            "id": f"resolution-{next(self.ids)}",
            "objection_id": objection,
            "finding": finding,
            "reason": "经实地调查（合成）",
            "office": self.office(self.investigated),
            "officer": "某辛",
            "evidence": [PROOF],
        }
        return given | fields

    async def resolve(self, objection: str, finding: str, **fields: Any) -> Receipt:
        """Who investigates ends an investigation."""
        message = Resolution.model_validate(self.result(objection, finding, **fields))
        return await self.stage.desk.resolve(self.case_id, message)

    async def posted(self, **fields: Any) -> Receipt:
        """Who publishes reports that a notice was hung out, or taken down."""
        message = PostingReport.model_validate(
            {
                "id": f"posting-{next(self.ids)}",
                "office": self.office(self.publicity),
                "officer": "某己",
                "place": "公示栏（合成）",
            }
            | fields
        )
        return await self.stage.desk.posted(self.case_id, message)

    async def withdraw(self, **fields: Any) -> Receipt:
        """The applicant withdraws."""
        message = Withdrawal.model_validate(
            {
                "id": f"withdrawal-{next(self.ids)}",
                "office": self.office(self.first),
                "officer": "某甲",
                "reason": "数据需要复核（合成）",
            }
            | fields
        )
        return await self.stage.desk.withdraw(self.case_id, message)

    async def signal(self, name: str, *arguments: Any) -> None:
        """Send plain JSON as a signal, as the Web UI's form does."""
        await self.handle.signal(name, args=list(arguments))

    async def update(self, name: str, *arguments: Any) -> str:
        """Send plain JSON as an update; returns the refusal's sentence, or the receipt's."""
        try:
            receipt: Receipt = await self.handle.execute_update(
                name, args=list(arguments), result_type=Receipt, rpc_timeout=ANSWERED_WITHIN
            )
        except WorkflowUpdateFailedError as error:
            return str(error.cause)
        return receipt.text

    async def send(self, name: str, *arguments: Any) -> None:
        """Send what the rules must allow as an update of plain JSON."""
        await self.handle.execute_update(
            name, args=list(arguments), result_type=Receipt, rpc_timeout=ANSWERED_WITHIN
        )

    async def now(self) -> datetime:
        """The case's own time."""
        return await self.stage.skipper.get_current_time(self.handle)

    async def until(self, moment: datetime) -> None:
        """Let time pass until a moment; limits that pass on the way have their say."""
        await self.stage.skip(self.handle, moment - await self.now())

    async def status(self) -> CaseStatus:
        """The case's status query."""
        return await self.stage.desk.status(self.case_id)

    async def details(self) -> str:
        """The current details, as the Web UI asks for them."""
        metadata = await self.handle.query(
            "__temporal_workflow_metadata", result_type=WorkflowMetadata
        )
        return str(metadata.current_details)

    async def answers(self) -> bool:
        """Whether the case has begun and answers."""
        try:
            await self.status()
        except NoAnswer:
            return False
        return True

    async def waits(
        self, condition: Callable[[CaseStatus], bool], within: float = PATIENCE
    ) -> CaseStatus:
        """Wait in real time until the status fulfils a condition.

        A worker with much to do may leave a question without an answer for a while.
        """
        last: list[CaseStatus] = []
        unanswered: list[Exception] = []

        async def fulfilled() -> bool:
            try:
                last[:] = [await self.status()]
            except NoAnswer as error:
                unanswered[:] = [error]
                return False
            return condition(last[0])

        def described() -> str:
            stood = f"the case stands at {last[0] if last else None}"
            return "; ".join((stood, *map(str, unanswered)))

        await eventually(fulfilled, described, within)
        return last[0]

    async def reaches(self, step: str, round_: int | None = None) -> CaseStatus:
        """Wait until the case works on a step, and its office is held to its limits and told.

        The case waits for the office a moment before: an act that came between leaves nothing to
        be told, and nobody to be held to anything.
        """

        def there(seen: CaseStatus) -> bool:
            return (
                seen.step == step
                and (round_ is None or seen.round == round_)
                and (seen.waiting_for is not None or "公示中" in seen.waiting_text)
            )

        await self.waits(there)
        await self.has_asked()
        return await self.waits(there)

    async def has_asked(self) -> None:
        """Wait until the register has said what a step, or an act just given, is judged by."""

        async def answered() -> bool:
            return await self.under_way() <= BESIDE

        await eventually(answered, lambda: "a step is still being opened, or ended")

    async def under_way(self) -> set[str]:
        """The activities that the case has asked for and that have not answered, by name."""
        described = await self.handle.describe()
        return {each.activity_type.name for each in described.raw_description.pending_activities}

    async def pass_until(self, step: str) -> None:
        """Approve every step before one, and let a publicity run its time."""
        await self.has_asked()  # an act just given may end the present step
        for each in ("C2", "C3", "C5", "C6", "C7"):
            seen = await self.status()
            if each >= step:
                break
            if next(line for line in seen.steps if line.id == each).state in ("done", "skipped"):
                continue
            if each == "C5" and seen.step != "C5":
                await self.end_publicity()
            await self.reaches(each)
            await self.act(each)
        if step == "C5" and (await self.status()).step != "C5":
            await self.end_publicity()
        await self.reaches(step)

    async def end_publicity(self) -> datetime:
        """Let the publicity close; returns its closing moment."""
        seen = await self.reaches(self.publicity)
        (limit,) = [entry.limit for entry in seen.limits if entry.limit.clause == "T1"]
        await self.until(limit.due + timedelta(seconds=1))
        return limit.due

    async def limit(self, clause: str) -> Limit:
        """The one limit of a clause, once it is in force."""
        seen = await self.waits(lambda seen: clause in [each.limit.clause for each in seen.limits])
        (limit,) = [each.limit for each in seen.limits if each.limit.clause == clause]
        return limit

    async def refused(self) -> list[str]:
        """Why signals were refused, as the file has it."""
        entries = await self.entries(EntryKind.REFUSED)
        return [str(entry.data["why"]) for entry in entries if "why" in entry.data]

    async def read_refused(self) -> str:
        """What the last refused signal said, put together from its entries."""
        entries = await self.entries(EntryKind.REFUSED)
        begin = max(number for number, entry in enumerate(entries) if "why" in entry.data)
        return "".join(str(entry.data["content"]) for entry in entries[begin:])

    def told(self, topic: str = "") -> list[dict[str, Any]]:
        """What the notification log has of this case, of one topic or of all."""
        log = self.stage.settings.home / "notifications.jsonl"
        written = log.read_text(encoding="utf-8") if log.is_file() else ""
        lines = [json.loads(line) for line in written.splitlines()]
        mine = [line for line in lines if line["case_id"] == self.case_id]
        return [line for line in mine if topic in ("", line["topic"])]

    async def has_told(self, topic: str, times: int) -> list[dict[str, Any]]:
        """The notifications of a topic, once there are as many, and on file."""

        async def complete() -> bool:
            return len(self.told(topic)) >= times

        await eventually(complete, lambda: f"{len(self.told(topic))} of {times} {topic}")
        return self.told(topic)

    async def says_told(self, *topics: str) -> list[tuple[Entry, dict[str, Any]]]:
        """Who was told of some topics, as the file has it, each with the entry that says so."""
        return [
            (entry, told)
            for entry in await self.entries(EntryKind.NOTIFIED)
            for told in as_told(entry)
            if told["topic"] in topics
        ]

    async def ends(self) -> Outcome:
        """Wait for the end of the case."""
        async with asyncio.timeout(PATIENCE):
            return await self.stage.desk.outcome(self.case_id)

    async def file(self) -> list[Entry]:
        """The file as the registry has it, once it has all of it; its chain is checked."""
        kept: list[Entry] = []
        own: list[Entry] = []

        async def complete() -> bool:
            own[:] = await self.stage.desk.ledger(self.case_id)
            kept[:] = self.stage.registry.ledger(self.case_id)
            return [entry.hash for entry in own] == [entry.hash for entry in kept]

        await eventually(complete, lambda: f"the registry has {len(kept)} of {len(own)} entries")
        verify(self.case_id, kept)
        return kept

    async def entries(self, *kinds: EntryKind) -> list[Entry]:
        """The entries of some kinds."""
        return [entry for entry in await self.file() if entry.kind in kinds]

    async def has_entered(self, kind: EntryKind, times: int = 1) -> list[Entry]:
        """The entries of a kind, once there are as many."""
        found: list[Entry] = []

        async def complete() -> bool:
            found[:] = await self.entries(kind)
            return len(found) >= times

        await eventually(complete, lambda: f"{len(found)} of {times} {kind}")
        return found

    async def history(self) -> WorkflowHistory:
        """What the server has of the case, opened."""
        ring = self.stage.settings.keyring()
        return opened_history(await self.handle.fetch_history(), ring)

    async def rests(self) -> None:
        """Wait until nothing of the case is under way: only people or time can move it."""

        async def quiet() -> bool:
            described = (await self.handle.describe()).raw_description
            busy = described.pending_activities or described.HasField("pending_workflow_task")
            return not busy

        await eventually(quiet, lambda: "something is still under way")
        await self.file()


def as_told(entry: Entry) -> list[dict[str, Any]]:
    """Who was told of what by an entry."""
    told = entry.data.get("told", []) if entry.kind is EntryKind.NOTIFIED else []
    assert isinstance(told, list)
    return told  # type: ignore[return-value]


PLAYED: list[Play] = []
"""Every case opened since it was last looked through for wedged ones."""


def noise(size: int) -> str:
    """A text that is packed to so many bytes at least: no two of its phrases are alike."""
    return Random(size).randbytes(size).hex()


async def eventually(
    condition: Callable[[], Awaitable[bool]],
    described: Callable[[], str] = lambda: "",
    within: float = PATIENCE,
) -> None:
    """Wait until a condition holds: in real time, or in the time of cases without a server.

    There a case comes to rest before it answers; what it tries again by itself is all that may be
    waited for, and the clock goes on to that.
    """
    left, pause = timedelta(seconds=within), 0.02
    try:
        async with asyncio.timeout(within):
            while not await condition():
                passed = [await each.stage.pass_to_next(each.case_id, left) for each in PLAYED]
                left -= max(passed, default=timedelta(0))
                await asyncio.sleep(pause)
                # To look is work for a case that is kept nowhere: it is played to be asked.
                pause = min(1.5 * pause, 0.3)
    except TimeoutError:
        raise AssertionError(f"waited {within:.0f} s in vain; {described()}") from None


async def events_of_every_run(play: Play) -> AsyncIterator[HistoryEvent]:
    """The histories of a case, the last run's first."""
    client, run_id = play.stage.desk.client, (await play.handle.describe()).run_id or ""
    while run_id:
        earlier = None
        async for event in client.get_workflow_handle(
            play.case_id, run_id=run_id
        ).fetch_history_events():
            earlier = earlier or event.workflow_execution_started_event_attributes
            yield event
        run_id = earlier.continued_execution_run_id if earlier else ""


async def wedged(play: Play) -> list[str]:
    """What a case's history has of failed workflow tasks, and of a failed case."""
    client, found = play.stage.desk.client, []
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=play.case_id)
    converter = client.data_converter.with_context(context)

    async def said(failure: Failure) -> str:
        if not failure.HasField("encoded_attributes"):  # the server's own, or the library's
            return failure.message
        error = await converter.decode_failure(failure)
        return f"{error} {error.__cause__ or ''}"

    async for event in events_of_every_run(play):
        if event.HasField("workflow_task_failed_event_attributes"):
            failed = event.workflow_task_failed_event_attributes
            # The server's own way to say that something came in meanwhile: it is looked at first.
            cause = WorkflowTaskFailedCause.Name(failed.cause)
            came_in = cause == "WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND"
            # Two seconds without a turn, on a machine that has others to serve: it is tried again.
            message = await said(failed.failure)
            starved = "[TMPRL1101]" in message
            if not came_in and not starved:
                found.append(f"{play.case_id}: workflow task failed: {message or cause}")
        if event.HasField("workflow_execution_failed_event_attributes"):
            ended = event.workflow_execution_failed_event_attributes.failure
            found.append(f"{play.case_id}: failed: {await said(ended)}")
    return found


async def execution_status(play: Play) -> WorkflowExecutionStatus | None:
    """How the server sees a case."""
    return (await play.handle.describe()).status


async def not_admitted(play: Play, step: str) -> str:
    """The sentence of a case that was not admitted, and has left nothing in its subject's name."""
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_ADMITTED, step)
    assert await execution_status(play) is WorkflowExecutionStatus.COMPLETED
    assert await play.stage.desk.ledger(play.case_id) == []
    assert not play.stage.registry.is_admitted(play.case_id)
    assert play.told() == []
    return outcome.reason
