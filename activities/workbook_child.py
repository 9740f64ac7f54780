"""A process of its own that reads one workbook and writes its rows to standard output as JSON.

The library that reads workbooks allots memory for the whole area between the first and the last
cell: two cells in opposite corners of a sheet, in a file of five kilobytes, end the process that
reads it. So it is not the process that keeps the register.

Each line of output is an object (a sheet begins, or an error) or a list of rows.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

MEMORY = 1536 * 1024 * 1024
"""Bytes of address space: some ten times what the largest roster takes."""
SECONDS = 120
"""Of processor time."""
NO_MEMORY = 3
"""The status it ends with when memory did not suffice; some libraries end it by SIGABRT instead."""

_ROWS_AT_A_TIME = 200


def main(path: str) -> None:
    """Write all visible sheets of a workbook."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    # An end for want of memory leaves no copy of what the file held.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with load_workbook(path) as workbook:
            for sheet in workbook.sheets_metadata:
                seen = sheet.visible is SheetVisibleEnum.Visible
                if seen and sheet.typ is SheetTypeEnum.WorkSheet:
                    _write_sheet(workbook.get_sheet_by_name(sheet.name))
    except PasswordError:
        _write({"error": "password"})
    except (CalamineError, OSError, ValueError) as error:
        _write({"error": str(error)})
    except MemoryError:
        sys.exit(NO_MEMORY)
    except BaseException as error:
        # What the library did not foresee in a damaged file; its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        _write({"error": str(error)})


def _write_sheet(sheet: CalamineSheet) -> None:
    # Rows are given from the first of the sheet on, columns from the first that holds anything.
    _write({"sheet": sheet.name, "blank_columns": sheet.start[1] if sheet.start else 0})
    rows: list[list[Any]] = []
    for row in sheet.iter_rows():
        rows.append([_plain(cell) for cell in row])
        if len(rows) == _ROWS_AT_A_TIME:
            _write(rows)
            rows = []
    _write(rows)


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
