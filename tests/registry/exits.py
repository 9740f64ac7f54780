"""Synthetic exits, and what ended some of them, put into a registry as cases would leave them."""

from datetime import date

from sqlalchemy import Engine
from sqlmodel import col, select

from models.offices import SubjectKind
from models.register.households import Cause
from registry.database.engine import writing
from registry.tables import (
    CaseRow,
    EpisodeRow,
    RevocationRow,
    Standing,
    StatusRow,
    VillageStatusRow,
)
from tests.registry.test_readiness import lists


def place_leaves(engine: Engine, code: str, on: date, year: int) -> None:
    """A county or a village leaves its list on a day, for a year."""
    table = StatusRow if len(code) == 6 else VillageStatusRow
    with writing(engine) as session:
        rows = select(table).where(table.code == code).order_by(col(table.since))
        session.exec(rows).all()[-1].until = on
        session.add(
            table(
                code=code,
                since=on,
                status=Standing.EXITED,
                exit_year=year,
                document=f"合成〔{on.year}〕{code[-3:]}号",
                case_id=f"{'county' if len(code) == 6 else 'village'}-exit/{code}/{year}",
                seq=9,
            )
        )


def revoked(engine: Engine, kind: SubjectKind, code: str, on: date) -> None:
    """The last exit of a subject is revoked on a day (F7)."""
    document = f"合成撤〔{on.year}〕1号"
    with writing(engine) as session:
        if kind is SubjectKind.HOUSEHOLD:
            episodes = session.exec(
                select(EpisodeRow)
                .where(EpisodeRow.household_code == code)
                .order_by(col(EpisodeRow.number))
            ).all()
            last = episodes[-1]
            year, exited_on = last.exit_year, last.exited_on
            session.add(
                EpisodeRow(
                    household_code=code,
                    number=last.number + 1,
                    cause=Cause.REVOKED,
                    registered_on=on,
                    opening_document=document,
                )
            )
        else:
            table = StatusRow if kind is SubjectKind.COUNTY else VillageStatusRow
            rows = select(table).where(table.code == code).order_by(col(table.since))
            standing = session.exec(rows).all()[-1]
            assert isinstance(standing, (StatusRow, VillageStatusRow))
            standing.until = on
            year, exited_on = standing.exit_year, standing.since
            session.add(table(code=code, since=on, status=Standing.REVOKED, document=document))
    assert year is not None
    assert exited_on is not None
    case_id = f"revocation/{code}/{year}"
    place = code[:6] if code[0] == "4" else "411523"
    lists(engine, "county", place, year, case_id=case_id, outcome="revoked")
    with writing(engine) as session:
        assert session.get(CaseRow, case_id) is not None
        session.add(
            RevocationRow(
                case_id=case_id,
                seq=5,
                kind=kind,
                subject_code=code,
                exit_year=year,
                exited_on=exited_on,
                exit_case="",
                revoked_on=on,
                office="A9/410000",
                document=document,
                reason="弄虚作假",
                responsible="[]",
            )
        )
