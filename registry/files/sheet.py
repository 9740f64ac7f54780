"""One sheet of a file for the register: its cells by column, with every fault and its place."""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from registry.files import register_columns as columns
from registry.files.faults import Fault, RegisterFaults
from registry.files.headers import Header
from registry.files.sheet_cells import (
    IS_SUM,
    MERGED,
    Cell,
    SheetRow,
    is_blank,
    letter,
    masked,
    shown_safely,
    sound,
    sum_in,
)

MOST_FAULTS = 10_000

Read = Callable[[Cell], Any]
V = TypeVar("V")


class TooManyFaults(RegisterFaults):
    """A file of which no more is read: these are to be corrected first."""


class Faults:
    """The faults of a file."""

    def __init__(self, source: str) -> None:
        self.found: list[Fault] = []
        self._source = source

    def add(self, fault: Fault) -> None:
        """One more.

        Raises:
            TooManyFaults: with all of them, when there are ``MOST_FAULTS``.
        """
        self.found.append(fault)
        if len(self.found) >= MOST_FAULTS:
            more = Fault(right="there may be more: reading ended here; correct these first")
            raise TooManyFaults(self._source, [*self.found, more])


class Sheet:
    """A sheet under its header, with where its faults go."""

    def __init__(self, header: Header, faults: Faults) -> None:
        self.header = header
        self._faults = faults
        self._count = 0

    @property
    def count(self) -> int:
        """How many faults this sheet has so far."""
        return self._count

    def has(self, column: str) -> bool:
        """Whether the sheet has a column."""
        return column in self.header.places

    def cell(self, row: SheetRow, column: str) -> Cell:
        """What stands in a column, empty where the sheet has none such or the row ends before."""
        place = self.header.places.get(column)
        return row.cells[place] if place is not None and place < len(row.cells) else ""

    def check_merged(self, row: SheetRow, *, down: bool = True) -> None:
        """Find cells that are one with others: of what each row says, nobody can be sure.

        Args:
            down: Also those that are one with the cell above.
        """
        for index in sorted(row.merged):
            if index not in self.header.headed or (row.merged[index] and not down):
                continue
            self._add(
                Fault(
                    sheet=row.sheet,
                    row=row.number,
                    letter=letter(index),
                    found=shown_safely(row.cells[index]),
                    right=MERGED,
                )
            )

    def is_blank(self, row: SheetRow, *names: str) -> bool:
        """Whether nothing stands in any of these columns."""
        return all(is_blank(self.cell(row, name)) for name in names)

    def read(self, row: SheetRow, column: str, read: Callable[[Cell], V]) -> V | None:
        """What a cell says; None with a fault where it is wrong."""
        cell = self.cell(row, column)
        try:
            return read(sound(cell))
        except ValueError as error:
            self.fault(row, column, str(error), cell)
            return None

    def read_all(self, row: SheetRow, wanted: dict[str, tuple[str, Read]]) -> dict[str, Any]:
        """Several cells of a row, each under the name of its field."""
        return {field: self.read(row, column, read) for field, (column, read) in wanted.items()}

    def check_unnamed(self, row: SheetRow) -> None:
        """Find what stands in no named column: in CSV, what an unquoted comma has moved."""
        for index, cell in enumerate(row.cells):
            if index not in self.header.headed and not is_blank(cell):
                self._add(
                    Fault(
                        sheet=row.sheet,
                        row=row.number,
                        letter=letter(index),
                        found=shown_safely(cell),
                        right=f"stands in column {letter(index)}, which has no header; name the "
                        "column, or take it out",
                    )
                )

    def is_of_sums(self, row: SheetRow) -> bool:
        """Whether a row is one of sums: one fault, whatever else it says."""
        index = sum_in(row)
        if index is None:
            return False
        named = {place: column for column, place in self.header.places.items()}
        if index in named:
            self.fault(row, named[index], IS_SUM, row.cells[index])
        else:
            said = shown_safely(row.cells[index])
            self._add(Fault(sheet=row.sheet, row=row.number, found=said, right=IS_SUM))
        return True

    def fault(self, row: SheetRow, column: str, right: str, found: Cell = "") -> None:
        """Say that a cell is wrong."""
        private = column in (columns.ID_NUMBER, columns.HEAD_ID)
        said = _masked(found) if private else shown_safely(found)
        self._add(
            self.header.located(Fault(row=row.number, column=column, found=said, right=right))
        )

    def _add(self, fault: Fault) -> None:
        self._count += 1
        self._faults.add(fault)


def _masked(id_number: Cell) -> str:
    if isinstance(id_number, (int, float, date)):
        return "a number"
    return masked(id_number.strip())
