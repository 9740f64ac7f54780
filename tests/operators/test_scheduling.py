"""setup schedules, schedules, and what `up` makes of them (F5, F6)."""

from typing import Any

import pytest

from tests.operators.conftest import Shell
from tests.play import eventually
from tests.stage import Stage

pytestmark = [pytest.mark.clause("F5", "F6"), pytest.mark.server]


async def test_schedules_are_made_once_and_again_for_counties_loaded_later(
    cli: Shell, installation: Stage
) -> None:
    known = len(installation.registry.overview().counties)
    made = (await cli("setup", "schedules")).done()
    assert made == f"{known + 3} schedules: {known + 3} made, 0 changed\n"
    assert (await cli("setup", "schedules")).done() == (
        f"{known + 3} schedules: 0 made, 0 changed\n"
    )
    later = installation.county()
    assert (await cli("setup", "schedules")).done() == (
        f"{known + 4} schedules: 1 made, 0 changed\n"
    )
    listed: dict[str, Any] = {}

    async def complete() -> bool:
        listed.update({each["id"]: each for each in (await cli("schedules", "--json")).json})
        return len(listed) == known + 4

    await eventually(complete)  # a list is behind for a moment
    assert listed[f"follow-up/{later}"]["next_times"][0].endswith("-01-05T01:00:00Z")
    assert listed["supervision/410000"]["catch_up"] == "P60D"
    assert listed["supervision/410000"]["last_nominal"] is None
    said = (await cli("schedules")).done()
    assert f"{known + 4} schedules" in said
    (line,) = [line for line in said.splitlines() if line.startswith("supervision/410000")]
    assert line.count("-01 09:00") == 2
    assert line.rstrip().endswith("60 d")


async def test_without_a_server_they_cannot_be_listed(
    lonely: Shell, installation: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXITFLOW_HOME", str(installation.settings.home))
    for words in (("schedules",), ("setup", "schedules")):
        assert "no Temporal server answers" in (await lonely(*words)).fails(3)
