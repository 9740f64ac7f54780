"""Check lists of a supervision: out as Excel, and in again with the findings (F6)."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from models.supervision.messages import HouseholdCheck, VillageCheck
from registry.cases.supervision_records import CheckLists, HouseholdOnSheet, VillageOnSheet
from registry.errors import LoadError
from registry.files.sheet_rows import rows_of
from registry.files.workbook_writing import Value, write_sheets
from registry.forms.check_lists import read_check_lists, write_check_lists
from tests.models.test_supervision_rates import V1, V2, sample

DRAWN = sample({"H001": 3, "H002": 4}, {V1: (100, 40)})
HOUSEHOLDS = ("户编号", "是否错退", "不达标项", "是否认可", "备注")
VILLAGES = ("行政村代码", "漏评户数", "漏评人数", "受访人数", "认可人数", "备注")
LISTS = CheckLists(
    households=(
        HouseholdOnSheet(
            code="H001", village_code=V1, village="张庄村", group="一组", head="=cmd()", size=3
        ),
        HouseholdOnSheet(
            code="H002", village_code=V1, village="张庄村", group="一组", head="李某", size=4
        ),
    ),
    villages=(
        VillageOnSheet(code=V1, name="张庄村", township="合成乡", population=100, unregistered=60),
    ),
)


def sheet(
    folder: Path,
    households: Sequence[Sequence[Value]] = (),
    villages: Sequence[Sequence[Value]] = (),
    *,
    named: tuple[str, str] = ("户", "村"),
    columns: Sequence[str] = HOUSEHOLDS,
) -> Path:
    """A filled-in check list."""
    path = folder / "核查表.xlsx"
    tables = ((named[0], columns, households), (named[1], VILLAGES, villages))
    write_sheets(
        path, [(name, [(each, 12) for each in header], rows) for name, header, rows in tables]
    )
    return path


def faults(path: Path) -> str:
    with pytest.raises(LoadError) as caught:
        read_check_lists(path, DRAWN)
    return str(caught.value)


@pytest.mark.clause("F6", "G8")
def test_who_is_drawn_stands_on_two_sheets_with_room_for_the_findings(tmp_path: Path) -> None:
    path = tmp_path / "核查表.xlsx"
    write_check_lists(path, LISTS)
    assert path.stat().st_mode & 0o777 == 0o600
    found = [(row.sheet, [str(cell) for cell in row.cells]) for row in rows_of(path)]
    header, first, *_ = [cells for name, cells in found if name == "户"]
    assert header == [
        "户编号", "行政村代码", "行政村", "村民小组", "户主姓名", "家庭人口",
        "是否错退", "不达标项", "是否认可", "备注",
    ]  # fmt: skip
    # No spreadsheet program takes a name for a formula.
    assert first[:6] == ["H001", V1, "张庄村", "一组", "'=cmd()", "3.0"]
    header, first = [cells for name, cells in found if name == "村"]
    assert header == [
        "行政村代码", "行政村", "乡镇", "农村户籍人口", "未建档人口",
        "漏评户数", "漏评人数", "受访人数", "认可人数", "备注",
    ]  # fmt: skip
    assert first[:5] == [V1, "张庄村", "合成乡", "100.0", "60.0"]


@pytest.mark.clause("F6")
def test_a_check_list_says_what_can_be_filled_in(tmp_path: Path) -> None:
    """Yes or no are chosen from a list; the criteria of S1 are named where they are written."""
    path = tmp_path / "核查表.xlsx"
    write_check_lists(path, LISTS)
    with ZipFile(path) as archive:
        households = archive.read("xl/worksheets/sheet1.xml").decode()
    rules = re.findall(r'<dataValidation[^>]* sqref="([A-Z])2:', households)
    assert rules == ["G", "H", "I"]  # 是否错退, 不达标项, 是否认可
    assert households.count("是,否") == 2
    assert "住房安全" in households


@pytest.mark.clause("F6")
def test_an_empty_check_list_holds_no_finding(tmp_path: Path) -> None:
    path = tmp_path / "核查表.xlsx"
    write_check_lists(path, LISTS)
    assert "holds no finding; fill in 是否错退 in sheet 户, or 漏评人数 in sheet 村" in faults(path)


@pytest.mark.clause("F6", "S1")
def test_what_was_filled_in_is_read(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        [
            ("H001", "是", "住房安全、S1.income", "否", "房屋为危房"),
            ("H002", None, None, None, None),
        ],
        [(V1, 1, "４", 20, 18, None)],  # noqa: RUF001
    )
    found = read_check_lists(path, DRAWN)
    assert found.households == (
        HouseholdCheck(
            household="H001",
            wrongly_exited=True,
            failed=("S1.housing", "S1.income"),
            recognises=False,
            note="房屋为危房",
        ),
    )
    assert found.villages == (
        VillageCheck(village=V1, omitted_people=4, omitted_households=1, asked=20, recognising=18),
    )


@pytest.mark.clause("F6")
def test_a_household_may_have_a_number_like_the_code_of_a_village(tmp_path: Path) -> None:
    drawn = sample({V1: 3}, {V1: (100, 40)})
    path = sheet(tmp_path, [(V1, "否")], [(V1, 0, 0, 9, 9, None)])
    found = read_check_lists(path, drawn)
    assert [each.household for each in found.households] == [V1]
    assert [each.village for each in found.villages] == [V1]


@pytest.mark.clause("F6")
def test_what_was_not_asked_is_left_open(tmp_path: Path) -> None:
    found = read_check_lists(sheet(tmp_path, [("H001", "否", None, None, None)]), DRAWN)
    assert found.households == (HouseholdCheck(household="H001", wrongly_exited=False),)
    assert found.villages == ()


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("H001", "也许"), "sheet 户, row 2, column 是否错退 (B): '也许': write 是 or 否"),
        (("H001", None, "住房安全"), "row 2, column 是否错退 (B): write 是 or 否"),
        (("H001", "是"), "column 不达标项 (C): is empty; name the criteria of S1"),
        (("H001", "否", "住房安全"), "(C): '住房安全': names criteria, but 是否错退 says 否"),
        (("H001", "是", "住房、S1.housing"), "住房 is no criterion of S1; write 人均纯收入、"),
        (("H001", "否", None, "未表态"), "column 是否认可 (D): '未表态': write 是 or 否"),
        (("H003", "否"), "column 户编号 (A): 'H003': household H003 is not in the sample"),
        (("H1", "否"), "column 户编号 (A): 'H1': write the household's number"),
    ],
)
def test_a_row_of_a_household_that_is_wrong_is_named(
    tmp_path: Path, row: tuple[Value, ...], said: str
) -> None:
    assert said in faults(sheet(tmp_path, [row]))


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((V1, 1, 61, 9, 9), "(C): '61': village 411523100001: 61 omitted people are more than"),
        ((V1, 0, 0, 9, 10), "sheet 村, row 2, column 认可人数 (E): '10': recognising: 10 of 9"),
        ((V1, 3, 2, 9, 9), "column 漏评户数 (B): '3': omitted_households: 3 households of 2"),
        ((V1, 0, 2, 9, 9), "omitted_households: 2 people live in at least one"),
        ((V1, 0, 0, None, 9), "column 受访人数 (D): is empty"),
        ((V1, 0, 0, 9.5, 9), "column 受访人数 (D): '9.5': write a whole number"),
        ((V1, 0, -1, 9, 9), "column 漏评人数 (C): '-1': write a whole number"),
        ((V1, 0, 0, 101, 9), "受访人数 (D): '101': village 411523100001: 101 people asked"),
        ((V2, 0, 0, 9, 9), f"column 行政村代码 (A): '{V2}': village {V2} is not in the sample"),
    ],
)
def test_a_row_of_a_village_that_is_wrong_is_named(
    tmp_path: Path, row: tuple[Value, ...], said: str
) -> None:
    assert said in faults(sheet(tmp_path, [], [row]))


@pytest.mark.clause("F6")
def test_every_fault_of_both_sheets_is_said_at_once(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        [("H001", "否"), ("H001", "否"), ("H002", "也许")],
        [(V1, 0, 0, 9, 10), (V1, 0, 0, 9, 9)],
    )
    said = faults(path)
    assert "sheet 户, row 3, column 户编号 (A): 'H001': stands in row 2 already" in said
    assert "sheet 户, row 4, column 是否错退" in said
    assert "sheet 村, row 2, column 认可人数" in said
    assert "sheet 村, row 3, column 行政村代码" in said


@pytest.mark.clause("F6")
@pytest.mark.parametrize(
    ("named", "columns", "said"),
    [
        (
            ("户", "村二"),
            HOUSEHOLDS,
            "sheet 村二: is no sheet of a check list; those are 户 and 村",
        ),
        (("Sheet1", "村"), HOUSEHOLDS, "sheet Sheet1: is no sheet of a check list"),
        (("户", "村"), ("户编号", "错退"), "错退"),
        (
            ("户", "村"),
            ("编号", "错退"),
            "no row names the columns of a check list of households (户编号、是否错退) or a ",
        ),
    ],
)
def test_another_workbook_is_refused(
    tmp_path: Path, named: tuple[str, str], columns: Sequence[str], said: str
) -> None:
    rows: list[Any] = [("H001", "否")]
    path = sheet(tmp_path, rows, [(V1, 0, 0, 9, 9)], named=named, columns=columns)
    assert said in faults(path)


@pytest.mark.clause("F6")
def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "核查表.xlsx"
    path.write_bytes(b"no workbook")
    assert "is no Excel workbook" in faults(path)
