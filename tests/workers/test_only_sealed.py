"""A stranger's opening ends at once; a case that goes on in a new run waits for its key."""

from types import SimpleNamespace

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter
from temporalio.worker import WorkflowInstance, WorkflowRunner

from workers.only_sealed import only_sealed_openings
from workers.seal import UNKNOWN_KEY, _marked

WITHOUT_ITS_KEY, CLEAR = _marked(Payload(), UNKNOWN_KEY), _marked(Payload(), "it is not sealed")


class NeverBegun(WorkflowRunner):
    """A runner whose workflows should not be reached."""

    def prepare_workflow(self, defn: object) -> None:
        raise AssertionError

    def create_instance(self, det: object) -> WorkflowInstance:
        return None  # type: ignore[return-value]


@pytest.mark.clause("G7")
@pytest.mark.parametrize(
    ("payload", "continued", "waits"),
    [
        (WITHOUT_ITS_KEY, "earlier-run", True),
        (WITHOUT_ITS_KEY, "", False),
        (CLEAR, "earlier-run", False),
    ],
)
def test_the_first_turn_of_a_later_run_waits_for_its_key(
    payload: Payload, continued: str, waits: bool
) -> None:
    act = WorkflowActivation()
    begins = act.jobs.add().initialize_workflow
    begins.arguments.append(payload)
    begins.continued_from_execution_run_id = continued
    details = SimpleNamespace(
        payload_converter_factory=DefaultPayloadConverter,
        failure_converter_class=DefaultFailureConverter,
    )
    done = only_sealed_openings(NeverBegun()).create_instance(details).activate(act)  # type: ignore[arg-type]
    assert done.HasField("failed") is waits
    ended = [each.HasField("fail_workflow_execution") for each in done.successful.commands]
    assert ended == ([] if waits else [True])
