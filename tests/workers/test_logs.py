"""What a worker logs of a case, as text and as JSON."""

import json
import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from models.case.orders import LedgerBatch
from operators.up import prepare_registry
from tests.operators.test_up import opens_a_case, running
from tests.stage import settings_in
from workers.embedded import embedded
from workers.logs import Form, WithStep, log_as
from workers.namespace import set_up
from workers.settings import SettingsError, load_settings


@pytest.fixture
def logging_left_alone() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    activity.logger.activity_info_on_message = True
    workflow.logger.workflow_info_on_message = True


class _Failing(ActivityInboundInterceptor):
    """An activity that fails; what is logged then is logged where the library does."""

    def __init__(self) -> None:
        pass

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        raise ValueError("gone\x1b[2K\nall\u2028is\u202ewell\u2066")


async def logged(form: Form, capsys: pytest.CaptureFixture[str]) -> str:
    log_as(form)
    state = SimpleNamespace(step="C2", waiting_for="A6/411500")
    told: dict[str, Any] = {"case_id": "county-exit/411523/2018", "state": state}
    given = ExecuteActivityInput(print, (LedgerBatch.model_construct(**told),), None, {})
    try:
        await WithStep().intercept_activity(_Failing()).execute_activity(given)
    except ValueError:
        known = {"workflow_id": "county-exit/411523/2018", "activity_type": "write_ledger"}
        logger = logging.getLogger("temporalio.activity")
        logger.warning("it %s", "failed", exc_info=True, extra={"temporal_activity": known})
    return capsys.readouterr().err


async def test_a_line_names_case_step_and_office_as_json(
    capsys: pytest.CaptureFixture[str], logging_left_alone: None
) -> None:
    line = (await logged("json", capsys)).removesuffix("\n")
    said = json.loads(line)
    assert line.isascii()  # neither a second line nor a turned one, whatever reads it
    assert said.pop("exception").endswith("ValueError: gone\x1b[2K\nall\u2028is\u202ewell\u2066")
    assert said.pop("timestamp").endswith("Z")
    assert said == {
        "event": "it failed",
        "level": "warning",
        "logger": "temporalio.activity",
        "case": "county-exit/411523/2018",
        "activity": "write_ledger",
        "step": "C2",
        "office": "A6/411500",
    }


async def test_a_line_names_case_step_and_office_as_text(
    capsys: pytest.CaptureFixture[str], logging_left_alone: None
) -> None:
    first, *others = (await logged("text", capsys)).splitlines()
    assert "[warning  ] it failed [temporalio.activity] " in first
    for each in ("case=county-exit/411523/2018", "step=C2", "office=A6/411500"):
        assert each in first
    assert all(each.startswith("  ") for each in others)  # no line of somebody's looks like ours
    assert not [each for each in others if "\x1b" in each]


async def test_a_worker_logs_which_case_could_not_tell_which_office(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    mail = {
        "kind": "smtp",
        "name": "mail",
        "host": "127.0.0.1",
        "port": 1,
        "security": "none",
        "sender": "exitflow@example.org",
        "recipients": {"A6/411500": "city@example.org"},
    }
    async with embedded() as server:
        await set_up(server.client)
        told = {
            "TEMPORAL_ADDRESS": server.address,
            "EXITFLOW_LOGS": "json",
            "EXITFLOW_CHANNELS": json.dumps([mail]),
        }
        async with running(settings.home, "worker", **told) as worker:
            await worker.says("worker ready")
            case_id = await opens_a_case(settings, server.client)
            assert worker.process.stderr is not None
            said: dict[str, str] = {}
            async for line in worker.process.stderr:
                said = json.loads(line)
                if said.get("activity") == "deliver":
                    break
            assert said["case"] == case_id
            assert "A6/411500" in said["told"]
            assert "Completing activity as failed: Outage: mail: " in said["event"]
            await worker.ends(signal.SIGTERM)


def test_a_form_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXITFLOW_LOGS", "xml")
    with pytest.raises(SettingsError, match="logs: "):
        load_settings()
