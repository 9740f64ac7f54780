"""The lists of a province at the command line: --limit, --by, --excel, and what they refuse."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from python_calamine import load_workbook

from models.register.households import PovertyLine
from operators.up import prepare_registry
from registry.checks.values import table_of
from registry.desk import Registry
from registry.tables import CheckRow, HouseholdRow
from tests.operators.conftest import Shell
from tests.province import YEAR, end_all, put_province
from tests.stage import settings_in
from workers.settings import load_settings

ROSTERS, VILLAGES, HOUSEHOLDS = 120, 60, 600
CASES, LIMITS, FORGOTTEN = 180, 360, 12
"""A case of each roster and of each village has two limits; of fifty households one is in no plan.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small province whose cases are open."""
    settings = settings_in(tmp_path_factory.mktemp("province"))
    prepare_registry(settings)
    engine = settings.engine()
    Registry(engine).planning.add_line(PovertyLine(year=YEAR, yuan=3_535, source="合成标准"))
    put_province(engine, rosters=ROSTERS, villages=VILLAGES, households=HOUSEHOLDS)
    engine.dispose()
    return settings.home


@pytest.fixture
def province(lonely: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line of that province."""
    monkeypatch.setenv("EXITFLOW_HOME", str(home))
    return lonely


@pytest.fixture
def left(lonely: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line a few weeks later: whoever was on a roster has left."""
    settings = settings_in(tmp_path / "later")
    shutil.copy(home / "registry.db", settings.home)
    engine = settings.engine()
    end_all(engine)
    engine.dispose()
    monkeypatch.setenv("EXITFLOW_HOME", str(settings.home))
    return lonely


READY_HOUSEHOLDS = f"ready households --year {YEAR}"
READY_VILLAGES = f"ready villages --year {YEAR}"
LISTS = {
    "cases": CASES,
    "deadlines": LIMITS,
    READY_HOUSEHOLDS: FORGOTTEN,
    READY_VILLAGES: VILLAGES,
}


def sheet(path: Path) -> list[list[object]]:
    return [list(row) for row in load_workbook(path).get_sheet_by_index(0).to_python()]


def files(folder: Path) -> list[Path]:
    """Tables in a folder, and what is left of one that was begun."""
    return [each for each in folder.rglob("*") if each.suffix in (".xlsx", ".csv")]


@pytest.mark.parametrize(
    ("words", "said", "line"),
    [
        ("cases", "50 of 180 cases", "-exit/41"),
        ("deadlines", "50 of 360 limits in force, 360 overdue (at ", "  household-exit/41"),
        (READY_VILLAGES, "50 of 60 are shown: --limit all", "not in the plan of 2018"),
    ],
)
async def test_fifty_lines_are_shown_and_how_many_there_are(
    province: Shell, words: str, said: str, line: str
) -> None:
    out = (await province(*words.split())).done()
    assert said in out
    assert "--limit all lists all of them, --excel FILE writes them" in out
    if words == "deadlines":  # cases of villages have limits, too
        assert out.count("  household-exit/41") + out.count("  village-exit/41") == 50
    else:
        assert out.count(line) == 50


@pytest.mark.parametrize("words", LISTS)
async def test_json_holds_all_of_a_list_and_the_limit_cuts_it(province: Shell, words: str) -> None:
    found = (await province(*words.split(), "--json")).json
    assert len(found) == LISTS[words]
    assert (await province(*words.split(), "--json", "--limit", "all")).json == found
    assert (await province(*words.split(), "--json", "--limit", 3)).json == found[:3]


@pytest.mark.parametrize("words", LISTS)
async def test_all_or_so_many_lines_are_shown(province: Shell, words: str) -> None:
    shown = (await province(*words.split(), "--limit", 2)).done()
    assert "--limit all lists all of them" in shown
    whole = (await province(*words.split(), "--limit", "all")).done()
    assert "--limit all" not in whole
    assert len(whole.splitlines()) > len(shown.splitlines()) + LISTS[words] - 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("cases", "180 cases"),
        ("deadlines", "360 limits in force"),
        (READY_HOUSEHOLDS, "12 should leave by 2018 应退未退"),
        (READY_VILLAGES, "60 poor villages"),
        (f"ready counties --year {YEAR}", "53 poor counties"),
        (f"ready reentry --year {YEAR}", "0 should come in by 2018 应进未进"),
    ],
)
async def test_excel_holds_a_line_a_row(
    province: Shell, tmp_path: Path, words: str, said: str
) -> None:
    path, many = tmp_path / "表.xlsx", int(said.split()[0])
    assert (await province(*words.split(), "--excel", path)).done() == f"{path}: {said}\n"
    head, *rows = sheet(path)
    assert (len(rows), len(set(map(tuple, rows)))) == (many, many)
    assert all(head)
    assert path.stat().st_mode & 0o777 == 0o600
    if many:
        (await province(*words.split(), "--excel", path, "--limit", 5)).done()
        assert sheet(path) == [head, *rows[:5]]


STEPS = [("H1", 30, 6), ("V1", 20, 1), ("V2", 20, 1), ("V3", 20, 1)]
STEPS += [("H2", 30, 0), ("H3", 30, 0), ("H4", 30, 0)]
"""Every fourth roster and every third village is at a step; of twenty cases one is overdue."""


async def test_cases_are_added_up_where_most_are_overdue_first(province: Shell) -> None:
    found = (await province("cases", "--by", "step", "--json")).json
    assert [(each["code"], each["many"], each["overdue"]) for each in found] == STEPS
    out = (await province("cases", "--by", "step")).done()
    assert out.splitlines()[-1] == "7 steps: 180 cases, 9 overdue"
    assert [line.split()[0] for line in out.splitlines()[1:8]] == [code for code, *_ in STEPS]
    assert "2 of 7 steps: " in (await province("cases", "--by", "step", "--limit", 2)).done()


@pytest.mark.parametrize("by", ["city", "county", "step", "office"])
@pytest.mark.parametrize(("words", "many"), [("cases", CASES), ("deadlines", LIMITS)])
async def test_totals_come_to_the_whole(province: Shell, words: str, many: int, by: str) -> None:
    found = (await province(words, "--by", by, "--json")).json
    assert sum(each["many"] for each in found) == many
    narrow = (await province(words, "--by", by, "--region", "411500", "--json")).json
    listed = (await province(words, "--region", "411500", "--json")).json
    assert 0 < sum(each["many"] for each in narrow) == len(listed) < many
    if by in ("city", "county"):
        assert {each["code"][:4] for each in narrow} == {"4115"}
        assert all(each["name"] for each in found)


async def test_exits_are_cut_in_each_part_and_totalled_whole(left: Shell, tmp_path: Path) -> None:
    words = ("consequences", "--year", YEAR)
    out = (await left(*words)).done()
    assert out.count(" 村1") == 50
    assert "50 of 120 are shown: --limit all" in out
    assert "588 households 贫困户, " in out
    assert (await left(*words, "--limit", "all")).done().count(" 村1") == 120
    for more in (("--json",), ("--excel", tmp_path / "x.xlsx")):
        said = (await left(*words, "--limit", 3, *more)).fails(2)
        assert said.startswith("--limit: JSON and Excel hold every exit")
    assert files(tmp_path) == []


async def test_a_plan_is_cut_in_each_part_and_counted_whole(province: Shell) -> None:
    words = ("plan", "list", "--year", YEAR)
    out = (await province(*words)).done()
    assert out.count(" 村1") == 50
    assert "50 of 120 are shown: --limit all lists all of them\n" in out
    assert f"plan of {YEAR}: 33 counties, 0 villages, {HOUSEHOLDS - FORGOTTEN} households" in out
    whole = (await province(*words, "--limit", "all")).done()
    assert (whole.count(" 村1"), "--limit all" in whole) == (120, False)
    found = (await province(*words, "--json")).json
    assert len({each["code"] for each in found}) == 33 + HOUSEHOLDS - FORGOTTEN
    assert (await province(*words, "--json", "--limit", 3)).json == found[:3]


async def test_visits_of_a_year_are_cut_and_counted_whole(left: Shell) -> None:
    engine = load_settings().engine()
    with engine.begin() as connection:
        codes = sa.select(table_of(HouseholdRow).c.code).order_by("code").limit(70)
        visits = [
            {"household_code": code, "year": 2019, "case_id": "x", "due_on": date(2019, 11, 30)}
            | {"made_on": date(2019, 5, 1) if number < 8 else None}
            for number, code in enumerate(connection.scalars(codes))
        ]
        connection.execute(sa.insert(table_of(CheckRow)), visits)
    engine.dispose()
    words = ("follow-up", "due", "--year", 2019)
    out = (await left(*words)).done()
    # The first and the 51st are in no plan and have not left: they are in the register still.
    assert "70 households in 2019, 61 still to be visited" in out
    assert "50 of 70 are shown: --limit all lists all of them\n" in out
    assert out.count("H00000") == 50
    assert (await left(*words, "--limit", "all")).done().count("H00000") == 70
    found = (await left(*words, "--json")).json
    assert len(found) == 70
    assert (await left(*words, "--json", "--limit", 3)).json == found[:3]


async def test_records_are_cut(left: Shell, tmp_path: Path) -> None:
    for day in range(10, 13):
        said = ("--on", f"2018-01-{day}", "--text", "年度计划", "--document", f"合成{day}号")
        signed = ("--as", "A5/411523", "--officer", "某乙", "--year", "2018", "--villages", "2")
        (await left("registry", "record", "annual-plan", "411523", *signed, *said)).done()
    out = (await left("registry", "records", "--limit", 2)).done()
    assert out.count("年度计划 新县") == 2
    assert "2 of 3 are shown: --limit all lists all of them, --excel FILE writes them" in out
    path = tmp_path / "x.xlsx"
    assert (await left("registry", "records", "--excel", path)).done() == f"{path}: 3 records\n"
    assert len((await left("registry", "records", "--json", "--limit", 1)).json) == 1


BAD = [
    (("--limit", "0"), "number of lines"),
    (("--limit", "-3"), "number of lines"),
    (("--limit", "1.5"), "number of lines"),
    (("--limit", "some"), "one as 200, or all"),
    (("--excel", "list.csv"), "one that ends in .xlsx"),
    (("--excel", "nowhere/list.xlsx"), "cannot be written"),
]
"""What any list refuses."""


@pytest.mark.parametrize("words", [*LISTS, f"consequences --year {YEAR}"])
@pytest.mark.parametrize(("more", "said"), BAD)
async def test_bad_words_are_one_sentence_and_no_file(
    province: Shell, tmp_path: Path, words: str, more: tuple[str, str], said: str
) -> None:
    sentence = (await province(*words.split(), *more)).fails(2)
    assert said in sentence
    assert more[0] in sentence
    assert files(tmp_path) == []


@pytest.mark.parametrize("words", ["cases", "deadlines"])
async def test_totals_are_of_known_kinds_and_go_to_no_workbook(
    province: Shell, tmp_path: Path, words: str
) -> None:
    assert "--by" in (await province(words, "--by", "village")).fails(2)
    path = tmp_path / "表.xlsx"
    sentence = (await province(words, "--by", "city", "--excel", path)).fails(2)
    assert sentence == "--excel: writes the list itself; leave --by out"
    assert not path.exists()
