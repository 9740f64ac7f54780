"""A file for the register, read: its kind by its headers, its lines, and all its faults."""

from collections.abc import Iterator
from datetime import date
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path

from registry.files.faults import Fault, RegisterFaults
from registry.files.headers import Header, find_header
from registry.files.register_columns import HEAD_ID, ID_NUMBER, Kind
from registry.files.sheet import Faults, Sheet
from registry.files.sheet_cells import SheetRow
from registry.files.sheet_rows import rows_of
from registry.register.household_file import lines_by_household, lines_by_person
from registry.register.lines import HouseholdLine, VillageLine
from registry.register.village_file import village_lines


class RegisterFile:
    """A file whose first header is read; its lines are read one by one, and once."""

    def __init__(self, path: Path, today: date) -> None:
        """Begin to read.

        Raises:
            LoadError: if it is no such file, or its first sheet has no such headers.
        """
        self.path = path
        self.villages: set[str] = set()
        self._today = today
        self._faults = Faults(str(path))
        self._headers: dict[str, Header] = {}
        sheets = groupby(rows_of(path), key=attrgetter("sheet"))
        _, rows = next(sheets, ("", iter(())))
        header, faults = find_header(rows)
        if header is None or faults:
            raise RegisterFaults(str(path), faults)
        self.kind = header.kind
        self._rows = chain([(header, rows)], self._further(sheets))

    def village_lines(self) -> Iterator[VillageLine]:
        """The lines of a list of villages."""
        for sheet, rows in self._sheets():
            for line in village_lines(sheet, rows, self._today):
                self.villages.add(line.code)
                yield line

    def household_lines(self) -> Iterator[HouseholdLine]:
        """The lines of a roster."""
        read = lines_by_person if self.kind is Kind.PERSONS else lines_by_household
        for sheet, rows in self._sheets():
            for line in read(sheet, rows, self._today):
                self.villages.add(line.village_code)
                yield line

    def faults(self, of_register: tuple[Fault, ...] = ()) -> tuple[Fault, ...]:
        """What is wrong with what was read, with what the register has to say of its lines."""
        order = {name: number for number, name in enumerate(self._headers)}
        found = [*self._faults.found, *map(self._located, of_register)]
        return tuple(sorted(found, key=lambda fault: (order.get(fault.sheet, 0), fault.row)))

    def _located(self, fault: Fault) -> Fault:
        header = self._headers.get(fault.sheet)
        if header is None:
            return fault
        if header.kind is Kind.HOUSEHOLDS and fault.column == ID_NUMBER:
            fault = fault.model_copy(update={"column": HEAD_ID})
        return header.located(fault)

    def _sheets(self) -> Iterator[tuple[Sheet, Iterator[SheetRow]]]:
        for header, rows in self._rows:
            self._headers[header.sheet] = header
            sheet = Sheet(header, self._faults)
            yield sheet, (row for row in rows if not sheet.is_of_sums(row))

    def _further(
        self, sheets: Iterator[tuple[str, Iterator[SheetRow]]]
    ) -> Iterator[tuple[Header, Iterator[SheetRow]]]:
        for _, rows in sheets:
            header, faults = find_header(rows)
            if header is not None and header.kind is not self.kind:
                kinds = f"is a {header.kind.value}, the first sheet a {self.kind.value}"
                faults.append(
                    Fault(sheet=header.sheet, row=header.row, right=f"{kinds}; divide them")
                )
            for fault in faults:
                self._faults.add(fault)
            if header is not None and not faults:
                yield header, rows
