"""Files as offices send them: each fault with its smallest file and its sentence; what is read.

The tables that are read here are short ones; all are read by the same reader.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter import Workbook

from models.register.villages import Bus
from models.roster.messages import Consent
from models.texts.characters import visible
from registry.errors import LoadError
from registry.files.cells import fen
from registry.files.columns import Cells, columns_of
from registry.files.faults import RegisterFaults
from registry.files.table import TableFile
from registry.forms.rosters import read_consents
from registry.forms.visits import read_visits
from registry.register.columns import HouseholdCells, VillageCells
from registry.register.file import MODELS, RegisterFile, household_lines
from registry.register.lines import HouseholdLine
from tests.rosters import (
    HOUSEHOLD_HEADER,
    TODAY,
    household_row,
    village_code,
    write_csv,
    write_xlsx,
)

ANSWERS = ["户编号", "是否认可", "签字人"]
VISITS = ["户编号", "回访日期", "是否稳定"]

Draw = Callable[[Any], None]
"""Puts cells into a sheet."""


def workbook(path: Path, draw: Draw, name: str = "表1") -> Path:
    """A workbook of one sheet as somebody drew it."""
    book = Workbook(str(path))
    draw(book.add_worksheet(name))
    book.close()
    return path


def rows(*of_sheet: Sequence[Any]) -> Draw:
    """Rows as they stand."""

    def draw(sheet: Any) -> None:
        for number, row in enumerate(of_sheet):
            sheet.write_row(number, 0, row)

    return draw


def refusal(path: Path) -> list[str]:
    """What is wrong with a table of answers, or of visits."""
    with pytest.raises(LoadError) as caught:
        read_consents(path) if "answers" in path.name else read_visits(path, TODAY)
    return [each.removeprefix(f"{path}, ").removeprefix(f"{path} ") for each in caught.value.faults]


def broken(place: str, formula: str, shown: Any) -> Draw:
    """A table of answers with a formula in one cell, and what its file keeps of it."""

    def draw(sheet: Any) -> None:
        rows(ANSWERS, ["H-0001", "是", "张某"])(sheet)
        sheet.write_formula(place, formula, None, shown)

    return draw


def hidden(sheet: Any) -> None:
    """A row that is hidden."""
    rows(ANSWERS, ["H-0001", "是", "张某"], ["H-0002", "是", "李某"])(sheet)
    sheet.set_row(2, None, None, {"hidden": True})


def filtered(sheet: Any) -> None:
    """Rows that a filter leaves out."""
    rows(ANSWERS, *(["H-000" + each, "是", "张某"] for each in "1234"))(sheet)
    sheet.autofilter(0, 0, 4, 2)
    for row in (2, 3):
        sheet.set_row(row, None, None, {"hidden": True})


def hidden_column(sheet: Any) -> None:
    """A column that is hidden."""
    rows(ANSWERS, ["H-0001", "是", "张某"])(sheet)
    sheet.set_column(2, 2, None, None, {"hidden": True})


def merged(sheet: Any) -> None:
    """One answer for two households."""
    rows(ANSWERS, ["H-0001", "", "张某"], ["H-0002", "", "李某"])(sheet)
    sheet.merge_range(1, 1, 2, 1, "是")


_ERROR = "is an error that a spreadsheet program shows in place of a value; correct the formula, "
_SHOW = "; show all rows and columns, or delete what is not meant: nothing is read that nobody sees"
_NO_NAME = "is no name; write the name, or take the row out where it is a sum"
_SIGNS = "this row signs or explains the sheet, and is none of its table; take it out"


@pytest.mark.parametrize(
    ("draw", "sentences"),
    [
        (
            broken("B2", "=NA()", "#N/A"),
            [f"sheet 表1, row 2, column 是否认可 (B): '#N/A': {_ERROR}or write the value"],
        ),
        (
            broken("C2", "=X!A1", "#REF!"),
            [f"sheet 表1, row 2, column 签字人 (C): '#REF!': {_ERROR}or write the value"],
        ),
        (
            broken("A2", "=1/0", "#DIV/0!"),
            [f"sheet 表1, row 2, column 户编号 (A): '#DIV/0!': {_ERROR}or write the value"],
        ),
        (
            broken("C2", "=D2", ""),
            [
                "sheet 表1, row 2, column 签字人 (C): '#=?': is a formula that was saved without "
                "its value; open the file, save it, or write the value"
            ],
        ),
        (hidden, [f"sheet 表1: hidden or filtered out, but not empty: row 3{_SHOW}"]),
        (filtered, [f"sheet 表1: hidden or filtered out, but not empty: row 3 to 4{_SHOW}"]),
        (hidden_column, [f"sheet 表1: hidden or filtered out, but not empty: column C{_SHOW}"]),
        (
            merged,
            [
                "sheet 表1, row 3, column 是否认可 (B): '是': is one with other cells (merged); "
                "write into each cell what is true of its own row"
            ],
        ),
        (
            rows(ANSWERS, ["H-0001", "是", "张某"], ["合计", 1]),
            ["sheet 表1, row 3, column 户编号 (A): '合计': this is a row of sums; take it out"],
        ),
        (
            rows(ANSWERS, ["H-0001", "是", "张某"], ["填表人：张某", "", "审核人：李某"]),
            [f"sheet 表1, row 3, column 户编号 (A): '填表人：张某': {_SIGNS}"],
        ),
        (
            rows(ANSWERS, ["H-0001", "是", "张某"], ["", "单位（盖章）", "2018年1月"]),
            [f"sheet 表1, row 3, column 是否认可 (B): '单位（盖章）': {_SIGNS}"],
        ),
        (
            rows(ANSWERS, ["H-0001", "是", "张某"], ["注：本表一式三份"]),
            [f"sheet 表1, row 3, column 户编号 (A): '注：本表一式三份': {_SIGNS}"],
        ),
        (
            rows(["说明"], ["一户一行"]),
            [
                "sheet 表1, row 1: no row names the columns of a table of answers (户编号、"
                "是否认可、签字人); correct the headers, or hide a sheet that is something else"
            ],
        ),
        (
            rows(["户编号\u200b", "是否认可", "签字人"], ["H-0001", "是", "张某"]),
            [
                "sheet 表1, row 1, column 户编号\u200b (A): U+200B, an invisible sign, stands as "
                "character 4; take it out",
                "sheet 表1, row 1: a table of answers lacks 户编号; it has 是否认可、签字人",
            ],
        ),
    ],
    ids=[
        *("#N/A", "#REF!", "#DIV/0!", "no value", "hidden", "filtered", "hidden column", "merged"),
        *("sums", "signature", "seal", "note", "explanation", "header"),
    ],
)
def test_a_sheet_is_refused_with_what_is_wrong(
    tmp_path: Path, draw: Draw, sentences: list[str]
) -> None:
    path = workbook(tmp_path / "answers.xlsx", draw)
    assert refusal(path) == sentences


@pytest.mark.parametrize(
    ("header", "row", "column", "sentence"),
    [
        *(
            (ANSWERS, ["H-0001", "是", word], 2, f"{word!r}: {_NO_NAME}")
            for word in ("无", "没有", "同上", "N/A", "null")
        ),
        (ANSWERS, ["H-0001", "是", "#N/A"], 2, f"'#N/A': {_ERROR}or write the value"),
        (ANSWERS, ["H-0001", "是", "123"], 2, "'123': is no name; write the name"),
        (
            ANSWERS,
            ["H-0001", "是", "张\u200b某"],
            2,
            r"'张\u200b某': U+200B, an invisible sign, stands as character 2; take it out",
        ),
        (
            ANSWERS,
            ["H-0001", "是", "张\u2028某"],
            2,
            r"'张\u2028某': U+2028, a line separator, stands as character 2; take it out",
        ),
        (
            ANSWERS,
            ["H-0001", "是", "张\ufffd"],
            2,
            "'张\ufffd': U+FFFD, what is left of a character that was decoded wrongly, stands as "
            "character 2; write the right one",
        ),
        (
            ANSWERS,
            ["H-0001", "是", "张\u0378"],
            2,
            r"'张\u0378': U+0378, no character at all, stands as character 2; take it out",
        ),
        (
            ANSWERS,
            ["H-0001", "是", "张\ue863"],
            2,
            r"'张\ue863': U+E863, a private sign, which other computers do not know, stands as "
            "character 2; write 䶮 (U+4DAE)",
        ),
        (ANSWERS, ["H-0001", "有", "张某"], 1, "'有': write 是 or 否"),
        (
            ANSWERS,
            ["H-0001\u200b", "是", "张某"],
            0,
            r"'H-0001\u200b': U+200B, an invisible sign, stands as character 7; take it out",
        ),
        (
            VISITS,
            ["H-0001", "43405", "是"],
            1,
            "'43405': is the number by which a spreadsheet program keeps 2018-11-01; format the "
            "cell as a date, or write 2018-11-01 if that is the day",
        ),
        (
            VISITS,
            ["H-0001", "2018年11月", "是"],
            1,
            "'2018年11月': write a day as 2014-03-31, or as a date cell",
        ),
        (VISITS, ["H-0001", "2018-11-01", "无"], 2, "'无': write 是 or 否"),
    ],
)
def test_a_cell_is_refused_with_what_is_wrong(
    tmp_path: Path, header: list[str], row: list[str], column: int, sentence: str
) -> None:
    path = tmp_path / f"{'answers' if header is ANSWERS else 'visits'}.csv"
    write_csv(path, [header, row])
    (said,) = refusal(path)
    assert visible(said) == f"row 2, column {header[column]} ({'ABC'[column]}): {sentence}"


def test_a_number_cell_that_keeps_a_day_is_said_as_that_day(tmp_path: Path) -> None:
    """2018-11-01 in a cell without a format: day 43405 of those that Excel counts."""
    path = write_xlsx(tmp_path / "visits.xlsx", [VISITS, ["H-0001", 43405, "是"]])
    (said,) = refusal(path)
    assert "is the number by which a spreadsheet program keeps 2018-11-01; format" in said


# -- what is read -----------------------------------------------------------------------------


AGREED = Consent(household="H-0001", agreed=True, signed_by="张某")


def test_a_sheet_that_explains_by_its_name_is_skipped_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.xlsx"
    book = Workbook(str(path))
    for name, content in (
        ("填写说明", [["一户一行"]]),  # that of the forms written here needs no word
        ("填表说明", [["一户一行"]]),
        ("示例", [ANSWERS, ["H-0009", "是", "例某"]]),
        ("户", [ANSWERS, ["H-0001", "是", "张某"]]),
    ):
        rows(*content)(book.add_worksheet(name))
    book.close()
    with caplog.at_level(logging.WARNING):
        assert read_consents(path) == (AGREED,)
    assert caplog.messages == [
        f"{path}, sheet {name}: explains, by its name; it is not read"
        for name in ("填表说明", "示例")
    ]


def test_a_file_that_only_explains_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "册.xlsx", rows(HOUSEHOLD_HEADER, PLAIN), name="样表")
    with pytest.raises(RegisterFaults) as caught:
        RegisterFile(path, TODAY)
    (fault,) = caught.value.found
    assert fault.right.startswith("no row names the columns of a roster with one row a household")


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        *((each, True) for each in ("是", "√", "✓", "✔", "认可", "同意", " 是\u3000", "是\xa0")),
        *((each, False) for each in ("否", "×", "✗", "不认可", "不同意")),
    ],
)
def test_an_answer_is_read_by_the_word_or_the_mark(
    tmp_path: Path, answer: str, agreed: bool
) -> None:
    path = tmp_path / "answers.csv"
    write_csv(path, [[*ANSWERS, "不认可理由"], ["H-0001", answer, "张某", "收入尚不稳定"]])
    (found,) = read_consents(path)
    assert found.agreed is agreed


@pytest.mark.parametrize(
    ("model", "column", "word", "value"),
    [
        (VillageCells, "标准化卫生室", "有", True),
        (VillageCells, "合格医生", "无", False),
        (VillageCells, "驻村工作队", "没有", False),
        (VillageCells, "饮用水安全", "不安全", False),
        (VillageCells, "客运班车", "√", Bus.YES),
        (HouseholdCells, "大病有救助", "有", True),
        (HouseholdCells, "参加新农合", "未参加", False),
        (HouseholdCells, "收入来源稳定", "稳定", True),
        (HouseholdCells, "无因贫辍学学生", "√", True),
        # What could mean two things is refused.
        (HouseholdCells, "无因贫辍学学生", "有", None),
        (HouseholdCells, "无因贫辍学学生", "无", None),
        (HouseholdCells, "适龄儿童接受义务教育", "无", None),
        (VillageCells, "客运班车", "无", None),
        (VillageCells, "客运班车", "×", None),
        (VillageCells, "贫困村", "有", None),
    ],
)
def test_a_word_is_read_where_it_can_only_mean_one_thing(
    model: type[Cells], column: str, word: str, value: Any
) -> None:
    (found,) = (each for each in columns_of(model) if each.header.name == column)
    if value is None:
        with pytest.raises(ValueError, match="write 是"):
            found.value.validate_python(word)
    else:
        assert found.value.validate_python(word) == value


WIDE = str.maketrans(
    "0123456789-/.,Xx", "".join(chr(ord(each) + 0xFEE0) for each in "0123456789-/.,Xx")
)
"""Signs of full width (U+FF00 to U+FF5E), as a Chinese keyboard types them."""


def test_digits_and_signs_of_full_width_are_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    said = ["H-0001".translate(WIDE), "2018-11-01".translate(WIDE), "是"]
    write_csv(path, [VISITS, said, ["H–0002", "2018/11/2".translate(WIDE), "是"]])
    assert [(each.household, each.made_on) for each in read_visits(path, TODAY)] == [
        ("H-0001", date(2018, 11, 1)),
        ("H-0002", date(2018, 11, 2)),
    ]
    assert fen("3,500.50".translate(WIDE)) == 350_050


def household(path: Path) -> list[HouseholdLine]:
    """The households of a roster without a fault."""
    table = TableFile(path, *MODELS, today=TODAY)
    found = [line for sheet in table.sheets() for line in household_lines(sheet)]
    assert table.faults == ()
    return found


PLAIN = household_row(7, village_code(0), 3)


def test_an_id_number_of_full_width_is_that_number(tmp_path: Path) -> None:
    (plain,) = household(write_csv(tmp_path / "一.csv", [HOUSEHOLD_HEADER, PLAIN]))
    wide = [*PLAIN[:3], str(PLAIN[3]).translate(WIDE), *PLAIN[4:]]
    assert household(write_csv(tmp_path / "二.csv", [HOUSEHOLD_HEADER, wide])) == [plain]


@pytest.mark.parametrize(
    ("plain", "typed"),
    [
        ("张某", "张\u3000某"),
        ("张某", "\xa0张某\u3000"),
        ("阿依古丽·买买提", "阿依古丽•买买提"),
        ("阿依古丽·买买提", "阿依古丽・买买提"),
        ("阿依古丽·买买提", "阿依古丽‧买买提"),
        ("隆某", "\uf9dc某"),
        ("民某", "\u2ea0某"),
    ],
    ids=ascii,
)
def test_what_nobody_sees_in_a_name_makes_no_other_name(
    tmp_path: Path, plain: str, typed: str
) -> None:
    found = [
        household(
            write_csv(tmp_path / f"{n}.csv", [HOUSEHOLD_HEADER, [*PLAIN[:2], name, *PLAIN[3:]]])
        )
        for n, name in enumerate((plain, typed))
    ]
    assert found[0] == found[1]
    assert found[0][0].head == plain


# -- two rows of headers ----------------------------------------------------------------------


GROUPS = {
    2: "户主",
    3: "户主",
    **dict.fromkeys(range(8, 13), "家庭收入（元）"),
    **dict.fromkeys(range(16, 24), "两不愁三保障"),
}
"""Which columns of HOUSEHOLD_HEADER stand under a group."""
BELOW = {2: "姓名", 3: "证件号码"}


def two_rows() -> tuple[list[str], list[str]]:
    """The header of a roster in two rows, as a program without merged cells has them."""
    above, below, before = [], [], ""
    for at, name in enumerate(HOUSEHOLD_HEADER):
        group = GROUPS.get(at, "")
        above.append(name if not group else group if group != before else "")
        below.append(BELOW.get(at, name) if group else "")
        before = group
    return above, below


def test_two_rows_of_headers_are_read_with_merged_groups(tmp_path: Path) -> None:
    plain = household(write_csv(tmp_path / "一.csv", [HOUSEHOLD_HEADER, PLAIN]))

    def draw(sheet: Any) -> None:
        sheet.merge_range(0, 0, 0, len(HOUSEHOLD_HEADER) - 1, "新县某村花名册")
        above, below = two_rows()
        for at, name in enumerate(above):
            group = GROUPS.get(at, "")
            if not group:
                sheet.merge_range(1, at, 2, at, name)
            else:
                sheet.write_string(2, at, below[at])
            if group and name:
                last = max(each for each, of in GROUPS.items() if of == group)
                sheet.merge_range(1, at, 1, last, group)
        for at, value in enumerate(PLAIN):
            sheet.write(3, at, str(value) if isinstance(value, date) else value)

    found = household(workbook(tmp_path / "二.xlsx", draw))
    assert [each.model_dump(exclude=PLACE) for each in found] == [
        each.model_dump(exclude=PLACE) for each in plain
    ]


PLACE: dict[str, Any] = {"sheet": True, "row": True, "members": {"__all__": {"row"}}}
"""Where a line stands."""


def test_two_rows_of_headers_are_read_from_text(tmp_path: Path) -> None:
    plain = household(write_csv(tmp_path / "一.csv", [HOUSEHOLD_HEADER, PLAIN]))
    found = household(write_csv(tmp_path / "二.csv", [*two_rows(), PLAIN]))
    assert [each.model_dump(exclude=PLACE) for each in found] == [
        each.model_dump(exclude=PLACE) for each in plain
    ]


def test_a_group_goes_on_to_the_next_one(tmp_path: Path) -> None:
    """姓名 under 户主 is the head's name, and beside it the person's."""
    above = ["行政村代码", "户编号", "村民小组", "成员", "", "", "识别时间", "户主", ""]
    below = ["", "", "", "姓名", "证件号码", "与户主关系", "", "证件号码", "姓名"]
    row = [village_code(0), "H-0001", "一组", "张某", PLAIN[3], "户主", "2014-03-31", "", "张某"]
    (found,) = household(write_csv(tmp_path / "一.csv", [above, below, row]))
    assert [each.name for each in found.members] == ["张某"]
    row[-1] = "李某"
    table = TableFile(write_csv(tmp_path / "二.csv", [above, below, row]), *MODELS, today=TODAY)
    assert [line for sheet in table.sheets() for line in household_lines(sheet)] == []
    assert [str(fault) for fault in table.faults] == [
        "row 3, column 姓名 (I): '李某': 姓名 in this row is 张某; write one"
    ]


def test_a_wrong_column_under_two_rows_is_named(tmp_path: Path) -> None:
    above, below = two_rows()
    below[9] = "奖金"
    table = TableFile(write_csv(tmp_path / "一.csv", [above, below, PLAIN]), *MODELS, today=TODAY)
    assert list(table.sheets()) == []
    first = str(table.faults[0])
    assert first.startswith(
        "row 2, column 奖金 (J): no column of a roster with one row a household"
    )
