"""The records of offices (台账), outside the cases: one shape for all, with its rules.

A record belongs to a place or a household and to a year. It is written once: who was wrong puts
another down in its place. What decides an exit stands in a case, and never here.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from models.base import Line, ProperName, Record, Text, canonical
from models.case.documents import filing_fault
from models.case.parts import Count, Key, Proofs
from models.identity import content_id
from models.offices import (
    NATION,
    County,
    Division,
    Household,
    Office,
    SubjectKind,
    Village,
    may_follow,
)
from models.periods import Year
from models.policy import LEVELS, Body, Level
from models.register.households import SubjectCode


class RecordKind(StrEnum):
    """What a record puts down."""

    MEASURE = "measure"
    REGISTRATION = "registration"
    REWARD = "reward"
    ASSESSMENT = "assessment"
    ACCOUNTABILITY = "accountability"
    OUTCOME = "outcome"
    INSPECTION = "inspection"
    PROGRAMME = "programme"
    ANNUAL_PLAN = "annual-plan"
    SCHEME = "scheme"
    REWARD_POLICY = "reward-policy"


class Fault(StrEnum):
    """For what somebody is called to account (HN 七(四)): 重大失误, 弄虚作假, 违规操作."""

    SERIOUS_ERROR = "serious-error"
    FRAUD = "fraud"
    VIOLATION = "violation"


FAULTS = {
    Fault.SERIOUS_ERROR: "重大失误",
    Fault.FRAUD: "弄虚作假",
    Fault.VIOLATION: "违规操作",
}
"""How each is called in Chinese."""


EARLIEST = date(1980, 1, 1)
"""The first day that a record can be of, as all days of the register."""


class Form(NamedTuple):
    """What a kind of record asks for.

    Attributes:
        zh: How offices call it.
        bodies: Who puts it down.
        about: Of whom it can be; a city or province is none of them.
        regions: It can be about a city or province too (HN 七(一), 七(四); CN 二, 四).
        from_above: No office puts it down about its own place.
        needs: What it cannot do without, beside what every record has.
        of_exit: Its subject has left by its day, and for its year.
        follows: The kinds of the record that it is the outcome of.
        of_place: It is about the office's own county, city or province (规划、计划、方案).
    """

    zh: str
    clause: str
    bodies: tuple[Body, ...]
    about: tuple[SubjectKind, ...] = tuple(SubjectKind)
    regions: bool = False
    from_above: bool = False
    needs: tuple[str, ...] = ()
    of_exit: bool = False
    follows: tuple[RecordKind, ...] = ()
    of_place: bool = False


_COUNTY = (SubjectKind.COUNTY,)
_CALLING = (
    Body.COUNTY_GROUP,
    Body.CITY_GROUP,
    Body.PROVINCIAL_GROUP,
    Body.PROVINCIAL_GOVERNMENT,
    Body.STATE_COUNCIL_GROUP,
)
_ABOVE = (Body.CITY_GROUP, Body.PROVINCIAL_GROUP, Body.STATE_COUNCIL_GROUP)
_ALL = tuple(body for body in Body if body is not Body.HOUSEHOLD)

_PLANNING = (
    Body.COUNTY_GROUP,
    Body.CITY_GROUP,
    Body.PROVINCIAL_GROUP,
    Body.PROVINCIAL_GOVERNMENT,
)


def _plan(zh: str, *needs: str) -> Form:
    """A document of a county, city or province about itself (F12)."""
    return Form(zh, "F12", _PLANNING, _COUNTY, needs=("document", *needs), of_place=True)


FORMS: Mapping[RecordKind, Form] = {
    RecordKind.MEASURE: Form("工作措施", "F13", _ALL, regions=True),
    RecordKind.REGISTRATION: Form(
        "备案登记", "A8", (Body.STATE_COUNCIL_GROUP,), _COUNTY, needs=("document",), of_exit=True
    ),
    RecordKind.REWARD: Form(
        "奖励",
        "F2",
        (Body.PROVINCIAL_GROUP, Body.PROVINCIAL_GOVERNMENT, Body.CITY_GROUP),
        _COUNTY,
        needs=("document",),
        of_exit=True,
    ),
    RecordKind.ASSESSMENT: Form(
        "考核", "F11", _ABOVE, _COUNTY, regions=True, from_above=True, needs=("evidence",)
    ),
    RecordKind.ACCOUNTABILITY: Form("追究责任", "F10", _CALLING, regions=True, needs=("fault",)),
    RecordKind.OUTCOME: Form(
        "处理结果",
        "F10",
        _CALLING,
        regions=True,
        needs=("refers_to",),
        follows=(RecordKind.ACCOUNTABILITY, RecordKind.INSPECTION),
    ),
    RecordKind.INSPECTION: Form("督查", "F14", _ABOVE, regions=True, from_above=True),
    RecordKind.PROGRAMME: _plan("规划", "until", "targets"),
    RecordKind.ANNUAL_PLAN: _plan("年度计划", "targets"),
    RecordKind.SCHEME: _plan("退出方案", "until"),
    RecordKind.REWARD_POLICY: _plan("奖励政策", "until"),
}


class OfficeRecord(Record):
    """One record, as an office writes it.

    Attributes:
        subject: The county, village or household it is about, or the city or province.
        year: The year it belongs to.
        officer: Who signs for the office.
        day: When it was done or decided.
        text: What was done, given or found.
        refers_to: The record of the same kind whose place it takes (更正), or whose outcome it is.
        fault: For what somebody is called to account (F10), and of whom: ``leader``, ``department``
            and ``person`` (领导、部门、人员), at least one of them.
        until: The last day on which a plan, scheme or policy holds (F12).
        households, villages, counties: How many are to leave by it.
        case_id, entry: The finding, breach or act that it is about, by the file it stands in.
    """

    kind: RecordKind
    subject: SubjectCode
    year: Year
    office: Office
    officer: ProperName
    day: Annotated[date, Field(ge=EARLIEST)]
    text: Text
    document: Line | None = None
    evidence: Proofs = ()
    refers_to: Key | None = None
    fault: Fault | None = None
    leader: Line | None = None
    department: Line | None = None
    person: Line | None = None
    until: date | None = None
    households: Count | None = None
    villages: Count | None = None
    counties: Count | None = None
    case_id: Line | None = None
    entry: Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.case_id is None) != (self.entry is None):
            raise ValueError("entry: name the case and the number of its entry, both or neither")
        responsible = (self.leader, self.department, self.person)
        if (self.fault is not None) != any(responsible):
            raise ValueError(
                "fault: who is called to account names the fault, and a leader, department or "
                "person (F10)"
            )
        if self.fault is not None and self.kind is not RecordKind.ACCOUNTABILITY:
            raise ValueError(f"fault: nobody is called to account by {self.kind} (F10)")
        if self.until is not None and self.until < self.day:
            raise ValueError(f"until: {self.until} lies before {self.day}, when it was decided")
        if not FORMS[self.kind].of_place and (self.until is not None or self.targets):
            raise ValueError(f"until: {self.kind} has no validity and no targets (F12)")
        return self

    @property
    def targets(self) -> dict[SubjectKind, int]:
        """How many of each are to leave by it."""
        said = {
            SubjectKind.COUNTY: self.counties,
            SubjectKind.VILLAGE: self.villages,
            SubjectKind.HOUSEHOLD: self.households,
        }
        return {kind: many for kind, many in said.items() if many is not None}

    def holds_in(self, year: int) -> bool:
        """Whether a plan, scheme or policy holds in a year, or on a day of it."""
        if self.until is None:
            return self.year == year
        return self.day.year <= year <= self.until.year

    @property
    def id(self) -> str:
        """Derived from what it says: the same record put down twice is one."""
        return content_id("record", canonical(self.content()))


class KeptRecord(OfficeRecord):
    """A record as it is kept.

    Attributes:
        key: Its id, by which another refers to it.
        name: What its subject is called; of a household, its village and number.
        place: The county, city or province that it belongs to.
        replaced: Another has taken its place.
        entry_hash: Of the entry that it is about, as it was then.
        source: The file it is from, if it is from one.
    """

    key: str
    name: str
    place: str
    replaced: bool
    entry_hash: str | None
    source: str | None


About = County | Village | Household | Division
"""Whom a record is about; a city or province is a ``Division``."""


def record_fault(
    record: OfficeRecord,
    about: About,
    today: date,
    *,
    has_left: bool,
    has_policy: bool,
    corrects: Office | None = None,
) -> str | None:
    """Why an office cannot put a record down, in one sentence; None if it can.

    Args:
        about: Its subject, as the register has it on the day of the record.
        has_left: Whether that has left for the record's year by its day.
        has_policy: Whether the office has a reward policy in force on that day.
        corrects: Whose record it takes the place of: an office above puts down then what only that
            one could.
    """
    form, office = FORMS[record.kind], record.office
    from_above = corrects is not None and corrects != office and may_follow(office, corrects)
    if record.day > today:
        return f"day: {record.day} is still to come; a record is of a day that was"
    if office.body not in form.bodies and not from_above:
        bodies = ", ".join(sorted(form.bodies))
        return f"office: {record.kind} ({form.zh}) is put down by {bodies}, not by {office}"
    lacking = [name for name in form.needs if getattr(record, name) in (None, (), {})]
    if lacking:
        return f"{lacking[0]}: {record.kind} ({form.zh}) cannot do without it ({form.clause})"
    if form.of_place and not from_above:
        return _of_another_place(record)
    if isinstance(about, Division):
        return _region_fault(record, about)
    if about.kind not in form.about:
        kinds = ", ".join((*form.about, *(("city", "province") if form.regions else ())))
        return f"subject: {record.kind} ({form.zh}) is about a {kinds}, and {about.name} is none"
    if form.of_exit and not has_left:
        return f"subject: {about.full_name} has not left for {record.year} by {record.day}"
    county = about.village if isinstance(about, Household) else about
    if office.body is Body.CITY_GROUP and county.directly_administered:
        return f"office: {about.full_name} is directly administered (直管县), {office} is not above"
    if office.body is Body.CITY_GROUP and record.kind is RecordKind.REWARD and not has_policy:
        return f"office: {office} has no reward policy (奖励政策) in force on {record.day} (F14)"
    return filing_fault(office, about)


def _level(code: str) -> Level:
    """The level of a county, city or province, which its code shows (GB/T 2260)."""
    if not code.endswith("00"):
        return Level.COUNTY
    return Level.PROVINCE if code.endswith("0000") else Level.CITY


def _of_another_place(record: OfficeRecord) -> str | None:
    office, code = record.office, record.subject
    if office.place == code and LEVELS[office.body] is _level(code):
        return None
    zh = FORMS[record.kind].zh
    return f"subject: {record.kind} ({zh}) is of the office's own place, and {code} is not"


def _region_fault(record: OfficeRecord, about: Division) -> str | None:
    """Why an office cannot put a record down about a city or province; None if it can."""
    form, office, level = FORMS[record.kind], record.office, _level(about.code)
    if not form.regions and not form.of_place:
        kinds = ", ".join(form.about)
        return f"subject: {record.kind} ({form.zh}) is about a {kinds}, and {about.name} is none"
    places = {
        level: about.code,
        Level.PROVINCE: f"{about.code[:2]}0000",
        Level.NATION: NATION,
    }
    if places.get(LEVELS[office.body]) != office.place:
        return f"office: {office} is not of {about.name} ({about.code}), nor of a place above it"
    if form.from_above and office.place == about.code:
        return (
            f"office: {record.kind} ({form.zh}) of {about.name} is put down by an office above it, "
            f"not by {office} itself"
        )
    return None
