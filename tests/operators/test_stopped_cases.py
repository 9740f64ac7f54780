"""Cases that registry and server do not both have: every command says so, with the mend (G7)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from models.case.messages import Withdrawal
from models.county.messages import CountyApplication
from models.offices import Office
from operators.desk.desk import NoCase
from operators.desk.opening import _KINDS
from tests.operators.conftest import THIS_YEAR, Opened, Opener, Shell, applies, as_toml
from tests.play import eventually
from tests.stage import Stage
from workers.catalogue import TASK_QUEUE
from workers.keys import Keyring, Keys
from workers.seal import sealed_client

pytestmark = [pytest.mark.clause("G7"), pytest.mark.server]


def messages(case: Opened) -> list[tuple[object, ...]]:
    """An act and an objection, answered or kept by the server."""
    act = ("act", case.id, "--step", "C2", "--as", case.office("C2"), "--officer", "某乙")
    objection = ("object", case.id, "--text", "道路未通（合成）")
    return [(*act, "--approve"), objection, (*objection, "--signal")]


async def test_a_terminated_case_says_so_above_all_else_and_in_the_list(
    cli: Shell, opens: Opener
) -> None:
    case = await opens()
    await case.play.rests()
    assert "stopped" not in (await cli("case", case.id, "--json")).json
    await case.play.handle.terminate()
    what = "the registry has it open, and on the server it was terminated"
    mend = f"temporal workflow reset --workflow-id {case.id} --type LastWorkflowTask"
    shown = (await cli("case", case.id)).done()
    first = " ".join(shown.partition("贫困县退出")[0].split())
    assert what in first
    assert mend in first.replace("- ", "-")
    assert what in (await cli("case", case.id, "--json")).json["stopped"]
    for words in messages(case):
        sentence = (await cli(*words)).fails(1)
        assert sentence.startswith(f"{case.id} does not go on: {what}; ")
        assert "`exitflow check`" in sentence
    with pytest.raises(NoCase, match="on the server it was terminated"):
        await case.play.stage.desk.withdraw(case.id, _withdrawal(case))

    assert (await cli("check")).status == 1
    (row,) = [each for each in (await cli("cases", "--json")).json if each["case_id"] == case.id]
    assert what in row["found"][0]["what"]
    assert "check --last" in (await cli("cases", "--region", case.code)).done().partition("Case")[2]


async def test_a_deleted_case_is_open_here_and_not_there(
    cli: Shell, opens: Opener, tmp_path: Path
) -> None:
    case = await opens()
    await case.play.rests()
    client = case.play.stage.desk.client
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=case.id)
        )
    )

    async def gone() -> bool:
        return (await case.play.stage.desk.amiss(case.id)) is not None

    await eventually(gone)
    for words in [("case", case.id), *messages(case)]:
        sentence = (await cli(*words)).fails(1)
        assert "the registry has it open, and the server has no such case" in sentence
        assert "Without a copy it cannot go on, and its subject can open no other" in sentence
    # As it says: the subject has an open case, and nothing else can be opened.
    file = tmp_path / "application.toml"
    file.write_text(as_toml(applies(case.code)), "utf-8")
    again = ("start", "county", case.code, "--year", THIS_YEAR, "--application", file)
    assert f"already has an open case for {THIS_YEAR}" in (await cli(*again)).fails(1)
    # And one of which the registry knows nothing either is no case at all.
    assert "there is no such case" in (await cli("case", "county-exit/410000/1")).fails(1)


async def test_an_id_that_waits_for_a_far_day_is_told_and_taken_back(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    code = installation.county()
    installation.registry.add_plan(THIS_YEAR, code, "合成计划")
    id = f"county-exit/{code}/{THIS_YEAR}"
    client = installation.desk.client

    async def waits(stranger: Client) -> WorkflowHandle[Any, Any]:
        far = timedelta(days=900)
        with installation.skipper.with_time_skipping_disabled():
            return await stranger.start_workflow(
                "CountyExit", {}, id=id, task_queue=TASK_QUEUE, start_delay=far
            )

    Keys.made(tmp_path / "keys")
    squatting = await waits(sealed_client(client, Keyring(tmp_path / "keys")))
    for words in (("case", id), ("object", id, "--text", "x")):
        sentence = (await cli(*words)).fails(1)
        assert "the registry has admitted no such case" in sentence
        assert "which has not begun and waits until" in sentence
        assert f"temporal workflow terminate --workflow-id {id}" in sentence
    # It is sealed with a key that is not known here: a colleague's, or a stranger's.
    file = tmp_path / "application.toml"
    file.write_text(as_toml(applies(code)), "utf-8")
    start = ("start", "county", code, "--year", THIS_YEAR, "--application", file)
    sentence = (await cli(*start)).fails(1)
    assert "a workflow holds its id, which has not begun" in sentence
    assert "already has a case" not in sentence
    await squatting.terminate()

    stranger = await waits(_in_the_clear(client))
    assert (await cli(*start)).done() == f"{id}\n"
    described = await client.get_workflow_handle(id, run_id=stranger.result_run_id).describe()
    assert described.status is WorkflowExecutionStatus.TERMINATED
    await Opened.of(installation, id, code).at("C2")


async def test_a_case_that_is_not_admitted_is_told_by_the_command_that_opened_it(
    cli: Shell, installation: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = installation.county()  # in no plan: the registry refuses what the desk lets through
    county = _KINDS[CountyApplication]
    monkeypatch.setitem(
        _KINDS, CountyApplication, county._replace(rules=replace(county.rules, checks=()))
    )
    file = tmp_path / "application.toml"
    file.write_text(as_toml(applies(code)), "utf-8")
    said = await cli("start", "county", code, "--year", THIS_YEAR, "--application", file)
    sentence = said.fails(1)
    assert sentence.startswith(f"county-exit/{code}/{THIS_YEAR}: ")
    assert "plan" in sentence


def _withdrawal(case: Opened) -> Withdrawal:
    office = Office.parse(case.office("C1"))
    return Withdrawal(id="w-1", office=office, officer="某甲", reason="合成")


def _in_the_clear(client: Client) -> Client:
    """As a stranger has the server, who has no keys."""
    config = client.config()
    config["data_converter"] = pydantic_data_converter
    return Client(**config)
