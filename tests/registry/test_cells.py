"""What a file for the register says, cell by cell: every fault with row, column and what is right.

A rule of a cell is held against rows as CSV and as a workbook give them; that the real files give
them so is proven for all of these cells at once.
"""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.files import cells
from registry.files.columns import Cells, columns_of
from registry.files.faults import RegisterFaults
from registry.files.sheet_cells import Cell, SheetRow
from registry.files.table import TableFile
from registry.forms.check_lists import CheckedHousehold, CheckedVillage
from registry.forms.rosters import AnswerCells, VoteCells
from registry.forms.visits import VisitCells
from registry.register.columns import HouseholdCells, PersonCells, VillageCells
from registry.register.file import MODELS, RegisterFile, household_lines, village_lines
from registry.register.plans_file import PlannedSubject
from tests.rosters import (
    HOUSEHOLD_HEADER,
    PERSON_HEADER,
    TODAY,
    VILLAGE_HEADER,
    Row,
    Write,
    household_row,
    household_rows,
    person_row,
    village_code,
    village_row,
)

HERE = village_code(0)


Said = Callable[..., list[str]]


def found(table: TableFile[Any]) -> list[str]:
    """What is wrong with rows by themselves, without the name of their sheet."""
    for sheet in table.sheets():
        list(village_lines(sheet) if sheet.model is VillageCells else household_lines(sheet))
    return [str(fault).removeprefix("sheet 表1, ") for fault in table.faults]


def cell(value: Any) -> Cell:
    """A cell as a workbook gives it."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    given: Cell = float(value) if is_number else value
    return given


def of_workbook(*rows: Row) -> list[str]:
    """What is wrong with rows as a workbook gives them."""
    given = [SheetRow("表1", n, [cell(each) for each in row]) for n, row in enumerate(rows, 1)]
    return found(TableFile(given, *MODELS, today=TODAY))


def of_csv(*rows: Row) -> list[str]:
    """What is wrong with rows as CSV gives them."""
    given = [SheetRow("", n, [str(each) for each in row]) for n, row in enumerate(rows, 1)]
    return found(TableFile(given, *MODELS, today=TODAY))


@pytest.fixture(params=[of_csv, of_workbook])
def faults(request: pytest.FixtureRequest) -> Said:
    """What is wrong with rows, in either kind of file."""
    read: Said = request.param
    return read


# -- rosters ----------------------------------------------------------------------------------


WRONG_CELLS = [
    ("行政村代码", "4115231002", "write a code of 12 digits"),
    ("户编号", "H7", "write the household's number: 4 to 30 letters"),
    ("户编号", "", "is empty; write it"),
    ("村民小组", "", "is empty; write it"),
    ("增收渠道和收入来源", "无", "says nothing: write what a reader of the file can hold against"),
    ("稳定增收依据", "无", "says nothing: write what a reader of the file can hold against"),
    ("稳定增收依据", "——1", "says nothing: write what a reader of the file can hold against"),
    ("姓名", "", "is empty; write it"),
    ("姓名", "=cmd|' /C calc'!A0", "begins with a sign of a formula"),
    ("姓名", "@SUM(1+1)", "begins with a sign of a formula"),
    ("姓名", "＋某甲", "begins with a sign of a formula"),
    ("姓名", "-某甲", "begins with a sign of a formula"),
    ("姓名", "\t某甲", "begins with a sign of a formula or a control character"),
    ("姓名", "\r某甲", "begins with a sign of a formula or a control character"),
    ("姓名", "某\n甲", "U+000A, the end of a line, stands as character 2; take it out"),
    ("姓名", "某\x1b[2K", "U+001B, a control character, stands as character 2"),
    ("姓名", "某\u200b甲", "U+200B, an invisible sign, stands as character 2"),
    ("姓名", "\u202e某甲", "U+202E, a sign that turns the direction of writing"),
    ("姓名", "某\ufffd", "what is left of a character that was decoded wrongly"),
    ("姓名", "某\ue863", "U+E863, a private sign, which other computers do not know"),
    ("姓名", "<img src=x>", "holds a sign that no name has"),
    ("姓名", "无", "is no name"),
    ("姓名", "合 计", "this is a row of sums; take it out"),
    ("姓名", "小计：", "this is a row of sums; take it out"),
    ("姓名", "123", "is no name; write the name"),
    ("姓名", "N/A", "is no name"),
    ("姓名", "#N/A", "is an error that a spreadsheet program shows in place of a value"),
    ("识别时间", "#N/A", "is an error that a spreadsheet program shows in place of a value"),
    ("识别时间", "######", "is an error that a spreadsheet program shows"),
    ("住房安全", "#REF!", "is an error that a spreadsheet program shows in place of a value"),
    ("年度", "#VALUE!", "is an error that a spreadsheet program shows in place of a value"),
    ("姓名", "某" * 101, "is longer than 100 characters"),
    ("与户主关系", "=1", "begins with a sign of a formula"),
    ("与户主关系", "配偶", "the household names no head; write 户主"),
    ("家庭人口", "0", "write how many members the household has"),
    ("家庭人口", "51", "write a whole number, for example 4"),
    ("家庭人口", "2.5", "write a whole number"),
    ("家庭人口", "５１", "write a whole number, for example 4"),  # noqa: RUF001
    ("家庭人口", "4", "the household has 2 rows; write one for each member"),
    ("识别时间", "2014年", "write a day as 2014-03-31"),
    ("识别时间", "2014-02-30", "write a day as 2014-03-31"),
    ("识别时间", "2018-12-02", "write a day from 1980 to 2018-12-01"),
    ("年度", "2013", "write a year from 2014 on"),
    ("工资性收入", "", "is empty; write an amount in yuan, 0 where there was none"),
    ("工资性收入", "约3000", "write an amount in yuan, for example 3500"),
    ("工资性收入", "3000元", "write an amount in yuan, for example 3500"),
    ("工资性收入", "1,00", "write an amount in yuan, for example 3500"),
    ("工资性收入", "3０²", "write an amount in yuan, for example 3500"),  # noqa: RUF001
    ("工资性收入", "0.001", "write an amount in yuan, for example 3500"),
    ("工资性收入", "100000000.01", "from 0 to 100 million"),
    ("生产经营性支出", "-1", "write an amount in yuan"),
    ("吃穿不愁", "", "write 是 or 否"),
    ("无因贫辍学学生", "无", "write 是 or 否"),
    ("收入来源稳定", "TRUE", "write 是 or 否"),
]


@pytest.mark.parametrize(("column", "cell", "said"), WRONG_CELLS)
def test_a_wrong_cell_of_a_roster_is_named(faults: Said, column: str, cell: str, said: str) -> None:
    first, second = household_rows(7, HERE, 2)
    wrong = person_row(first, **{column: cell})
    rows = (["花名册"], PERSON_HEADER, wrong, ("", "", "", *second[3:]))
    at = chr(ord("A") + PERSON_HEADER.index(column))
    found = faults(*rows)
    assert found[0].startswith(f"row 3, column {column} ({at}): ")
    assert said in found[0]


@pytest.mark.clause("G8")
@pytest.mark.parametrize("number", ["11010519491231002X", "11010519491231002x"])
def test_an_id_number_is_no_number_of_a_household(faults: Said, number: str) -> None:
    """The household's number stands in ids of cases, in search attributes and in lists."""
    first, second = household_rows(7, HERE, 2)
    rows = (["花名册"], PERSON_HEADER, person_row(first, 户编号=number), ("", "", "", *second[3:]))
    found = faults(*rows)
    assert "is the number of an identity card; write the household's own number (G8)" in found[0]
    assert number not in " ".join(found)
    # Eighteen digits that nobody has as an ID number are a household's number.
    fine = person_row(first, 户编号="110105194912310021")
    assert faults(["花名册"], PERSON_HEADER, fine, ("", "", "", *second[3:])) == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("", "is empty; write it"),
        ("41152319700101", "is no ID number (14 characters)"),
        ("411523197001010011", "check digit is wrong (GB 11643)"),
        ("4.1152E+17", "is in scientific notation, because a spreadsheet program took it for a"),
        ("4.11523197001010e17", "is in scientific notation"),
        ("411523197001011000", "ends in 000, as a number does that a spreadsheet program has"),
    ],
)
def test_a_wrong_id_number_is_named_and_not_shown(faults: Said, cell: str, said: str) -> None:
    first, second = household_rows(7, HERE, 2)
    rows = (PERSON_HEADER, first, person_row(second, 证件号码=cell))
    (fault,) = faults(*rows)
    assert fault.startswith("row 3, column 证件号码 (E): ")
    assert said in fault
    assert not cell or cell not in fault


@pytest.mark.parametrize("number", [411523197001010017, 411523197001011000, 4.115e17, 1, True])
def test_an_id_number_stored_as_a_number_is_damaged(number: Any) -> None:
    first, second = household_rows(7, HERE, 2)
    assert of_workbook(PERSON_HEADER, first, person_row(second, 证件号码=number)) == [
        "row 3, column 证件号码 (E): 'a number': is stored as a number, of which only 15 digits "
        "are kept: it is damaged; copy it again from the identity card, into a cell of text"
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            [*PERSON_HEADER[:3], *PERSON_HEADER[4:]],
            "row 1: a roster with one row a person lacks 姓名; it has 行政村代码、户编号、",
        ),
        (
            [*PERSON_HEADER[:9], *PERSON_HEADER[10:]],
            "row 1: a roster with one row a person lacks 工资性收入; it has",
        ),
        (
            [*PERSON_HEADER[:6], "小组", *PERSON_HEADER[7:]],
            "row 1, column 小组 (G): stands in column C too; keep one",
        ),
        (
            [*PERSON_HEADER, "微信号"],
            "row 1, column 微信号 (Y): no column of a roster with one row a person; correct it or "
            "take it out. What is still free: 致贫类别、缓学休学批准文书、户主姓名",
        ),
        (
            ["甲", "乙"],
            "row 1: no row names the columns of a roster with one row a household (行政村代码、",
        ),
    ],
)
def test_wrong_headers_are_named_with_what_is_missing(faults: Said, header: Row, said: str) -> None:
    assert faults(header, *household_rows(7, HERE, 1))[0].startswith(said)


SHEETS: dict[str, tuple[tuple[type[Cells], ...], Row]] = {
    "a row a person": (MODELS, PERSON_HEADER),
    "a row a household": (MODELS, HOUSEHOLD_HEADER),
    "villages": (MODELS, VILLAGE_HEADER),
    "visits": ((VisitCells,), ("户编号", "回访日期", "是否稳定")),
    "votes": ((VoteCells,), ("户编号", "赞成票数")),
    "answers": ((AnswerCells,), ("户编号", "是否认可", "签字人")),
    "checked households": ((CheckedHousehold,), ("户编号", "是否错退")),
    "checked villages": (
        (CheckedVillage,),
        ("行政村代码", "漏评户数", "漏评人数", "受访人数", "认可人数"),
    ),
    "plan": ((PlannedSubject,), ("年度", "类别", "编号", "文件依据")),
}


OF_HOUSEHOLDS = (
    *("户主", "户主姓名", "村民小组", "组", "村组", "小组"),
    *("家庭人口", "人口数", "家庭人口数", "家庭人数"),
)
"""What no list of villages has: a sheet with one of these is something else."""


def of_header(models: Iterable[type[Cells]], header: Row) -> list[str]:
    """What is wrong with the headers of a sheet."""
    table = TableFile([SheetRow("", 1, list(header))], *models)
    list(table.sheets())
    return [str(fault) for fault in table.faults]


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize(
    "header",
    [
        *("行政村", "村名", "行政村名称", "乡镇", "乡镇名称", "乡镇代码", "乡镇编码"),
        *("县代码", "县编码", "县区代码", "户主", "户主姓名"),
        *("户主证件号码", "户主身份证号", "户主身份证号码", "村民小组", "组", "村组", "小组"),
        *("家庭人口", "人口数", "家庭人口数", "家庭人数", "序号", "县（市、区）", "联系电话"),
    ],
)
def test_what_offices_add_is_read_over_in_every_sheet(sheet: str, header: str) -> None:
    models, columns = SHEETS[sheet]
    found = of_header(models, [*columns, header])
    if sheet == "villages" and header in OF_HOUSEHOLDS:
        (fault,) = found
        assert f"column {header} (" in fault
        assert "no column of a list of villages; correct it or take it out" in fault
        return
    # If it is a column of this sheet, it stands there already.
    assert [each for each in found if "stands in column" not in each] == []


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize(
    ("column", "header"),
    [
        *(("户编号", each) for each in ("户编码", "户号", "贫困户编号")),
        *(("行政村代码", each) for each in ("村代码", "村编码", "行政村编码")),
        *(("年度", each) for each in ("年份", "年 度")),
    ],
)
def test_a_column_goes_by_its_other_names_in_every_sheet(
    sheet: str, column: str, header: str
) -> None:
    models, columns = SHEETS[sheet]
    assert of_header(models, [header if each == column else each for each in columns]) == []


def test_what_stands_in_no_column_is_a_fault(faults: Said) -> None:
    head = household_rows(7, HERE, 1)[0]
    found = faults(PERSON_HEADER, [*head, "", "见附件"])
    assert found == [
        "row 2: '见附件': stands in column Z, which has no header; name the column, or take it out"
    ]


@pytest.mark.parametrize(
    ("header", "right"),
    [
        ("无", "column 无 (X): no column of a roster with one row a household; correct it or take"),
        ("合计", "column 合计 (X): no column of a roster with one row a household"),
        ("123", "column 123 (X): no column of a roster with one row a household"),
        ("户编号", "column 户编号 (X): stands in column B too; keep one"),
        ("", "'某': stands in column X, which has no header; name the column, or take it out"),
    ],
)
def test_a_header_that_is_none(faults: Said, header: str, right: str) -> None:
    (fault,) = faults((*HOUSEHOLD_HEADER, header), (*household_row(1, HERE, 3), "某"))
    assert right in fault


@pytest.mark.parametrize("word", ["合计", "总计", "小 计", "合计："])
@pytest.mark.parametrize("column", ["行政村代码", "户编号", "户主姓名"])
def test_a_row_of_sums_is_no_household(faults: Said, word: str, column: str) -> None:
    total = dict.fromkeys(HOUSEHOLD_HEADER, "") | {column: word, "家庭人口": "3"}
    (fault,) = faults(HOUSEHOLD_HEADER, household_row(1, HERE, 3), tuple(total.values()))
    assert fault.startswith(f"row 3, column {column} (")
    assert fault.endswith(f"{word!r}: this is a row of sums; take it out")


def test_a_row_of_sums_is_no_member_of_the_last_household(faults: Said) -> None:
    total = dict.fromkeys(PERSON_HEADER, "") | {"姓名": "合计"}
    (fault,) = faults(PERSON_HEADER, *household_rows(1, HERE, 2), tuple(total.values()))
    assert fault == "row 4, column 姓名 (D): '合计': this is a row of sums; take it out"


def test_what_is_said_of_a_household_is_said_once(faults: Said) -> None:
    first, second, third = household_rows(7, HERE, 3)
    second = person_row(second, 工资性收入="12", 与户主关系="户主", 吃穿不愁="是")
    assert faults(PERSON_HEADER, first, second, third) == [
        "row 3, column 与户主关系 (F): '户主': row 2 names the head of this household already; "
        "write 户编号 where another begins, or the relation",
        "row 3, column 工资性收入 (J): '12': row 2, of the head of this household, says 8007; "
        "write what is true of the household into the head's row",
    ]


@pytest.mark.parametrize(
    ("of_head", "of_member", "said"),
    [
        (
            *("登记", "返贫"),
            "row 3, column 致贫类别 (Y): '返贫': row 2, of the head of this household, says 登记; "
            "write what is true of the household into the head's row",
        ),
        ("登记", "其他", "row 3, column 致贫类别 (Y): '其他': write 登记、返贫 or 撤销退出"),
        ("登记", " 登记 ", None),
        ("", "返贫", None),
    ],
)
def test_a_member_says_why_the_household_is_registered_as_the_head_does(
    faults: Said, of_head: str, of_member: str, said: str | None
) -> None:
    first, second = household_rows(7, HERE, 2)
    found = faults([*PERSON_HEADER, "致贫类别"], [*first, of_head], [*second, of_member])
    assert found == ([said] if said else [])


def test_why_a_household_is_registered_stands_beside_the_day(faults: Said) -> None:
    first, second = household_rows(7, HERE, 2)
    without = person_row(first, 识别时间="")
    in_one_row = household_row(7, HERE, 2, 识别时间="")
    right = "'登记': says why the household was registered, and 识别时间 is empty; write both or "
    right += "neither"
    assert faults([*PERSON_HEADER, "致贫类别"], [*without, "登记"], [*second, "登记"]) == [
        f"row 2, column 致贫类别 (Y): {right}"
    ]
    assert faults([*HOUSEHOLD_HEADER, "致贫类别"], [*in_one_row, "登记"]) == [
        f"row 2, column 致贫类别 (X): {right}"
    ]


def test_a_head_has_one_name(faults: Said) -> None:
    header = [*PERSON_HEADER, "户主姓名"]
    first, second = household_rows(7, HERE, 2)
    rows = (header, [*first, "另某"], [*second, ""])
    assert faults(*rows) == [
        f"row 2, column 户主姓名 (Y): '另某': 姓名 in this row is {first[3]}; write one"
    ]
    assert faults(header, [*first, first[3]], [*second, first[3]]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"行政村": ""}, "row 2, column 行政村 (B): is empty"),
        ({"乡镇代码": "411523"}, "row 2, column 乡镇代码 (C): '411523': write a code of 9 digits"),
        ({"县代码": "4115"}, "row 2, column 县代码 (E): '4115': write a code of 6 digits"),
        ({"农村户籍人口": "两千"}, "row 2, column 农村户籍人口 (F): '两千': write a whole number"),
        ({"统计日期": "2019-01-01"}, "row 2, column 统计日期 (G): '2019-01-01': write a day"),
        ({"驻村工作队": "在"}, "row 2, column 驻村工作队 (H): '在': write 是 or 否"),
        ({"列入日期": ""}, "row 2, column 列入日期 (K): a poor village was listed some day"),
        ({"贫困村": "否"}, "row 2, column 列入日期 (K): '2014-04-01"),
        ({"年度": ""}, "row 2, column 年度 (L): is empty"),
        ({"客运班车": "无"}, "row 2, column 客运班车 (N): '无': write 是、否 or 不具备条件"),
        (
            {"客运班车": "不具备条件"},
            "row 2, column 不具备条件理由 (X): say why conditions allow no bus (不具备条件)",
        ),
        (
            {"不具备条件理由": "山路狭窄"},
            "row 2, column 不具备条件理由 (X): '山路狭窄': the bus is",
        ),
        ({"宽带": "不具备条件"}, "row 2, column 宽带 (U): '不具备条件': write 是 or 否"),
        ({"产业": "-"}, "row 2, column 产业 (V): '-': begins with a sign of a formula"),
        (
            {"集体经济收入（元）": "1.5"},
            "row 2, column 集体经济收入（元） (W): '1.5': write a whole number",
        ),
        (
            {"年度": "", **dict.fromkeys(VILLAGE_HEADER[12:21], "")},
            "row 2, column 产业 (V): '茶叶': belongs to 年度 and the columns with it",
        ),
    ],
)
def test_a_wrong_cell_of_a_list_of_villages_is_named(
    faults: Said, changes: dict[str, Any], said: str
) -> None:
    found = faults(VILLAGE_HEADER, village_row(0, **changes), village_row(1))
    assert found[0].startswith(said)


# -- the files themselves ---------------------------------------------------------------------


def in_file(path: Path) -> list[str]:
    """What is wrong with a file by itself, without its rows: a cell in CSV may have two lines."""
    try:
        file = RegisterFile(path, TODAY)
    except RegisterFaults as refused:
        return bare(map(str, refused.found))
    list(file.village_lines() if file.lists_villages else file.household_lines())
    return bare(map(str, file.faults()))


def bare(said: Iterable[str]) -> list[str]:
    return [re.sub(r"^(sheet 表1, )?row \d+(, |: )", "", each) for each in said]


def households(*wrong: tuple[str, str]) -> list[Row]:
    """A roster in which each household has one wrong cell."""
    rows: list[Row] = [PERSON_HEADER]
    for number, (column, said) in enumerate(wrong):
        first, second = household_rows(number, HERE, 2)
        rows += [person_row(first, **{column: said}), ("", "", "", *second[3:])]
    return rows


ID_NUMBERS = ("", "41152319700101", "411523197001010011", "4.1152E+17", "411523197001011000")


@pytest.mark.parametrize(
    "rows",
    [
        households(*((column, said) for column, said, _ in WRONG_CELLS if said.strip())),
        households(*(("证件号码", said) for said in ID_NUMBERS)),
        [VILLAGE_HEADER, *(village_row(0, **{each: "?"}) for each in VILLAGE_HEADER[2:21])],
        [[*PERSON_HEADER[:9], "微信号", *PERSON_HEADER[10:]], *household_rows(7, HERE, 1)],
        [["甲", "乙"]],
    ],
    ids=["cells", "numbers", "villages", "headers", "none"],
)
def test_in_files_the_same_is_found(write: Write, rows: list[Row]) -> None:
    path = write(*rows)
    here = of_csv if path.suffix == ".csv" else of_workbook
    expected = bare(here(*rows))
    assert in_file(path) == expected
    assert expected


# -- the page that says it all ----------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "docs" / "register-files.md"


def documented(section: str) -> dict[str, set[str]]:
    """The headers in the tables of a section, each with what it is called too."""
    names: dict[str, set[str]] = {}
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith(("| Header", "| ---")):
            headers, also = (part.strip().split(", ") for part in line.split("|")[1:3])
            names |= {header: {each for each in also if each} for header in headers}
    return names


def declared(*models: type[Cells]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for model in models:
        for column in columns_of(model):
            names.setdefault(column.header.name, set()).update(column.header.also)
    return names


def test_the_documentation_names_the_columns_that_are_read() -> None:
    assert documented("Rosters") == declared(PersonCells, HouseholdCells)
    assert documented("Lists of villages") == declared(VillageCells)


# -- amounts ----------------------------------------------------------------------------------


@pytest.mark.clause("S1")
@given(st.integers(0, 10_000_000_000))
@example(29)  # 0.29 * 100 is 28.999999999999996 in binary floats
@example(10_000_000_000)
def test_no_fen_is_lost_between_yuan_and_fen(fen: int) -> None:
    yuan = Decimal(fen) / 100
    assert cells.fen(float(yuan)) == fen
    assert cells.fen(str(yuan)) == fen
    assert cells.fen(f"{yuan:,.2f}") == fen


@pytest.mark.clause("S1")
@given(st.lists(st.integers(0, 1_000_000), max_size=12))
def test_a_sum_that_a_spreadsheet_program_made_is_exact(parts: list[int]) -> None:
    assert cells.fen(sum(part / 100 for part in parts)) == sum(parts)


@pytest.mark.parametrize("cell", [0.001, 1e-9, float("nan"), float("inf"), -0.01, 1e9, True])
def test_other_numbers_are_no_amounts(cell: float) -> None:
    with pytest.raises(ValueError, match="write an amount in yuan"):
        cells.fen(cell)
