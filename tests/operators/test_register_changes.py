"""What happens to households and places, on the command line: 动态调整 and 区划变动."""

import json
from pathlib import Path

import pytest

from tests.activities.registry_cases import COUNTIES
from tests.operators.conftest import NOW, Shell
from tests.operators.rosters_today import settle
from tests.registry.places import put_households, put_village
from tests.stage import Stage
from workers.settings import load_settings

JIA, YI = "411523100201", "411523100202"
SIGNED = ("--reason", "村上报", "--document", "合成动态〔2018〕1号", "--officer", "经办员甲")
BY = ("--as", "A5/411523")


@pytest.fixture
async def settled(lonely: Shell) -> tuple[Shell, list[str]]:
    """A village with a household of three and one of two, and another village."""
    (await lonely("setup", "registry")).done()
    words = ("--listed-since", "2012-03-19", "--plan-source", "HN 二")
    (await lonely("registry", "load", COUNTIES, *words)).done()
    engine = load_settings().engine()
    put_village(engine, JIA, 300)
    put_village(engine, YI, 300)
    households = put_households(engine, JIA, [3, 2])
    engine.dispose()
    return lonely, households


@pytest.mark.clause("S5", "G7")
async def test_a_household_that_has_died_out_is_put_down_and_shown(
    settled: tuple[Shell, list[str]],
) -> None:
    cli, (gone, other) = settled
    words = ("registry", "change", "died-out", gone, "--on", "2018-03-01", *SIGNED, *BY)
    assert "put down" in (await cli(*words)).done()
    assert "was put down before" in (await cli(*words)).done()
    baby = ("--name", "张某丙", "--relation", "之子", "--without-id", "新生儿未落户")
    born = ("registry", "change", "born", other, "--on", "2018-03-02", "--born", "2018-02-01")
    (await cli(*born, *baby, *SIGNED, *BY)).done()
    shown = (await cli("registry", "show", gone)).done()
    assert "gone 已注销" in shown
    assert "整户死亡" in shown
    listed = (await cli("registry", "changes", "--region", "411523", "--json")).done()
    assert [json.loads(line)["subject"] for line in listed.splitlines()] == [gone, other]
    assert "张某丙" not in listed


@pytest.mark.clause("S5", "G7")
async def test_a_village_that_was_merged_names_its_successor(
    settled: tuple[Shell, list[str]],
) -> None:
    cli, _ = settled
    words = ("registry", "division", "merged", JIA, "--to", YI, "--on", "2018-03-01")
    (await cli(*words, *SIGNED, *BY)).done()
    assert (
        f"no longer in use since 2018-03-01: {YI} follows"
        in (await cli("registry", "show", JIA)).done()
    )
    assert "2  registered" in (await cli("registry", "show", YI)).done()


@pytest.mark.clause("G1", "S5")
async def test_open_rosters_are_told_of_what_has_happened_and_told_once(
    cli: Shell, installation: Stage, tmp_path: Path
) -> None:
    here = settle(installation, 4)
    gone, parting, joins, stays = here.households
    play = await here.opens(cli, tmp_path)
    by = (*SIGNED, "--on", f"{NOW:%Y-%m-%d}", "--as", f"A5/{here.county}")
    part = ("--name", "李某甲", "--relation", "户主", "--to", f"{parting}-2")
    for words in (("died-out", gone), ("split", parting, *part), ("joined", joins, "--to", stays)):
        said = (await cli("registry", "change", *words, *by)).done()
        assert f"{play.case_id}: entry " in said
    again = (await cli("registry", "change", "joined", joins, "--to", stays, *by)).done()
    assert f"{play.case_id}: was told before" in again
    shown = (await cli("case", play.case_id, "--households", "--json")).json
    assert {each["household"]: each["size"] for each in shown if each["state"] != "out"} == {
        parting: 2,
        stays: 6,
    }


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("change", "died", "H-99"), 2, "people: died (死亡) names at least one person"),
        (("change", "left", "H-99"), 2, "the register knows no household H-99"),
        (("division", "renamed", JIA), 2, "name: renamed (更名) needs the new name"),
        (("division", "merged", "41152"), 2, "write its 6, 9 or 12 digits"),
    ],
)
async def test_what_cannot_be_is_said_in_one_sentence(
    settled: tuple[Shell, list[str]], words: tuple[str, ...], status: int, said: str
) -> None:
    cli, _ = settled
    refused = await cli("registry", *words, "--on", "2018-03-01", *SIGNED, *BY)
    assert said in refused.fails(status)
