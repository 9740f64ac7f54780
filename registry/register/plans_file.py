"""A year's plan as an office keeps it (Excel or CSV): 年度, 类别 (户, 村, 县), 编号, 文件依据."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from registry.errors import LoadError
from registry.files import cells
from registry.files.faults import Fault
from registry.files.named_columns import Columns, NamedColumns
from registry.files.sheet_cells import Cell
from registry.register.plans import KINDS, PlannedSubject
from registry.tables import SubjectKind

YEAR, KIND, CODE, DOCUMENT = COLUMNS = ("年度", "类别", "编号", "文件依据")

_CODES: Mapping[SubjectKind, Callable[[Cell], str]] = {
    SubjectKind.COUNTY: cells.code(6),
    SubjectKind.VILLAGE: cells.code(12),
    SubjectKind.HOUSEHOLD: cells.household_code,
}


class PlanFile(NamedTuple):
    """What a file says, and what is wrong with it."""

    lines: list[PlannedSubject]
    faults: list[Fault]


def read_plan(path: Path) -> PlanFile:
    """Read a file; its columns stand in any order.

    Raises:
        LoadError: if it is no such file.
    """
    file = NamedColumns(path, Columns(COLUMNS))
    lines = []
    for line in file.rows():
        year, kind = line.read(YEAR, cells.year), line.read(KIND, _kind)
        code = line.read(CODE, _CODES[kind]) if kind is not None else None
        document = line.read(DOCUMENT, cells.text)
        if year and kind and code and document:
            lines.append(
                PlannedSubject(
                    sheet=line.sheet,
                    row=line.number,
                    year=year,
                    kind=kind,
                    code=code,
                    document=document,
                )
            )
    if not lines and not file.faults:
        raise LoadError([f"{path} holds no subject of a plan; write one in each row"])
    return PlanFile(lines, file.faults)


def _kind(cell: Cell) -> SubjectKind:
    said = str(cell).strip()
    if said not in KINDS:
        raise ValueError(f"write one of {'、'.join(KINDS)}")
    return KINDS[said]
