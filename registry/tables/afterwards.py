"""The time after exit: visits and risks, samples and rates, revocations, documents, alarms.

Every row is carried over from the entry ``case_id``/``seq`` of a case file, and says nothing that
the file does not.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Text
from sqlmodel import Field

from models.offices import SubjectKind
from models.register.households import Risk
from registry.tables.columns import Instant, Table, Written, words


def _case() -> Any:
    return Column(String, ForeignKey("cases.case_id"), primary_key=True)


class CheckRow(Table, table=True):
    """A visit to an exited household that is due in a year, and what it found (F1, F5).

    ``seq`` and what follows are empty until it was made; ``stable`` is whether it still stands by
    S1.
    """

    __tablename__ = "follow_up_checks"
    __table_args__ = (Index(None, "case_id"),)

    household_code: str = Field(foreign_key="households.code", primary_key=True)
    year: int = Field(primary_key=True)
    case_id: str
    due_on: date
    seq: int | None = None
    made_on: date | None = None
    stable: bool | None = None
    note: str | None = Field(default=None, sa_type=Written)
    office: str | None = None


class RiskRow(Table, table=True):
    """A risk (F5) that an exited household is marked with, from one day to another."""

    __tablename__ = "household_risks"
    __table_args__ = (Index(None, "household_code"),)

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    household_code: str = Field(sa_column=Column(String, primary_key=True))
    risk: Risk = Field(sa_column=Column(words(Risk), nullable=False))
    since: date
    until: date | None = None
    reason: str = Field(sa_type=Written)
    office: str


class SampleRow(Table, table=True):
    """The frame that a supervision drew from (F6), as JSON; the entry binds it by its SHA-256."""

    __tablename__ = "samples"

    case_id: str = Field(sa_column=_case())
    county_code: str
    as_of: date
    seed: str
    sha256: str
    frame: str = Field(sa_type=Text)
    drawn: str = Field(sa_type=Text)


class SupervisionRow(Table, table=True):
    """The result of a supervision (F6, S4): the rates as JSON, and which of them failed."""

    __tablename__ = "supervision_results"
    __table_args__ = (Index(None, "county_code", "year"),)

    case_id: str = Field(sa_column=_case())
    seq: int
    county_code: str
    year: int
    decided_at: datetime = Field(sa_type=Instant)
    office: str
    document: str | None = Field(default=None, sa_type=Written)
    rates: str = Field(sa_type=Text)
    failed: str = Field(sa_type=Text)


class RevocationRow(Table, table=True):
    """A revoked exit (F7): which, by whom and by which document; the responsible acts as JSON."""

    __tablename__ = "revocations"
    __table_args__ = (Index(None, "subject_code"), Index(None, "exit_case"))

    case_id: str = Field(sa_column=_case())
    seq: int
    kind: SubjectKind = Field(sa_column=Column(words(SubjectKind), nullable=False))
    subject_code: str
    exit_year: int
    exited_on: date
    exit_document: str | None = Field(default=None, sa_type=Written)
    exit_case: str
    revoked_on: date
    office: str
    document: str = Field(sa_type=Written)
    reason: str = Field(sa_type=Written)
    responsible: str = Field(sa_type=Text)


class DocumentRow(Table, table=True):
    """Filing 备案, data entry 信息录入 or a third party's evaluation 第三方评估 of a case (F9).

    ``belongs_to`` is that case; ``case_id``/``seq`` is where it is on file: the same case, or a
    supplement to it, where it had ended.
    """

    __tablename__ = "case_documents"
    __table_args__ = (Index(None, "belongs_to"),)

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    belongs_to: str
    kind: str
    at: datetime = Field(sa_type=Instant)
    office: str
    document: str | None = Field(default=None, sa_type=Written)
    text: str = Field(sa_type=Written)
    evidence: str = Field(sa_type=Text)


class AlarmRow(Table, table=True):
    """An exited village or county whose incidence has passed the threshold again (F5).

    Attributes:
        ended: It had come down again: the alarm was over.
    """

    __tablename__ = "incidence_alarms"

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    subject_code: str = Field(sa_column=Column(String, primary_key=True))
    kind: SubjectKind = Field(sa_column=Column(words(SubjectKind), nullable=False))
    poor: int = Field(sa_type=BigInteger)
    population: int = Field(sa_type=BigInteger)
    as_of: date
    ended: bool
