"""The rows of a roster (花名册) with one row a person, as households for the register."""

from collections.abc import Iterator, Sequence
from typing import Any

from registry.files.cells import HEAD as IS_HEAD
from registry.files.columns import column_of, columns_of
from registry.files.sheet_cells import Cell, SheetRow, is_blank, shown
from registry.files.table import WRONG, Sheet
from registry.register.columns import HOUSEHOLD, MOST_MEMBERS, MemberCells, PersonCells
from registry.register.lines import HouseholdLine, MemberLine

_RELATION, _SIZE = column_of(PersonCells, "relation"), column_of(PersonCells, "size")
_OF_MEMBER = {column.header for column in columns_of(MemberCells)}
_SAID = ("sheet", "code", "village_code", "group", "registered_on", "cause", "livelihood")
_SHARED = [
    column
    for column in columns_of(PersonCells)
    if column.header not in _OF_MEMBER and column.header is not HOUSEHOLD
]


def lines_by_person(sheet: Sheet[Any]) -> Iterator[HouseholdLine]:
    """The households of a sheet; one with a fault is left out.

    The rows of a household stand together. What is said of the household stands in the head's row,
    and is repeated in the others or left out there, its number too.
    """
    household: list[SheetRow] = []
    for row in sheet.rows():
        if household and _begins(sheet, row, household[0]):
            yield from _line(sheet, household)
            household = []
        household.append(row)
    if household:
        yield from _line(sheet, household)


def _begins(sheet: Sheet[Any], row: SheetRow, first: SheetRow) -> bool:
    """Whether a row belongs to another household than the one whose first row is given."""
    cell = sheet.cell(row, HOUSEHOLD)
    return not is_blank(cell) and not _alike(cell, sheet.cell(first, HOUSEHOLD))


def _line(sheet: Sheet[Any], rows: Sequence[SheetRow]) -> Iterator[HouseholdLine]:
    before = sheet.faults
    for row in rows:
        # With the rows above it may be one of its own household, whose head says it for all.
        sheet.check_merged(row, down=row is rows[0])
    heads = [row for row in rows if sheet.value(row, _RELATION, quiet=True) == IS_HEAD]
    head = heads[0] if heads else None
    said = {row.number: sheet.read(row, MemberCells) for row in rows if row is not head}
    if head is None:
        right = f"the household names no head; write {IS_HEAD} in the row of one member"
        sheet.fault(rows[0], _RELATION, right)
        return
    for other in heads[1:]:
        right = (
            f"row {head.number} names the head of this household already; write {HOUSEHOLD.name} "
            "where another begins, or the relation"
        )
        sheet.fault(other, _RELATION, right)
    # The household's number stands in its first row, which may be that of another member.
    line = sheet.read(head, PersonCells, {HOUSEHOLD: rows[0]})
    for row in rows:
        if row is not head:
            _check_repeated(sheet, row, head)
    size = _size(sheet, head, len(rows))
    if line is None or sheet.faults > before:
        return
    members = [line if row is head else said[row.number] for row in rows]
    yield HouseholdLine.model_validate(
        {
            **{name: getattr(line, name) for name in _SAID},
            "row": rows[0].number,
            "head": line.name,
            "size": size,
            "members": [MemberLine.model_validate(each, from_attributes=True) for each in members],
        },
        from_attributes=True,
    )


def _check_repeated(sheet: Sheet[Any], row: SheetRow, head: SheetRow) -> None:
    """Find what a member's row says of the household otherwise than the head's."""
    for column in _SHARED:
        cell = sheet.cell(row, column.header)
        if is_blank(cell) or _alike(cell, of_head := sheet.cell(head, column.header)):
            continue
        said, known = sheet.value(row, column), sheet.value(head, column, quiet=True)
        if said is not WRONG and known is not WRONG and said != known:
            right = (
                f"row {head.number}, of the head of this household, says {shown(of_head)}; write "
                "what is true of the household into the head's row"
            )
            sheet.fault(row, column, right)


def _size(sheet: Sheet[Any], head: SheetRow, rows: int) -> int:
    """The head count: as many as there are rows, or as is said where only the head has one."""
    said = sheet.value(head, _SIZE, quiet=True)
    size = rows if said is WRONG else int(said)
    if rows > MOST_MEMBERS:
        right = f"{rows} rows are more than a household has; write {HOUSEHOLD.name} in each"
        sheet.fault(head, column_of(PersonCells, "code"), right)
    elif rows not in (1, size):
        right = f"the household has {rows} rows; write one for each member, or correct this"
        sheet.fault(head, _SIZE, right)
    return size


def _alike(cell: Cell, other: Cell) -> bool:
    return bool(cell == other) or str(cell).strip() == str(other).strip()
