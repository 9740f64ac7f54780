"""What the registry's lists come to at a moment, as numbers for a monitor."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, literal
from sqlmodel import Session, col, select

from models.case.ledger import EntryKind
from registry.database.engine import reading
from registry.tables import CaseRow, CheckResultRow, ContradictionRow, DeliveryRow, EntryRow

_AT_ONCE = 500
"""Cases in one statement: databases bound how many values it may have."""


@dataclass(frozen=True)
class Gauges:
    """Of cases that are open.

    Attributes:
        open: By procedure and step.
        overdue: In which a limit was missed.
        refused: Messages on file as refused.
        given_up: Notifications that were given up, of ended cases too.
        contradicted: Whose own file says otherwise than the kept one.
        findings: Of the last check, of all that it looked at.
        kept: How many entries are kept of each case that was asked for, of ended ones too.
    """

    open: Mapping[tuple[str, str], int]
    overdue: int
    refused: int
    given_up: int
    contradicted: int
    findings: int
    kept: Mapping[str, int]


def gauges(engine: Engine, behind: Sequence[str] = ()) -> Gauges:
    """Read them in one transaction.

    Args:
        behind: Cases whose kept entries are asked for.

    Raises:
        RegistryError: if the database fails.
    """
    is_open = col(CaseRow.outcome).is_(None)
    with reading(engine) as session:
        by_step = (
            select(CaseRow.procedure, CaseRow.step, CaseRow.overdue, func.count())
            .where(is_open)
            .group_by(CaseRow.procedure, CaseRow.step, col(CaseRow.overdue))
        )
        counted = session.exec(by_step).all()
        open_ = Counter[tuple[str, str]]()
        for procedure, step, _, number in counted:
            open_[procedure, step] += number
        # Its value stands in the statement: else a planner may leave their own index alone.
        refused = (
            select(func.count())
            .select_from(EntryRow)
            .join(CaseRow, col(CaseRow.case_id) == col(EntryRow.case_id))
            .where(is_open, EntryRow.kind == literal(EntryKind.REFUSED.value, literal_execute=True))
        )
        given_up = select(func.count()).where(col(DeliveryRow.error).is_not(None))
        last = select(CheckResultRow.findings).order_by(col(CheckResultRow.at).desc()).limit(1)
        return Gauges(
            open=open_,
            overdue=sum(number for _, _, overdue, number in counted if overdue),
            refused=session.exec(refused).one(),
            given_up=session.exec(given_up).one(),
            contradicted=session.exec(select(func.count()).select_from(ContradictionRow)).one(),
            findings=session.exec(last).first() or 0,
            kept=_kept(session, behind),
        )


def _kept(session: Session, cases: Sequence[str]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for start in range(0, len(cases), _AT_ONCE):
        some = col(CaseRow.case_id).in_(cases[start : start + _AT_ONCE])
        kept |= dict(session.exec(select(CaseRow.case_id, CaseRow.entries).where(some)).all())
    return kept
