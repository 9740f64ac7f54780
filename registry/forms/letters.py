"""Letters to households as a sheet (送达回证, F15): out with what is to be delivered, and in again.

A row whose day, way and signature are all empty is not delivered yet, and is passed over.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, ValidationError, ValidationInfo, field_validator

from models.base import faults
from models.case.ledger import MOST_ENTRIES
from models.case.letter_delivery import WAYS, LetterDelivery, LetterWay
from registry.cases.letters import WrittenLetter
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import Cells, Header, column_of, columns_of, sheet_columns, written
from registry.files.table import TableFile
from registry.files.workbook_writing import Guide, write_sheets
from registry.register.columns import HOUSEHOLD

_SHEET = "送达回证"
_WAY = Header("送达方式", key=True)
_WAYS = cells.OneOf({word: way for way in WAYS for word in (WAYS[way], way.value)})


class DeliveryCells(Cells):
    """A letter to a household, and how it was delivered."""

    model_config = ConfigDict(title="table of deliveries")

    household: Annotated[cells.HouseholdCode, HOUSEHOLD]
    letter: Annotated[
        int, BeforeValidator(cells.whole(MOST_ENTRIES, "12")), Header("告知书编号", key=True)
    ]
    title: Annotated[Any, Header("告知书", wide=True)] = None
    written_on: Annotated[Any, Header("告知书日期")] = None
    day: Annotated[cells.Day, Header("送达日期", key=True)]
    way: Annotated[Annotated[LetterWay, _WAYS], _WAY]
    received_by: Annotated[cells.ProperName | None, Header("签收人")] = None

    @field_validator("received_by")
    @classmethod
    def _signed(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None and info.data.get("way") not in (None, LetterWay.POSTED):
            raise ValueError("is empty; write who signed for the letter")
        if name is not None and info.data.get("way") is LetterWay.POSTED:
            raise ValueError(f"names somebody, but {_WAY.name} says that nobody was met")
        return name


def write_letters(path: Path, letters: Sequence[WrittenLetter]) -> None:
    """Write letters as a sheet, with empty columns for how they were delivered.

    Raises:
        OSError: if the file cannot be written; what was there stays as it was.
    """
    columns = columns_of(DeliveryCells)
    rows = [
        written(
            DeliveryCells.model_construct(**{"letter": each.entry, **dict(each)}),
            columns,
        )
        for each in letters
    ]
    guides = {_WAY.name: Guide(choices=tuple(WAYS.values()))}
    write_sheets(path, [(_SHEET, sheet_columns(columns), rows)], guides)


def read_deliveries(path: Path, today: date) -> tuple[LetterDelivery, ...]:
    """What a sheet reports as delivered.

    Args:
        today: Nothing was delivered after it.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    table = TableFile(path, DeliveryCells, today=today)
    filled = [column_of(DeliveryCells, name) for name in ("day", "way", "received_by")]
    found: list[LetterDelivery] = []
    for sheet in table.sheets():
        for row, line in sheet.lines(*filled):
            try:
                found.append(LetterDelivery.model_validate(line, from_attributes=True))
            except ValidationError as error:
                sheet.fault(row, column_of(DeliveryCells, "letter"), faults(error))
    table.refuse()
    if not found:
        raise LoadError([f"{path} reports no delivered letter; fill in 送达日期 and {_WAY.name}"])
    return tuple(found)
