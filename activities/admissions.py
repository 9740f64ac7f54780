"""Admitting a case: what is held against the register is listed in the same transaction (G9)."""

from datetime import datetime

from sqlmodel import Session

from activities.projections import list_case
from models.offices import County, Village
from models.orders import CaseState


def admit(
    session: Session, state: CaseState, now: datetime, case_id: str, *faults: str | None
) -> str | None:
    """List a case that nothing speaks against, so that no second one of its subject can be (G9).

    Args:
        case_id: What its id is by the register.
        faults: What speaks against it, each None where it does not.

    Returns:
        The first fault, or that the id is another; None where the case is listed now.
    """
    said = next(filter(None, faults), None)
    if said is None and state.case_id != case_id:
        said = f"the id of this case is not {state.case_id} but {case_id} (G9)"
    if said is None:
        list_case(session, state, now)
    return said


def difference(what: str, given: County | Village, known: County | Village | None) -> str | None:
    """What an opening says otherwise than the register of its subject, in one sentence.

    None where nothing, or where the register has no such subject: that is a fault of its own.
    """
    if known is None:
        return None
    told, true = given.model_dump(mode="json"), known.model_dump(mode="json")
    said = [
        f"{field} {told[field]!r} for {true[field]!r}"
        for field in true
        if told[field] != true[field]
    ]
    if not said:
        return None
    return (
        f"the case was opened with another {what} than the register has under {known.code}: "
        f"{', '.join(said)}; open it again with what the register says"
    )
