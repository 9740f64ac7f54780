"""consequences, and registry show: what follows from exits, as people and scripts read it."""

from datetime import date
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from models.offices import SubjectKind
from registry.records import CountyRecord
from registry.register.records import HouseholdRecord, VillageRecord
from tests.activities.registry_cases import COUNTIES
from tests.operators.conftest import Shell
from tests.registry.exits import place_leaves, revoked
from tests.registry.places import leaves, put_households, put_village
from workers.settings import load_settings

LANKAO, HUA, XIN = "410225", "410526", "411523"
JIA, YI = "411523100201", "411523100202"


@pytest.fixture
async def settled(lonely: Shell) -> tuple[Shell, list[str]]:
    """兰考, 滑县 and 新县 have left as they did; a village with four households, one revoked."""
    (await lonely("setup", "registry")).done()
    words = ("--listed-since", "2012-03-19", "--plan-source", "HN 二")
    (await lonely("registry", "load", COUNTIES, *words)).done()
    engine = load_settings().engine()
    # Exit years and approvals: data/henan-counties.csv.
    place_leaves(engine, LANKAO, date(2017, 2, 27), 2016)
    place_leaves(engine, HUA, date(2017, 10, 31), 2016)
    place_leaves(engine, XIN, date(2018, 8, 2), 2017)
    put_village(engine, JIA, 300)
    put_village(engine, YI, 300)
    households = put_households(engine, JIA, [1, 2, 3, 4])
    for code in households[1:]:
        leaves(engine, code, date(2017, 12, 20))
    revoked(engine, SubjectKind.HOUSEHOLD, households[1], date(2019, 5, 1))
    place_leaves(engine, JIA, date(2017, 12, 28), 2017)
    engine.dispose()
    return lonely, households


def rows(out: str) -> list[list[str]]:
    assert max(map(len, out.splitlines())) <= 100
    return [line.split() for line in out.splitlines()]


@pytest.mark.clause("F1", "F2", "F3", "F4")
@pytest.mark.parametrize(
    ("on", "standing"),
    [
        ("2017-12-31", ["有效", "有效", "有效", "未开始"]),
        ("2018-01-01", ["有效", "有效", "有效", "有效"]),
        ("2020-12-31", ["有效", "有效", "有效", "有效"]),
        ("2021-01-01", ["到期", "有效", "有效", "有效"]),
    ],
)
async def test_the_counties_of_a_year(
    settled: tuple[Shell, list[str]], on: str, standing: list[str]
) -> None:
    cli, _ = settled
    out = (await cli("consequences", "--year", 2016, "--level", "county", "--on", on)).done()
    first = next(place for place, row in enumerate(rows(out)) if row[:1] == [LANKAO])
    assert rows(out)[first] == [LANKAO, "2017-02-27", "exited", *standing]
    assert rows(out)[first + 1] == [
        "兰考县", "已退出", "至2020-12-31", "自2017-02-27", "自2017-02-27", "自2018-01-01"
    ]  # fmt: skip
    assert rows(out)[first + 2] == [HUA, "2017-10-31", "exited", *standing]
    assert "2 counties 贫困县, exited 已退出 2, F1 " in out


@pytest.mark.clause("F1", "F7")
async def test_households_by_village(settled: tuple[Shell, list[str]]) -> None:
    cli, _ = settled
    words = ("consequences", "--year", 2017, "--on", "2019-12-31", "--region", XIN)
    out = (await cli(*words)).done()
    assert [JIA, "合成201村", "新县", "3", "9", "2017-12-20", "2", "已退出2、已撤销1"] in rows(out)
    assert [JIA, "2017-12-28", "exited", "有效"] in rows(out)
    assert "3 households 贫困户, 9 people 人, exited 已退出 2, revoked" in " ".join(out.split())
    out = (await cli("consequences", "--year", 2017, "--region", "410200")).done()
    assert out.endswith("none\n")


@pytest.mark.clause("F1", "F2", "F3", "F4")
async def test_json_names_every_exit_and_the_totals(settled: tuple[Shell, list[str]]) -> None:
    cli, households = settled
    words = ("consequences", "--year", 2017, "--on", "2019-12-31", "--json")
    said = (await cli(*words)).json
    assert (said["year"], said["on"], said["region"]) == (2017, "2019-12-31", None)
    assert [each["code"] for each in said["exits"]] == [XIN, JIA, *households[1:]]
    county = said["exits"][0]
    assert [(each["clause"], each["in_force"]) for each in county["consequences"]] == [
        ("F1", True), ("F2", True), ("F3", True), ("F4", True)
    ]  # fmt: skip
    assert county["consequences"][3]["since"] == "2019-01-01"
    assert [each["exits"] for each in said["totals"]] == [1, 1, 3]
    assert (await cli("consequences", "--year", 2030, "--json")).json["exits"] == []


@pytest.mark.clause("F1")
async def test_excel_is_written_or_refused(
    settled: tuple[Shell, list[str]], tmp_path: Path
) -> None:
    cli, _ = settled
    path = tmp_path / "后续.xlsx"
    out = (await cli("consequences", "--year", 2017, "--excel", path)).done()
    assert out.startswith(f"{path}: 1 counties 贫困县, exited 已退出 1, F1 0/1, F2 1/1")
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert [line[15] for line in sheet[1:9]] == ["F1", "F2", "F3", "F4", *["F1"] * 4]
    for more, said in (
        (("--excel", tmp_path / "x.csv"), "one that ends in .xlsx"),
        (("--excel", tmp_path / "no" / "x.xlsx"), "cannot be written"),
        (("--on", "2018-13-01"), "is no date"),
        (("--region", "新县"), "is no division code"),
    ):
        assert said in (await cli("consequences", "--year", 2017, *more)).fails(2)
    assert "is no year of an exit" in (await cli("consequences", "--year", 1999)).fails(2)


@pytest.mark.clause("F1", "F2", "F3", "F4", "F7")
async def test_the_register_shows_what_follows(settled: tuple[Shell, list[str]]) -> None:
    cli, households = settled
    out = (await cli("registry", "show", HUA)).done()
    assert "What follows from the exit 退出后续政策 (F1-F4)" in out
    assert next(row for row in rows(out) if row[:1] == ["F4"])[:3] == ["F4", "2018-01-01", "有效"]
    county = CountyRecord.model_validate((await cli("registry", "show", HUA, "--json")).json)
    assert [each.clause for each in county.consequences[0].consequences] == ["F1", "F2", "F3", "F4"]
    shown = (await cli("registry", "show", JIA, "--json")).json
    assert len(VillageRecord.model_validate(shown).consequences) == 1
    out = (await cli("registry", "show", households[1])).done()
    assert "revoked 已撤销 2019-05-01" in out
    assert ["F1", "2017-12-20", "2019-04-30", "撤销"] in [row[:4] for row in rows(out)]
    shown = (await cli("registry", "show", households[0], "--json")).json
    assert HouseholdRecord.model_validate(shown).consequences == ()
    for code in (households[0], YI, "411524"):
        assert "What follows" not in (await cli("registry", "show", code)).done()


@pytest.mark.parametrize(
    "words",
    [
        ("consequences", "--year", 2017, "--region"),
        ("follow-up", "due", "--county"),
        ("progress", "--year", 2017, "--region"),
        ("ready", "villages", "--year", 2017, "--region"),
        ("ready", "counties", "--year", 2017, "--region"),
        ("cases", "--region"),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
async def test_an_unknown_division_is_no_empty_one(cli: Shell, words: tuple[object, ...]) -> None:
    said = (await cli(*words, "999999")).fails(1)
    assert said.endswith(f"{words[-1]}: the register knows no division with the code 999999")
