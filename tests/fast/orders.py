"""Activities that a case in memory has ordered: an attempt at one, and what the case hears."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio import activity
from temporalio.api.common.v1 import ActivityType, Payload
from temporalio.api.enums.v1 import RetryState
from temporalio.api.failure.v1 import ActivityFailureInfo, CanceledFailureInfo, Failure
from temporalio.bridge.proto import activity_result
from temporalio.bridge.proto.activity_result import ActivityResolution
from temporalio.bridge.proto.workflow_commands import ScheduleActivity
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter
from temporalio.testing import ActivityEnvironment

from tests.fast.works import NAMESPACE, Works


@dataclass
class Ordered:
    """An activity that has not answered yet.

    Attributes:
        due: When it is tried, or tried again.
        failure: Of its last attempt.
        given_up: Why it is not tried again, once it has failed.
    """

    command: ScheduleActivity
    scheduled: datetime
    due: datetime
    attempt: int = 1
    failure: Failure | None = None
    given_up: RetryState.ValueType = RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE

    def info(
        self, case_id: str | None, run_id: str | None, kind: str | None, now: datetime
    ) -> activity.Info:
        """What an attempt at it knows of itself; under no workflow where there is no case."""
        return replace(
            ActivityEnvironment.default_info(),
            activity_id=self.command.activity_id,
            activity_type=self.command.activity_type,
            attempt=self.attempt,
            current_attempt_scheduled_time=self.due,
            scheduled_time=self.scheduled,
            started_time=now,
            task_queue=self.command.task_queue,
            workflow_id=case_id,
            workflow_run_id=run_id,
            workflow_type=kind,
            namespace=NAMESPACE,
            workflow_namespace=NAMESPACE,
        )

    async def attempted(
        self, works: Works, converter: DataConverter, info: activity.Info
    ) -> Payload | Failure:
        """Try it once; its answer, or why it failed."""
        payloads, context = converter.payload_converter, ActivityEnvironment()
        context.info = info
        try:
            defn = works.activities[self.command.activity_type]
            given = payloads.from_payloads(self.command.arguments, defn.arg_types)
            result = context.run(works.guarded(defn), *given)
            return payloads.to_payload(await result if defn.is_async else result)
        except Exception as error:  # whatever an activity raises, its case hears of it
            failure = Failure()
            converter.failure_converter.to_failure(error, payloads, failure)
            return failure

    def tried_again(self, failure: Failure, now: datetime) -> bool:
        """Put it off until it is tried again, if it is."""
        pause = self._pause(failure)
        over = self.scheduled + self.command.schedule_to_close_timeout.ToTimedelta()
        if pause is None:
            return False
        if now + pause >= over:
            self.given_up = RetryState.RETRY_STATE_TIMEOUT
            return False
        self.attempt, self.due, self.failure = self.attempt + 1, now + pause, failure
        return True

    def _pause(self, failure: Failure) -> timedelta | None:
        said, policy = failure.application_failure_info, self.command.retry_policy
        if said.non_retryable or said.type in policy.non_retryable_error_types:
            return None
        if policy.maximum_attempts and self.attempt >= policy.maximum_attempts:
            return None
        if said.HasField("next_retry_delay"):
            return said.next_retry_delay.ToTimedelta()
        usual = RetryPolicy.from_proto(policy)
        longest = usual.maximum_interval or usual.initial_interval * 100
        grown = usual.initial_interval * usual.backoff_coefficient ** (self.attempt - 1)
        return min(grown, longest)

    def resolution(self, answer: Payload | Failure | None) -> ActivityResolution:
        """What the case hears: an answer, why it failed for good, or that it was cancelled."""
        if isinstance(answer, Payload):
            return ActivityResolution(completed=activity_result.Success(result=answer))
        if isinstance(answer, Failure):
            whole = self._whole("Activity task failed", answer, self.given_up)
            return ActivityResolution(failed=activity_result.Failure(failure=whole))
        said, state = "Activity cancelled", RetryState.RETRY_STATE_CANCEL_REQUESTED
        cause = Failure(message=said, canceled_failure_info=CanceledFailureInfo())
        whole = self._whole(said, cause, state)
        return ActivityResolution(cancelled=activity_result.Cancellation(failure=whole))

    def _whole(self, said: str, cause: Failure, state: RetryState.ValueType) -> Failure:
        info = ActivityFailureInfo(
            activity_id=self.command.activity_id,
            activity_type=ActivityType(name=self.command.activity_type),
            retry_state=state,
        )
        return Failure(message=said, cause=cause, activity_failure_info=info)
