"""A row of a sheet, and where its cells stand."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from models.texts.id_numbers import is_one
from models.texts.personal_numbers import hide

Cell: TypeAlias = str | int | float | bool | date
"""What a cell holds; an empty one holds an empty text. In CSV every cell holds text."""


_LONG = 10**14
_NOTHING: Mapping[int, bool] = {}

_ERROR = re.compile(
    r"[#＃](N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!"  # noqa: RUF001
    r"|UNKNOWN!|EXTERNAL!|PYTHON!|TIMEOUT!|GETTING_DATA|=\?)|#{3,}|(Err|错误)[:：]\d{3}",
    re.IGNORECASE,
)
NOT_CALCULATED = "#=?"
"""Stands for a formula that was saved without its value."""


class SheetRow(NamedTuple):
    """One row: ``number`` as a spreadsheet program counts, from 1; no sheet's name in CSV.

    ``merged`` are the places of its cells that are one with the cell above (``down``), or with one
    beside them; each holds what that one shows.
    """

    sheet: str
    number: int
    cells: list[Cell]
    merged: Mapping[int, bool] = _NOTHING


MERGED = "is one with other cells (merged); write into each cell what is true of its own row"


def sound(cell: Cell) -> Cell:
    """A cell as it is, unless it shows an error: that is no value, and not an empty cell either.

    Raises:
        ValueError: saying what would be right.
    """
    if isinstance(cell, str) and _ERROR.fullmatch(cell.strip()):
        if cell == NOT_CALCULATED:
            raise ValueError(
                "is a formula that was saved without its value; open the file, save it, or write "
                "the value"
            )
        raise ValueError(
            "is an error that a spreadsheet program shows in place of a value; correct the "
            "formula, or write the value"
        )
    return cell


def is_blank(cell: Cell) -> bool:
    """Whether nothing is to be seen in a cell."""
    return isinstance(cell, str) and not cell.strip()


SUM = re.compile("合计|总计|小计|共计|累计|总合计")
IS_SUM = "this is a row of sums; take it out"


def sum_in(row: SheetRow) -> int | None:
    """The cell by which a row is seen to be one of sums; None if it is not."""
    for index, cell in enumerate(row.cells):
        if isinstance(cell, str) and _is_sum(cell):
            return index
    return None


def _is_sum(said: str) -> bool:
    return SUM.fullmatch("".join(said.split()).strip(":：")) is not None


_SIGNED = re.compile(
    "(填表|填报|制表|编制|审核|审批|复核|校对|经办|负责|责任|联系|记录|统计)(人|单位|日期|时间|部门)"
    "|单位(主要)?负责人|(主要|分管)领导|(单位|村委会|乡镇)?[(]?(盖章|公章|签字|签章)[)]?"
    "|(填表|填报)?(注|备注|说明)[0-9]*"
)
SIGNS = "this row signs or explains the sheet, and is none of its table; take it out"


def signed_in(row: SheetRow) -> int | None:
    """The cell by which a row is seen to sign or explain (填表人：, 注：); None if it does not.

    Such a word stands first in the row, with a colon behind it or alone.
    """
    for index, cell in enumerate(row.cells):
        if not is_blank(cell):
            said = "".join(unicodedata.normalize("NFKC", str(cell)).split())
            signs = isinstance(cell, str) and _SIGNED.fullmatch(said.partition(":")[0])
            return index if signs else None
    return None


EXPLANATION = "填写说明"
"""The last sheet of every form that is written here (``registry.forms.templates``)."""
_EXPLAINS = re.compile("(填写|填表|填报|使用|指标|表格)?(说明|示例|样例|样表|须知|解释)")


def is_explanation(sheet: str) -> bool:
    """Whether a sheet explains others, by its name.

    >>> is_explanation("填写说明"), is_explanation("户")
    (True, False)
    """
    return _EXPLAINS.fullmatch(sheet.strip()) is not None


def is_mistaken(said: str) -> bool:
    """Whether a cell of this text is taken for a sum or an error, and not for what it says.

    >>> is_mistaken("合计"), is_mistaken("#N/A"), is_mistaken("合计三户")
    (True, True, False)
    """
    return _is_sum(said) or _ERROR.fullmatch(said) is not None


def kept_apart(said: Cell | None) -> Cell | None:
    """What a row holds, behind an apostrophe if its cell were mistaken; reading takes that off."""
    return f"'{said}" if isinstance(said, str) and is_mistaken(said.lstrip("'")) else said


def shown(cell: Cell) -> str:
    """A cell as a spreadsheet program shows it."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return f"{cell:.15g}"
    return str(cell).strip()


def shown_safely(cell: Cell) -> str:
    """The same without any number of a person (G8); a long number may be one that was damaged."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and abs(cell) >= _LONG:
        return "a long number"
    said = shown(cell)
    return masked(said) if is_one(said) else hide(said)


def masked(id_number: str) -> str:
    """An ID number as a fault may show it (G8): where it was given out, and its last four.

    >>> masked("41152319700101123X")
    '411523********123X'
    """
    return f"{id_number[:6]}{'*' * max(4, len(id_number) - 10)}{id_number[10:][-4:]}"


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
