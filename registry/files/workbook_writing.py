"""Writing a workbook: whole or not at all, for its owner alone, and with nothing in it to evaluate.

What it holds is personal data (G8).
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from registry.files.cells import escaped

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_LAST_ROW = 1_048_575
_AS_TEXT = 49
"""Excel's own number of the format of text (@)."""
_LONGEST_TITLE = 32
"""Characters of the title of a note."""

MOST_ROWS = 1_000_000
"""Of a list: what a sheet holds, with room for headers and totals."""

Value: TypeAlias = str | int | float | date | None


class Guide(NamedTuple):
    """What a spreadsheet program offers, or says, where a cell of a column is filled in."""

    choices: tuple[str, ...] = ()
    say: str = ""
    is_text: bool = False
    """A long number that is typed there keeps its digits."""


def write_workbook(
    path: Path,
    sheet: str,
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[Value]],
) -> None:
    """Write one sheet, row by row; a file that is there is replaced when all is written.

    Args:
        columns: The headers, each with the width of its column in characters.
        rows: Texts are escaped where a spreadsheet program would take them for formulas.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    write_sheets(path, [(sheet, columns, rows)])


def write_sheets(
    path: Path,
    sheets: Iterable[tuple[str, Sequence[tuple[str, int]], Iterable[Sequence[Value]]]],
    guides: Mapping[str, Guide] | None = None,
) -> None:
    """The same with several sheets, each with its name, columns and rows.

    Args:
        guides: What helps to fill in a column, by its header.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    # Whatever reads the registry imports this module, and hardly ever writes a workbook.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    with TemporaryDirectory(prefix=".exitflow-", dir=path.parent) as folder:
        made = Path(folder, "workbook.xlsx")
        workbook = Workbook(str(made), {"constant_memory": True, "tmpdir": folder})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        bold = workbook.add_format({"bold": True})
        text = workbook.add_format({"num_format": _AS_TEXT})
        for sheet, columns, rows in sheets:
            worksheet = workbook.add_worksheet(sheet)
            worksheet.freeze_panes(1, 0)
            for place, (name, width) in enumerate(columns):
                guide = guides.get(name, Guide()) if guides else Guide()
                worksheet.set_column(place, place, width, text if guide.is_text else None)
                worksheet.write_string(0, place, name, bold)
                _guide(worksheet, place, name, guide)
            for number, row in enumerate(rows, start=1):
                for place, value in enumerate(row):
                    _write(worksheet, number, place, value, day)
        try:
            workbook.close()
        except FileCreateError as error:
            raise OSError(f"the workbook cannot be made: {error}") from None
        made.chmod(0o600)
        os.replace(made, path)


def _guide(worksheet: "Worksheet", place: int, name: str, guide: Guide) -> None:
    rule: dict[str, Any] = {"validate": "any"}
    if guide.choices:
        rule = {"validate": "list", "source": list(guide.choices)}
    if guide.say:
        rule |= {"input_title": name[:_LONGEST_TITLE], "input_message": guide.say}
    if guide.choices or guide.say:
        worksheet.data_validation(1, place, _LAST_ROW, place, rule)


def _write(worksheet: "Worksheet", row: int, place: int, value: Value, day: "Format") -> None:
    if isinstance(value, str):
        worksheet.write_string(row, place, escaped(value))
    elif isinstance(value, date):
        worksheet.write_datetime(row, place, value, day)
    elif value is not None:
        worksheet.write_number(row, place, value)
