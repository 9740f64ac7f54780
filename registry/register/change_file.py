"""Natural changes (动态调整) of a file: one row a person, or one for the whole household."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, ValidationError

from models import offices
from models.base import faults
from models.register.changes import (
    DIVISION_KINDS,
    KINDS,
    ChangeKind,
    DivisionChange,
    DivisionKind,
    Person,
    RegisterChange,
)
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import Cells, Header, Hint, columns_of
from registry.files.faults import Fault
from registry.files.sheet_cells import Cell
from registry.register.columns import BORN, HOUSEHOLD, ID_NUMBER, NAME, RELATION, WITHOUT_ID


def _office(cell: Cell) -> offices.Office:
    return offices.Office.parse(cells.text(cell))


def _target(cell: Cell) -> str:
    said = cells.plain(cell)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z-]{3,29}", said):
        raise ValueError("write the number of a household, or the twelve digits of a village")
    return said


def _place(cell: Cell) -> str:
    said = cells.plain(cell)
    if not re.fullmatch(r"[0-9]{6}([0-9]{3}|[0-9]{6})?", said):
        raise ValueError("write the 6 digits of a county, 9 of a township or 12 of a village")
    return said


_Target = Annotated[str, BeforeValidator(_target), Hint("户编号或十二位村代码")]
_Place = Annotated[str, BeforeValidator(_place), Hint("六、九或十二位代码", "411523100001")]
_ON = Header("变动日期")
_REASON = Header("变动事由", wide=True, example="村委会上报，乡镇核实")
_DOCUMENT = Header("文号", example="动态〔2026〕1号")
_OFFICE = Header("单位", example="A5/411523")
_OFFICER = Header("经办人", example="张某甲")


class ChangeCells(Cells):
    """A row of a list of changes; rows that follow each other and differ in the person are one."""

    model_config = ConfigDict(title="list of changes")

    kind: Annotated[
        ChangeKind,
        cells.OneOf({zh: kind for kind, zh in KINDS.items()}),
        Header("变动类型", key=True),
    ]
    household: Annotated[cells.HouseholdCode, HOUSEHOLD]
    on: Annotated[cells.Day, _ON]
    reason: Annotated[cells.Reason, _REASON]
    document: Annotated[cells.Line, _DOCUMENT]
    office: Annotated[offices.Office, BeforeValidator(_office), _OFFICE]
    officer: Annotated[cells.Line, _OFFICER]
    name: Annotated[cells.ProperName | None, NAME] = None
    id_number: Annotated[cells.IdNumber | None, ID_NUMBER] = None
    relation: Annotated[cells.Relation | None, RELATION] = None
    without_id: Annotated[cells.Reason | None, WITHOUT_ID] = None
    born: Annotated[cells.Day | None, BORN] = None
    to: Annotated[_Target | None, Header("变动去向")] = None
    group: Annotated[cells.Name | None, Header("去向村民小组")] = None
    head: Annotated[cells.ProperName | None, Header("新户主")] = None

    def said(self) -> tuple[Any, ...]:
        """What the rows of one change have in common."""
        return tuple(getattr(self, name) for name in _OF_CHANGE)


class DivisionCells(Cells):
    """A row of a list of changes of villages, townships and counties (区划变动)."""

    model_config = ConfigDict(title="list of changes of divisions")

    kind: Annotated[
        DivisionKind,
        cells.OneOf({zh: kind for kind, zh in DIVISION_KINDS.items()}),
        Header("区划变动", key=True),
    ]
    code: Annotated[_Place, Header("原代码", key=True)]
    on: Annotated[cells.Day, _ON]
    reason: Annotated[cells.Reason, _REASON]
    document: Annotated[cells.Line, _DOCUMENT]
    office: Annotated[offices.Office, BeforeValidator(_office), _OFFICE]
    officer: Annotated[cells.Line, _OFFICER]
    to: Annotated[_Place | None, Header("后续代码")] = None
    name: Annotated[cells.ProperName | None, Header("新名称")] = None

    def change(self) -> DivisionChange:
        """What the row says.

        Raises:
            LoadError: if it is no change.
        """
        said = {name: getattr(self, name) for name in DivisionChange.model_fields}
        try:
            return DivisionChange(**said)
        except ValidationError as error:
            raise LoadError([faults(error)]) from None


_OF_PERSON = ("name", "id_number", "relation", "without_id", "born")
_OF_CHANGE = tuple(
    name for name in ChangeCells.model_fields if name not in (*_OF_PERSON, "sheet", "row")
)
_ONE_EACH = (ChangeKind.NUMBERED, ChangeKind.HEAD)


def change_of(rows: list[ChangeCells]) -> RegisterChange:
    """The change that rows tell of.

    Raises:
        LoadError: if it is none.
    """
    first = rows[0]
    try:
        people = [
            Person(**{name: getattr(row, name) for name in _OF_PERSON})
            for row in rows
            if row.name is not None
        ]
        values = {name: getattr(first, name) for name in _OF_CHANGE}
        return RegisterChange(**values, people=tuple(people))
    except ValidationError as error:
        raise LoadError([faults(error)]) from None


def grouped(lines: list[ChangeCells]) -> Iterator[list[ChangeCells]]:
    """The rows of each change, in the order of their days; changes of a day as they stand."""
    changes = [[row] for row in lines if row.kind in _ONE_EACH]
    others = [row for row in lines if row.kind not in _ONE_EACH]
    changes += [list(rows) for _, rows in groupby(others, key=lambda row: (row.sheet, row.said()))]
    places = {(row.sheet, row.row): place for place, row in enumerate(lines)}

    def order(rows: list[ChangeCells]) -> tuple[date, int]:
        return rows[0].on, places[rows[0].sheet, rows[0].row]

    yield from sorted(changes, key=order)


def fault_of(first: ChangeCells | DivisionCells, refused: LoadError) -> Fault:
    """What refuses a change, as a fault of its first row, in the column that it is about."""
    said = str(refused)
    field, _, right = said.partition(": ")
    headers = {each.field: each.header.name for each in columns_of(type(first))}
    if field == "people":
        return Fault(sheet=first.sheet, row=first.row, column=NAME.name, right=right)
    if field not in headers:
        return Fault(sheet=first.sheet, row=first.row, right=said)
    found = str(getattr(first, field) or "")
    return Fault(sheet=first.sheet, row=first.row, column=headers[field], found=found, right=right)
