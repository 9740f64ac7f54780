"""A row of a sheet, and where its cells stand."""

from datetime import date
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = str | int | float | bool | date
"""What a cell holds; an empty one holds an empty text. In CSV every cell holds text."""


class SheetRow(NamedTuple):
    """One row: ``number`` as a spreadsheet program counts, from 1; no sheet's name in CSV."""

    sheet: str
    number: int
    cells: list[Cell]


def is_blank(cell: Cell) -> bool:
    """Whether nothing is to be seen in a cell."""
    return isinstance(cell, str) and not cell.strip()


def shown(cell: Cell) -> str:
    """A cell as a spreadsheet program shows it."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return f"{cell:.15g}"
    return str(cell).strip()


def letter(index: int) -> str:
    """A column's letter in a spreadsheet program, counted from 0.

    >>> letter(0), letter(25), letter(26), letter(701), letter(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    letters = ""
    index += 1
    while index:
        index, place = divmod(index - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
