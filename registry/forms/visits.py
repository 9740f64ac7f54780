"""Excel and CSV: the visits to a township's exited households (F5), as they are reported."""

from datetime import date
from pathlib import Path

from models.follow_up.messages import RISKS, Visit
from models.register.households import Risk
from registry.errors import LoadError
from registry.files import cells
from registry.files.columns import HOUSEHOLD_CODE
from registry.files.named_columns import Columns, NamedColumns
from registry.files.sheet_cells import Cell

MADE_ON, STABLE, NOTE, RISK, CORRECTION = "回访日期", "是否稳定", "回访情况", "风险", "更正理由"

_LONGEST = 500
_MOST_VISITS = 20_000
"""In one file, which is sent in parts: more than a large township has to visit."""


def read_visits(path: Path, today: date) -> tuple[Visit, ...]:
    """户编号, 回访日期, 是否稳定; 回访情况, 风险 and 更正理由 where there is something to say.

    Args:
        today: No visit was made after it.

    Raises:
        LoadError: if it is no such file, or with its faults, each with row and column.
    """
    columns = Columns((HOUSEHOLD_CODE, MADE_ON, STABLE), (NOTE, RISK, CORRECTION))
    file = NamedColumns(path, columns)
    first: dict[str, int] = {}
    found: list[Visit] = []
    for line in file.rows():
        code = line.read(HOUSEHOLD_CODE, cells.household_code)
        made_on = line.read(MADE_ON, cells.day(today))
        stable = line.read(STABLE, cells.yes_no)
        note = line.read_if_filled(NOTE, _note)
        risk = line.read_if_filled(RISK, _risk)
        correction = line.read_if_filled(CORRECTION, _note)
        if code is not None and code in first:
            line.fault(HOUSEHOLD_CODE, f"stands in row {first[code]} already; keep one")
        elif code is not None:
            first[code] = line.number
        if note is None and (stable is False or risk is not None):
            line.fault(NOTE, "is empty; say what was found, where not all is well")
        elif code is not None and made_on is not None and stable is not None:
            found.append(
                Visit(
                    household=code,
                    made_on=made_on,
                    stable=stable,
                    note=note,
                    risk=risk,
                    correction=correction,
                )
            )
    file.refuse()
    if not 0 < len(found) <= _MOST_VISITS:
        said = "no visit; write one in each row" if not found else f"{len(found):,} visits"
        more = f", more than the {_MOST_VISITS:,} of one report" if found else ""
        raise LoadError([f"{path} holds {said}{more}"])
    return tuple(found)


def _note(cell: Cell) -> str:
    said = cells.text(cell)
    if len(said) > _LONGEST:
        raise ValueError(f"has {len(said)} characters; write {_LONGEST} at most")
    return said


def _risk(cell: Cell) -> Risk:
    said = cells.text(cell)
    for risk, called in RISKS.items():
        if said in (called, risk.value):
            return risk
    raise ValueError(f"write {'、'.join(RISKS.values())}, or nothing")
