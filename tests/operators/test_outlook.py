"""ready and progress beside real cases: what is under way, and what it changes when it ends."""

import pytest

from tests.operators.conftest import Shell
from tests.play import eventually
from tests.roster_stage import opens_roster, put_households
from tests.stage import YEAR, Stage, at


@pytest.mark.clause("S2", "S5", "H4", "G6", "F8")
async def test_a_village_becomes_ready_when_its_roster_has_ended(
    cli: Shell, installation: Stage
) -> None:
    """5000 people, of whom 2 % are 100: nine on the roster, and 99 who stay."""
    roster = await opens_roster(installation, at(11, 16), 3)
    put_households(installation, roster.code, 33)
    installation.registry.add_plan(YEAR, roster.code, "合成计划")
    county = roster.code[:6]

    async def ready() -> dict[str, object]:
        words = ("ready", "villages", "--year", YEAR, "--region", county, "--json")
        (village,) = (await cli(*words)).json
        assert isinstance(village, dict)
        return village

    async def heads(unit: str) -> list[int]:
        words = ("progress", "--year", YEAR, "--region", county, "--json")
        counted = (await cli(*words)).json["total"][unit]
        return [counted["planned"], counted["under_way"], counted["exited"]]

    await roster.reaches("H2")
    await roster.rests()
    before = await ready()
    assert (before["ready"], before["open_rosters"]) == (False, [roster.case_id])
    assert await heads("households") == [36, 3, 0]
    await roster.is_cleared()
    await roster.act("H4")
    await roster.ends()

    async def is_kept() -> bool:
        return (await ready())["open_rosters"] == []

    await eventually(is_kept)
    assert await heads("households") == [36, 0, 3]
    assert await heads("people") == [108, 0, 9]
    # The exit counts from its own day on, in the year the case was played in, not from today.
    after = installation.registry.planning.ready_villages(
        YEAR, installation.policy, at(12, 31).date(), county
    )
    assert [each.heads and each.heads.poor for each in after] == [99]
    assert after[0].ready
