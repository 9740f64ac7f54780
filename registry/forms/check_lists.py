"""Check lists of a supervision (J2 核查, F6): out as Excel, and in again with what was found.

One workbook has two sheets, 户 and 村: who is to be checked, and empty columns for the findings. A
row whose findings are all empty is not checked yet, and is passed over.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from models.base import Record, faults
from models.household_standard import OF_A_HOUSEHOLD
from models.policy import Demand
from models.supervision.messages import HouseholdCheck, VillageCheck
from models.supervision.rules import household_fault, village_fault
from models.supervision.sampling import Sample
from registry.cases.supervision_records import CheckLists
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import (
    GROUP,
    HEAD,
    SIZE,
    TOWNSHIP_NAME,
    VILLAGE_NAME,
    Cells,
    Column,
    Header,
    column_of,
    columns_of,
    once,
    sheet_columns,
    written,
)
from registry.files.faults import Fault
from registry.files.sheet_cells import Cell
from registry.files.table import Sheet, TableFile
from registry.files.workbook_writing import Guide, write_sheets
from registry.register.columns import HOUSEHOLD, POPULATION, VILLAGE, LivelihoodCells

HOUSEHOLDS, VILLAGES = "户", "村"
_MOST_HEADS = 1_000_000
_CRITERIA = {
    "人均纯收入": f"S1.{Demand.INCOME}",
    "稳定超过标准": f"S1.{Demand.STABILITY}",
    **{
        column_of(LivelihoodCells, field).header.name: f"S1.{name}"
        for name, field, *_ in OF_A_HOUSEHOLD
    },
}
"""The criteria of S1 as a check list names them; their ids will do as well."""


def _criteria(cell: Cell) -> tuple[str, ...]:
    """Criteria of S1 by name or id, with any mark between them."""
    said = [each for each in re.split(r"[、，,；;\s]+", cells.plain(cell)) if each]
    found = [_CRITERIA.get(each, each) for each in said]
    for word, each in zip(said, found, strict=True):
        if each not in _CRITERIA.values():
            raise ValueError(f"{word} is no criterion of S1; write {'、'.join(_CRITERIA)}")
    return tuple(dict.fromkeys(found))


_WRONG, _FAILED = Header("是否错退", key=True, example="否"), Header("不达标项", wide=True)
_RECOGNISES, _NOTE = Header("是否认可"), Header("备注", wide=True)
_OMITTED_PEOPLE = Header("漏评人数", key=True, example=0)
_Recognises = Annotated[bool, cells.yes_or_no("认可/不认可")]
_Heads = Annotated[int, BeforeValidator(cells.whole(_MOST_HEADS, "12"))]
_YES_OR_NO = Guide(choices=("是", "否"))
_GUIDES = {
    _WRONG.name: _YES_OR_NO,
    _FAILED.name: Guide(say=f"仅错退户填写，多项用顿号分开：{'、'.join(_CRITERIA)}"),
    _RECOGNISES.name: _YES_OR_NO,
}


class CheckedHousehold(Cells):
    """A drawn household: who it is, and what was found."""

    model_config = ConfigDict(title="check list of households")

    code: Annotated[cells.HouseholdCode, AfterValidator(once), HOUSEHOLD]
    village_code: Annotated[Any, VILLAGE] = None
    village: Annotated[Any, VILLAGE_NAME] = None
    group: Annotated[Any, GROUP] = None
    head: Annotated[Any, HEAD] = None
    size: Annotated[Any, SIZE] = None
    wrongly_exited: Annotated[cells.YesNo, _WRONG]
    failed: Annotated[Annotated[tuple[str, ...], BeforeValidator(_criteria)] | None, _FAILED] = None
    recognises: Annotated[_Recognises | None, _RECOGNISES] = None
    note: Annotated[cells.Text | None, _NOTE] = None

    @field_validator("failed")
    @classmethod
    def _if_wrong(
        cls, failed: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        wrong = info.data.get("wrongly_exited")
        if wrong is True and failed is None:
            raise ValueError("is empty; name the criteria of S1 that a wrongly exited one fails")
        if wrong is False and failed:
            raise ValueError(f"names criteria, but {_WRONG.name} says 否; correct one of them")
        return failed


class CheckedVillage(Cells):
    """A drawn village: which it is, and what was found."""

    model_config = ConfigDict(title="check list of villages")

    code: Annotated[cells.VillageCode, AfterValidator(once), VILLAGE]
    name: Annotated[Any, VILLAGE_NAME] = None
    township: Annotated[Any, TOWNSHIP_NAME] = None
    population: Annotated[Any, POPULATION] = None
    unregistered: Annotated[Any, Header("未建档人口")] = None
    omitted_households: Annotated[_Heads, Header("漏评户数", key=True, example=0)]
    omitted_people: Annotated[_Heads, _OMITTED_PEOPLE]
    asked: Annotated[_Heads, Header("受访人数", key=True, example=12)]
    recognising: Annotated[_Heads, Header("认可人数", key=True, example=12)]
    note: Annotated[cells.Text | None, _NOTE] = None


_SHEETS: dict[str, type[Cells]] = {HOUSEHOLDS: CheckedHousehold, VILLAGES: CheckedVillage}


def _findings(model: type[Cells]) -> list[Column]:
    """The columns that are filled in: those that are read, and do not say who it is."""
    return [column for column in columns_of(model) if column.is_read and column.field != "code"]


def write_check_lists(path: Path, lists: CheckLists) -> None:
    """Write the two sheets, with empty columns for the findings.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    sheets = []
    for (name, model), drawn in zip(
        _SHEETS.items(), (lists.households, lists.villages), strict=True
    ):
        columns = columns_of(model)
        rows = [written(each, columns) for each in drawn]
        sheets.append((name, sheet_columns(columns), rows))
    write_sheets(path, sheets, _GUIDES)


class Checked(Record):
    """What the sheets say was found."""

    households: tuple[HouseholdCheck, ...]
    villages: tuple[VillageCheck, ...]


def read_check_lists(path: Path, sample: Sample) -> Checked:
    """Read the findings of a workbook, and hold them against the sample they have to be of.

    Raises:
        LoadError: if it is no such file, or with its faults, each with sheet, row and column.
    """
    models: tuple[type[Cells], ...] = tuple(_SHEETS.values())
    table = TableFile(path, *models)
    households: list[HouseholdCheck] = []
    villages: list[VillageCheck] = []
    for sheet in table.sheets():
        if _SHEETS.get(sheet.name) is not sheet.model:
            right = f"is no sheet of a check list; those are {HOUSEHOLDS} and {VILLAGES}"
            table.add(Fault(sheet=sheet.name, right=right))
        elif sheet.name == HOUSEHOLDS:
            households += _households(sheet, sample)
        else:
            villages += _villages(sheet, sample)
    table.refuse()
    if not households and not villages:
        raise LoadError(
            [
                f"{path} holds no finding; fill in {_WRONG.name} in sheet {HOUSEHOLDS}, or "
                f"{_OMITTED_PEOPLE.name} in sheet {VILLAGES}"
            ]
        )
    return Checked(households=tuple(households), villages=tuple(villages))


def _households(sheet: Sheet[Any], sample: Sample) -> Iterator[HouseholdCheck]:
    for row, line in sheet.lines(*_findings(CheckedHousehold)):
        check = HouseholdCheck(
            household=line.code,
            wrongly_exited=line.wrongly_exited,
            failed=line.failed or (),
            recognises=line.recognises,
            note=line.note,
        )
        fault = household_fault(sample, check)
        if fault is not None:
            sheet.fault(row, column_of(CheckedHousehold, "code"), fault)
            continue
        yield check


def _villages(sheet: Sheet[Any], sample: Sample) -> Iterator[VillageCheck]:
    for row, line in sheet.lines(*_findings(CheckedVillage)):
        try:
            check = VillageCheck(
                village=line.code,
                omitted_people=line.omitted_people,
                omitted_households=line.omitted_households,
                asked=line.asked,
                recognising=line.recognising,
                note=line.note,
            )
        except ValidationError as error:
            field = "recognising" if line.recognising > line.asked else "omitted_households"
            sheet.fault(row, column_of(CheckedVillage, field), faults(error))
            continue
        fault = village_fault(sample, check)
        if fault is not None:
            sheet.fault(row, column_of(CheckedVillage, _where(check, sample)), fault)
            continue
        yield check


def _where(check: VillageCheck, sample: Sample) -> str:
    """The field to correct, of a finding that cannot be of the sample."""
    drawn = sample.village_of.get(check.village)
    if drawn is None:
        return "code"
    return "omitted_people" if check.omitted_people > drawn.unregistered else "asked"
