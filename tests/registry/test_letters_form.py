"""Letters as a sheet (送达回证, F15): out with what is to be delivered, and in again."""

from datetime import date
from pathlib import Path

import pytest

from models.case.letter_delivery import LetterDelivery, LetterWay
from registry.cases.letters import WrittenLetter
from registry.errors import LoadError
from registry.files.sheet_rows import rows_of
from registry.forms.letters import read_deliveries, write_letters
from tests.registry.test_rosters_form import as_csv

pytestmark = pytest.mark.clause("F15")

LETTER = ("R001", 9, "拟退出贫困户公示告知书", "2018-01-05")
HEADER = ("户编号", "告知书编号", "送达日期", "送达方式", "签收人")
TODAY = date(2018, 1, 10)


def test_what_goes_out_is_read_again_once_it_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "送达.xlsx"
    letters = [
        WrittenLetter(
            entry=9,
            kind="posting",
            household=code,
            title="拟退出贫困户公示告知书",
            written_on=date(2018, 1, 5),
        )
        for code in ("R001", "R002")
    ]
    write_letters(path, letters)
    head, *rows = [list(row.cells) for row in rows_of(path)]
    assert head == [
        "户编号", "告知书编号", "告知书", "告知书日期", "送达日期", "送达方式", "签收人",
        "拒收事由", "见证人",
    ]  # fmt: skip
    assert [row[:3] for row in rows] == [
        [code, 9, "拟退出贫困户公示告知书"] for code in ("R001", "R002")
    ]
    with pytest.raises(LoadError, match="reports no delivered letter; fill in 送达日期"):
        read_deliveries(path, TODAY)
    filled = as_csv(
        tmp_path,
        head,
        [*LETTER, "2018-01-06", "送达本户", "张某甲", "", ""],
        ["R002", *LETTER[1:], "", "", "", "", ""],
        ["R003", *LETTER[1:], "2018-01-07", "拒收，留置送达", "", "拒绝签收", "李某乙、王某丙"],
    )
    assert read_deliveries(filled, TODAY) == (
        LetterDelivery(
            household="R001",
            letter=9,
            day=date(2018, 1, 6),
            way=LetterWay.HOUSEHOLD,
            received_by="张某甲",
        ),
        LetterDelivery(
            household="R003",
            letter=9,
            day=date(2018, 1, 7),
            way=LetterWay.LEFT,
            refused_because="拒绝签收",
            witnesses=("李某乙", "王某丙"),
        ),
    )


def test_every_fault_of_a_sheet_has_its_place(tmp_path: Path) -> None:
    path = as_csv(
        tmp_path,
        HEADER,
        ("R001", "九", "2018-01-06", "送达本户", "张某甲"),
        ("R001", 9, "2018-01-11", "送达本户", "张某甲"),
        ("R001", 9, "2018-01-06", "邮寄", "张某甲"),
        ("R001", 9, "2018-01-06", "同住成年家属代收", ""),
        ("R001", 9, "2018-01-06", "无人在户，张贴送达", "张某甲"),
    )
    with pytest.raises(LoadError) as error:
        read_deliveries(path, TODAY)
    assert list(error.value.faults) == [
        f"{path}, row 2, column 告知书编号 (B): '九': write a whole number, for example 12",
        f"{path}, row 3, column 送达日期 (C): '2018-01-11': write a day from 1980 to 2018-01-10, "
        "for example 2014-03-31",
        f"{path}, row 4, column 送达方式 (D): '邮寄': write 送达本户、同住成年家属代收、"
        "无人在户，张贴送达 or 拒收，留置送达",
        f"{path}, row 5, column 签收人 (E): is empty; write who signed for the letter",
        f"{path}, row 6, column 签收人 (E): '张某甲': names somebody, but 送达方式 says that "
        "nobody signed",
    ]


def test_of_a_letter_that_was_left_there_the_sheet_says_why_and_who_saw_it(tmp_path: Path) -> None:
    path = as_csv(
        tmp_path,
        (*HEADER, "拒收事由", "见证人"),
        ("R001", 9, "2018-01-06", "拒收，留置送达", "", "无", "李某乙"),
        ("R001", 9, "2018-01-06", "拒收，留置送达", "", "拒绝签收", ""),
        ("R001", 9, "2018-01-06", "拒收，留置送达", "张某甲", "拒绝签收", "李某乙、无"),
        ("R001", 9, "2018-01-06", "送达本户", "张某甲", "", "李某乙"),
    )
    with pytest.raises(LoadError) as error:
        read_deliveries(path, TODAY)
    assert [each.removeprefix(f"{path}, ") for each in error.value.faults] == [
        "row 2, column 拒收事由 (F): '无': says nothing: write what a reader of the file can hold "
        "against the facts",
        "row 3, column 见证人 (G): is empty; write why the letter was refused, and who saw it left",
        "row 4, column 签收人 (E): '张某甲': names somebody, but 送达方式 says that nobody signed",
        "row 4, column 见证人 (G): '李某乙、无': is no name; write the name, or take "
        "the row out where it is a sum",
        "row 5, column 见证人 (G): '李某乙': belongs to 拒收，留置送达, and to no other way",
    ]
