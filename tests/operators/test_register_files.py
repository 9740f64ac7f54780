"""registry import, export and show: villages and households between the register and files."""

import stat
from datetime import date
from pathlib import Path

import pytest

from models.register.households import HouseholdState
from registry.register.records import HouseholdRecord, VillageRecord
from tests.operators.conftest import Said, Shell
from tests.operators.test_reading import COUNTIES, fits
from tests.rosters import (
    PERSON_HEADER,
    VILLAGE_HEADER,
    household_rows,
    id_number,
    person_row,
    village_code,
    village_row,
    write_csv,
    write_xlsx,
)

HERE = village_code(0)


@pytest.fixture
async def files(lonely: Shell, tmp_path: Path) -> Path:
    """A folder with a roster of one village that the register knows."""
    (await lonely("setup", "registry")).done()
    options = ("--listed-since", "2012-03-19", "--plan-source", "x")
    (await lonely("registry", "load", COUNTIES, *options)).done()
    villages = write_csv(tmp_path / "村.csv", [VILLAGE_HEADER, village_row(0), village_row(1)])
    assert (await lonely("registry", "import", villages)).done() == (
        "villages: 2 new, 0 changed, 0 unchanged; 2 newly on the list of poor villages\n"
    )
    rows = [*household_rows(7, HERE, 3), *household_rows(8, HERE, 2)]
    write_xlsx(tmp_path / "册.xlsx", [PERSON_HEADER, *rows])
    return tmp_path


def imported(said: Said) -> str:
    """What an import of households said."""
    return said.done().removesuffix("; 5 people in all\n")


async def test_a_roster_goes_in_and_out_and_in_again(lonely: Shell, files: Path) -> None:
    said = await lonely("registry", "import", files / "册.xlsx")
    assert imported(said) == "households: 2 new, 0 changed, 0 unchanged"
    out = files / "出.xlsx"
    for place in (("--county", "411523"), ("--village", HERE), ("--village", HERE, "--year", 2018)):
        said = await lonely("registry", "export", out, *place)
        assert said.done() == f"{out}: 2 households, 5 people\n"
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        said = await lonely("registry", "import", out)
        assert imported(said) == "households: 0 new, 0 changed, 2 unchanged"


async def test_faults_are_counted_shown_and_written_down(lonely: Shell, files: Path) -> None:
    wrong = [person_row(household_rows(each, HERE, 1)[0], 吃穿不愁="?") for each in range(5)]
    path = write_csv(files / "错.csv", [PERSON_HEADER, *wrong])
    said = await lonely("registry", "import", path)
    assert (said.status, said.out) == (2, "")
    first, *others, last = said.err.splitlines()
    sheet = files / "错-faults.xlsx"
    assert first == (
        f"exitflow: {path} has 5 faults; nothing of it was kept, and all of them are in {sheet}"
    )
    assert others == [
        f"  {path}, row {row}, column 吃穿不愁 (R): '?': write 是 or 否" for row in (2, 3, 4)
    ]
    assert last == "  and 2 more"
    assert sheet.exists()
    assert "no household in 411523" in (
        await lonely("registry", "export", files / "出.xlsx", "--county", "411523")
    ).fails(1)
    assert not (files / "出.xlsx").exists()


@pytest.mark.clause("G8", "S1", "S2", "S5")
async def test_a_village_and_a_household_are_shown(lonely: Shell, files: Path) -> None:
    (await lonely("registry", "import", files / "册.xlsx")).done()
    out = fits(await lonely("registry", "show", HERE))
    assert out.startswith(f"合成村0 {HERE}\n合成乡100 411523100, county 411523\n")
    assert "population 农村户籍人口 2,000 on 2017-12-31; work team 驻村工作队 是" in out
    assert "listed 在册  2014-04-01" in out
    assert "     2  registered 在册" in out
    assert "poor people 贫困人口 5 of 2,000: incidence 贫困发生率 0.25 %" in out
    assert ["bus", "客运班车", "是"] in [line.split() for line in out.splitlines()]
    village = VillageRecord.model_validate((await lonely("registry", "show", HERE, "--json")).json)
    assert village.households == {HouseholdState.REGISTERED: 2}

    out = fits(await lonely("registry", "show", "H0000007"))
    assert f"合成村0 {HERE}, 8组; 3 people; registered 在册" in out
    assert f"{id_number(70)[:6]}********{id_number(70)[-4:]}" in out
    assert id_number(70) not in out
    lines = [line.split() for line in out.splitlines()]
    assert ["business", "生产经营性收入", "2500.50"] in lines
    assert ["net", "income", "纯收入", "11407.75"] in lines
    assert ["a", "head,", "of", "3", "人均", "3802.58"] in lines
    assert "1    登记   2014-04-08" in out
    shown = (await lonely("registry", "show", "H0000007", "--json")).json
    household = HouseholdRecord.model_validate(shown)
    assert [each.registered_on for each in household.episodes] == [date(2014, 4, 8)]


async def test_what_the_register_does_not_know_is_refused(lonely: Shell, files: Path) -> None:
    for code, said in (
        ("H0000007", "the register knows no household with the code H0000007"),
        (village_code(99), f"the register knows no village with the code {village_code(99)}"),
        ("419999", "the register knows no county with the code 419999"),
    ):
        assert (await lonely("registry", "show", code)).fails(1).startswith(said)


async def test_a_household_may_have_a_number_like_that_of_a_place(
    lonely: Shell, files: Path
) -> None:
    numbers = ("419999", "411523999999")
    heads = [
        person_row(household_rows(number, HERE, 1)[0], 户编号=code)
        for number, code in enumerate(numbers)
    ]
    (
        await lonely("registry", "import", write_csv(files / "册.csv", [PERSON_HEADER, *heads]))
    ).done()
    for code in numbers:
        assert (await lonely("registry", "show", code)).done().splitlines()[0].endswith(code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.xlsx"), "nowhere.xlsx cannot be read: No such file or directory"),
        (
            ("export", "册.csv", "--county", "411523"),
            "FILE: '册.csv' is no name of a workbook",
        ),
        (("export", "册.xlsx"), "give either --county or --village"),
        (
            ("export", "册.xlsx", "--county", "411523", "--village", HERE),
            "give either --county or --village",
        ),
        (("export", "册.xlsx", "--county", "4115"), "--county: '4115' is no division code"),
        (("export", "册.xlsx", "--village", "411523"), "--village: '411523' is no village; write"),
        (
            ("export", "册.xlsx", "--village", HERE, "--year", "1999"),
            "--year: '1999' is no year of an exit",
        ),
    ],
)
async def test_wrong_words_are_refused(
    lonely: Shell, files: Path, words: tuple[str, ...], said: str
) -> None:
    assert (await lonely("registry", *words)).fails(2).startswith(said)


async def test_a_folder_that_is_not_there_is_named(lonely: Shell, files: Path) -> None:
    (await lonely("registry", "import", files / "册.xlsx")).done()
    path = files / "nowhere" / "出.xlsx"
    said = await lonely("registry", "export", path, "--county", "411523")
    assert said.fails(2) == f"{path} cannot be written: No such file or directory"
