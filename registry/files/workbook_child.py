"""A process of its own that reads one workbook and writes its rows to standard output as JSON.

The library that reads workbooks allots memory for the whole area between the first and the last
cell: two cells in opposite corners of a sheet, in a file of five kilobytes, end the process that
reads it. So it is not the process that keeps the register.

Each line of output is an object (a sheet begins, or an error) or a list of rows. A row is a list of
cells; one with merged cells is an object of them and of the places that are one with another. A
number stands for so many blank rows.
"""

import json
import resource
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, count, groupby, repeat
from pathlib import Path
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from registry.files.sheet_cells import letter
from registry.files.workbook_looks import Looks, looks_of

MEMORY = 1536 * 1024 * 1024
"""Bytes of address space: some ten times what the largest roster takes."""
SECONDS = 120
"""Of processor time."""
NO_MEMORY = 3
"""The status it ends with when memory did not suffice; some libraries end it by SIGABRT instead."""

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Of a sheet, in every spreadsheet program; a cell beyond them was never typed in one."""
MOST_BLANK_COLUMNS = 256
"""Before the first that holds anything: the others are made up in every row."""

_ROWS_AT_A_TIME = 200
_LAST = MOST_ROWS - 1
_MOST_SAID = 5


def main(path: str) -> None:
    """Write all visible sheets of a workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    # An end for want of memory leaves no copy of what the file held.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with load_workbook(path) as workbook:
            looks = iter(looks_of(Path(path)))
            for sheet in workbook.sheets_metadata:
                look = next(looks)
                seen = sheet.visible is SheetVisibleEnum.Visible
                if seen and sheet.typ is SheetTypeEnum.WorkSheet:
                    _write_sheet(workbook.get_sheet_by_name(sheet.name), look)
    except PasswordError:
        _write({"error": "password"})
    except (CalamineError, OSError, ValueError, LookupError, struct.error, StopIteration) as error:
        _write({"error": str(error)})
    except MemoryError:
        sys.exit(NO_MEMORY)
    except BaseException as error:
        # What the library did not foresee in a damaged file; its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        _write({"error": str(error)})


def _write_sheet(sheet: CalamineSheet, looks: Looks) -> None:
    # Rows are given from the first of the sheet on, columns from the first that holds anything.
    if (far := _far(sheet, looks)) is not None:
        _write(far)
        return
    blank = sheet.start[1] if sheet.start else 0
    moved = min((column for _, column in looks.errors), default=blank)
    padding = [""] * (blank - moved)
    blank = min(blank, moved)
    _write({"sheet": sheet.name, "blank_columns": blank, "hidden": _hidden(sheet, looks)})
    errors: dict[int, dict[int, str]] = {}
    for (at, column), said in looks.errors.items():
        errors.setdefault(at, {})[column - blank] = said
    merged = _merged(sheet, blank)
    rows: list[Any] = []
    skipped = 0
    last = max(errors, default=-1)
    given = chain(sheet.iter_rows(), repeat(()))
    for number in count():
        cells = next(given)
        if cells == () and number > last:
            break
        row = [] if _is_empty(cells) else [*padding, *map(_plain, cells)]
        for column, said in errors.get(number, {}).items():
            row += [""] * (column + 1 - len(row))
            row[column] = said
        filled = merged.fill(number, row)
        if not filled:  # a sheet may have a million of them before its last cell
            skipped += 1
            continue
        if skipped:
            rows.append(skipped)
            skipped = 0
        rows.append(filled)
        if len(rows) >= _ROWS_AT_A_TIME:
            _write(rows)
            rows = []
    _write(rows)


def _is_empty(cells: Iterable[Any]) -> bool:
    return all(cell == "" for cell in cells)


def _far(sheet: CalamineSheet, looks: Looks) -> dict[str, str] | None:
    """A sheet with a cell where none can be, or whose table begins far to the right."""
    places = [each for each in (sheet.start, sheet.end) if each is not None]
    places += looks.errors
    if not places:
        return None
    row, column = (max(each) for each in zip(*places, strict=True))
    if row >= MOST_ROWS or column >= MOST_COLUMNS:
        return {"far": sheet.name, "cell": f"{letter(column)}{row + 1}"}
    first = sheet.start[1] if sheet.start else 0
    return {"far": sheet.name, "begins": letter(first)} if first > MOST_BLANK_COLUMNS else None


def _hidden(sheet: CalamineSheet, looks: Looks) -> str:
    """The hidden rows and columns that hold anything, in words; empty where there are none."""
    if not looks.rows and not looks.columns:
        return ""
    first = sheet.start[1] if sheet.start else 0
    of_rows = {row for begins, ends in looks.rows for row in range(begins, min(ends, _LAST) + 1)}
    of_columns = {
        column for begins, ends in looks.columns for column in range(begins, min(ends, _LAST) + 1)
    }
    rows: set[int] = {row for row, _ in looks.errors if row in of_rows}
    columns: set[int] = {column for _, column in looks.errors if column in of_columns}
    for number, cells in enumerate(sheet.iter_rows()):
        filled = {first + place for place, cell in enumerate(cells) if str(cell).strip()}
        if filled and number in of_rows:
            rows.add(number)
        columns |= filled & of_columns
    said = [f"row {each}" for each in _spans(rows, lambda row: str(row + 1))]
    said += [f"column {each}" for each in _spans(columns, letter)]
    more = [f"and {len(said) - _MOST_SAID} more"] if len(said) > _MOST_SAID else []
    return ", ".join([*said[:_MOST_SAID], *more])


def _spans(numbers: set[int], called: Callable[[int], str]) -> Iterator[str]:
    """Numbers that follow each other as spans."""
    ordered = sorted(numbers)
    for _, run in groupby(enumerate(ordered), lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        first, last = called(found[0]), called(found[-1])
        yield first if first == last else f"{first} to {last}"


class _Merged:
    """The merged cells of a sheet: all of such an area show what stands in its first."""

    def __init__(self, areas: Iterable[tuple[int, int, int, int]]) -> None:
        self._begin: dict[int, list[tuple[int, int, int, int]]] = {}
        for area in areas:
            self._begin.setdefault(area[0], []).append(area)
        self._open: list[tuple[tuple[int, int, int, int], Any]] = []

    def fill(self, number: int, row: list[Any]) -> Any:
        """A row with what its merged cells show."""
        self._open = [each for each in self._open if each[0][2] >= number]
        down: list[int] = []
        across: list[int] = []
        for area in self._begin.get(number, ()):
            shown = row[area[1]] if area[1] < len(row) else ""
            if str(shown).strip():
                self._open.append((area, shown))
        for (top, left, _, right), shown in self._open:
            covered = range(left + (number == top), right + 1)
            if not covered:
                continue
            row += [""] * (right + 1 - len(row))
            row[covered.start : covered.stop] = [shown] * len(covered)
            (down if left == right else across).extend(covered)
        return {"cells": row, "down": down, "across": across} if down or across else row


def _merged(sheet: CalamineSheet, blank: int) -> _Merged:
    width = (sheet.end[1] if sheet.end else 0) - blank
    return _Merged(
        (top, left - blank, bottom, min(right - blank, width))
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
        if left >= blank
    )


def _plain(cell: Any) -> Any:
    """A cell in JSON: text, number and truth value as they are, a day in a list of its own."""
    if isinstance(cell, datetime):
        return [cell.date().isoformat()]
    if isinstance(cell, date):
        return [cell.isoformat()]
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    return cell


def _write(line: Any) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=True, separators=(",", ":")))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
