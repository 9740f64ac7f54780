"""Empty forms as workbooks: what an office fills in, and the reader of it takes back.

A form has the headers of its sheets, words to choose from and a note at each column, and a last
sheet that says of each column what stands there, with an example. No reader reads that one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from registry.files.columns import Cells, Column, columns_of, sheet_columns, written
from registry.files.sheet_cells import EXPLANATION
from registry.files.workbook_writing import Guide, write_sheets
from registry.forms.check_lists import CheckedHousehold, CheckedVillage
from registry.forms.rosters import AnswerCells, VoteCells
from registry.forms.single_rows import (
    CountyApplicationCells,
    MeetingCells,
    SurveyedCells,
    VillageApplicationCells,
)
from registry.forms.visits import VisitCells
from registry.register.change_file import ChangeCells, DivisionCells
from registry.register.columns import PersonCells, VillageCells
from registry.register.office_records import RecordCells
from registry.register.plans_file import PlannedSubject


class Form(StrEnum):
    """What there is a form of."""

    APPLICATION = "application"
    VILLAGE_APPLICATION = "village-application"
    MEETING = "meeting"
    ROSTER = "roster"
    SURVEY = "survey"
    CONSENTS = "consents"
    VISITS = "visits"
    CHECK_LISTS = "check-lists"
    PLAN = "plan"
    VILLAGES = "villages"
    HOUSEHOLDS = "households"
    RECORDS = "records"
    CHANGES = "changes"
    DIVISIONS = "divisions"


SHEETS: Mapping[Form, Mapping[str, type[Cells]]] = {
    Form.APPLICATION: {"县级申请": CountyApplicationCells},
    Form.VILLAGE_APPLICATION: {"村退出": VillageApplicationCells},
    Form.MEETING: {"民主评议会": MeetingCells},
    Form.ROSTER: {"民主评议会": MeetingCells, "名单": VoteCells},
    Form.SURVEY: {"调查核实": SurveyedCells},
    Form.CONSENTS: {"认可": AnswerCells},
    Form.VISITS: {"回访": VisitCells},
    Form.CHECK_LISTS: {"户": CheckedHousehold, "村": CheckedVillage},
    Form.PLAN: {"年度计划": PlannedSubject},
    Form.VILLAGES: {"行政村": VillageCells},
    Form.HOUSEHOLDS: {"花名册": PersonCells},
    Form.RECORDS: {"台账": RecordCells},
    Form.CHANGES: {"动态调整": ChangeCells},
    Form.DIVISIONS: {"区划变动": DivisionCells},
}
_EXPLAINED = (("工作表", 14), ("列", 26), ("是否必填", 12), ("填写内容", 60), ("示例", 26))
_MOST_SAID = 255
"""Characters of a note, and of all the words of one column, in every spreadsheet program."""


def write_form(path: Path, form: Form, rows: Iterable[Cells] = ()) -> None:
    """Write a form.

    Args:
        rows: What is known already, of its last sheet.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    models = SHEETS[form]
    *_, filled = models
    sheets: list[tuple[str, Sequence[tuple[str, int]], Iterable[Any]]] = []
    guides: dict[str, Guide] = {}
    for name, model in models.items():
        columns = columns_of(model)
        known = (written(each, columns) for each in rows) if name == filled else ()
        sheets.append((name, sheet_columns(columns), known))
        guides |= {each.header.name: _guide(each) for each in columns}
    explained = [
        (name, each.header.name, _needed(each), _note(each), example(each))
        for name, model in models.items()
        for each in columns_of(model)
    ]
    write_sheets(path, [*sheets, (EXPLANATION, _EXPLAINED, explained)], guides)


def example(column: Column) -> Any:
    """What a form shows as an example; empty for what is hardly ever filled in."""
    if not column.is_read:
        return ""
    if column.hint.example is None:
        return column.choices[0] if column.choices and column.required else ""
    return column.hint.example if column.required else ""


def _needed(column: Column) -> str:
    if not column.is_read:
        return "不读取"
    if column.required and not column.may_be_empty:
        return "同组必填" if column.group else "必填"
    return "可空"


def _note(column: Column) -> str:
    if not column.is_read:
        return "供核对，改动不读取"
    return "、".join(column.choices) or column.hint.say


def _guide(column: Column) -> Guide:
    said = f"{_needed(column)}。{_note(column)}"
    if example(column) != "":
        said += f"。例：{example(column)}"
    is_text = not isinstance(column.hint.example, (int, float, date))
    return Guide(choices=column.choices, say=said[:_MOST_SAID], is_text=is_text)
