"""跟踪研判 (F13): the alarm of an exited unit above its threshold, and the end of that alarm."""

from collections.abc import Mapping
from datetime import datetime

from temporalio import workflow

from models.base import Record
from models.case.messages import Act, Ending, Outcome
from models.case.reception import Reception
from models.procedures import W1, WATCH
from models.watch import OpenWatch, WatchOpening
from workflows.alarms import raise_alarms
from workflows.case import Case
from workflows.doors import CaseWorkflow
from workflows.opening import docket_of


class WatchReception(Reception):
    """It takes nothing: who is told decides by an act of its own."""

    messages: Mapping[str, type[Record]] = {}


@workflow.defn(name=WATCH.workflow)
class WatchWorkflow(CaseWorkflow):
    """One alarm of one village or county, or its end."""

    @workflow.init
    def __init__(self, opening: WatchOpening) -> None:
        self.opening = opening
        self.case = Case(docket_of(WATCH, opening), arrived=opening.received_at)
        self.reception = WatchReception(self.case.docket, vet=_no_acts)
        self.begin()

    @workflow.run
    async def run(self, opening: WatchOpening) -> Outcome:
        """One step: the register is asked, the offices above are told."""
        return await self.case.walk((W1, self.alarm))

    async def alarm(self) -> None:
        """W1 预警: counted as of the day, on file, told; nothing changes by itself."""
        case, unit = self.case, self.opening.subject
        alarm = await case.admit(
            OpenWatch, self.opening, f"跟踪研判：{unit.full_name}退出后登记数据有变化"
        )
        raise_alarms(case, (alarm,))
        said = "已告知上级单位预警解除" if alarm.ended else "已向上级单位发出预警"
        raise case.end(Ending.CONCLUDED, "case", said)


def _no_acts(act: Act, now: datetime) -> None:
    """No act gets so far."""
