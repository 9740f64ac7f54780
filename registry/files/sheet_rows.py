"""The rows of a file as an office keeps it: Excel (.xlsx, .xls) or text, one at a time."""

from collections.abc import Iterator
from pathlib import Path

from registry.errors import LoadError
from registry.files.csv_rows import csv_rows
from registry.files.disk import open_file
from registry.files.sheet_cells import SheetRow, is_blank
from registry.files.workbook_rows import workbook_rows

TEXTS = (".csv", ".txt", ".tsv")
KINDS = (".xlsx", ".xls", *TEXTS)
"""How the name of a file with a table ends."""
MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 300_000
"""A county's roster has some ten thousand; twice a large county's stay within memory and time."""


def rows_of(path: Path) -> Iterator[SheetRow]:
    """Every row of every visible sheet, with what its cells hold; blank rows are left out.

    Raises:
        LoadError: in one sentence, if the file is no such file, or too large to be one.
    """
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise LoadError([f"{path} is none of {', '.join(KINDS)}; save it as one of these"])
    _check_size(path)
    rows = csv_rows(path) if kind in TEXTS else workbook_rows(path)
    count = 0
    for row in rows:
        if all(is_blank(cell) for cell in row.cells):
            continue
        count += 1
        if count > MAX_ROWS:
            raise LoadError(
                [f"{path} has more than {MAX_ROWS} rows; divide it, by township for example"]
            )
        yield row


def _check_size(path: Path) -> None:
    try:
        with open_file(path) as file:
            size = file.seek(0, 2)
    except OSError as error:
        raise LoadError([f"{path} cannot be read: {error.strerror}"]) from None
    if size > MAX_BYTES:
        raise LoadError(
            [
                f"{path} has {size // 2**20} MB, more than the {MAX_BYTES // 2**20} MB that are "
                "read; divide it, by township for example, and take pictures out"
            ]
        )
    if size == 0:
        raise LoadError([f"{path} is empty; the first row names the columns, the next the first"])
