"""The scripts, run as they are."""

import asyncio
import os
import runpy
import sys
from pathlib import Path

import pytest

from operators.desk.registry import rehearsed_at
from tests.operators.conftest import THIS_YEAR, Opened, Shell, applies, as_toml
from tests.operators.rosters_today import cleared, settle
from tests.stage import Stage

pytestmark = pytest.mark.server

SCRIPTS = Path(__file__).parents[2] / "scripts"


async def run(environment: dict[str, str], script: str, *words: str) -> tuple[int | None, str, str]:
    """Run a script of the checkout in a process; its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        SCRIPTS / script,
        *words,
        env={**os.environ, **environment},
        cwd="/",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.clause("C1", "C2", "T5")
async def test_a_case_is_started_approved_and_listed_as_due(
    installation: Stage,
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = installation.county()
    file = tmp_path / "application.toml"
    file.write_text(as_toml(applies(code)), encoding="utf-8")
    installation.registry.add_plan(THIS_YEAR, code, "合成计划")
    status, out, err = await run(environment, "start_case.py", str(file))
    assert (status, out, err) == (0, f"county-exit/{code}/{THIS_YEAR}\n", "")
    case = Opened.of(installation, out.strip(), code)
    await case.at("C2")

    wrong = await run(environment, "approve_step.py", case.id, "C3", "A7/410000", "某乙")
    assert wrong[:2] == (1, "")
    assert "C3 is not open" in wrong[2]
    words = ("approve_step.py", case.id, "C2", case.office("C2"), "某乙", "合成〔2〕号")
    first, again = await run(environment, *words), await run(environment, *words)
    assert first == again
    assert first[0] == 0
    assert "C2 同意（合成〔2〕号）" in first[1]
    await case.at("C3")
    await case.play.file()

    due = (await case.play.limit("T5")).last_day
    (status, out, err), (_, soon, _) = await asyncio.gather(
        run(environment, "list_due.py", "400"), run(environment, "list_due.py", "0")
    )
    assert (status, err) == (0, "")
    (mine,) = [line.split("\t") for line in out.splitlines() if line.endswith(case.id)]
    assert mine[:3] == [f"{due} 24:00", "open", "T5"]
    assert mine[3].endswith(case.office("C3"))
    assert case.id not in soon

    # One that is over is overdue, whether or not the case has said so yet.
    monkeypatch.setenv("EXITFLOW_HOME", str(installation.settings.home))
    monkeypatch.setattr(sys, "argv", ["list_due.py", "400"])
    capsys.readouterr()
    with rehearsed_at((await case.play.limit("T5")).due):
        runpy.run_path(str(SCRIPTS / "list_due.py"), run_name="__main__")
    (mine,) = [
        line.split("\t")
        for line in capsys.readouterr().out.splitlines()
        if line.endswith(case.id) and "\tT5\t" in line
    ]
    assert mine[1] == "overdue"


@pytest.mark.clause("H4", "G1")
async def test_the_cleared_households_of_a_county_are_struck_off_and_the_held_ones_later(
    cli: Shell, installation: Stage, environment: dict[str, str], tmp_path: Path
) -> None:
    here = settle(installation, 2)
    waits = await settle(installation, 1, county=here.county).opens(cli, tmp_path)
    play = await here.opens(cli, tmp_path)
    first, _ = here.households
    objection = await play.object(household=first)
    await cleared(cli, play)
    words = ("strike_off_cleared.py", here.county, str(THIS_YEAR), "某乙", "合成〔9〕号")
    status, out, err = await run(environment, *words)
    assert (status, err) == (0, "")
    (line,) = out.splitlines()
    assert line.split("\t")[:2] == [play.case_id, "taken"]
    await play.waits(lambda seen: seen.households is not None and seen.households.held == (first,))
    assert await play.states() == ["held", "struck_off"]

    await play.resolve(objection, "dismissed")
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.file()
    assert (await run(environment, *words))[0] == 0
    assert (await play.ends()).reason == "2户脱贫销号"
    assert await run(environment, *words) == (0, "", "")
    assert (await waits.states()) == ["drafted"]
