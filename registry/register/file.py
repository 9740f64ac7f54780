"""A file for the register, read: what it is by its headers, its lines, and all its faults."""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

from registry.files.columns import Cells
from registry.files.faults import Fault, RegisterFaults
from registry.files.table import Sheet, TableFile
from registry.register.change_file import ChangeCells, DivisionCells, grouped
from registry.register.columns import HouseholdCells, PersonCells, VillageCells
from registry.register.household_file import lines_by_person
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.office_records import RecordCells

MODELS: tuple[type[Cells], ...] = (
    *(HouseholdCells, PersonCells, VillageCells, RecordCells, ChangeCells, DivisionCells),
)
"""What a sheet may be; of two that it looks like as much, the first."""


class RegisterFile:
    """A file whose first header is read; its lines are read one by one, and once.

    Attributes:
        villages: The codes of the villages in the lines so far.
    """

    def __init__(self, path: Path, today: date) -> None:
        """Begin to read.

        Raises:
            LoadError: if it is no such file, or no sheet has such headers.
        """
        self.path = path
        self.villages: set[str] = set()
        self._table = TableFile(path, *MODELS, today=today)
        self._sheets = self._table.sheets()
        first = next(self._sheets, None)
        if first is None:
            raise RegisterFaults(str(path), self._table.faults)
        self._first = first

    @property
    def lists_villages(self) -> bool:
        """Whether it is a list of villages, and no roster."""
        return self._first.model is VillageCells

    @property
    def lists_records(self) -> bool:
        """Whether it is a list of records (台账)."""
        return self._first.model is RecordCells

    @property
    def lists_changes(self) -> bool:
        """Whether it is a list of natural changes (动态调整)."""
        return self._first.model in (ChangeCells, DivisionCells)

    def change_lines(self) -> Iterator[list[ChangeCells] | list[DivisionCells]]:
        """The rows of each change, in the order of their days."""
        lines = [line for sheet in self._alike() for _, line in sheet.lines()]
        if self._first.model is ChangeCells:
            yield from grouped(lines)
        else:
            yield from ([line] for line in sorted(lines, key=lambda line: line.on))

    def village_lines(self) -> Iterator[VillageLine]:
        """The lines of a list of villages."""
        for sheet in self._alike():
            for line in village_lines(sheet):
                self.villages.add(line.code)
                yield line

    def household_lines(self) -> Iterator[HouseholdLine]:
        """The lines of a roster."""
        for sheet in self._alike():
            for line in household_lines(sheet):
                self.villages.add(line.village_code)
                yield line

    def faults(self, of_register: tuple[Fault, ...] = ()) -> tuple[Fault, ...]:
        """What is wrong with what was read, with what the register has to say of its lines."""
        for fault in of_register:
            self._table.add(fault)
        return self._table.faults

    def _alike(self) -> Iterator[Sheet[Any]]:
        """The sheets that are what the first is; others are faults."""
        title = self._first.model.model_config.get("title")
        for sheet in chain([self._first], self._sheets):
            if sheet.model is self._first.model:
                yield sheet
                continue
            right = f"is a {sheet.model.model_config.get('title')}, the first sheet a {title}; "
            self._table.add(Fault(sheet=sheet.name, row=sheet.begins, right=right + "divide them"))


def village_lines(sheet: Sheet[Any]) -> Iterator[VillageLine]:
    """The villages of a sheet; one with a fault is left out."""
    for _, line in sheet.lines():
        yield VillageLine.model_validate(line, from_attributes=True)


def household_lines(sheet: Sheet[Any]) -> Iterator[HouseholdLine]:
    """The households of a sheet; one with a fault is left out."""
    if sheet.model is PersonCells:
        yield from lines_by_person(sheet)
        return
    for _, line in sheet.lines():
        yield HouseholdLine.model_validate(line, from_attributes=True)
