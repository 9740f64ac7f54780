"""A year's plan as an office keeps it: Excel or CSV."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, ValidationInfo, field_validator

from models.offices import SubjectKind
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import Cells, Header
from registry.files.faults import Fault
from registry.files.sheet_cells import Cell, sound
from registry.files.table import TableFile
from registry.register.columns import YEAR

KINDS = {kind.zh: kind for kind in reversed(SubjectKind)}
"""What a plan calls its subjects."""

_CODES: Mapping[SubjectKind, Callable[[Cell], str]] = {
    SubjectKind.COUNTY: cells.code(6),
    SubjectKind.VILLAGE: cells.code(12),
    SubjectKind.HOUSEHOLD: cells.household_code,
}


class PlannedSubject(Cells):
    """One line of a plan."""

    model_config = ConfigDict(title="plan")

    year: Annotated[cells.Year, Header(*YEAR.names, key=True)]
    kind: Annotated[
        SubjectKind, cells.OneOf(KINDS), Header("类别", key=True, example=SubjectKind.HOUSEHOLD.zh)
    ]
    code: Annotated[str, Header("编号", key=True, example="H-0001")]
    document: Annotated[cells.Text, Header("文件依据", key=True, example="扶组〔2026〕1号")]

    @field_validator("code", mode="before")
    @classmethod
    def _of_its_kind(cls, cell: Any, info: ValidationInfo) -> str:
        # Of a kind that is wrong nobody can say how its code looks. Pydantic calls this before the
        # check of every cell that Cells has.
        kind = info.data.get("kind")
        return _CODES[kind](sound(cell)) if kind is not None else ""


class PlanFile(NamedTuple):
    """What a file says, and what is wrong with it."""

    lines: list[PlannedSubject]
    faults: tuple[Fault, ...]


def read_plan(path: Path) -> PlanFile:
    """Read a plan.

    Raises:
        LoadError: if it is no such file.
    """
    table = TableFile(path, PlannedSubject)
    lines = list(table.lines())
    if not lines and not table.faults:
        raise LoadError([f"{path} holds no subject of a plan; write one in each row"])
    return PlanFile(lines, table.faults)
