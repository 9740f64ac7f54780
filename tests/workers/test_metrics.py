"""Numbers for Prometheus, as a real worker serves them; and the files that use them."""

import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import Engine
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import MetricMeter
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Worker
from temporalio.worker import UnsandboxedWorkflowRunner as Unsandboxed

from models.case.orders import LedgerBatch
from operators.up import prepare_registry
from registry.database.engine import open_engine, writing
from registry.tables import CaseRow
from tests.operators.test_up import opens_a_case, running
from tests.play import eventually
from tests.stage import settings_in
from workers import limits, metrics
from workers.embedded import embedded, free_port
from workers.namespace import set_up
from workers.settings import SettingsError, load_settings

DOCKER = Path(__file__).parents[2] / "docker"
RULES = (DOCKER / "prometheus-alerts.yaml").read_text("utf-8")
DASHBOARD = json.loads((DOCKER / "grafana-dashboard.json").read_text("utf-8"))
GUIDE = (DOCKER.parent / "docs" / "configure.md").read_text("utf-8")
CASE = "county-exit/411523/2018"
_NAME = re.compile(r"\b(?:exitflow|temporal)_[a-z_]+")


def asked() -> set[str]:
    """Every number that rules and dashboard ask for."""
    rules = re.findall(r"^ +expr: (.+)$", RULES, re.MULTILINE)
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    assert len(rules) == RULES.count("- alert:") > 5
    return {name for expression in (*rules, *panels) for name in _NAME.findall(expression)}


async def test_rules_dashboard_and_guide_ask_for_what_a_worker_serves(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    address = f"127.0.0.1:{free_port()}"
    async with embedded() as server:
        await set_up(server.client)
        told = {"TEMPORAL_ADDRESS": server.address, "EXITFLOW_METRICS": address}
        async with running(settings.home, "worker", **told) as worker, httpx.AsyncClient() as http:
            await worker.says("worker ready")

            async def served() -> str:
                return (await http.get(f"http://{address}/metrics")).text

            text = ""

            async def counted() -> bool:
                nonlocal text
                text = await served()
                return "exitflow_server_up 1" in text

            await eventually(counted)
            assert "exitflow_registry_up 1" in text
            assert "exitflow_cases_open{" not in text
            await opens_a_case(settings, server.client)

            async def is_open() -> bool:
                nonlocal text
                text = await served()
                one = re.search(r"^exitflow_cases_open\{(.*)\} 1$", text, re.MULTILINE)
                return one is not None and 'step="C2"' in one[1]

            await eventually(is_open)
            assert re.search(r"^exitflow_entries_behind 0$", text, re.MULTILINE)
            there = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
            assert asked() <= there
            ours = {name for name in there if name.startswith("exitflow_")}
            assert set(re.findall(r"`(exitflow_[a-z_]+)`", GUIDE)) == ours
            assert "合成" not in text  # nobody's name, nor a text of anybody's


@workflow.defn
class Failing:
    """Its task fails, and is given again."""

    @workflow.run
    async def run(self) -> None:
        """What it is started with."""
        raise RuntimeError("wedged")


async def test_cases_that_fail_at_their_own_task_are_counted(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as changed:
        # The server marks one after five failures in a row; here after the first.
        threshold = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"
        changed.setattr(limits, "LIMITS", {**limits.LIMITS, threshold: 1})
        async with embedded() as server:
            client: Client = server.client

            async def wedged(number: int) -> bool:
                return (await client.count_workflows(metrics._FAILING)).count == number

            assert await wedged(0)
            async with Worker(
                client, task_queue="failing", workflows=[Failing], workflow_runner=Unsandboxed()
            ):
                handle = await client.start_workflow(
                    Failing.run,
                    id="failing",
                    task_queue="failing",
                )
                await eventually(lambda: wedged(1))
                await handle.terminate()
                await eventually(lambda: wedged(0))


class _Registry(ActivityInboundInterceptor):
    """Takes what it is given, or is away."""

    def __init__(self) -> None:
        self.is_away = False

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if self.is_away:
            raise OSError("away")
        return 0


def _batch(first: int, last: int) -> Any:
    told: dict[str, Any] = {
        "case_id": CASE,
        "entries": tuple(SimpleNamespace(seq=seq) for seq in range(first, last + 1)),
    }
    batch = LedgerBatch.model_construct(**told)
    return ExecuteActivityInput(print, (batch,), None, {})


async def test_entries_that_the_registry_has_not_taken_are_behind() -> None:
    registry, behind = _Registry(), metrics.Behind()
    worker = behind.intercept_activity(registry)
    await worker.execute_activity(_batch(1, 3))
    assert (behind.entries(), behind.cases) == (0, [])
    registry.is_away = True
    for last in (4, 7, 5):
        with pytest.raises(OSError, match="away"):
            await worker.execute_activity(_batch(4, last))
    assert behind.entries() == 4  # entries 4 to 7
    behind.forget({CASE: 5})  # 4 and 5 were brought by another worker
    assert behind.entries() == 2
    behind.forget({})  # a registry that does not list the case
    assert behind.entries() == 2
    behind.forget({CASE: 7})
    assert (behind.entries(), behind.cases) == (0, [])
    with pytest.raises(OSError, match="away"):
        await worker.execute_activity(_batch(8, 9))
    registry.is_away = False
    await worker.execute_activity(_batch(8, 9))
    assert behind.entries() == 0


class _Gauge:
    """Keeps what it shows."""

    def __init__(self) -> None:
        self.shown: dict[str, int] = {}

    def create_gauge(self, name: str, _: str) -> SimpleNamespace:
        def show(value: int, *_: object) -> None:
            self.shown[name.removeprefix("exitflow_")] = value

        return SimpleNamespace(set=show)


async def test_the_number_behind_goes_on_while_the_registry_is_away_and_falls_when_it_is_back(
    engine: Engine, tmp_path: Path
) -> None:
    """Another worker has brought the end of the case meanwhile."""
    away, behind, meter = _Registry(), metrics.Behind(), _Gauge()
    away.is_away = True
    measured = metrics.Metrics(cast(MetricMeter, meter), behind)
    nowhere = open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'registry.db'}")
    for last in (4, 7):
        with pytest.raises(OSError, match="away"):
            await behind.intercept_activity(away).execute_activity(_batch(4, last))
        await measured._registry(nowhere)
        assert meter.shown == {"registry_up": 0, "entries_behind": last - 3}
    nowhere.dispose()
    with writing(engine) as session:
        session.add(
            CaseRow(
                case_id=CASE,
                procedure="county-exit",
                subject_code="411523",
                subject_name="合成县",
                year=2018,
                region="/410000/",
                step="C7",
                round=1,
                overdue=False,
                open_objections=0,
                outcome="exited",
                entries=7,
                head="0" * 64,
                updated=datetime(2018, 3, 1, tzinfo=UTC),
            )
        )
    await measured._registry(engine)
    assert (meter.shown["registry_up"], meter.shown["entries_behind"]) == (1, 0)


def test_an_address_that_is_none_or_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("9464", "localhost", "127.0.0.1:", "127.0.0.1:99999"):
        monkeypatch.setenv("EXITFLOW_METRICS", wrong)
        with pytest.raises(SettingsError, match=r"metrics: .*write an address and a port"):
            load_settings()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"metrics: nobody can listen on {address}"):
            metrics.runtime(address)
