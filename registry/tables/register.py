"""The register of places: divisions, the standing of counties and villages, plans, records."""

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from models.offices import SubjectKind, Tier
from models.policy import Level
from models.register.office_records import Fault, RecordKind
from models.register.villages import Bus
from registry.tables.columns import Exact, Standing, Table, Written, words


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
    level: Level = Field(sa_column=Column(words(Level), nullable=False))
    parent: str | None = None
    tier: Tier | None = Field(default=None, sa_column=Column(words(Tier), nullable=True))
    directly_administered: bool = False
    successor: str | None = None


class _Status(Table):
    """From one day to another; ``case_id`` and ``seq`` name the ledger entry that ordered it."""

    code: str = Field(primary_key=True)
    since: date = Field(primary_key=True)
    status: Standing = Field(sa_type=words(Standing))
    until: date | None = None
    exit_year: int | None = None
    document: str | None = Field(default=None, sa_type=Written)
    case_id: str | None = None
    seq: int | None = None


class StatusRow(_Status, table=True):
    """A county's standing from one day to another (C7); a listing was ordered by no entry."""

    __tablename__ = "county_status"
    __table_args__ = (UniqueConstraint("case_id", "seq"),)


class VillageRow(Table, table=True):
    """An administrative village (行政村): its place, its people, and who works in it.

    ``population`` is the rural registered population (农村户籍人口) on ``population_as_of``; a
    village without ``work_team`` or ``first_secretary`` is verified by its committees alone (H2).
    A code that follows another is in use ``since`` a day; one that is no longer in use has
    ``gone_on``, the first day without it, and its ``successor``.
    """

    __tablename__ = "villages"
    __table_args__ = (Index(None, "county_code"),)

    code: str = Field(primary_key=True)
    name: str = Field(sa_type=Written)
    township_code: str
    township_name: str = Field(sa_type=Written)
    county_code: str
    population: int
    population_as_of: date
    work_team: bool
    first_secretary: bool
    since: date | None = None
    gone_on: date | None = None
    successor: str | None = None


class VillagePastRow(Table, table=True):
    """How many people a village had up to a day: a later list, or a merger, has others; kept once.

    It held from ``since``, None for the beginning, to the day before ``until`` (S5).
    """

    __tablename__ = "village_past"

    village_code: str = Field(primary_key=True)
    until: date = Field(primary_key=True)
    since: date | None = None
    population: int


class VillageStatusRow(_Status, table=True):
    """The standing of a poor village (贫困村) from one day to another (V3); as ``StatusRow``.

    A village that was never on the list of poor villages has none.
    """

    __tablename__ = "village_status"
    __table_args__ = (UniqueConstraint("case_id", "seq"),)


class VillageYearRow(Table, table=True):
    """A village by the criteria of S2 in a year (``models.register.villages.Survey``).

    ``source`` is the file or the case it is from; a later survey of the year replaces it.
    """

    __tablename__ = "village_years"

    village_code: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    paved_road: bool
    bus: Bus = Field(sa_column=Column(words(Bus), nullable=False))
    safe_water: bool
    electricity: bool
    broadcasting: bool
    culture_centre: bool
    clinic: bool
    doctor: bool
    broadband: bool
    bus_ground: str | None = Field(default=None, sa_type=Written)
    industry: str | None = Field(default=None, sa_type=Written)
    collective_income_yuan: int | None = Field(default=None, sa_type=BigInteger)
    source: str = Field(sa_type=Written)


class ProvincialMeanRow(Table, table=True):
    """How much farmers' disposable income grew in a province in a year, as published (S3)."""

    __tablename__ = "provincial_means"

    province: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    income_growth_percent: Decimal = Field(sa_type=Exact)
    source: str = Field(sa_type=Written)


class PlanRow(Table, table=True):
    """A subject in a year's plan (G6); ``reason`` and ``document`` where it was added later."""

    __tablename__ = "plans"

    year: int = Field(primary_key=True)
    subject_code: str = Field(primary_key=True)
    kind: SubjectKind = Field(sa_column=Column(words(SubjectKind), nullable=False))
    source: str = Field(sa_type=Written)
    addition: bool = False
    reason: str | None = Field(default=None, sa_type=Written)
    document: str | None = Field(default=None, sa_type=Written)


class OfficeRecordRow(Table, table=True):
    """A record of an office (台账); ``evidence`` is JSON.

    ``place`` is the county, city or province that it belongs to. ``refers_to`` is the record
    whose place it takes, or whose outcome it is: rows are added and never changed. ``case_id`` and
    ``entry`` name the entry that it is about, ``entry_hash`` binds it (F10).
    """

    __tablename__ = "office_records"
    __table_args__ = (Index(None, "place", "year"), Index(None, "subject_code"))

    id: str = Field(primary_key=True)
    kind: RecordKind = Field(sa_column=Column(words(RecordKind), nullable=False))
    subject_code: str
    place: str
    year: int
    office: str
    officer: str = Field(sa_type=Written)
    day: date
    text: str = Field(sa_type=Written)
    document: str | None = Field(default=None, sa_type=Written)
    evidence: str = Field(sa_type=Text)
    refers_to: str | None = None
    fault: Fault | None = Field(default=None, sa_column=Column(words(Fault), nullable=True))
    leader: str | None = Field(default=None, sa_type=Written)
    department: str | None = Field(default=None, sa_type=Written)
    person: str | None = Field(default=None, sa_type=Written)
    until: date | None = None
    households: int | None = Field(default=None, sa_type=BigInteger)
    villages: int | None = Field(default=None, sa_type=BigInteger)
    counties: int | None = Field(default=None, sa_type=BigInteger)
    case_id: str | None = None
    entry: int | None = None
    entry_hash: str | None = None
    source: str | None = Field(default=None, sa_type=Written)
