"""What a case made of something that is sealed, it makes of it in every replay, whichever keys
there are by then.

A key may come to the worker after a message that is sealed with it: a desk had it first. Such a
message is refused, and its whole content put on file. In a replay the key is there, and the message
would count. Or the key is lost, and what counted would be refused. Either way a case would leave
its own history, and never go on.

So the history says from when on a key was known: by a marker of the kind that ``workflow.patched``
writes, once for each key of a case other than the one of its opening. Where a replay meets a
message before that marker, it is shut again. Where it meets one behind it and lacks the key, the
task fails, and the case waits for the key.

An update needs no marker: one that was refused has left no history, and one that was accepted shows
by itself that the key was known.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.exceptions import ApplicationError
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from models.sealed import NOT_SEALED, UnknownKey
from workers.seal import key_of, lacks_key, shut, take
from workers.wrapped import WrappedInstance, WrappedRunner

_log = logging.getLogger(__name__)


def one_meaning(inner: WorkflowRunner) -> WorkflowRunner:
    """Another runner, whose workflows understand a message in a replay as they did at first."""
    return WrappedRunner(inner, _KnownKeys)


class _KnownKeys(WrappedInstance):
    """A workflow and the keys that it has met.

    What a stranger names as a key that nobody has is counted in memory, and marks nothing.
    """

    def __init__(self, inner: WorkflowInstance, details: WorkflowInstanceDetails) -> None:
        super().__init__(inner)
        self._details = details
        self._known: set[str] = set()
        self._refused: Counter[str] = Counter()
        self._marked: set[str] = set()

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        """Let the inner workflow go on with what counted when it came, and no more."""
        marks: list[str] = []
        try:
            for job in act.jobs:
                self._begin(job)
            for job in act.jobs:
                marks += self._settle(job, act.is_replaying)
        except UnknownKey as lacking:
            return self._waiting(lacking.key)
        done = super().activate(act)
        if marks and done.HasField("successful"):
            _put_first(marks, done)
        return done

    def _begin(self, job: WorkflowActivationJob) -> None:
        """What has to be known before anything is settled."""
        if job.HasField("notify_has_patch"):
            self._marked.add(job.notify_has_patch.patch_id)
        for payload in job.initialize_workflow.arguments:
            self._known |= {key_of(payload) or ""} - {""}
            take(payload)

    def _settle(self, job: WorkflowActivationJob, is_replaying: bool) -> Iterator[str]:
        """Decide what counts; gives the marks to be written."""
        match job.WhichOneof("variant"):
            case "initialize_workflow" | "query_workflow":
                return
            case "do_update":
                was_accepted = is_replaying or not job.do_update.run_validator
                for payload in job.do_update.input:
                    if was_accepted and lacks_key(payload):
                        raise UnknownKey(key_of(payload) or "")
            case _:
                for payload in _payloads(job):
                    yield from self._settle_one(payload, is_replaying)

    def _settle_one(self, payload: Payload, is_replaying: bool) -> Iterator[str]:
        key = key_of(payload)
        if key is None:
            return
        mark = f"key-{key}/{self._refused[key]}"
        if lacks_key(payload):
            if key in self._known or mark in self._marked:
                raise UnknownKey(key)
            self._refused[key] += 1
        elif key in self._known:
            take(payload)
        elif is_replaying and mark not in self._marked:
            self._refused[key] += 1
            shut(payload)
        else:
            self._known.add(key)
            take(payload)
            yield mark

    def _waiting(self, key: str) -> WorkflowActivationCompletion:
        """The task fails, again and again, until the key is there."""
        said = (
            f"the case has taken in what is sealed with the key {key}, which this worker does not "
            "have: it waits until the key is in the worker's file"
        )
        _log.warning("%s: %s", self._details.info.workflow_id, said)
        done = WorkflowActivationCompletion()
        self._details.failure_converter_class().to_failure(
            ApplicationError(said, type=NOT_SEALED),
            self._details.payload_converter_factory(),
            done.failed.failure,
        )
        return done


def _put_first(marks: Iterable[str], done: WorkflowActivationCompletion) -> None:
    """Marks before anything that the workflow orders: always in the same place."""
    for place, mark in enumerate(marks):
        command = WorkflowCommand()
        command.set_patch_marker.patch_id = mark
        done.successful.commands.insert(place, command)


def _payloads(message: Message) -> Iterator[Payload]:
    """Every payload of a message in the order of its fields; none of its maps, which have none."""
    if isinstance(message, Payload):
        yield message
        return
    for described, value in message.ListFields():
        kind = described.message_type
        if kind is None or kind.GetOptions().map_entry:
            continue
        for part in [value] if isinstance(value, Message) else list(value):
            yield from _payloads(part)
