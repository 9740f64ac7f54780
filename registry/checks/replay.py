"""What the files of cases lead to, worked out once more by the code that filled the tables.

In a database of its own in memory, which forgets everything after each case.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool
from sqlmodel import Session

from models.case.ledger import Entry
from models.case.orders import CaseState, LedgerBatch
from models.identity import procedure_of, subject_code, supplemented
from models.procedures import Procedure
from registry.cases.projections import project
from registry.checks.values import Row, table_of
from registry.tables import (
    AlarmRow,
    CheckRow,
    DocumentRow,
    HouseholdRow,
    IndicatorRow,
    ObjectionRow,
    PlanRow,
    RiskRow,
    RosterRow,
    SupervisionRow,
    Table,
    VillageYearRow,
)

PROJECTED: tuple[type[Table], ...] = (
    ObjectionRow,
    IndicatorRow,
    RosterRow,
    CheckRow,
    RiskRow,
    SupervisionRow,
    DocumentRow,
    AlarmRow,
)
"""Tables whose rows belong to one case, and follow from its file."""

SHARED: tuple[type[Table], ...] = (PlanRow, VillageYearRow)
"""Tables in which the first, or the last, of several cases has its say."""


class Turn(NamedTuple):
    """Some entries of a case, as they once came in together."""

    case_id: str
    entries: Sequence[Entry]


class Identity(NamedTuple):
    """What the id of a case says of it."""

    procedure: Procedure
    subject_code: str
    year: int


def identity_of(case_id: str) -> Identity:
    """What the id of a case says of it.

    >>> said = identity_of("supplement/follow-up/411523100/2017/1")
    >>> said.procedure.id, said.subject_code, said.year
    ('supplement', '411523100', 2017)
    """
    year = (supplemented(case_id) or case_id).split("/")[2]
    return Identity(procedure_of(case_id), subject_code(case_id), int(year[:4]))


class Replay:
    """A scratch registry."""

    def __init__(self) -> None:
        self._engine = sa.create_engine("sqlite://", poolclass=StaticPool, creator=_scratch)

    def close(self) -> None:
        """Let it go."""
        self._engine.dispose()

    def rows(
        self, turns: Iterable[Turn], households: Iterable[str] = ()
    ) -> dict[type[Table], list[Row]]:
        """The rows that entries lead to, in the order in which they came in.

        Args:
            households: Those of the register that the cases are about.
        """
        with Session(self._engine) as session:
            known = [
                {"code": code, "village_code": "", "village_group": "", "head": "", "size": 1}
                for code in households
            ]
            if known:
                session.execute(
                    sa.insert(table_of(HouseholdRow)), [k | {"revision": 1} for k in known]
                )
            for turn in turns:
                state = _state(turn.case_id)
                batch = LedgerBatch.model_construct(
                    case_id=turn.case_id, entries=tuple(turn.entries), state=state, run="", token=""
                )
                project(session, batch, turn.entries)
            session.flush()
            connection = session.connection()
            found: dict[type[Table], list[Row]] = {
                row: [
                    dict(each) for each in connection.execute(sa.select(table_of(row))).mappings()
                ]
                for row in (*PROJECTED, *SHARED)
            }
            session.rollback()
        return found


def _scratch() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.deserialize(_tables())
    return connection


@cache
def _tables() -> bytes:
    """A database with all tables, empty: to lay them out takes longer than to replay a case."""
    engine = sa.create_engine("sqlite://", poolclass=StaticPool)
    try:
        Table.metadata.create_all(engine)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            return driver.serialize()
    finally:
        engine.dispose()


def _state(case_id: str) -> CaseState:
    """As much of a case's state as the lists take from it."""
    said = identity_of(case_id)
    return CaseState(
        case_id=case_id,
        procedure=said.procedure.id,
        subject_code=said.subject_code,
        subject_name="",
        year=said.year,
        region=(),
        step="",
        round=1,
        waiting_for=None,
        deadline=None,
        overdue=False,
        open_objections=0,
        outcome=None,
    )
