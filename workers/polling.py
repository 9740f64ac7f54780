"""Who asks the server for the work of an installation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE

QUEUES = (
    (TASK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    (ACTIVITY_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
)

_POLLED_WITHIN = timedelta(seconds=75)  # a long poll lasts 60 seconds


async def pollers(
    client: Client, queue: str, kind: TaskQueueType.ValueType
) -> Sequence[PollerInfo]:
    """The workers that have lately asked for the tasks of a queue.

    Raises:
        RPCError: if the server does not answer.
    """
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        )
    )
    return described.pollers


def asks_still(poller: PollerInfo) -> bool:
    """Whether it asks still: the server remembers who has gone for five minutes."""
    return poller.last_access_time.ToDatetime(UTC) > datetime.now(UTC) - _POLLED_WITHIN
