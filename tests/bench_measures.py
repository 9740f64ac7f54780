"""What the benchmarks measure by: billable actions, and processor time."""

import os
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

YEARS_DAYS_OFF = """
[{year}]
source = "合成安排"
days_off = [{{ from = {year}-01-01, to = {year}-01-03, name = "元旦" }}]
workdays = []
"""


def published(folder: Path, *years: int) -> Path:
    """A file with the days off of years, as they are published by the November before.

    Without it every limit of the coming year is a guess, and each case asks once more for the
    calendar at the end of its publicity.
    """
    file = folder / "workdays.toml"
    file.write_text("".join(YEARS_DAYS_OFF.format(year=year) for year in years), encoding="utf-8")
    return file


_TICKS = os.sysconf("SC_CLK_TCK")


class Clocks:
    """Processor time of the server's process and of this one, which holds the worker."""

    def __init__(self, server: int) -> None:
        self._server = server

    def cpu(self) -> float:
        """Seconds so far."""
        return processor_seconds(self._server) + time.process_time()


def processor_seconds(process: int) -> float:
    """What a process has used so far; 0 once it has gone."""
    return sum(_used(Path(f"/proc/{process}/stat")))


def thread_seconds(process: int) -> dict[int, float]:
    """What each thread of a process has used so far, by its number."""
    return {
        int(each.name): sum(_used(each / "stat"))
        for each in Path(f"/proc/{process}/task").glob("*")
    }


def _used(stat: Path) -> tuple[float, float]:
    try:
        fields = stat.read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0, 0.0
    return int(fields[11]) / _TICKS, int(fields[12]) / _TICKS


def resident(process: int, *, most: bool = False) -> int:
    """Bytes of memory a process has now, or had at most."""
    wanted = "VmHWM:" if most else "VmRSS:"
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))
