"""A table of a few known columns as an office keeps it (Excel or CSV), row by row.

Titles may stand above the header, in up to nine rows; every visible sheet has a header of its own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from registry.errors import LoadError
from registry.files.faults import Fault
from registry.files.register_columns import GROUP, HEAD_NAME, NOT_KEPT, OTHER_NAMES, SIZE
from registry.files.sheet_cells import (
    IS_SUM,
    MERGED,
    Cell,
    SheetRow,
    is_blank,
    letter,
    shown_safely,
    sound,
    sum_in,
)
from registry.files.sheet_rows import rows_of

V = TypeVar("V")

_ROWS_BEFORE = 10
_READ_OVER = (HEAD_NAME, GROUP, SIZE)
"""What such tables name a household by beside its number; the register knows it (G8)."""
_SAID = 5


class Columns(NamedTuple):
    """What a table holds: columns that must be there, and such that may."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Header(NamedTuple):
    """Where the columns of a sheet stand, and which columns have a header at all."""

    places: dict[str, int]
    headed: frozenset[int]


class NamedColumns:
    """A file's rows by column, with every fault and its place.

    Args:
        sheet: The name of the only sheet that is read, where others hold other tables; all are,
            where none is given.

    Attributes:
        others: The names of the sheets that were not read.
    """

    def __init__(self, path: Path, columns: Columns, sheet: str | None = None) -> None:
        self._path, self._columns, self._sheet = path, columns, sheet
        self.others: list[str] = []
        self._headers: dict[str, Header] = {}
        self.faults: list[Fault] = []

    def rows(self) -> Iterator["Line"]:
        """Every row under its header.

        Raises:
            LoadError: if it is no such file, or a sheet has no such header.
        """
        above: dict[str, int] = {}
        for row in rows_of(self._path):
            if self._sheet is not None and row.sheet != self._sheet:
                self.others += [row.sheet] * (row.sheet not in self.others)
                continue
            if row.sheet in self._headers:
                if (of_sums := sum_in(row)) is not None:
                    self._fault(row, of_sums, IS_SUM)
                    continue
                yield self._line(row, self._headers[row.sheet])
                continue
            names = [_standard(cell) for cell in row.cells]
            if set(self._columns.required).intersection(names):
                self._headers[row.sheet] = self._header(row, names)
            else:
                above[row.sheet] = above.get(row.sheet, 0) + 1
                if above[row.sheet] == _ROWS_BEFORE:
                    break
        for sheet in above:
            if sheet not in self._headers:
                wanted = "、".join(self._columns.required)
                self.refuse(Fault(sheet=sheet, right=f"no row names the columns {wanted}"))

    def refuse(self, *more: Fault) -> None:
        """Raise what is wrong with the file, if anything is.

        Raises:
            LoadError: naming the first faults, and how many there are.
        """
        found = [*self.faults, *more]
        if found:
            said = [f"{self._path}, {fault}" for fault in found[:_SAID]]
            if len(found) > _SAID:
                said.append(f"{self._path}: and {len(found) - _SAID} more")
            raise LoadError(said)

    def _header(self, row: SheetRow, names: list[str]) -> Header:
        known = (*self._columns.required, *self._columns.optional)
        places: dict[str, int] = {}
        before = len(self.faults)
        for index, name in enumerate(names):
            if name in known and name not in places:
                places[name] = index
            elif name in known:
                said = f"stands in the columns {letter(places[name])} and {letter(index)}; keep one"
                self._fault(row, index, said)
            elif name and name not in _READ_OVER and not NOT_KEPT.fullmatch(name):
                said = f"is no column of this table; take it out, or write {'、'.join(known)}"
                self._fault(row, index, said)
        lacking = [name for name in self._columns.required if name not in places]
        if lacking:
            said = f"the column {'、'.join(lacking)} is missing"
            self.faults.append(Fault(sheet=row.sheet, row=row.number, right=said))
        if len(self.faults) > before:
            self.refuse()
        headed = frozenset(index for index, name in enumerate(names) if name)
        return Header(places, headed)

    def _line(self, row: SheetRow, header: Header) -> "Line":
        for index, cell in enumerate(row.cells):
            if index not in header.headed and not is_blank(cell):  # what a comma in CSV has moved
                said = f"stands in column {letter(index)}, which has no header; take it out"
                self._fault(row, index, said)
        for index in sorted(row.merged):
            if index in header.headed:
                self._fault(row, index, MERGED)
        return Line(self, row, header.places)

    def _fault(self, row: SheetRow, index: int, right: str) -> None:
        self.faults.append(
            Fault(
                sheet=row.sheet,
                row=row.number,
                found=shown_safely(row.cells[index]),
                right=right,
            )
        )


class Line:
    """One row under its header."""

    def __init__(self, file: NamedColumns, row: SheetRow, places: dict[str, int]) -> None:
        self._file, self._row, self._places = file, row, places

    @property
    def sheet(self) -> str:
        """The name of its sheet, empty for CSV."""
        return self._row.sheet

    @property
    def number(self) -> int:
        """The row, as a spreadsheet program counts."""
        return self._row.number

    def read(self, column: str, read: Callable[[Cell], V]) -> V | None:
        """What a cell says; None, with a fault, where it is wrong."""
        cell = self._cell(column)
        try:
            return read(sound(cell))
        except ValueError as error:
            self.fault(column, str(error))
            return None

    def read_if_filled(self, column: str, read: Callable[[Cell], V]) -> V | None:
        """The same; None without a fault where nothing stands there."""
        return None if is_blank(self._cell(column)) else self.read(column, read)

    def is_blank(self, *columns: str) -> bool:
        """Whether nothing stands in any of these columns."""
        return all(is_blank(self._cell(column)) for column in columns)

    def fault(self, column: str, right: str) -> None:
        """Say that a cell is wrong."""
        place = self._places.get(column)
        self._file.faults.append(
            Fault(
                sheet=self._row.sheet,
                row=self._row.number,
                column=column,
                letter="" if place is None else letter(place),
                found=shown_safely(self._cell(column)),
                right=right,
            )
        )

    def _cell(self, column: str) -> Any:
        place = self._places.get(column)
        return self._row.cells[place] if place is not None and place < len(self._row.cells) else ""


def _standard(cell: Cell) -> str:
    said = "".join(str(cell).split())
    return OTHER_NAMES.get(said, said)
