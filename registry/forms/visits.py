"""Excel and CSV: the visits to a township's exited households (F5), as they are reported."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, ValidationInfo, field_validator

from models.follow_up.messages import RISKS, Visit
from models.register.households import Risk
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import GROUP, HEAD, VILLAGE_NAME, Cells, Header, column_of, once
from registry.files.table import TableFile
from registry.register.columns import HOUSEHOLD

_LONGEST = 500
_MOST_VISITS = 20_000
"""In one file, which is sent in parts: more than a large township has to visit."""


def _short(said: str) -> str:
    if len(said) > _LONGEST:
        raise ValueError(f"has {len(said)} characters; write {_LONGEST} at most")
    return said


_Note = Annotated[cells.Text, AfterValidator(_short)]
_RISKS = cells.OneOf({word: risk for risk in RISKS for word in (RISKS[risk], risk.value)})


class VisitCells(Cells):
    """A visit as a row reports it."""

    model_config = ConfigDict(title="table of visits")

    household: Annotated[cells.HouseholdCode, AfterValidator(once), HOUSEHOLD]
    head: Annotated[Any, HEAD] = None
    village: Annotated[Any, VILLAGE_NAME] = None
    group: Annotated[Any, GROUP] = None
    made_on: Annotated[cells.Day, Header("回访日期", key=True)]
    stable: Annotated[Annotated[bool, cells.yes_or_no("稳定/不稳定")], Header("是否稳定", key=True)]
    risk: Annotated[Annotated[Risk, _RISKS] | None, Header("风险")] = None
    note: Annotated[_Note | None, Header("回访情况")] = None
    correction: Annotated[_Note | None, Header("更正理由")] = None

    @field_validator("note")
    @classmethod
    def _explains(cls, note: str | None, info: ValidationInfo) -> str | None:
        if note is None and (info.data.get("stable") is False or info.data.get("risk")):
            raise ValueError("is empty; say what was found, where not all is well")
        return note


_VISIT = [
    column_of(VisitCells, name) for name in ("made_on", "stable", "risk", "note", "correction")
]


def read_visits(path: Path, today: date) -> tuple[Visit, ...]:
    """Read a table of visits; a row that says nothing of a visit is passed over: none was made yet.

    Args:
        today: No visit was made after it.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    table = TableFile(path, VisitCells, today=today)
    found = [
        Visit.model_validate(line, from_attributes=True)
        for sheet in table.sheets()
        for _, line in sheet.lines(*_VISIT)
    ]
    table.refuse()
    if not 0 < len(found) <= _MOST_VISITS:
        said = "no visit; write one in each row" if not found else f"{len(found):,} visits"
        more = f", more than the {_MOST_VISITS:,} of one report" if found else ""
        raise LoadError([f"{path} holds {said}{more}"])
    return tuple(found)
