"""F13 as an operator sees it: an import that lifts an exited village over its threshold."""

from datetime import date
from pathlib import Path

import pytest

from models.checks.findings import CheckReport
from models.periods import beijing
from operators.desk.registry import utc_now
from operators.up import prepare_registry
from registry.desk import Registry
from tests.operators.conftest import Shell
from tests.play import eventually
from tests.registry import places
from tests.stage import Stage, settings_in
from workers import schedules

pytestmark = pytest.mark.clause("F13", "F5", "S5")

LEFT_ON = date(2017, 12, 20)
ROSTER = """行政村代码,户编号,户主姓名,户主证件号码,村民小组,家庭人口,识别时间
{village},{code},张某,419831195001250198,一组,{size},2014-06-01
"""


def written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


async def test_without_a_server_the_import_says_so_and_the_check_finds_it(
    lonely: Shell, tmp_path: Path
) -> None:
    """1 of 100 is poor; a correction makes it 5 of 100."""
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    engine = settings.engine()
    village = places.put_village(engine, "411523100301", 100, township_name="合成乡")
    (code,) = places.put_households(engine, village, [1], head="张某")
    places.village_leaves(engine, village, LEFT_ON)
    engine.dispose()

    async def alarms() -> list[str]:
        said = await lonely("check", "--offline", "--json")
        report = CheckReport.model_validate_json(said.out)
        return [each.what for each in report.findings if each.part == "alarms"]

    assert await alarms() == []
    file = written(tmp_path / "a.csv", ROSTER.format(village=village, code=code, size=5))
    said = (await lonely("registry", "import", file)).done()
    today = beijing(utc_now()).date()
    assert f"预警：已退出的贫困村新县合成乡合成301村，贫困发生率 5/100，为5%（{today}）" in said
    assert "the next round of watch/410000 tells the offices above; it did not begin now:" in said
    assert await alarms() == [
        "新县合成乡合成301村 has left, the register counts an incidence 5/100 = 5 % as of "
        f"{today}, required < 2 %, and the offices above it were not told (F13)"
    ]
    assert (await lonely("check", "--offline")).status == 1


@pytest.mark.server
async def test_with_a_server_the_offices_above_are_told_at_once(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    engine, county = installation.settings.engine(), installation.county()
    village = places.put_village(engine, f"{county}100301", 100, township_name="合成乡")
    (code,) = places.put_households(engine, village, [1], head="张某")
    places.village_leaves(engine, village, LEFT_ON)
    # This one alone, and taken away: others want to see how all of them are made.
    client, planned = installation.desk.client, schedules.planned(installation.policy, ())
    await schedules.set_up(client, [each for each in planned if each.workflow == "WatchRound"])
    file = written(tmp_path / "a.csv", ROSTER.format(village=village, code=code, size=2))
    said = (await cli("registry", "import", file)).done()
    await client.get_schedule_handle("watch/410000").delete()
    assert "贫困发生率 2/100，为2%" in said
    assert "round of watch/410000 begun: the offices above are told" in said
    today = beijing(utc_now()).date()
    registry = Registry(engine)

    async def told() -> bool:
        return bool(registry.register.village(village, today).alarms)

    await eventually(told, lambda: "no alarm")
    (alarm,) = registry.register.village(village, today).alarms
    assert alarm.case_id == f"watch/{village}/{today.year}/1"
    assert (await cli("registry", "show", village)).done().count(alarm.case_id) == 1
