"""Votes and answers from Excel and CSV: what is read, and every fault with its place."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from xlsxwriter import Workbook

from models.appraisals import MOST_HOUSEHOLDS, Proposal
from registry.errors import LoadError
from registry.forms.rosters import read_consents, read_roster
from tests.rosters import TODAY

VOTES = ("户编号", "赞成票数")
ANSWERS = ("户编号", "是否认可", "签字人", "不认可理由")

Rows = Sequence[Sequence[Any]]


def votes_of(path: Path) -> tuple[Proposal, ...]:
    """The votes of a meeting of twenty."""
    return read_roster(path, TODAY, present=20).households


def as_csv(folder: Path, *rows: Sequence[Any], encoding: str = "utf-8") -> Path:
    path = folder / "表.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def as_workbook(folder: Path, **sheets: Rows) -> Path:
    path = folder / "表.xlsx"
    with Workbook(path, {"strings_to_formulas": False}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


@pytest.mark.clause("H1", "G6")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_votes_in_any_order_of_columns(tmp_path: Path, encoding: str) -> None:
    header = ("村民小组", "赞成 票数", "户号", "追加计划文号", "追加计划理由", "备注")
    path = as_csv(
        tmp_path,
        ("某村贫困户退出名单",),
        header,
        ("一组", "18", "R000001", "", "", "甲"),
        (),
        ("二组", "0", "R000002", "合成〔8〕号", "应退则退", ""),
        encoding=encoding,
    )
    first, second = votes_of(path)
    assert (first.household, first.in_favour, first.plan_addition) == ("R000001", 18, None)
    assert (second.household, second.in_favour) == ("R000002", 0)
    assert second.plan_addition is not None
    assert second.plan_addition.content() == {
        "reason": "应退则退",
        "document_number": "合成〔8〕号",
    }


@pytest.mark.clause("H2")
def test_answers_from_the_sheets_of_a_workbook(tmp_path: Path) -> None:
    path = as_workbook(
        tmp_path,
        一组=[ANSWERS, (100001, "是", "张某", "")],
        二组=[ANSWERS[:3], ("R000002", "是", "李某")],
        三组=[
            (*ANSWERS, "代签理由"),
            ("R000003", "否", "王某", "收入不稳定", ""),
            ("R000004", "是", "路人", "", "户主住院"),
        ],
    )
    assert [each.content() for each in read_consents(path)] == [
        {"household": "100001", "agreed": True, "signed_by": "张某"},
        {"household": "R000002", "agreed": True, "signed_by": "李某"},
        {"household": "R000003", "agreed": False, "signed_by": "王某", "reason": "收入不稳定"},
        {
            "household": "R000004",
            "agreed": True,
            "signed_by": "路人",
            "agent_reason": "户主住院",
        },
    ]


@pytest.mark.clause("H1")
@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([("编号", "票数"), ("R1", 1)], [
            "row 1: no row names the columns of a table of votes (户编号、赞成票数) or a record of "
            "a meeting (会议日期、会议地点、主持人、记录人、应到人数、实到人数、会议纪要); "
            "correct the headers, or hide a sheet that is something else",
        ]),
        ([("户编号", "票"), ("R1", 1)], [
            "row 1, column 票 (B): no column of a table of votes; correct it or take it out. What "
            "is still free: 赞成票数、追加计划理由、追加计划文号",
            "row 1: a table of votes lacks 赞成票数; it has 户编号",
        ]),
        ([("户编号", "户主"), ("R1", "张某")], [
            "row 1: a table of votes lacks 赞成票数; it has 户编号、户主姓名",
        ]),
        ([(*VOTES, "户号")], ["row 1, column 户号 (C): stands in column A too; keep one"]),
        ([VOTES, ("R0001", "21"), ("R 1", "1,5"), ("R0001", "")], [
            "row 2, column 赞成票数 (B): '21': more votes than the 20 present (H1)",
            "row 3, column 户编号 (A): 'R 1': write the household's number: 4 to 30 letters, "
            "digits and hyphens",
            "row 3, column 赞成票数 (B): '1,5': write a whole number, for example 28",
            "row 4, column 户编号 (A): 'R0001': stands in row 2 already; keep one",
            "row 4, column 赞成票数 (B): is empty; write it",
        ]),
        ([(*VOTES, "追加计划理由"), ("R0001", "9", "应退则退")], [
            "row 2, column 追加计划文号: write 追加计划理由 and 追加计划文号, or neither (G6)",
        ]),
        ([VOTES, ("R0001", "9", "，追加")], [
            "row 2: '，追加': stands in column C, which has no header; name the column, or take "
            "it out",
        ]),
        ([VOTES], ["holds no household; write one in each row"]),
    ],
    ids=range(8),
)  # fmt: skip
def test_every_fault_of_the_votes_has_its_place(
    tmp_path: Path, rows: Rows, faults: list[str]
) -> None:
    path = as_csv(tmp_path, *rows)
    with pytest.raises(LoadError) as error:
        votes_of(path)
    assert list(error.value.faults) == [
        f"{path} {fault}" if fault.startswith("holds") else f"{path}, {fault}" for fault in faults
    ]


@pytest.mark.clause("H2")
def test_every_fault_of_the_answers_has_its_place(tmp_path: Path) -> None:
    path = as_workbook(
        tmp_path,
        一组=[
            ANSWERS,
            ("R0001", "好", "张某", ""),
            ("R0002", "否", "李某", " "),
            ("R0003", "是", "", ""),
            ("R0004", True, "=1+1", ""),
        ],
        二组=[("户编号",), ("R0005",)],
    )
    with pytest.raises(LoadError) as error:
        read_consents(path)
    assert list(error.value.faults) == [
        f"{path}, sheet 一组, row 2, column 是否认可 (B): '好': write 是 or 否",
        f"{path}, sheet 一组, row 3, column 不认可理由 (D): is empty; a household that refuses "
        "says why",
        f"{path}, sheet 一组, row 4, column 签字人 (C): is empty; write it",
        f"{path}, sheet 一组, row 5, column 是否认可 (B): 'True': write 是 or 否",
        f"{path}, sheet 一组, row 5, column 签字人 (C): '=1+1': begins with a sign of a formula or "
        "a control character; write a name or a word",
        f"{path}: and 1 more",
    ]


@pytest.mark.clause("H2")
def test_a_reason_of_one_sign_is_named_by_its_cell(tmp_path: Path) -> None:
    path = as_csv(tmp_path, (*ANSWERS, "代签理由"), ("R000004", "是", "路人", "", "无"))
    with pytest.raises(LoadError) as error:
        read_consents(path)
    assert list(error.value.faults) == [
        f"{path}, row 2, column 代签理由 (E): '无': says nothing: write what a reader of the "
        "file can hold against the facts"
    ]


def test_a_roster_larger_than_one_case_is_refused(tmp_path: Path) -> None:
    rows = [(f"R{number:06}", "1") for number in range(MOST_HOUSEHOLDS + 1)]
    path = as_csv(tmp_path, VOTES, *rows)
    with pytest.raises(LoadError, match="holds 1001 households, more than the 1000 of one roster"):
        votes_of(path)
    assert len(votes_of(as_csv(tmp_path, VOTES, *rows[1:]))) == MOST_HOUSEHOLDS


def test_what_is_no_table_is_refused_as_in_the_register(tmp_path: Path) -> None:
    path = tmp_path / "名单.xlsx"
    path.write_text("户编号,赞成票数\n", encoding="utf-8")
    with pytest.raises(LoadError, match="is no Excel workbook, whatever its name"):
        votes_of(path)
    path = tmp_path / "名单.csv"
    path.write_bytes("户编号,赞成票数\n".encode("gb18030") + "户,1\n".encode())
    with pytest.raises(LoadError, match="line 2: is not in GB18030"):
        votes_of(path)


def test_nine_rows_may_stand_above_the_header_and_no_more(tmp_path: Path) -> None:
    rows = [*([("说明",)] * 9), VOTES, ("R0001", "9")]
    assert len(votes_of(as_csv(tmp_path, *rows))) == 1
    with pytest.raises(LoadError, match="no row names the columns of a table of votes"):
        votes_of(as_csv(tmp_path, ("说明",), *rows))
