"""What the registry answers the desk: frozen records, never table rows."""

from datetime import date
from enum import StrEnum

from models.base import Moment, Record
from models.case.messages import Ending
from models.case.orders import CaseLine, LimitInForce
from models.checks.findings import Finding
from models.offices import Office, SubjectKind, Tier
from models.policy import Level
from models.register.counties import CountyFigures
from models.register.office_records import KeptRecord
from registry.reports.consequence_records import ExitFacts
from registry.tables import Standing


class Loaded(Record):
    """How much of a list was new."""

    divisions: int
    counties: int
    plans: int


class DivisionRecord(Record):
    """A division under one code; ``valid_until`` is the first day it no longer holds."""

    code: str
    name: str
    level: Level
    parent: str | None
    valid_from: date
    valid_until: date | None
    tier: Tier | None
    directly_administered: bool
    successor: str | None


class StandingRecord(Record):
    """A county's standing; ``until`` is the first day it no longer holds."""

    status: Standing
    since: date
    until: date | None
    exit_year: int | None
    document: str | None
    case_id: str | None
    seq: int | None


class PlanRecord(Record):
    """A place in a year's plan (G6)."""

    year: int
    subject_code: str
    kind: SubjectKind
    source: str
    addition: bool
    reason: str | None
    document: str | None


class ContradictionRecord(Record):
    """A case whose own file says otherwise than the kept one, from entry ``seq`` on (G7)."""

    case_id: str
    seq: int
    since: Moment
    said: str


class CaseRecord(CaseLine):
    """A case as it is listed, with the length and the head of its file.

    Attributes:
        contradicted: Its own file says otherwise; None where it does not.
        found: What the last check that was kept found wrong with it.
    """

    entries: int
    head: str
    updated: Moment
    contradicted: ContradictionRecord | None = None
    found: tuple[Finding, ...] = ()


class DeadlineRecord(Record):
    """A limit in force, with the case it binds."""

    case_id: str
    subject_name: str
    year: int
    step: str
    in_force: LimitInForce


class IndicatorRecord(Record):
    """A snapshot of figures, and the entry it came with."""

    year: int
    case_id: str
    seq: int
    figures: CountyFigures


class NoticeRecord(Record):
    """A notice as it was published (C4)."""

    id: str
    case_id: str
    seq: int
    title: str
    markdown: str
    html: str
    sha256: str
    posted_at: Moment
    closes_at: Moment
    replaces: str | None


class AlarmRecord(Record):
    """An exited village or county that was above the threshold again (F5), and by which entry.

    Attributes:
        name: Of a village; None for the county itself.
        ended: It was not any more.
    """

    case_id: str
    seq: int
    kind: SubjectKind
    subject_code: str
    name: str | None
    poor: int
    population: int
    as_of: date
    ended: bool


class RevokedRecord(Record):
    """An exit that was revoked since (F7): whose, on which day, by which document and case."""

    subject: str
    on: date
    document: str
    case_id: str


class CountyRecord(Record):
    """Everything the register knows of one county.

    Attributes:
        consequences: Its exits with what follows from them (F1-F4), where a day was given.
        office_records: What offices have put down about it, as its consequences.
        alarms: Its own, and those of its villages.
    """

    code: str
    name: str
    divisions: tuple[DivisionRecord, ...]
    standings: tuple[StandingRecord, ...]
    plans: tuple[PlanRecord, ...]
    cases: tuple[CaseRecord, ...]
    indicators: tuple[IndicatorRecord, ...]
    consequences: tuple[ExitFacts, ...] = ()
    office_records: tuple[KeptRecord, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()


class CountyStanding(Record):
    """One county of the register, as it stands by its last status."""

    code: str
    name: str
    city: str
    tier: Tier | None
    directly_administered: bool
    status: Standing
    since: date
    exit_year: int | None


class Overview(Record):
    """The register of poor counties."""

    listed: int
    exited: int
    counties: tuple[CountyStanding, ...]


class ListFilter(Record):
    """Which cases or limits to list; what is None does not narrow.

    Attributes:
        office: Whom the case waits for; who is held to the limit.
        region: Code of a province, city or county in whose territory the cases lie.
        step: The step the cases are at.
        overdue: A limit was missed, or is.
        until: The next limit of the case, or the limit itself, ends by then.
    """

    office: Office | None = None
    region: str | None = None
    year: int | None = None
    step: str | None = None
    procedure: str | None = None
    overdue: bool | None = None
    until: Moment | None = None


class CaseFilter(ListFilter):
    """Which cases to list.

    Attributes:
        open: True for cases under way, False for ended ones.
    """

    subject: str | None = None
    outcome: Ending | None = None
    open: bool | None = None


class By(StrEnum):
    """What cases or limits are added up by."""

    CITY = "city"
    COUNTY = "county"
    STEP = "step"
    OFFICE = "office"


class Count(Record):
    """How many there are, and in how many a limit was missed."""

    many: int
    overdue: int


class Total(Count):
    """The same of a city, a county, a step or an office.

    Attributes:
        name: Of the place or the step; empty where the register knows none.
        next: When the nearest limit ends; None where there is none.
    """

    by: By
    code: str
    name: str
    next: Moment | None


class UnreachedRecord(Record):
    """A notification that a channel has not taken (T8).

    Attributes:
        seq: The entry of the file by which it went out.
        at: Since when, and ``until`` when, it is tried.
        error: Why it was given up; None while it is tried.
    """

    case_id: str
    seq: int
    topic: str
    recipient: str
    channel: str
    at: Moment
    until: Moment
    error: str | None
