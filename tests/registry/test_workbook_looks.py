"""What a workbook shows and its values do not tell: errors, hidden rows and columns, merged cells.

An empty cell has a meaning: without 识别时间 a household was never registered as poor. So nothing
that shows something else is read as empty, and nothing is read that nobody sees.
"""

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from operators.commands.many import case_ids
from operators.commands.words import InputError
from registry.errors import LoadError
from registry.files.faults import RegisterFaults
from registry.files.sheet_rows import rows_of
from registry.files.table import TableFile
from registry.forms.rosters import read_consents, read_roster
from registry.forms.visits import read_visits
from registry.register.file import RegisterFile
from registry.register.plans_file import read_plan
from tests.old_workbook import Error, write_xls
from tests.rosters import (
    HOUSEHOLD_HEADER,
    PERSON_HEADER,
    TODAY,
    VILLAGE_HEADER,
    Row,
    household_row,
    household_rows,
    village_code,
    village_row,
)

HERE = village_code(0)
ERROR = "is an error that a spreadsheet program shows in place of a value"
ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
Touch = Callable[[Worksheet], Any]


def workbook(path: Path, *rows: Row, touch: Touch = lambda sheet: None) -> Path:
    """A sheet, 表1, of rows; then something is done to it."""
    with Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("表1")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        touch(sheet)
    return path


def said(path: Path) -> list[str]:
    """What is wrong with a file for the register."""
    try:
        file = RegisterFile(path, TODAY)
        lines = file.village_lines() if file.lists_villages else file.household_lines()
        list(lines)
    except RegisterFaults as refused:
        return [str(each) for each in refused.found]
    except LoadError as refused:
        return [each.removeprefix(f"{path}, ") for each in refused.faults]
    return [str(each) for each in file.faults()]


def refusal(read: Callable[[], Any]) -> str:
    with pytest.raises((LoadError, InputError)) as caught:
        read()
    return str(caught.value)


# -- errors -----------------------------------------------------------------------------------


@pytest.mark.clause("F5")
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_not_an_empty_cell(tmp_path: Path, error: str) -> None:
    """A poor household whose 识别时间 could not be looked up became one that never was."""
    at = HOUSEHOLD_HEADER.index("识别时间")
    row = household_row(1, HERE, 3)
    path = workbook(
        tmp_path / "册.xlsx",
        HOUSEHOLD_HEADER,
        row,
        touch=lambda sheet: sheet.write_formula(1, at, "=VLOOKUP(1,A:B,2)", None, error),
    )
    (fault,) = said(path)
    assert fault.startswith(f"sheet 表1, row 2, column 识别时间 (G): {error!r}: {ERROR}; correct")
    old = write_xls(tmp_path / "册.xls", [HOUSEHOLD_HEADER, with_error(row, at, error)])
    (fault,) = said(old)
    assert fault.startswith(f"sheet 表1, row 2, column 识别时间 (G): {error!r}: {ERROR}; correct")


def with_error(row: Row, at: int, error: str) -> list[Any]:
    cells: list[Any] = [str(cell) for cell in row]
    cells[at] = Error(error)
    return cells


def test_a_formula_without_its_value_is_not_an_empty_cell(tmp_path: Path) -> None:
    at = HOUSEHOLD_HEADER.index("识别时间")
    path = workbook(
        tmp_path / "册.xlsx",
        HOUSEHOLD_HEADER,
        household_row(1, HERE, 3),
        touch=lambda sheet: sheet.write_formula(1, at, "=B1", None, "T" * 9),
    )
    rewrite(path, lambda xml: xml.replace('t="str"><f>B1</f><v>TTTTTTTTT</v>', "><f>B1</f>"))
    (fault,) = said(path)
    assert "column 识别时间 (G)" in fault
    assert "is a formula that was saved without its value; open the file, save it" in fault


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Change the sheet of a workbook as it lies in the file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    before = parts[name].decode()
    parts[name] = change(before).encode()
    assert parts[name].decode() != before
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)


def test_an_error_in_a_list_of_villages(tmp_path: Path) -> None:
    at = VILLAGE_HEADER.index("列入日期")
    path = workbook(
        tmp_path / "册.xlsx",
        VILLAGE_HEADER,
        village_row(0),
        touch=lambda sheet: sheet.write_formula(1, at, "=1/0", None, "#DIV/0!"),
    )
    (fault,) = said(path)
    assert fault.startswith(f"sheet 表1, row 2, column 列入日期 (K): '#DIV/0!': {ERROR}")


def test_an_error_left_of_everything_else_keeps_its_place(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "册.xlsx",
        touch=lambda sheet: (
            sheet.write(1, 2, "某"),
            sheet.write_formula(4, 0, "=A9", None, "#N/A"),
            sheet.write_formula(4, 4, "=A9", None, "#REF!"),
        ),
    )
    assert [(row.number, row.cells) for row in rows_of(path)] == [
        (2, ["", "", "某", "", ""]),
        (5, ["#N/A", "", "", "", "#REF!"]),
    ]


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (
            lambda path: read_roster(path, TODAY, 30),
            [("户编号", "赞成票数", "追加计划理由"), ("H-01", 20, "#N/A")],
        ),
        (lambda path: read_roster(path, TODAY, 30), [("户编号", "赞成票数"), ("H-01", "#N/A")]),
        (
            read_consents,
            [("户编号", "是否认可", "签字人", "不认可理由"), ("H-01", "是", "张某", "#REF!")],
        ),
        (read_consents, [("户编号", "是否认可", "签字人"), ("H-01", "是", "#NAME?")]),
        (
            lambda path: read_visits(path, TODAY),
            [("户编号", "回访日期", "是否稳定", "风险"), ("H-01", "2018-11-01", "是", "#N/A")],
        ),
        (
            lambda path: _refuse(read_plan(path).faults),
            [("年度", "类别", "编号", "文件依据"), (2018, "县", "411523", "#N/A")],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_error_in_any_other_table(
    tmp_path: Path, read: Callable[[Path], Any], rows: list[Row], kind: str
) -> None:
    path = tmp_path / f"表.{kind}"
    if kind == "csv":
        path.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    else:
        (place,) = (index for index, cell in enumerate(rows[1]) if str(cell).startswith("#"))
        error = rows[1][place]
        workbook(path, *rows, touch=lambda sheet: sheet.write_formula(1, place, "=1", None, error))
    sentence = refusal(lambda: read(path))
    assert ERROR in sentence
    assert "row 2" in sentence


def _refuse(faults: Sequence[Any]) -> None:
    raise LoadError(map(str, faults))


def test_an_error_among_the_ids_of_cases(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "册.xlsx",
        ("case_id",),
        ("county-exit/411523/2026",),
        touch=lambda sheet: sheet.write_formula(2, 0, "=1", None, "#N/A"),
    )
    assert f"row 3, column case_id (A): '#N/A': {ERROR}" in refusal(lambda: case_ids(path))


# -- hidden -----------------------------------------------------------------------------------

HIDDEN = "sheet 表1: hidden or filtered out, but not empty: {}; show all rows and columns"
ROSTER = (HOUSEHOLD_HEADER, *(household_row(number, HERE, 3) for number in range(5)))


def _filter(sheet: Worksheet) -> None:
    sheet.autofilter(0, 0, 5, len(HOUSEHOLD_HEADER) - 1)
    sheet.filter_column(1, "x == H0000001")
    sheet.set_row(1, options={"hidden": True})


@pytest.mark.parametrize(
    ("touch", "what"),
    [
        (lambda sheet: sheet.set_row(2, options={"hidden": True}), "row 3"),
        (
            lambda sheet: [sheet.set_row(n, options={"hidden": True}) for n in (2, 3, 5)],
            "row 3 to 4, row 6",
        ),
        (lambda sheet: sheet.set_row(2, 0), "row 3"),
        (lambda sheet: sheet.set_row(2, None, None, {"level": 1, "hidden": True}), "row 3"),
        (_filter, "row 2"),
        (lambda sheet: sheet.set_column(7, 7, options={"hidden": True}), "column H"),
        (lambda sheet: sheet.set_column(7, 8, 0), "column H to I"),
    ],
)
def test_what_is_hidden_is_not_read(tmp_path: Path, touch: Touch, what: str) -> None:
    path = workbook(tmp_path / "册.xlsx", *ROSTER, touch=touch)
    (sentence,) = said(path)
    assert sentence.startswith(HIDDEN.format(what))


@pytest.mark.parametrize(
    "touch",
    [
        lambda sheet: sheet.set_row(9, options={"hidden": True}),
        lambda sheet: sheet.set_column(40, 50, options={"hidden": True}),
        lambda sheet: sheet.autofilter(0, 0, 5, 3),
    ],
)
def test_nothing_is_lost_where_what_is_hidden_is_empty(tmp_path: Path, touch: Touch) -> None:
    assert said(workbook(tmp_path / "册.xlsx", *ROSTER, touch=touch)) == []


@pytest.mark.parametrize(
    ("hidden", "what"),
    [
        ({"hidden": [2]}, "row 3"),
        ({"low": [2]}, "row 3"),
        ({"hidden_columns": [7]}, "column H"),
    ],
)
def test_what_is_hidden_in_an_old_workbook_is_not_read(
    tmp_path: Path, hidden: dict[str, list[int]], what: str
) -> None:
    texts = [[str(cell) for cell in row] for row in ROSTER]
    (sentence,) = said(write_xls(tmp_path / "册.xls", texts, **hidden))
    assert sentence.startswith(HIDDEN.format(what))


def test_a_hidden_row_of_any_table(tmp_path: Path) -> None:
    rows = (("户编号", "赞成票数"), ("H-01", 20), ("H-02", 21))
    path = workbook(
        tmp_path / "表.xlsx", *rows, touch=lambda sheet: sheet.set_row(2, options={"hidden": True})
    )
    assert HIDDEN.format("row 3") in refusal(lambda: read_roster(path, TODAY, 30))


# -- merged -----------------------------------------------------------------------------------


def test_a_merged_cell_of_a_row_a_household_is_a_fault(tmp_path: Path) -> None:
    """The second household was read as one that never was registered."""
    at = HOUSEHOLD_HEADER.index("识别时间")
    path = workbook(
        tmp_path / "册.xlsx",
        *ROSTER,
        touch=lambda sheet: sheet.merge_range(2, at, 3, at, "2014-04-01"),
    )
    assert said(path) == [
        "sheet 表1, row 4, column 识别时间 (G): '2014-04-01': is one with other cells (merged); "
        "write into each cell what is true of its own row"
    ]


def test_merged_cells_of_one_household_say_it_of_all_its_members(tmp_path: Path) -> None:
    rows = [PERSON_HEADER, *household_rows(1, HERE, 3), *household_rows(2, HERE, 2)]

    def merge(sheet: Worksheet) -> None:
        for column in (0, 1, 2):
            sheet.merge_range(1, column, 3, column, rows[1][column])

    path = workbook(tmp_path / "册.xlsx", *rows, touch=merge)
    assert said(path) == []
    lines = list(RegisterFile(path, TODAY).household_lines())
    assert [(line.code, line.size) for line in lines] == [("H0000001", 3), ("H0000002", 2)]


def test_cells_that_are_one_over_two_households_are_a_fault(tmp_path: Path) -> None:
    at = PERSON_HEADER.index("识别时间")
    rows = [PERSON_HEADER, *household_rows(1, HERE, 1), *household_rows(2, HERE, 1)]
    path = workbook(
        tmp_path / "册.xlsx",
        *rows,
        touch=lambda sheet: sheet.merge_range(1, at, 2, at, "2014-04-01"),
    )
    (fault,) = said(path)
    assert fault.startswith(
        "sheet 表1, row 3, column 识别时间 (H): '2014-04-01': is one with other"
    )


def test_a_title_over_all_columns_harms_nothing(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "册.xlsx",
        ("",),
        *ROSTER,
        touch=lambda sheet: sheet.merge_range(0, 0, 0, 9, "某村贫困户花名册"),
    )
    assert said(path) == []


# -- headers and sums -------------------------------------------------------------------------


def test_an_error_is_no_header(tmp_path: Path) -> None:
    at = len(HOUSEHOLD_HEADER)
    path = workbook(
        tmp_path / "册.xlsx",
        HOUSEHOLD_HEADER,
        household_row(1, HERE, 3),
        touch=lambda sheet: sheet.write_formula(0, at, "=1", None, "#N/A"),
    )
    (fault,) = said(path)
    assert "column #N/A (X): no column of a roster with one row a household" in fault


@pytest.mark.parametrize("word", ["合计", "总计"])
def test_a_row_of_sums_is_no_vote(tmp_path: Path, word: str) -> None:
    path = workbook(tmp_path / "表.xlsx", ("户编号", "赞成票数"), ("H-01", 20), (word, 20))
    assert re.search(
        r"row 3, column 户编号 \(A\): '..': this is a row of sums; take it out",
        refusal(lambda: read_roster(path, TODAY, 30)),
    )


def test_every_table_goes_through_the_one_reader() -> None:
    """What holds of votes and plans here holds of check lists, whose columns are others."""
    from registry.forms import check_lists, rosters, visits
    from registry.register import plans_file

    for module in (check_lists, plans_file, rosters, visits):
        assert module.TableFile is TableFile
