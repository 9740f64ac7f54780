"""Cases and their files, and what lists take from them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Text, UniqueConstraint
from sqlmodel import Field

from registry.tables.columns import Exact, Instant, RegionPath, Source, Table, Written, words


class CaseRow(Table, table=True):
    """How a case stood after its last kept entry: ``models.case.orders.CaseLine``, for lists.

    ``region`` is the path of division codes, each between slashes (``/410000/411500/``), so that
    one division's cases are those whose path begins with that of the division. ``run`` is the first
    run of the workflow that was admitted under the id.
    """

    __tablename__ = "cases"
    __table_args__ = (
        Index(None, "subject_code", "year"),
        Index(None, "year"),
        Index(None, "deadline", "case_id"),
        Index(None, "region"),
        Index(None, "waiting_for", "deadline"),
    )

    case_id: str = Field(primary_key=True)
    procedure: str
    subject_code: str
    subject_name: str = Field(sa_type=Written)
    year: int
    region: str = Field(sa_type=RegionPath)
    step: str
    round: int
    waiting_for: str | None = None
    deadline: datetime | None = Field(default=None, sa_type=Instant)
    overdue: bool
    open_objections: int
    outcome: str | None = None
    entries: int
    head: str
    updated: datetime = Field(sa_type=Instant)
    run: str | None = None


class LimitRow(Table, table=True):
    """A limit that somebody is held to in an open case, after its last kept entry, for lists.

    ``place`` counts those of a case, the nearest first. ``content`` is all of the limit
    (``models.case.orders.LimitInForce``), canonical JSON; the rest is for SQL: from it, or from the
    row of the case. ``binding`` is whether anybody can miss it.
    """

    __tablename__ = "limits_in_force"
    __table_args__ = (
        Index(None, "due", "case_id", "place", "binding", "breached"),
        Index(None, "office", "due", "binding", "breached"),
        Index(None, "region", "due", "binding", "breached"),
    )

    case_id: str = Field(sa_column=Column(String, ForeignKey("cases.case_id"), primary_key=True))
    place: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    due: datetime = Field(sa_type=Instant)
    office: str
    binding: bool
    breached: bool
    procedure: str
    year: int
    region: str = Field(sa_type=RegionPath)
    step: str
    subject_name: str = Field(sa_type=Written)
    content: str = Field(sa_type=Text)


def _case() -> Any:
    return Column(String, ForeignKey("cases.case_id"), primary_key=True)


class EntryRow(Table, table=True):
    """One ledger entry (G7): ``content`` is all of it, canonical JSON; the rest is for SQL."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_refused", "case_id"),)

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    at: datetime = Field(sa_type=Instant)
    step: str
    round: int
    actor: str = Field(sa_type=Written)
    text: str = Field(sa_type=Written)
    previous: str
    hash: str
    content: str = Field(sa_type=Text)


class NoticeRow(Table, table=True):
    """A public notice as it was published (C4)."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("case_id", "seq"),)

    id: str = Field(primary_key=True)
    case_id: str
    seq: int
    title: str = Field(sa_type=Written)
    markdown: str = Field(sa_type=Written)
    html: str = Field(sa_type=Written)
    sha256: str
    posted_at: datetime = Field(sa_type=Instant)
    closes_at: datetime = Field(sa_type=Instant)
    replaces: str | None = None


class ObjectionRow(Table, table=True):
    """An objection, its review or a report, and how it ended (G1, G2).

    ``objector`` and ``contact`` are for who investigates alone (G1, G8).
    """

    __tablename__ = "objections"

    case_id: str = Field(sa_column=_case())
    objection_id: str = Field(primary_key=True)
    kind: Source = Field(sa_column=Column(words(Source), nullable=False))
    text: str = Field(sa_type=Written)
    objector: str | None = Field(default=None, sa_type=Written)
    contact: str | None = Field(default=None, sa_type=Written)
    review_of: str | None = None
    received_at: datetime = Field(sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    finding: str | None = None
    reason: str | None = Field(default=None, sa_type=Written)
    resolved_by: str | None = None
    document: str | None = Field(default=None, sa_type=Written)
    resolved_at: datetime | None = Field(default=None, sa_type=Instant)


class IndicatorRow(Table, table=True):
    """A snapshot of a county's figures (S3, S5), as the entry ``case_id``/``seq`` gave it."""

    __tablename__ = "indicators"
    __table_args__ = (Index(None, "subject_code", "year"),)

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    subject_code: str
    year: int
    as_of: date
    poor: int = Field(sa_type=BigInteger)
    population: int = Field(sa_type=BigInteger)
    income_growth_percent: Decimal = Field(sa_type=Exact)
    education_met: bool
    education_statement: str = Field(sa_type=Written)
    culture_met: bool
    culture_statement: str = Field(sa_type=Written)
    health_met: bool
    health_statement: str = Field(sa_type=Written)


class RosterRow(Table, table=True):
    """How a household of a roster stands in its case (H1-H4); ``reason`` where it is out.

    ``since`` is the ledger entry that last changed it; 0 until there is one.
    """

    __tablename__ = "roster_households"
    __table_args__ = (Index(None, "household_code", "year"),)

    case_id: str = Field(sa_column=_case())
    household_code: str = Field(primary_key=True)
    year: int
    state: str
    reason: str | None = Field(default=None, sa_type=Written)
    since: int
