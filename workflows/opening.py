"""The state in which a case begins, whatever procedure it is of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from temporalio import workflow

from models.case.admission import Opening
from models.case.mailbox import who_acts
from models.case.state import Docket
from models.offices import Office
from models.procedures import Procedure, Step, steps_of


def docket_of(
    procedure: Procedure,
    opening: Opening[Any, Any],
    *,
    signed: datetime | None = None,
    office: Office | None = None,
    skips: Mapping[Step, str] | None = None,
) -> Docket:
    """The state in which a case begins.

    Args:
        signed: When its application was signed; received, if not given.
        office: As ``steps_of`` has it.
        skips: The steps this subject does not pass, with the reason.
    """
    steps = steps_of(procedure, opening.subject, opening.policy, office)
    return Docket(
        case_id=workflow.info().workflow_id,
        procedure=procedure,
        subject=opening.subject,
        year=opening.application.year,
        policy=opening.policy,
        route=steps,
        skipped=skips or {},
        step=steps[0],
        basis=signed or opening.received_at or workflow.now(),
        officers=dict.fromkeys(who_acts(opening.application), steps[0].id),
        preparing=procedure.prepares,
    )
