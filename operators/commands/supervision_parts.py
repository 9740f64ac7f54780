"""Findings in messages that a case takes: as many as it takes, none too large."""

from datetime import datetime

from models.case.parts import Evidence
from models.offices import Office
from models.supervision.messages import Findings, HouseholdCheck, VillageCheck
from operators.commands import parts
from registry.forms.check_lists import Checked


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
    return [
        Findings(
            id=given_id,
            office=office,
            officer=officer,
            households=tuple(each for each in part if isinstance(each, HouseholdCheck)),
            villages=tuple(each for each in part if isinstance(each, VillageCheck)),
            at=at,
            evidence=evidence,
        )
        for given_id, part in parts.in_parts("check", [*checked.households, *checked.villages], id)
    ]
