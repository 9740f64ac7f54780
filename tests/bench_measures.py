"""What the benchmarks measure by: billable actions, and processor time."""

import time
from pathlib import Path

from temporalio.api.enums.v1 import EventType

ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED: "update",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: "search attributes",
}
"""Events that a hosted server bills as actions; retried activities would come on top."""


class Clocks:
    """Processor time of the server's process and of this one, which holds the worker."""

    def __init__(self, server: int) -> None:
        self._stat = Path(f"/proc/{server}/stat")

    def cpu(self) -> float:
        """Seconds so far."""
        fields = self._stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100 + time.process_time()
