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
from models.case.letter_delivery import UNSIGNED, WAYS, LetterDelivery, LetterWay
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


def _names(cell: Any) -> tuple[str, ...]:
    return tuple(map(cells.proper_name, str(cell).split("、")))


_Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


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
    refused_because: Annotated[cells.Reason | None, Header("拒收事由", wide=True)] = None
    witnesses: Annotated[_Names | None, Header("见证人", wide=True)] = None

    @field_validator("received_by")
    @classmethod
    def _signed(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is None and info.data.get("way") not in (None, *UNSIGNED):
            raise ValueError("is empty; write who signed for the letter")
        if name is not None and info.data.get("way") in UNSIGNED:
            raise ValueError(f"names somebody, but {_WAY.name} says that nobody signed")
        return name

    @field_validator("refused_because", "witnesses")
    @classmethod
    def _left(cls, said: Any, info: ValidationInfo) -> Any:
        is_left = info.data.get("way") is LetterWay.LEFT
        if said is None and is_left:
            raise ValueError("is empty; write why the letter was refused, and who saw it left")
        if said is not None and not is_left:
            raise ValueError(f"belongs to {WAYS[LetterWay.LEFT]}, and to no other way")
        return said


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
    names = ("day", "way", "received_by", "refused_because", "witnesses")
    filled = [column_of(DeliveryCells, name) for name in names]
    found: list[LetterDelivery] = []
    for sheet in table.sheets():
        for row, line in sheet.lines(*filled):
            try:
                said = {name: value for name, value in line if value is not None}
                given = {name: said[name] for name in said.keys() & LetterDelivery.model_fields}
                found.append(LetterDelivery.model_validate(given))
            except ValidationError as error:
                sheet.fault(row, column_of(DeliveryCells, "letter"), faults(error))
    table.refuse()
    if not found:
        raise LoadError([f"{path} reports no delivered letter; fill in 送达日期 and {_WAY.name}"])
    return tuple(found)
