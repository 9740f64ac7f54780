"""Check lists of a supervision (J2 核查, F6): out as Excel, and in again with what was found.

One workbook has two sheets, 户 and 村: who is to be checked, and empty columns for the findings. A
row whose findings are all empty is not checked yet, and is passed over.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from models.base import Record, faults
from models.supervision.messages import HouseholdCheck, VillageCheck
from models.supervision.rules import household_fault, village_fault
from models.supervision.sampling import Sample
from registry.cases.supervision_records import CheckLists
from registry.errors import LoadError
from registry.files import cells
from registry.files.faults import Fault
from registry.files.named_columns import Columns, Line, NamedColumns
from registry.files.register_columns import (
    CONDITIONS,
    GROUP,
    HEAD_NAME,
    HOUSEHOLD_CODE,
    SIZE,
    VILLAGE,
    VILLAGE_CODE,
)
from registry.files.sheet_cells import Cell
from registry.files.workbook_writing import Guide, Value, write_sheets

HOUSEHOLDS, VILLAGES = "户", "村"
WRONG, FAILED, RECOGNISES, NOTE = "是否错退", "不达标项", "是否认可", "备注"
OMITTED_HOUSEHOLDS, OMITTED_PEOPLE = "漏评户数", "漏评人数"
ASKED, RECOGNISING = "受访人数", "认可人数"
_UNREGISTERED = "未建档人口"
CRITERIA = {
    "人均纯收入": "S1.income",
    CONDITIONS["food_and_clothing"]: "S1.food",
    CONDITIONS["schooling"]: "S1.schooling",
    CONDITIONS["insurance"]: "S1.insurance",
    CONDITIONS["illness_aid"]: "S1.illness",
    CONDITIONS["housing"]: "S1.housing",
    CONDITIONS["livelihood"]: "S1.livelihood",
}
"""The criteria of S1 as a check list names them; their ids will do as well."""

_OF_A_HOUSEHOLD = (WRONG, FAILED, RECOGNISES, NOTE)
_OF_A_VILLAGE = (OMITTED_HOUSEHOLDS, OMITTED_PEOPLE, ASKED, RECOGNISING, NOTE)
_YES_OR_NO = Guide(choices=("是", "否"))
_GUIDES = {
    WRONG: _YES_OR_NO,
    FAILED: Guide(say=f"仅错退户填写，多项用顿号分开：{'、'.join(CRITERIA)}"),
    RECOGNISES: _YES_OR_NO,
}
_WIDE, _NARROW = 22, 14
_MOST_HEADS = 1_000_000


def write_check_lists(path: Path, lists: CheckLists) -> None:
    """Write the two sheets, with empty columns for the findings.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    of_households: list[Sequence[Value]] = [
        (each.code, each.village_code, each.village, each.group, each.head, each.size)
        for each in lists.households
    ]
    of_villages: list[Sequence[Value]] = [
        (each.code, each.name, each.township, each.population, each.unregistered)
        for each in lists.villages
    ]
    facts = (HOUSEHOLD_CODE, VILLAGE_CODE, VILLAGE["name"], GROUP, HEAD_NAME, SIZE)
    of_village = (VILLAGE_CODE, *(VILLAGE[each] for each in ("name", "township_name")))
    people = (VILLAGE["population"], _UNREGISTERED)
    write_sheets(
        path,
        [
            (HOUSEHOLDS, _columns(*facts, *_OF_A_HOUSEHOLD), of_households),
            (VILLAGES, _columns(*of_village, *people, *_OF_A_VILLAGE), of_villages),
        ],
        _GUIDES,
    )


def _columns(*names: str) -> tuple[tuple[str, int], ...]:
    wide = (HOUSEHOLD_CODE, VILLAGE_CODE, FAILED, NOTE)
    return tuple((name, _WIDE if name in wide else _NARROW) for name in names)


class Checked(Record):
    """What the sheets say was found."""

    households: tuple[HouseholdCheck, ...]
    villages: tuple[VillageCheck, ...]


def read_check_lists(path: Path, sample: Sample) -> Checked:
    """Read the findings of a workbook, and hold them against the sample they have to be of.

    Raises:
        LoadError: if it is no such file, or with its faults, each with sheet, row and column.
    """
    of_households = NamedColumns(
        path, Columns((HOUSEHOLD_CODE, WRONG), (VILLAGE_CODE, *_OF_A_HOUSEHOLD[1:])), HOUSEHOLDS
    )
    people = (VILLAGE["population"], _UNREGISTERED, NOTE)
    of_villages = NamedColumns(path, Columns((VILLAGE_CODE, *_OF_A_VILLAGE[:-1]), people), VILLAGES)
    households = tuple(_households(of_households, sample))
    villages = tuple(_villages(of_villages, sample))
    known = f"{HOUSEHOLDS} and {VILLAGES}"
    strange = [
        Fault(sheet=each, right=f"is no sheet of a check list; those are {known}")
        for each in of_households.others
        if each != VILLAGES
    ]
    of_households.refuse(*of_villages.faults, *strange)
    if not households and not villages:
        raise LoadError(
            [
                f"{path} holds no finding; fill in {WRONG} in sheet {HOUSEHOLDS}, or "
                f"{OMITTED_PEOPLE} in sheet {VILLAGES}"
            ]
        )
    return Checked(households=households, villages=villages)


def _households(file: NamedColumns, sample: Sample) -> Iterator[HouseholdCheck]:
    first: dict[str, int] = {}
    for line in file.rows():
        if line.is_blank(*_OF_A_HOUSEHOLD):
            continue
        before = len(file.faults)
        code = _code(line, HOUSEHOLD_CODE, cells.household_code, first)
        wrong = line.read(WRONG, cells.yes_no)
        failed = line.read_if_filled(FAILED, _criteria) or ()
        recognises = line.read_if_filled(RECOGNISES, cells.yes_no)
        note = line.read_if_filled(NOTE, cells.text)
        if wrong is True and line.is_blank(FAILED):
            line.fault(FAILED, "is empty; name the criteria of S1 that a wrongly exited one fails")
        if wrong is False and failed:
            line.fault(FAILED, f"names criteria, but {WRONG} says 否; correct one of them")
        if len(file.faults) > before or code is None or wrong is None:
            continue
        check = HouseholdCheck(
            household=code, wrongly_exited=wrong, failed=failed, recognises=recognises, note=note
        )
        said = household_fault(sample, check)
        if said is not None:
            line.fault(HOUSEHOLD_CODE, said)
            continue
        yield check


def _villages(file: NamedColumns, sample: Sample) -> Iterator[VillageCheck]:
    first: dict[str, int] = {}
    heads = cells.whole(_MOST_HEADS, "12")
    for line in file.rows():
        if line.is_blank(*_OF_A_VILLAGE):
            continue
        before = len(file.faults)
        code = _code(line, VILLAGE_CODE, cells.code(12), first)
        said = {column: line.read(column, heads) for column in _OF_A_VILLAGE[:-1]}
        note = line.read_if_filled(NOTE, cells.text)
        counts = {column: count for column, count in said.items() if count is not None}
        if len(file.faults) > before or code is None:
            continue
        try:
            check = VillageCheck(
                village=code,
                omitted_people=counts[OMITTED_PEOPLE],
                omitted_households=counts[OMITTED_HOUSEHOLDS],
                asked=counts[ASKED],
                recognising=counts[RECOGNISING],
                note=note,
            )
        except ValidationError as error:
            line.fault(_where(counts), faults(error))
            continue
        fault = village_fault(sample, check)
        if fault is not None:
            line.fault(_where_of(check, sample), fault)
            continue
        yield check


def _where(counts: dict[str, int]) -> str:
    """The column to correct, of counts that contradict each other."""
    return RECOGNISING if counts[RECOGNISING] > counts[ASKED] else OMITTED_HOUSEHOLDS


def _where_of(check: VillageCheck, sample: Sample) -> str:
    """The column to correct, of a finding that cannot be of the sample."""
    drawn = sample.village_of.get(check.village)
    if drawn is None:
        return VILLAGE_CODE
    return OMITTED_PEOPLE if check.omitted_people > drawn.unregistered else ASKED


def _code(
    line: Line, column: str, read: Callable[[Cell], str], first: dict[str, int]
) -> str | None:
    code = line.read(column, read)
    if code is not None and code in first:
        line.fault(column, f"stands in row {first[code]} already; keep one")
        return None
    if code is not None:
        first[code] = line.number
    return code


def _criteria(cell: Cell) -> tuple[str, ...]:
    """Criteria of S1 by name or id, with any mark between them."""
    said = [each for each in re.split(r"[、，,；;\s]+", cells.text(cell)) if each]
    found = [CRITERIA.get(each, each) for each in said]
    for word, each in zip(said, found, strict=True):
        if each not in CRITERIA.values():
            raise ValueError(f"{word} is no criterion of S1; write {'、'.join(CRITERIA)}")
    return tuple(dict.fromkeys(found))
