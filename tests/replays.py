"""Recorded cases, replayed through today's code: what it orders, and what it puts on file.

The server compares no more than the kind and the order of what a case orders. A case is also bound
to its file, whose hashes the registry keeps, so a replay must write the same file to the letter;
and the fingerprint says in plain lines what was ordered.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.worker import Interceptor, Replayer, WorkflowInstance

from models.case.ledger import Entry, verify
from models.case.orders import LedgerBatch, OnFile
from workers.catalogue import FAILURES, ORDERS, WORKFLOWS, sandbox
from workers.keys import Keyring
from workers.seal import SEALED, opened
from workers.wrapped import WrappedInstance, WrappedRunner

HISTORIES = Path(__file__).parent / "histories"

LESSON = """
Cases that began before this change are still open, and would stop or contradict their kept file.
Put the change behind workflow.patched("a-name"), with the old way in the other branch, until the
recorded history replays again. Then record the new way beside it:

    python -m tests.record_histories {path}

and commit code, history and fingerprint together. See 'Changing a live procedure' in
docs/architecture.md. Only as long as no case lives anywhere may histories be thrown away:
python -m tests.record_histories --anew
"""


class Departed(AssertionError):
    """Today's code does something else than a recorded case did."""

    def __init__(self, recording: "Recording", what: str) -> None:
        lesson = LESSON.format(path=recording.path)
        super().__init__(f"{recording.file.name}: {what}\n{lesson}")


@dataclass(frozen=True)
class Recording:
    """One recorded case: ``<path>.<number>.json``, and its fingerprint beside it."""

    file: Path

    @property
    def path(self) -> str:
        """Which way the case went."""
        return self.file.name.split(".")[0]

    @property
    def fingerprint(self) -> Path:
        """What it ordered, in order, under the length and the head of its file."""
        return self.file.with_suffix(".commands.txt")

    def history(self) -> WorkflowHistory:
        """The history, as the replayer takes it."""
        content = json.loads(self.file.read_text(encoding="utf-8"))
        started = content["events"][0]["workflowExecutionStartedEventAttributes"]
        return WorkflowHistory.from_json(started["workflowId"], content)

    def write(self, history: WorkflowHistory, replayed: "Replayed") -> None:
        """Keep a history, one event a line, and the fingerprint."""
        events = json.loads(history.to_json())["events"]
        lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in events)
        self.file.write_text(f'{{"events": [\n{lines}\n]}}\n', encoding="utf-8")
        self.fingerprint.write_text(replayed.fingerprint, encoding="utf-8")


@dataclass
class Replayed:
    """What a replay did."""

    commands: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """The file's length and head, then one line for every command."""
        return "\n".join([self.file, *self.commands, ""])

    @property
    def file(self) -> str:
        """Length and head of the case file."""
        head = self.entries[-1].hash if self.entries else "none"
        return f"# a file of {len(self.entries)} entries, head {head}"


def recordings() -> list[Recording]:
    """Every recorded case."""
    return [Recording(file) for file in sorted(HISTORIES.glob("*.json"))]


def opened_history(history: WorkflowHistory, ring: Keyring) -> WorkflowHistory:
    """A history with all that is sealed in it opened, as it is kept and replayed."""
    return WorkflowHistory(history.workflow_id, [_opened(event, ring) for event in history.events])


def _opened(event: HistoryEvent, ring: Keyring) -> HistoryEvent:
    clear = HistoryEvent()
    clear.CopyFrom(event)
    for payload in payloads_in(clear):
        if payload.metadata.get("encoding") == SEALED:
            payload.CopyFrom(opened(payload, ring))
    return clear


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload of a message, however deep."""
    if isinstance(message, Payload):
        yield message
        return
    for described, value in message.ListFields():
        if described.type != described.TYPE_MESSAGE:
            continue
        kind = described.message_type
        if kind is not None and kind.GetOptions().map_entry:
            parts = [each for each in value.values() if isinstance(each, Message)]
        else:
            parts = [value] if isinstance(value, Message) else list(value)
        for part in parts:
            yield from payloads_in(part)


def entries_in(history: WorkflowHistory) -> list[Entry]:
    """The case file as the history sent it to the registry, each entry once."""
    sent: dict[str, Entry] = {}
    for event in history.events:
        given = event.activity_task_scheduled_event_attributes
        sent |= {each.hash: each for each in _kept(given.activity_type.name, given.input.payloads)}
    return list(sent.values())


async def replay(
    history: WorkflowHistory,
    workflows: Sequence[type] = WORKFLOWS,
    converter: DataConverter = pydantic_data_converter,
    interceptors: Sequence[Interceptor] = (),
) -> Replayed:
    """Replay a case; raises where Temporal itself finds a difference.

    In the whole sandbox: a worker's own lets all cases share what its workflows consist of.

    Args:
        converter: Opens the history; one that is kept is open.
    """
    heard = Replayed()
    whole = sandbox(shared=("models",))
    await Replayer(
        workflows=workflows,
        workflow_runner=WrappedRunner(whole, lambda inner, _: _Overheard(inner, heard)),
        data_converter=converter,
        interceptors=interceptors,
        workflow_failure_exception_types=FAILURES,
    ).replay_workflow(history)
    return heard


async def check(recording: Recording, workflows: Sequence[type] = WORKFLOWS) -> Replayed:
    """Replay a recorded case and compare everything.

    Raises:
        Departed: saying where it differs, and what to do about it.
    """
    history = recording.history()
    try:
        replayed = await replay(history, workflows)
    except Exception as error:  # whatever it is, today's code cannot go on with this case
        raise Departed(recording, f"cannot be replayed: {error}") from error
    _same_file(recording, entries_in(history), replayed.entries)
    verify(history.workflow_id, replayed.entries)
    kept = recording.fingerprint.read_text(encoding="utf-8").splitlines()
    now = replayed.fingerprint.splitlines()
    if kept != now:
        line = next(n for n in range(len(kept) + 1) if kept[n : n + 1] != now[n : n + 1])
        said = f"{kept[line : line + 1]} became {now[line : line + 1]}"
        raise Departed(recording, f"line {line + 1} of {recording.fingerprint.name}: {said}")
    return replayed


def _same_file(recording: Recording, kept: list[Entry], now: list[Entry]) -> None:
    for old, new in zip(kept, now, strict=False):
        if old.hash != new.hash:
            raise Departed(recording, f"entry {old.seq} would read {new!r}, it reads {old!r}")
    if len(kept) != len(now):
        raise Departed(recording, f"the file would have {len(now)} entries, it has {len(kept)}")


def _kept(activity: str, payloads: Sequence[Payload]) -> tuple[Entry, ...]:
    """The entries that an order sends to the registry, by itself or along with it."""
    kind = ORDERS.get(activity)
    if kind is None or not issubclass(kind, LedgerBatch | OnFile):
        return ()
    converter = pydantic_data_converter.payload_converter
    (order,) = converter.from_payloads(payloads, [kind])
    batch = order if isinstance(order, LedgerBatch) else order.brings
    return batch.entries if batch else ()


class _Overheard(WrappedInstance):
    """What comes out of a workflow is written down."""

    def __init__(self, inner: WorkflowInstance, heard: Replayed) -> None:
        super().__init__(inner)
        self._heard = heard
        self._updates: dict[str, str] = {}

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        for job in act.jobs:
            if job.HasField("do_update"):
                self._updates[job.do_update.protocol_instance_id] = job.do_update.name
        completion = super().activate(act)
        for command in completion.successful.commands:
            self._heard.commands.append(" ".join(_words(command, self._updates)))
            given = command.schedule_activity
            # What an order brought along that was refused comes once more with the next.
            known = {each.hash for each in self._heard.entries}
            sent = _kept(given.activity_type, given.arguments)
            self._heard.entries += [each for each in sent if each.hash not in known]
        return completion


def _words(command: WorkflowCommand, updates: dict[str, str]) -> Iterator[str]:
    """A command in a few words, without what may change freely, as summaries may."""
    match command.WhichOneof("variant"):
        case "schedule_activity":
            yield from ("activity", command.schedule_activity.activity_type)
        case "start_timer":
            yield "timer"
            if command.user_metadata.HasField("summary"):
                yield json.loads(command.user_metadata.summary.data).split()[0]
        case "cancel_timer":
            yield "timer cancelled"
        case "upsert_workflow_search_attributes":
            yield "attributes"
            yield from sorted(
                command.upsert_workflow_search_attributes.search_attributes.indexed_fields
            )
        case "update_response":
            response = command.update_response
            yield from ("update", updates[response.protocol_instance_id])
            yield str(response.WhichOneof("response"))
        case "set_patch_marker":
            yield from ("patch", command.set_patch_marker.patch_id)
        case other:
            yield str(other)
