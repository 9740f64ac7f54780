"""Numbers for Prometheus: those of Temporal's library, and beside them our own.

One address serves both. docker/prometheus-alerts.yaml and docker/grafana-dashboard.json use them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from models.case.orders import LedgerBatch, OnFile
from registry.errors import RegistryError
from registry.reports.gauges import Gauges, gauges
from workers.connection import LOGGING
from workers.settings import SettingsError

EVERY = 30.0
"""Seconds between two looks; Prometheus asks about as often."""

_FAILING = "ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL"
"""Cases whose own task fails again and again, as the server marks them."""

_log = logging.getLogger(__name__)


def runtime(address: str) -> Runtime:
    """A runtime of Temporal's library that serves its numbers at an address.

    Raises:
        SettingsError: if nobody can listen there.
    """
    config = PrometheusConfig(bind_address=address, durations_as_seconds=True)
    try:
        return Runtime(telemetry=TelemetryConfig(LOGGING, config, attach_service_name=False))
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"metrics: nobody can listen on {address} ({str(error)[:200]}); write another address "
            "of this machine, for example 127.0.0.1:9464"
        ) from None


class Behind(Interceptor):
    """What this worker could not bring to the registry, as far as nobody has brought it since."""

    def __init__(self) -> None:
        self._lacking: dict[str, tuple[int, int]] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Part of the worker."""
        return _Noting(next, self._lacking)

    @property
    def cases(self) -> list[str]:
        """The cases in question."""
        return list(self._lacking)

    def entries(self) -> int:
        """How many entries, as far as this worker knows."""
        return sum(last - first + 1 for first, last in self._lacking.values())

    def forget(self, kept: Mapping[str, int]) -> None:
        """What another worker has brought: the registry keeps so many entries of each case."""
        for case_id, (first, last) in list(self._lacking.items()):
            first = max(first, kept.get(case_id, 0) + 1)
            if first > last:
                del self._lacking[case_id]
            else:
                self._lacking[case_id] = first, last


class _Noting(ActivityInboundInterceptor):
    def __init__(
        self, next: ActivityInboundInterceptor, lacking: dict[str, tuple[int, int]]
    ) -> None:
        super().__init__(next)
        self._lacking = lacking

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        order = input.args[0] if input.args else None
        batch = order.brings if isinstance(order, OnFile) else order
        if not isinstance(batch, LedgerBatch):
            return await super().execute_activity(input)
        first, last = batch.entries[0].seq, batch.entries[-1].seq
        known = self._lacking.get(batch.case_id, (first, last))
        self._lacking[batch.case_id] = min(first, known[0]), max(last, known[1])
        done = await super().execute_activity(input)
        if self._lacking.get(batch.case_id, (0, 0))[1] == last:
            del self._lacking[batch.case_id]
        return done


class Metrics:
    """Our own numbers, put beside those of the library."""

    def __init__(self, meter: MetricMeter, behind: Behind) -> None:
        self._behind = behind
        self._open = meter.create_gauge(
            "exitflow_cases_open", "Cases under way, by procedure and step"
        )
        self._steps: set[tuple[str, str]] = set()
        self._gauges = {
            name: meter.create_gauge(f"exitflow_{name}", description)
            for name, description in _NUMBERS.items()
        }

    async def keep_measuring(self, client: Client, engine: Engine) -> None:
        """Look again and again, until cancelled; what cannot be reached is said so."""
        while True:
            await self._registry(engine)
            await self._server(client)
            await asyncio.sleep(EVERY)

    async def _registry(self, engine: Engine) -> None:
        try:
            found = await asyncio.to_thread(gauges, engine, self._behind.cases)
        except RegistryError as error:
            _log.warning("the registry cannot be measured: %s", error)
            self._gauges["registry_up"].set(0)
            self._gauges["entries_behind"].set(self._behind.entries())
            return
        self._gauges["registry_up"].set(1)
        self._show(found)

    def _show(self, found: Gauges) -> None:
        counted = defaultdict(int, found.open)
        self._steps |= found.open.keys()
        for procedure, step in self._steps:  # a step that nobody is at any more has none
            labels = {"procedure": procedure, "step": step}
            self._open.set(counted[procedure, step], labels)
        self._gauges["cases_overdue"].set(found.overdue)
        self._gauges["messages_refused"].set(found.refused)
        self._gauges["notifications_given_up"].set(found.given_up)
        self._gauges["cases_contradicted"].set(found.contradicted)
        self._gauges["check_findings"].set(found.findings)
        self._behind.forget(found.kept)
        self._gauges["entries_behind"].set(self._behind.entries())

    async def _server(self, client: Client) -> None:
        try:
            wedged = (await client.count_workflows(_FAILING)).count
        except RPCError as error:
            _log.warning("the server cannot be measured: %s", error.message)
            self._gauges["server_up"].set(0)
            return
        self._gauges["server_up"].set(1)
        self._gauges["cases_wedged"].set(wedged)


_NUMBERS = {
    "registry_up": "Whether the registry answers this worker",
    "server_up": "Whether the server answers this worker",
    "cases_overdue": "Open cases in which a limit was missed",
    "messages_refused": "Messages on file as refused, of open cases",
    "notifications_given_up": "Notifications that were given up",
    "cases_contradicted": "Cases whose own file says otherwise than the kept one",
    "check_findings": "Findings of the last check that was kept",
    "entries_behind": "Entries that this worker has to keep and the registry lacks",
    "cases_wedged": "Cases whose own task fails again and again",
}
