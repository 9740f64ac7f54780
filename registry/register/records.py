"""What the register says of one village, and of one household: frozen records, never table rows."""

from datetime import date

from models.base import Record
from models.register.changes import Gone, KeptChange
from models.register.households import Cause, HouseholdState, Livelihood
from models.register.office_records import KeptRecord
from models.register.villages import Incidence, Survey
from registry.cases.follow_up_records import CheckRecord, RiskRecord
from registry.records import AlarmRecord, StandingRecord
from registry.reports.consequence_records import ExitFacts


class SurveyRecord(Record):
    """A village by the criteria of S2 in a year; ``source`` is the file or case it is from."""

    year: int
    survey: Survey
    source: str


class RosterCount(Record):
    """A roster of the village: its case, and how many of its households stand how in it."""

    case_id: str
    year: int
    households: dict[str, int]


class VillageRecord(Record):
    """Everything the register knows of one village.

    Attributes:
        on: The day as of which households are counted.
        households: How many, by state; those of a state that no household has are left out.
        incidence: Poor people and population (S5), None where nobody is registered there.
        since, gone_on, successor: Of a code that follows another, or is followed by one.
        changes: What has happened to the village by the register's own ledger (区划变动).
        consequences, office_records: As of a county.
    """

    code: str
    name: str
    township_code: str
    township_name: str
    county_code: str
    population: int
    population_as_of: date
    work_team: bool
    first_secretary: bool
    standings: tuple[StandingRecord, ...]
    surveys: tuple[SurveyRecord, ...]
    on: date
    households: dict[HouseholdState, int]
    incidence: Incidence | None
    rosters: tuple[RosterCount, ...]
    since: date | None = None
    gone_on: date | None = None
    successor: str | None = None
    changes: tuple[KeptChange, ...] = ()
    consequences: tuple[ExitFacts, ...] = ()
    office_records: tuple[KeptRecord, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()


class ListedHousehold(Record):
    """A household as a sheet names it that goes to its village."""

    household: str
    head: str
    group: str
    size: int


class MemberRecord(Record):
    """A member of a household; the ID number with its middle masked (G8).

    Attributes:
        without_id: Why there is no ID number.
    """

    name: str
    relation: str
    id_number: str
    without_id: str | None = None


class YearRecord(Record):
    """How a household lived in a year (S1); ``source`` is the file it is from."""

    livelihood: Livelihood
    source: str


class EpisodeRecord(Record):
    """One time in the register; ``exited_on`` is the first day out of it.

    Attributes:
        opened_by, opened_seq: The entry by which it began, where a case did (F5, F7).
        opening_document: Its document.
    """

    number: int
    cause: Cause
    registered_on: date
    exited_on: date | None
    exit_year: int | None
    document: str | None
    case_id: str | None
    seq: int | None
    opening_document: str | None = None
    opened_by: str | None = None
    opened_seq: int | None = None
    gone_because: Gone | None = None


class HouseholdRecord(Record):
    """Everything the register knows of one household.

    Attributes:
        state: How it stands on the day ``on``; None before its first registration.
        consequences, office_records: As of a county.
        visits, risks: Of its follow-ups (F5).
        gone_on, gone_because: Since when there is no such household any more, and why.
        changes: What has happened to it by the register's own ledger (动态调整).
    """

    code: str
    village_code: str
    village_name: str
    group: str
    head: str
    size: int
    on: date
    state: HouseholdState | None
    members: tuple[MemberRecord, ...]
    years: tuple[YearRecord, ...]
    episodes: tuple[EpisodeRecord, ...]
    gone_on: date | None = None
    gone_because: Gone | None = None
    changes: tuple[KeptChange, ...] = ()
    visits: tuple[CheckRecord, ...] = ()
    risks: tuple[RiskRecord, ...] = ()
    consequences: tuple[ExitFacts, ...] = ()
    office_records: tuple[KeptRecord, ...] = ()
