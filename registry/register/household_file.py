"""The rows of a roster (花名册) as households for the register: a row a household, or a person."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from models.register.households import Cause, Livelihood
from registry.files import cells
from registry.files.register_columns import (
    CAUSE,
    CONDITIONS,
    GROUP,
    HEAD_ID,
    HEAD_NAME,
    HOUSEHOLD_CODE,
    ID_NUMBER,
    INCOME,
    NAME,
    REGISTERED_ON,
    RELATION,
    SIZE,
    VILLAGE_CODE,
    YEAR,
)
from registry.files.sheet import Read, Sheet
from registry.files.sheet_cells import SheetRow, is_blank, shown
from registry.register.lines import HouseholdLine, MemberLine

_MOST_MEMBERS = 50
_LIVELIHOOD = (YEAR, *INCOME.values(), *CONDITIONS.values())
_OF_LIVELIHOOD: dict[str, tuple[str, Read]] = {
    "year": (YEAR, cells.year),
    **{field: (column, cells.fen) for field, column in INCOME.items()},
    **{field: (column, cells.yes_no) for field, column in CONDITIONS.items()},
}


def lines_by_household(
    sheet: Sheet, rows: Iterable[SheetRow], today: date
) -> Iterator[HouseholdLine]:
    """The households of a sheet with a row each, which names the head; one with a fault is none."""
    wanted = _of_household(today)
    wanted |= {
        "code": (HOUSEHOLD_CODE, cells.household_code),
        "head": (HEAD_NAME, cells.proper_name),
        "size": (SIZE, _size),
    }
    read_id = cells.id_number(today)
    for row in rows:
        before = sheet.count
        sheet.check_unnamed(row)
        sheet.check_merged(row)
        values = sheet.read_all(row, wanted)
        id_number: Any = sheet.read(row, HEAD_ID, read_id)
        values |= _if_filled_in(sheet, row)
        if sheet.count == before:
            head = MemberLine(
                row=row.number, id_number=id_number, name=values["head"], relation=cells.HEAD
            )
            yield HouseholdLine(row=row.number, sheet=row.sheet, members=(head,), **values)


def lines_by_person(sheet: Sheet, rows: Iterable[SheetRow], today: date) -> Iterator[HouseholdLine]:
    """The households of a sheet with a row a person; one with a fault is none.

    The rows of a household stand together. What is said of the household stands in the head's row,
    and is repeated in the others or left out there, its number too.
    """
    reading = _Persons(sheet, today)
    household: list[SheetRow] = []
    for row in rows:
        sheet.check_unnamed(row)
        if household and reading.begins(row, household[0]):
            yield from reading.line(household)
            household = []
        household.append(row)
    if household:
        yield from reading.line(household)


class _Persons:
    def __init__(self, sheet: Sheet, today: date) -> None:
        self._sheet = sheet
        self._of_household = _of_household(today)
        self._of_member: dict[str, tuple[str, Read]] = {
            "id_number": (ID_NUMBER, cells.id_number(today)),
            "name": (NAME, cells.proper_name),
        }
        self._shared = {
            column: read
            for column, read in (
                *self._of_household.values(),
                *_OF_LIVELIHOOD.values(),
                (HEAD_NAME, cells.proper_name),
                (SIZE, _size),
                (CAUSE, cells.cause),
            )
            if sheet.has(column)
        }

    def begins(self, row: SheetRow, first: SheetRow) -> bool:
        """Whether a row belongs to another household than the one whose first row is given."""
        cell = self._sheet.cell(row, HOUSEHOLD_CODE)
        return not is_blank(cell) and not _alike(cell, self._sheet.cell(first, HOUSEHOLD_CODE))

    def line(self, rows: Sequence[SheetRow]) -> Iterator[HouseholdLine]:
        sheet, before = self._sheet, self._sheet.count
        for row in rows:
            # With the rows above it may be one of its own household, whose head says it for all.
            sheet.check_merged(row, down=row is rows[0])
        code: Any = sheet.read(rows[0], HOUSEHOLD_CODE, cells.household_code)
        relations: list[Any] = [sheet.read(row, RELATION, cells.relation) for row in rows]
        members = [sheet.read_all(row, self._of_member) for row in rows]
        heads = [row for row, each in zip(rows, relations, strict=True) if each == cells.HEAD]
        if not heads:
            said = f"the household names no head; write {cells.HEAD} in the row of one member"
            sheet.fault(rows[0], RELATION, said)
            return
        head = heads[0]
        for other in heads[1:]:
            said = (
                f"row {head.number} names the head of this household already; write "
                f"{HOUSEHOLD_CODE} where another begins, or the relation"
            )
            sheet.fault(other, RELATION, said, sheet.cell(other, RELATION))
        values = sheet.read_all(head, self._of_household) | _if_filled_in(sheet, head)
        for row in rows:
            if row is not head:
                self._check_repeated(row, head)
        name = members[rows.index(head)]["name"]
        self._check_head(head, name)
        size = self._size_of(head, len(rows))
        if sheet.count > before or size is None:
            return
        yield HouseholdLine(
            row=rows[0].number,
            sheet=head.sheet,
            code=code,
            head=name,
            size=size,
            members=tuple(
                MemberLine(row=row.number, relation=relation, **member)
                for row, relation, member in zip(rows, relations, members, strict=True)
            ),
            **values,
        )

    def _check_repeated(self, row: SheetRow, head: SheetRow) -> None:
        for column, read in self._shared.items():
            cell = self._sheet.cell(row, column)
            if is_blank(cell):
                continue
            of_head = self._sheet.cell(head, column)
            if _alike(cell, of_head):
                continue
            said = self._sheet.read(row, column, read)
            try:
                differs = said is not None and read(of_head) != said
            except ValueError:
                continue
            if differs:
                self._sheet.fault(
                    row,
                    column,
                    f"row {head.number}, of the head of this household, says {shown(of_head)}; "
                    "write what is true of the household into the head's row",
                    cell,
                )

    def _check_head(self, head: SheetRow, name: str | None) -> None:
        if name is None or self._sheet.is_blank(head, HEAD_NAME):
            return
        said = self._sheet.read(head, HEAD_NAME, cells.proper_name)
        if said is not None and said != name:
            self._sheet.fault(head, HEAD_NAME, f"{NAME} in this row is {name}; write one", said)

    def _size_of(self, head: SheetRow, rows: int) -> int | None:
        """The head count: as many as there are rows, or as is said where only the head has one."""
        if self._sheet.is_blank(head, SIZE) and rows <= _MOST_MEMBERS:
            return rows
        size = rows if self._sheet.is_blank(head, SIZE) else self._sheet.read(head, SIZE, _size)
        if size is None:
            return None
        if rows > _MOST_MEMBERS:
            said = f"{rows} rows are more than a household has; write {HOUSEHOLD_CODE} in each"
            self._sheet.fault(head, HOUSEHOLD_CODE, said)
        elif rows not in (1, size):
            said = f"the household has {rows} rows; write one for each member, or correct this"
            self._sheet.fault(head, SIZE, said, size)
        return size


def _of_household(today: date) -> dict[str, tuple[str, Read]]:
    return {
        "village_code": (VILLAGE_CODE, cells.code(12)),
        "group": (GROUP, cells.name),
        "registered_on": (REGISTERED_ON, cells.if_filled(cells.day(today))),
    }


def _if_filled_in(sheet: Sheet, row: SheetRow) -> dict[str, Any]:
    """What a roster may leave out: why the household is in the register, and how it lives."""
    values: dict[str, Any] = {}
    if not sheet.is_blank(row, CAUSE) and sheet.is_blank(row, REGISTERED_ON):
        right = f"says why the household was registered, and {REGISTERED_ON} is empty; write both"
        sheet.fault(row, CAUSE, f"{right} or neither", sheet.cell(row, CAUSE))
    elif not sheet.is_blank(row, CAUSE):
        values["cause"] = sheet.read(row, CAUSE, cells.cause) or Cause.REGISTERED
    if not sheet.is_blank(row, *_LIVELIHOOD):
        before = sheet.count
        said = sheet.read_all(row, _OF_LIVELIHOOD)
        if sheet.count == before:
            values["livelihood"] = Livelihood(**said)
    return values


def _size(cell: Any) -> int:
    size = cells.whole(_MOST_MEMBERS, "4")(cell)
    if size == 0:
        raise ValueError("write how many members the household has, the head among them")
    return size


def _alike(cell: Any, other: Any) -> bool:
    return bool(cell == other) or str(cell).strip() == str(other).strip()
