"""The limits in force as rows: what a list of deadlines narrows, orders and counts by (T8, G4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, select

from models.base import canonical
from models.case.orders import LimitInForce
from models.periods import LimitKind
from registry.tables import CaseRow, LimitRow

OF_THE_CASE = ("procedure", "year", "region", "step", "subject_name")
"""Columns that repeat those of the case."""


def keep_limits(session: Session, case: CaseRow, limits: Sequence[LimitInForce]) -> list[str]:
    """Put the limits of a case in the place of those that were in force; return their contents.

    In a case that has ended nobody is held to anything any more.
    """
    kept = {
        row.place: row
        for row in session.exec(select(LimitRow).where(LimitRow.case_id == case.case_id))
    }
    held = [] if case.outcome is not None else limits
    contents = [canonical(each.model_dump(mode="json")) for each in held]
    for place, (limit, content) in enumerate(zip(held, contents, strict=True)):
        values = columns_of(case.model_dump(), place, limit) | {"content": content}
        row = kept.pop(place, None)
        if row is None:
            session.add(LimitRow(**values))
        else:
            row.sqlmodel_update(values)
    for gone in kept.values():
        session.delete(gone)
    session.flush()
    return contents


def columns_of(case: Mapping[str, Any], place: int, held: LimitInForce) -> dict[str, Any]:
    """What the columns of a limit say, by the limit itself and by the row of its case."""
    return {name: case[name] for name in ("case_id", *OF_THE_CASE)} | {
        "place": place,
        "due": held.limit.due,
        "office": str(held.office),
        "binding": held.limit.kind is not LimitKind.MINIMUM,
        "breached": held.breached,
    }
