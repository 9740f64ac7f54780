"""Tables of the registry (SQLModel). The one module of ``models`` that workflows may not import.

Rows are written by activities after plain pydantic records were validated: table classes do not
validate. Nothing is ever overwritten where the regulation wants a file kept (G7): statuses and
divisions are closed by a date and followed by a new row.

All ends of validity (``until``, ``valid_until``) are exclusive: the first day it no longer holds.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    MetaData,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from models.offices import Tier
from models.policy import Level


class Standing(StrEnum):
    """What the register says of a county: 在册 or 已退出."""

    LISTED = "listed"
    EXITED = "exited"


class SubjectKind(StrEnum):
    """What a plan names; the same words as a case's procedure."""

    COUNTY = "county"
    VILLAGE = "village"
    HOUSEHOLD = "household"


class Source(StrEnum):
    """How somebody spoke up: an objection (G1 异议) or a report after the notice (G2 举报)."""

    OBJECTION = "objection"
    REPORT = "report"


class Instant(TypeDecorator[datetime]):
    """A point in time, kept in UTC and always given back aware.

    SQLite has no offset and returns naive datetimes; PostgreSQL returns the session's zone.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: nobody could tell which moment it is."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"{value} has no offset; the registry keeps moments, not wall clocks")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(TypeDecorator[Decimal]):
    """A decimal with three places that never passes through a float: text on SQLite."""

    impl = Numeric(7, 3)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """NUMERIC where the database has it."""
        wanted: TypeEngine[Any] = String(12) if dialect.name == "sqlite" else Numeric(7, 3)
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Text on SQLite."""
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """A decimal again."""
        return None if value is None else Decimal(value)


def storable(text: str) -> str:
    """A text as its column holds it: with the replacement character for NUL."""
    return text.replace("\x00", "\ufffd")


class Written(TypeDecorator[str]):
    """What a person wrote, of any length.

    PostgreSQL refuses a NUL character; an objection that holds one must not block its case.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Without NUL; the entry's ``content`` keeps it escaped."""
        return None if value is None else storable(value)


def _words(kind: type[StrEnum]) -> Enum:
    """A column of an enumeration, by value: SQLAlchemy's default would store ``LISTED``."""
    return Enum(
        kind,
        values_callable=lambda members: [member.value for member in members],
        native_enum=False,
        create_constraint=False,
        length=16,
    )


class Table(SQLModel):
    """The base of all tables: one metadata, with constraint names that are the same everywhere."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class DivisionRow(Table, table=True):
    """A division (区划) under one code, with what held of it from one day to another.

    A change of name, parent, tier or direct administration (直管县) ends one row and begins the
    next; a code that is no longer used has no row without ``valid_until`` (淮阳县 411626, since
    2019 淮阳区 411603, its ``successor``).
    """

    __tablename__ = "divisions"

    code: str = Field(primary_key=True)
    valid_from: date = Field(primary_key=True)
    valid_until: date | None = None
    name: str
    level: Level = Field(sa_column=Column(_words(Level), nullable=False))
    parent: str | None = None
    tier: Tier | None = Field(default=None, sa_column=Column(_words(Tier), nullable=True))
    directly_administered: bool = False
    successor: str | None = None


class StatusRow(Table, table=True):
    """A county's standing from one day to another (C7).

    ``case_id`` and ``seq`` name the ledger entry that ordered an exit; a listing has none.
    """

    __tablename__ = "county_status"
    __table_args__ = (UniqueConstraint("case_id", "seq"),)

    code: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    status: Standing = Field(sa_column=Column(_words(Standing), nullable=False))
    until: date | None = None
    exit_year: int | None = None
    document: str | None = Field(default=None, sa_type=Written)
    case_id: str | None = None
    seq: int | None = None


class PlanRow(Table, table=True):
    """A subject in a year's plan (G6); ``reason`` and ``document`` where it was added later."""

    __tablename__ = "plans"

    year: int = Field(primary_key=True)
    subject_code: str = Field(primary_key=True)
    kind: SubjectKind = Field(sa_column=Column(_words(SubjectKind), nullable=False))
    source: str = Field(sa_type=Written)
    addition: bool = False
    reason: str | None = Field(default=None, sa_type=Written)
    document: str | None = Field(default=None, sa_type=Written)


class CaseRow(Table, table=True):
    """How a case stood after its last kept entry: ``models.orders.CaseState``, for lists.

    ``region`` is the path of division codes, each between slashes (``/410000/411500/``), so that
    one division's cases are those whose path contains ``/411500/``. ``limits`` are those in force,
    as JSON.
    """

    __tablename__ = "cases"
    __table_args__ = (Index(None, "subject_code", "year"), Index(None, "year"))

    case_id: str = Field(primary_key=True)
    procedure: str
    subject_code: str
    subject_name: str = Field(sa_type=Written)
    year: int
    region: str
    step: str
    round: int
    waiting_for: str | None = None
    deadline: datetime | None = Field(default=None, sa_type=Instant)
    overdue: bool
    open_objections: int
    outcome: str | None = None
    limits: str = Field(sa_type=Written)
    entries: int
    head: str
    updated: datetime = Field(sa_type=Instant)


def _case() -> Any:
    return Column(String, ForeignKey("cases.case_id"), primary_key=True)


class EntryRow(Table, table=True):
    """One ledger entry (G7): ``content`` is all of it, canonical JSON; the rest is for SQL."""

    __tablename__ = "ledger_entries"

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
    """An objection or a report, and how it ended (G1, G2).

    ``objector`` and ``contact`` serve the answer alone (G8).
    """

    __tablename__ = "objections"

    case_id: str = Field(sa_column=_case())
    objection_id: str = Field(primary_key=True)
    kind: Source = Field(sa_column=Column(_words(Source), nullable=False))
    text: str = Field(sa_type=Written)
    objector: str | None = Field(default=None, sa_type=Written)
    contact: str | None = Field(default=None, sa_type=Written)
    received_at: datetime = Field(sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    finding: str | None = None
    reason: str | None = Field(default=None, sa_type=Written)
    resolved_by: str | None = None
    document: str | None = Field(default=None, sa_type=Written)
    resolved_at: datetime | None = Field(default=None, sa_type=Instant)


class NotificationRow(Table, table=True):
    """A notification on one channel, delivered or given up (T8, G4); ``seq`` is its entry."""

    __tablename__ = "notifications"

    case_id: str = Field(sa_column=_case())
    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    topic: str = Field(sa_type=Written)
    recipient: str = Field(sa_type=Written)
    channel: str = Field(sa_type=Written)
    delivered: bool
    error: str | None = Field(default=None, sa_type=Written)
    at: datetime = Field(sa_type=Instant)


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
    provincial_income_growth_percent: Decimal = Field(sa_type=Exact)
    services_near_mean: bool
    services_statement: str = Field(sa_type=Written)
