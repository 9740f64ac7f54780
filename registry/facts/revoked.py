"""Which exits were revoked (F7): a revoked exit counts for no year, and its year is closed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, select

from models.offices import SubjectKind
from registry.records import RevokedRecord
from registry.tables import RevocationRow


def revoked_in(
    session: Session, kind: SubjectKind, codes: Sequence[str] | None, year: int
) -> dict[str, str]:
    """The revocation of an exit of a year, by the code of its subject; of all, or of some."""
    query = select(RevocationRow.subject_code, RevocationRow.case_id).where(
        RevocationRow.kind == kind, RevocationRow.exit_year == year
    )
    if codes is not None:
        query = query.where(col(RevocationRow.subject_code).in_(codes))
    return dict(session.exec(query.order_by(col(RevocationRow.revoked_on))).all())


def revoked_of(session: Session, case_id: str) -> tuple[RevokedRecord, ...]:
    """The exits of a case that were revoked since, by number."""
    found = session.exec(
        select(RevocationRow)
        .where(RevocationRow.exit_case == case_id)
        .order_by(RevocationRow.subject_code)
    )
    return tuple(
        RevokedRecord(
            subject=row.subject_code, on=row.revoked_on, document=row.document, case_id=row.case_id
        )
        for row in found
    )


def stands(kind: SubjectKind, code: str, exited_on: Any) -> ColumnElement[bool]:
    """Whether an exit was not revoked since, for a query over standings or episodes.

    Args:
        code, exited_on: The columns that say who left, and since when.
    """
    return ~exists().where(
        col(RevocationRow.kind) == kind,
        col(RevocationRow.subject_code) == code,
        col(RevocationRow.exited_on) == exited_on,
    )
