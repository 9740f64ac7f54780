"""The check of the installation as an activity: both its parts, and what is kept of them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from temporalio import activity

from models.checks.findings import CheckReport, Finding
from models.checks.nightly import CheckDone, CheckOrder
from models.offices import Office
from models.periods import beijing
from models.policy import Body, Policy
from registry.checks.checks import Checks

_BEAT = 20.0

ServerPart = Callable[[], Awaitable[tuple[str, list[Finding]]]]
"""Looks at the server: what was looked at, and what is wrong there."""


class CheckActivities:
    """Checking while cases go on.

    Args:
        server: The part that needs the server, which workers know.
        policy: Reads the policy of the installation, as it is on the day.
    """

    def __init__(self, checks: Checks, server: ServerPart, policy: Callable[[], Policy]) -> None:
        self._checks, self._server, self._policy = checks, server, policy

    @activity.defn
    async def check_installation(self, _: CheckOrder) -> CheckDone:
        """Look at everything, and keep what was found in the registry.

        Raises:
            RegistryError: if the registry cannot be used now.
        """
        async with _beating():
            server = await self._server()
            report = await asyncio.to_thread(self._checks.run, server)
            await asyncio.to_thread(self._checks.keep, report)
        policy = self._policy()
        name = policy.name_of(
            Body.PROVINCIAL_GROUP, policy.province_name, beijing(report.ended).date()
        )
        office = Office.parse(f"{Body.PROVINCIAL_GROUP.value}/{policy.province}")
        return CheckDone(total=report.total, said=sentence(report), tell=office, tell_name=name)


def sentence(report: CheckReport) -> str:
    """What was looked at and found, in Chinese."""
    kinds = Counter(each.part for each in report.findings)
    found = "，".join(f"{_PARTS[part]}{many}处" for part, many in kinds.items())
    return (
        f"核对{report.cases}份案卷、{report.entries}条记录，"
        f"{'发现不符：' + found if report.total else '未发现不符'}"
    )


_PARTS = {
    "files": "案卷与台账",
    "register": "登记",
    "journal": "日志",
    "server": "流程服务",
    "schedules": "定时任务",
    "notices": "公示文件",
    "alarms": "未预警",
}


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Heartbeats while a block runs, so that a worker that has gone is noticed."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_BEAT)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
