"""The joint notice of real cases in publicity: counties, villages, rosters (C4, V2, H3, G8)."""

from pathlib import Path

import pytest

from tests.operators.conftest import THIS_YEAR, Opener, Shell
from tests.play import Play, eventually
from tests.roster_stage import opens_roster
from tests.stage import YEAR, Stage, at
from tests.village_stage import opens_village


async def filed(play: Play, count: int = 1) -> str:
    """The number of the case's last notice, once the registry has it in the file as well."""
    registry = play.stage.registry

    async def is_kept() -> bool:
        kept = [entry for entry in registry.ledger(play.case_id) if entry.kind == "notice"]
        return len(kept) == count

    await eventually(is_kept)
    return registry.notices(play.case_id)[-1].id


@pytest.mark.clause("C4", "T1")
async def test_counties_in_publicity(cli: Shell, opens: Opener, tmp_path: Path) -> None:
    case = await opens("C4")
    number = await filed(case.play)
    only = ("notice", "--level", "county", "--year", THIS_YEAR, "--region", case.code)
    out = (await cli(*only)).done()
    (row,) = [line for line in out.splitlines() if line.startswith("| 1 |")]
    assert f"合成{case.code}县" in row
    assert "4600/1000000，为0.46%" in row
    assert number in row
    limit = await case.play.limit("T1")
    last = limit.last_day
    assert f"至{last.year}年{last.month}月{last.day}日24时" in row.replace("起，", "起，至")
    assert "正在分别公示" in out
    html = tmp_path / "joint.html"
    said = (await cli(*only, "--html", html)).done()
    assert said == f"{html}: 关于合成{case.code}县{THIS_YEAR}年度拟退出贫困县的联合公示, 1 listed\n"
    page = html.read_text(encoding="utf-8")
    assert "<td>4600/1000000，为0.46%" in page
    assert number in page
    assert "cannot be written" in (await cli(*only, "--html", tmp_path)).fails(2)


@pytest.mark.clause("V2", "S5")
async def test_villages_in_publicity(cli: Shell, installation: Stage) -> None:
    village = await opens_village(installation, at(11, 1), poor=4, population=300)
    await village.is_surveyed()
    number = await filed(village)
    only = ("notice", "--level", "village", "--year", YEAR, "--region", village.county)
    out = (await cli(*only)).done()
    (row,) = [line for line in out.splitlines() if line.startswith("| 1 |")]
    assert "4/300，约为1.33%" in row
    assert number in row
    assert f"公示单位：合成{village.county}县扶贫开发领导小组" in out


@pytest.mark.clause("H3", "G8")
async def test_rosters_in_publicity(cli: Shell, installation: Stage) -> None:
    roster = await opens_roster(installation, at(11, 16), 3)
    await roster.is_posted()
    number = await filed(roster)
    county = roster.code[:6]
    out = (await cli("notice", "--level", "household", "--year", YEAR, "--region", county)).done()
    rows = [line for line in out.splitlines() if line.startswith("| ") and " 一组 " in line]
    assert rows == [
        f"| {place} | 张{code} | 一组 | 3 |"
        for place, code in enumerate(roster.households, start=1)
    ]
    assert f"公示编号 {number}，" in out
