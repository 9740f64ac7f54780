"""Findings in messages that a case takes: as many as it takes, none too large."""

from collections.abc import Iterator
from datetime import datetime

from activities.check_lists import Checked
from models.base import Record
from models.offices import Office
from models.parts import Evidence
from models.supervision_messages import Findings, HouseholdCheck, VillageCheck
from operators.sending import given

_PART = 150_000
"""Bytes of findings in one message: half of what a case takes at once."""


def in_parts(
    checked: Checked,
    *,
    id: str | None,
    office: Office,
    officer: str,
    at: datetime | None,
    evidence: tuple[Evidence, ...],
) -> list[Findings]:
    """The findings of a workbook as messages, in the order of its rows; each has the evidence.

    Args:
        id: The sender's own id; where there are several messages, their numbers stand behind it.
    """
    parts = list(_parts([*checked.households, *checked.villages]))
    return [
        Findings(
            id=given(id if id is None or len(parts) == 1 else f"{id}.{number}"),
            office=office,
            officer=officer,
            households=tuple(each for each in part if isinstance(each, HouseholdCheck)),
            villages=tuple(each for each in part if isinstance(each, VillageCheck)),
            at=at,
            evidence=evidence,
        )
        for number, part in enumerate(parts, start=1)
    ]


def _parts(checks: list[HouseholdCheck | VillageCheck]) -> Iterator[list[Record]]:
    part: list[Record] = []
    size = 0
    for check in checks:
        more = len(check.model_dump_json().encode())
        if part and size + more > _PART:
            yield part
            part, size = [], 0
        part.append(check)
        size += more
    if part:
        yield part
