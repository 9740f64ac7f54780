"""plan, registry line(s), ready, progress: on a registry of their own, without a server."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from python_calamine import load_workbook
from rich.cells import cell_len
from sqlalchemy import Engine

from operators.up import prepare_registry
from tests.models.roster_samples import livelihood
from tests.operators.conftest import Shell
from tests.registry.places import leaves, put_households, put_village, survey
from tests.stage import settings_in

JIA, YI = "411523100201", "411523100202"


@pytest.fixture
def engine(lonely: Shell, tmp_path: Path) -> Iterator[Engine]:
    """The registry of the command line's home folder, as `exitflow up` prepares it."""
    settings = settings_in(tmp_path / "home")
    prepare_registry(settings)
    engine = settings.engine()
    yield engine
    engine.dispose()


@pytest.fixture
def households(engine: Engine) -> list[str]:
    """甲: 6 poor of 300 with all of S2 but a clinic; 乙: 4 of 700."""
    put_village(engine, JIA, 300, survey=survey(clinic=False), survey_year=2018)
    put_village(engine, YI, 700)
    return [*put_households(engine, JIA, [3, 2, 1]), *put_households(engine, YI, [4])]


def plan(path: Path, *lines: str) -> Path:
    text = "\n".join(("年度,类别,编号,文件依据", *lines))
    path.write_text(text + "\n", encoding="utf-8-sig")
    return path


def narrow(out: str) -> str:
    """A sheet whose lines all fit into its 100 columns."""
    assert max(cell_len(line) for line in out.splitlines()) <= 100, out
    return re.sub(r"\s+", " ", out)


@pytest.mark.clause("S7")
async def test_the_lines_are_shipped_and_a_year_is_added(lonely: Shell, engine: Engine) -> None:
    shown = (await lonely("registry", "lines", "--json")).json
    assert {each["year"]: each["yuan"] for each in shown} == {
        2011: 2536,
        2012: 2625,
        2013: 2736,
        2014: 2800,
        2015: 2855,
        2016: 2952,
    }
    add = ("registry", "line", "2017", "--source", "合成标准", "--yuan")
    assert (await lonely(*add, "2999")).done() == "the line of 2017 is 2999 yuan\n"
    assert (await lonely(*add, "2999")).done() == "the line of 2017 is already 2999 yuan\n"
    other = ("registry", "line", "2017", "--source", "另一公报", "--yuan", "2999")
    assert (await lonely(*other)).done() == (
        "the line of 2017 is already 2999 yuan, and keeps its source:\n  合成标准\n"
    )
    assert (await lonely(*add, "3000")).fails(2) == (
        "the line of 2017 is 2999 yuan (合成标准) and not 3000; a year has one line (S7)"
    )
    assert "2017 2,999 合成标准" in narrow((await lonely("registry", "lines")).done())
    wrong = ("registry", "line", "1999", "--source", "x", "--yuan", "1")
    assert (await lonely(*wrong)).fails(2).startswith("year: ")


@pytest.mark.clause("S3")
async def test_the_mean_of_a_year_is_published_once(lonely: Shell, engine: Engine) -> None:
    add = ("registry", "mean", "2019", "--source", "合成统计公报", "--growth")
    assert (await lonely(*add, "8.7")).done() == "the mean of 2019 is 8.7 %\n"
    assert (await lonely(*add, "8.7")).done() == "the mean of 2019 is already 8.7 %\n"
    by_another = ("registry", "mean", "2019", "--source", "另一公报", "--growth", "8.7")
    assert (await lonely(*by_another)).done() == (
        "the mean of 2019 is already 8.7 %, and keeps its source:\n  合成统计公报\n"
    )
    other = (await lonely(*add, "8.8")).fails(2)
    assert other == "the mean of 2019 is 8.7 % (合成统计公报) and not 8.8 %; a year has one (S3)"
    assert "410000 2019 8.7 合成统计公报" in narrow((await lonely("registry", "means")).done())
    (*_, last) = (await lonely("registry", "means", "--json")).json
    assert (last["province"], last["year"], last["source"]) == ("410000", 2019, "合成统计公报")
    assert (await lonely(*add, "2000")).fails(2).startswith("income_growth_percent: ")
    assert (await lonely("check")).status == 0  # the journal has it


@pytest.mark.clause("G6")
async def test_a_plan_is_loaded_added_to_and_listed(
    lonely: Shell, households: list[str], tmp_path: Path
) -> None:
    lines = [f"2018,户,{code},合成〔1〕号" for code in households]
    file = plan(tmp_path / "plan.csv", *lines, f"2018,村,{JIA},合成〔1〕号")
    loaded = (await lonely("plan", "load", file)).done()
    assert loaded == "new: 0 counties, 1 villages, 4 households; 0 were in the plan already\n"
    for code, said in ((YI, "is"), (YI, "is already"), (households[0], "is already")):
        add = ("plan", "add", code, "--year", "2018", "--source", "合成〔2〕号")
        assert (await lonely(*add)).done() == f"{code} {said} in the plan of 2018\n"
    listed = ("plan", "list", "--year", "2018", "--region", "411523")
    out = narrow((await lonely(*listed)).done())
    assert f"{JIA} 合成201村 村 village 合成〔1〕号" in out
    assert f"{JIA} 合成201村 3" in out
    assert f"{YI} 合成202村 1" in out
    assert "plan of 2018: 0 counties, 2 villages, 4 households" in out
    as_json = (await lonely(*listed, "--json")).json
    assert [each["code"] for each in as_json] == [JIA, YI, *households]


@pytest.mark.clause("F12")
async def test_an_annual_plan_is_held_against_whom_it_names(
    lonely: Shell, households: list[str]
) -> None:
    plan = ("--as", "A5/411523", "--officer", "某乙", "--document", "合成〔1〕号", "--year", "2018")
    said = ("--on", "2018-01-10", "--text", "年度计划", "--villages", "2", "--households", "0")
    put = ("registry", "record", "annual-plan", "411523", *plan, *said)
    key = (await lonely(*put)).done().partition(":")[0]
    assert (await lonely(*put)).done() == f"{key}: was put down before\n"
    (await lonely("plan", "add", JIA, "--year", "2018", "--source", "x")).done()
    out = narrow((await lonely("plan", "list", "--year", "2018", "--region", "411523")).done())
    assert "年度计划 新县 411523, 2018 (F12)" in out
    assert "新县 合成〔1〕号: 计划退出村2，年度计划列入1，不一致 differs" in out
    assert "计划退出户0，年度计划列入" not in out
    listed = (await lonely("registry", "records", "--kind", "annual-plan", "--json")).json
    assert [(each["key"], each["villages"]) for each in listed] == [(key, 2)]
    (await lonely(*put, "--counties", "0", "--refers-to", key)).done()
    shown = (await lonely("plan", "list", "--year", "2018", "--region", "411523")).done()
    assert narrow(shown).count("年度计划 新县 411523, 2018 (F12)") == 1


@pytest.mark.clause("F13")
async def test_who_should_leave_and_who_should_come_in(
    lonely: Shell, engine: Engine, tmp_path: Path
) -> None:
    put_village(engine, JIA, 300)
    (code,) = put_households(engine, JIA, [3], livelihood=livelihood(year=2016))
    ready = ("ready", "households", "--year", "2016", "--region", "411523")
    out = narrow((await lonely(*ready)).done())
    assert f"{code} 新县合成100乡合成201村 3 2016年人均纯收入4000元" in out
    assert "1 should leave by 2016 应退未退; 1 without a measure" in out
    put = ("--as", "A5/411523", "--officer", "某乙", "--year", "2016", "--on", "2018-01-10")
    (await lonely("registry", "record", "measure", code, *put, "--text", "入户核实")).done()
    assert "1 should leave by 2016 应退未退; 0 without" in (await lonely(*ready)).done()
    file = tmp_path / "应退未退.xlsx"
    assert "1 should leave" in (await lonely(*ready, "--excel", file)).done()
    (_, row) = load_workbook(file).get_sheet_by_index(0).to_python()
    assert row[1] == code
    assert row[-1] == "2018-01-10 A5/411523: 入户核实"
    assert (await lonely("ready", "reentry", "--year", "2016", "--json")).json == []
    shown = narrow((await lonely("registry", "show", code)).done())
    assert f"2018-01-10 工作措施 合成201村{code}户 {code}, 2016 (F13) 入户核实" in shown
    sentence = (await lonely("ready", "reentry", "--year", "2017")).fails(1)
    assert "the register has no national line of 2017" in sentence


@pytest.mark.clause("F11")
async def test_the_statement_of_a_year(
    lonely: Shell, households: list[str], tmp_path: Path
) -> None:
    (await lonely("plan", "add", JIA, "--year", "2018", "--source", "x")).done()
    year = ("progress", "--year", "2018", "--region", "411523")
    out = narrow((await lonely(*year, "--assessment")).done())
    assert "411523 新县 0/0 0/1 0/0 0 0 0 0" in out
    assert "411500 信阳市 0 0 0 0 0 0" in out
    found = (await lonely(*year, "--assessment", "--json")).json
    assert found["total"]["villages"] == {"planned": 1, "under_way": 0, "exited": 0}
    file = tmp_path / "考核.xlsx"
    assert (await lonely(*year, "--assessment", "--excel", file)).done() == (
        f"{file}: 1 counties, 0 offices\n"
    )
    assert load_workbook(file).sheet_names == ["2018年度考核", "按单位"]
    assert (await lonely(*year, "--excel", file)).fails(2).startswith("--excel: writes the")


@pytest.mark.clause("G6")
async def test_a_plan_with_faults(lonely: Shell, engine: Engine, tmp_path: Path) -> None:
    file = plan(tmp_path / "plan.csv", f"2018,村,{JIA},x", "2018,县,411523,x", "2018,县,4115,x")
    said = await lonely("plan", "load", file)
    assert (said.status, said.out) == (2, "")
    assert f"{file} has 2 faults; nothing of it was kept" in said.err
    assert "the register knows no village of this code" in said.err
    assert "row 4, column 编号 (C): '4115': write a code of 6 digits" in said.err
    shown = await lonely("plan", "list", "--year", "2018", "--region", "411523")
    assert "plan of 2018: 0 counties" in shown.done()
    unknown = ("plan", "add", JIA, "--year", "2018", "--source", "x")
    assert "knows no county, village or household with the code" in (await lonely(*unknown)).fails(
        1
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("plan", "list", "--year", "1999"), "--year: '1999' is no year of an exit"),
        (("progress", "--year", "2018", "--region", "x"), "--region: 'x' is no division code"),
        (("ready", "villages", "--year", "20180"), "--year: '20180' is no year"),
        (("ready", "counties", "--year", "2018", "--region", "41"), "--region: '41' is no"),
        (("notice", "--level", "county", "--year", "1"), "--year: '1' is no year"),
        (("notice", "--level", "city", "--year", "2018"), "Invalid value"),
        (("plan", "add", "新县", "--year", "2018", "--source", "x"), "CODE: '新县' is no code of"),
    ],
)
async def test_what_is_typed_wrong(lonely: Shell, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in (await lonely(*words)).fails(2)


@pytest.mark.clause("S2", "S5", "G6")
async def test_ready_villages(lonely: Shell, households: list[str]) -> None:
    add = ("plan", "add", YI, "--year", "2018", "--source", "x")
    (await lonely(*add)).done()
    out = narrow((await lonely("ready", "villages", "--year", "2018")).done())
    assert f"{YI} 新县 4 700 nothing 可退出 合成202村 no survey of 2018 yet" in out
    assert "1 more of the poor would have to leave" in out
    assert "S2.clinic is not met" in out
    assert "1 of 2 poor villages could leave in 2018" in out
    found = (await lonely("ready", "villages", "--year", "2018", "--json")).json
    assert [(each["code"], each["ready"], each["planned"]) for each in found] == [
        (YI, True, True),
        (JIA, False, False),
    ]
    assert found[1]["heads"] == {
        "poor": 6,
        "population": 300,
        "must_leave": 1,
        "as_of": found[1]["heads"]["as_of"],
    }
    elsewhere = await lonely("ready", "villages", "--year", "2018", "--region", "410200")
    assert "0 of 0 poor villages" in elsewhere.done()


@pytest.mark.clause("S3", "S5", "G6")
async def test_ready_counties(lonely: Shell, households: list[str]) -> None:
    words = ("ready", "counties", "--year", "2017", "--region", "411500")
    lacking = narrow((await lonely(*words)).done())
    assert "S3.income: no provincial mean of 2017 is in the register" in lacking
    published = ("registry", "mean", "2017", "--growth", "8.7", "--source", "合成统计公报")
    (await lonely(*published)).done()
    out = narrow((await lonely(*words)).done())
    # 10 poor of 1000, and planned for 2017 by the province.
    assert "411523 信阳市 10 1,000 nothing 可退出" in out
    assert "villages still on the list of poor villages: 2" in out
    assert "could apply in 2017" in out
    assert "S3.income" in out
    found = (await lonely(*words, "--json")).json
    first = found[0]
    assert (first["code"], first["ready"], first["tier"]) == ("411523", True, "national")
    services = ["S3.education", "S3.culture", "S3.health"]
    assert first["with_application"] == ["S3.income", *services]


@pytest.mark.clause("F8", "G6")
async def test_progress(lonely: Shell, households: list[str], engine: Engine) -> None:
    (await lonely("plan", "add", households[0], "--year", "2018", "--source", "x")).done()
    leaves(engine, households[3], date(2018, 12, 20))
    out = narrow((await lonely("progress", "--year", "2018")).done())
    assert "411523 新县 1 / 0 / 1 3 / 0 / 4 0 / 0 / 0 0 / 0 / 0" in out
    assert "total 合计 1 / 0 / 1 3 / 0 / 4 0 / 0 / 0 33 / 0 / 0" in out
    assert "people 贫困人口 2020 4,300,000 4 4,299,996" in out
    assert "named counties 率先脱贫 2016 2 0 2" in out
    assert "named counties 率先脱贫 2016: 兰考县 410225、滑县 410526" in out
    found = (await lonely("progress", "--year", "2018", "--region", "411500", "--json")).json
    assert found["targets"] is None
    assert found["total"]["people"] == {"planned": 3, "under_way": 0, "exited": 4}


@pytest.mark.clause("C4")
async def test_no_notice_where_nothing_is_in_publicity(lonely: Shell, engine: Engine) -> None:
    for level in ("county", "village", "household"):
        said = (await lonely("notice", "--level", level, "--year", "2018")).fails(1)
        assert said.startswith(f"no {level} of 2018 is in publicity now")
    unknown = ("notice", "--level", "county", "--year", "2018", "--region", "419900")
    assert "no division with the code 419900" in (await lonely(*unknown)).fails(1)


@pytest.mark.clause("S3", "S7")
async def test_a_western_province_begins_with_its_own_list(
    lonely: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXITFLOW_POLICY", "gansu-2016")
    prepare_registry(settings_in(tmp_path / "home", policy="gansu-2016"))
    assert (await lonely("registry", "list", "--json")).json["counties"] == []
    assert len((await lonely("registry", "lines", "--json")).json) == 6
    file = tmp_path / "counties.csv"
    file.write_text(
        "code,name,city,tier,directly_administered,exit_year,approved_on,townships,villages\n"
        "622999,合成县,合成市,national,false,2017,2018-08-02,10,100\n",
        encoding="utf-8",
    )
    load = ("registry", "load", file, "--listed-since", "2012-03-19", "--plan-source", "合成计划")
    assert (await lonely(*load)).done() == "new: 1 counties, 3 divisions, 1 plans\n"
    words = ("ready", "counties", "--year", "2017", "--json")
    (county,) = (await lonely(*words)).json
    assert (county["code"], county["planned"]) == ("622999", True)
    monkeypatch.setenv("EXITFLOW_POLICY", "henan-2016")
    assert "'622999': lies outside 河南省" in (await lonely(*load)).fails(2)
