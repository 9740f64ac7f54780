"""What is wrong with a file for the register: where, what stands there, and what would be right."""

from collections.abc import Iterable

from models.base import Record, shortened
from registry.errors import LoadError

_FOUND_LENGTH = 40


class Fault(Record):
    """One fault.

    Attributes:
        sheet: Name of the sheet, empty for CSV.
        row: As a spreadsheet program counts, from 1; 0 where it is no single row.
        column, letter: The header of the column, and its letter in a spreadsheet program.
        found: What stands there, as far as it may be shown: never a whole ID number (G8).
        right: What is wrong with it, and what would be right.
    """

    sheet: str = ""
    row: int = 0
    column: str = ""
    letter: str = ""
    found: str = ""
    right: str

    def __str__(self) -> str:
        where = []
        if self.sheet:
            where.append(f"sheet {self.sheet}")
        if self.row:
            where.append(f"row {self.row}")
        if self.column:
            where.append(f"column {self.column}" + (f" ({self.letter})" if self.letter else ""))
        said = f"{shortened(self.found, _FOUND_LENGTH)!r}: " if self.found else ""
        return f"{', '.join(where)}: {said}{self.right}" if where else f"{said}{self.right}"


class RegisterFaults(LoadError):
    """A file for the register with its faults; nothing of it was kept."""

    def __init__(self, source: str, found: Iterable[Fault]) -> None:
        self.source = source
        self.found = tuple(found)
        super().__init__(f"{source}, {fault}" for fault in self.found)


def place(sheet: str, row: int, seen_from: str) -> str:
    """Where something stands, in words, for somebody who looks at a sheet."""
    return f"row {row}" if sheet == seen_from else f"sheet {sheet}, row {row}"
