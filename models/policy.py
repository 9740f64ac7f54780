"""The regulation as data: every length, date and threshold, each with its clause.

A policy file (``policies/*.toml``) is read once, validated strictly, and frozen into a case at
its start; nothing a case does later depends on the file again.
"""

from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from models.base import Line, Record, canonical
from models.errors import ExitflowError
from models.policy_values import Days, MonthDay, Part, Percent, Switch, at_least, at_most


class PolicyError(ExitflowError, ValueError):
    """A policy that contradicts the regulation, or a file that is none."""


class Level(StrEnum):
    """The five levels at which offices act (分级负责)."""

    VILLAGE = "village"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"
    NATION = "nation"

    @property
    def height(self) -> int:
        """How many levels lie below."""
        return list(Level).index(self)


class Body(StrEnum):
    """Who acts, A1-A9; the names people read are data of the policy."""

    VILLAGE_COMMITTEES = "A1"
    WORK_TEAM = "A2"
    FIRST_SECRETARY = "A3"
    HOUSEHOLD = "A4"
    COUNTY_GROUP = "A5"
    CITY_GROUP = "A6"
    PROVINCIAL_GROUP = "A7"
    STATE_COUNCIL_GROUP = "A8"
    PROVINCIAL_GOVERNMENT = "A9"


LEVELS = {
    Body.VILLAGE_COMMITTEES: Level.VILLAGE,
    Body.WORK_TEAM: Level.VILLAGE,
    Body.FIRST_SECRETARY: Level.VILLAGE,
    Body.HOUSEHOLD: Level.VILLAGE,
    Body.COUNTY_GROUP: Level.COUNTY,
    Body.CITY_GROUP: Level.CITY,
    Body.PROVINCIAL_GROUP: Level.PROVINCE,
    Body.STATE_COUNCIL_GROUP: Level.NATION,
    Body.PROVINCIAL_GOVERNMENT: Level.PROVINCE,
}
"""At which level each body acts (A1-A9)."""


class Publicity(Record):
    """T1 公示时间不少于七天: a minimum, in natural days.

    Attributes:
        from_posting: The publicities, by their step, whose days count from the posting (张贴) that
            the publisher reports. The days of the others count from publishing.
        post_within_days: Within how many days such a notice is to be posted, and reported.
    """

    days: Annotated[Days, at_least(7, "T1 不少于七天")]
    count_posting_day: Switch
    from_posting: tuple[Literal["C4", "V2", "H3", "R3"], ...] = ()
    post_within_days: Days = 3


class FixedDates(Record):
    """T2 or T6: a target (narrow reading) and the limit itself (wide reading)."""

    target: MonthDay
    limit: MonthDay


class RegisterChange(FixedDates):
    """T6 次年1月前: the two dates, and which of them is missed by who is late.

    Attributes:
        breach: The date past which a case is in breach (G4): the words favour the target, Henan's
            usage the limit. Of the limit, the target is a mark and a reminder.
    """

    breach: Literal["target", "limit"] = "limit"


class CityReview(Record):
    """T3 一周内 and T4 次年1月10日前.

    Attributes:
        result_target, result_by: T4, in the narrow and in the wide reading; a policy without a
            target knows the wide one alone.
    """

    days: Annotated[Days, at_most(7, "T3 一周内")]
    result_target: MonthDay | None = None
    result_by: Annotated[MonthDay, at_most("01-10", "T4 次年1月10日前")]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.result_target is not None and self.result_target > self.result_by:
            raise ValueError("result_target lies after result_by (T4)")
        return self


class ProvincialCheck(Record):
    """T5 半个月内.

    Attributes:
        no_breach_before: The day before which nothing is late, because the province checks all
            counties in one round; None if each county has its own fifteen days.
    """

    days: Annotated[Days, at_most(15, "T5 半个月内")]
    no_breach_before: MonthDay | None = None


class Period(Record):
    """A maximum counted in natural days (G3 corrections)."""

    days: Days


class Objections(Record):
    """G1 and T7: who investigates objections, and within how many days.

    Attributes:
        review_days: Within how many days the body above reviews a dismissal (复核): the documents
            give none.
        household, village, county: Who investigates if households, a village or a county are
            posted. Of households never the committees: who is objected to does not judge.
    """

    days: Days
    review_days: Days = 15
    household: Literal[Body.COUNTY_GROUP, Body.CITY_GROUP] = Body.COUNTY_GROUP
    village: Literal[Body.COUNTY_GROUP, Body.CITY_GROUP] = Body.COUNTY_GROUP
    county: Literal[Body.CITY_GROUP, Body.PROVINCIAL_GROUP] = Body.PROVINCIAL_GROUP


class Reminders(Record):
    """T8: how many days before a limit, and how often after it, a body is reminded."""

    before_days: tuple[Days, ...]
    after_every_days: Days

    @field_validator("before_days")
    @classmethod
    def _each_once(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(days), reverse=True))


class Notification(Record):
    """When an unreachable channel is given up and recorded as not delivered."""

    give_up_after_days: Days


class Demand(StrEnum):
    """What can be demanded of a household that is to exit, each by itself (S1)."""

    INCOME = "income"
    STABILITY = "stability"
    LIVELIHOOD = "livelihood"
    FOOD = "food"
    SCHOOLING = "schooling"
    DROPOUTS = "dropouts"
    INSURANCE = "insurance"
    ILLNESS = "illness"
    IMPROVEMENT = "improvement"
    HOUSING = "housing"


class Standards(Record):
    """S1, S3-S5: what a household is held against; thresholds in whole percent, in integers.

    Attributes:
        incidence_strict: Whether 以下 leaves out the threshold itself (S5).
        exited_villages_at_least_percent: How many of a county's poor villages have to be out (S3);
            0 if no share is asked for.
        household: The demands of S1. A case that says none was opened before the policy named
            them, and goes on by the seven of then.
    """

    incidence_below_percent: Percent
    incidence_strict: Switch
    wrongly_exited_below_percent: Annotated[Percent, at_most(2, "S4 错退率")]
    omitted_below_percent: Annotated[Percent, at_most(2, "S4 漏评率")]
    recognition_at_least_percent: Annotated[Percent, at_least(90, "S4 群众认可度")]
    exited_villages_at_least_percent: Annotated[int, Field(ge=0, le=100, strict=True)] = 0
    household: Annotated[tuple[Demand, ...], Field(min_length=1)] = (
        Demand.INCOME,
        Demand.FOOD,
        Demand.SCHOOLING,
        Demand.INSURANCE,
        Demand.ILLNESS,
        Demand.HOUSING,
        Demand.LIVELIHOOD,
    )


class Appraisal(Record):
    """H1 民主评议: who has to be there (at least), and how many of them for it (more than)."""

    quorum: Part = "2/3"
    majority: Part = "1/2"

    def has_quorum(self, present: int, entitled: int) -> bool:
        """Whether at least the quorum of those entitled is present."""
        part, whole = int(self.quorum[0]), int(self.quorum[2])
        return present * whole >= entitled * part

    def has_majority(self, in_favour: int, present: int) -> bool:
        """Whether more than the majority of those present is in favour."""
        part, whole = int(self.majority[0]), int(self.majority[2])
        return in_favour * whole > present * part


class VillageApproval(Record):
    """V3: who approves where the county is directly administered (直管县), A7 or still A6."""

    where_directly_administered: Literal[Body.PROVINCIAL_GROUP, Body.CITY_GROUP] = (
        Body.PROVINCIAL_GROUP
    )


class NameStyle(StrEnum):
    """How a roster's notice writes names (G8): 张三 or 张*."""

    FULL = "full"
    MASKED = "masked"


class RosterNotice(Record):
    """G8: what a roster's notice shows of a name."""

    names: NameStyle = NameStyle.FULL


class CountyTarget(Record):
    """Counties named to exit by the end of a year (F8)."""

    year: Annotated[int, Field(ge=2014, le=2100, strict=True)]
    counties: Annotated[tuple[str, ...], Field(min_length=1)]


class Targets(Record):
    """F8: what is to have left poverty by when.

    Attributes:
        by: The year by whose end people and villages, and so all of it, are done.
        named: Counties named for a year.
        provincial_counties_by, counties_by: The year by whose end provincial counties (2018年以前),
            and all of them (2019年前), have exited: the named one, or in the narrow reading the
            one before.
    """

    people: Annotated[int, Field(ge=1, strict=True)]
    villages: Annotated[int, Field(ge=1, strict=True)]
    counties: Annotated[int, Field(ge=1, strict=True)]
    by: Annotated[int, Field(ge=2014, le=2100, strict=True)]
    named: tuple[CountyTarget, ...] = ()
    provincial_counties_by: Annotated[int, Field(ge=2014, le=2100, strict=True)]
    counties_by: Annotated[int, Field(ge=2014, le=2100, strict=True)]


class AfterExit(Record):
    """F1-F4: what follows from an exit.

    Attributes:
        support_until: The last day of the battle period (攻坚期), to which support is kept (F1).
        rewarded_years: The exit years whose counties are rewarded (F2).
        restrictions: The document whose restrictions are lifted on approval (F3).
    """

    support_until: date = date(2020, 12, 31)
    rewarded_years: tuple[Annotated[int, Field(ge=2014, le=2100, strict=True)], ...] = (
        2016,
        2017,
        2018,
    )
    restrictions: Line = "国开发〔2014〕12号"

    @field_validator("support_until")
    @classmethod
    def _not_before_the_end_of_the_battle(cls, day: date) -> date:
        if day < date(2020, 12, 31):
            raise ValueError(f"{day} lies before the end of the battle period, 2020-12-31 (F1)")
        return day


class Filing(Record):
    """F9 备案管理、信息录入: within how many days of an exit both are done (reading)."""

    days: Days = 15


class FollowUp(Record):
    """The yearly visits to exited households, as long as support is kept (reading).

    Attributes:
        opens: The day of a year on which its visits are called for.
        due: By when they are made.
    """

    opens: MonthDay = "01-05"
    due: MonthDay = "11-30"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.due:
            raise ValueError(f"opens: {self.opens} does not lie before {self.due}, when all is due")
        return self


class Supervision(Record):
    """F6 督导: when it comes round, how much is looked at, and how long the county is heard.

    Attributes:
        months: Months on whose first day, at nine o'clock in Beijing, a round begins.
        households, villages: How many of each are drawn in a county; all, where there are fewer.
        hearing_days: How long the county may object and bring evidence (申诉举证), at least.
        report_days: Within how many days of its beginning a supervision is to report.
        catch_up_days: How long after its day a missed round is still begun.
    """

    months: Annotated[
        tuple[Annotated[int, Field(ge=1, le=12, strict=True)], ...], Field(min_length=1)
    ] = (1, 4, 7, 10)
    households: Annotated[int, Field(ge=1, le=1000, strict=True)] = 100
    villages: Annotated[int, Field(ge=1, le=200, strict=True)] = 10
    hearing_days: Days = 7
    report_days: Days = 60
    catch_up_days: Days = 60

    @field_validator("months")
    @classmethod
    def _one_a_quarter(cls, months: tuple[int, ...]) -> tuple[int, ...]:
        if sorted((month - 1) // 3 for month in months) != list(range(4)):
            raise ValueError("a round each quarter: one month of each (F6)")
        return tuple(sorted(months))


_PLACE = "{place}"


class BodyName(Record):
    """What a body was called from a day on; ``{place}`` stands for its territory."""

    name: Line
    since: date

    @field_validator("name")
    @classmethod
    def _can_be_filled_in(cls, name: str) -> str:
        # Filled in by plain replacement: a format would let a name ask for gigabytes of blanks.
        if set("{}") & set(name.replace(_PLACE, "")):
            raise ValueError(
                f"{name!r} has a blank other than {{place}}, which stands for the place"
            )
        return name


class BodyNames(Record):
    """One body with its level and its names over time."""

    id: Body
    level: Level
    names: Annotated[tuple[BodyName, ...], Field(min_length=1)]


class Policy(Record):
    """One province's reading of the regulation, complete."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Line
    basis: Annotated[tuple[Line, ...], Field(min_length=1)]
    province: Annotated[str, Field(pattern=r"^[0-9]{2}0000$")]
    province_name: Line
    publicity: Publicity
    application: FixedDates
    city_review: CityReview
    provincial_check: ProvincialCheck
    register_change: RegisterChange
    objection: Objections
    correction: Period
    reminders: Reminders
    notification: Notification
    standards: Standards
    bodies: tuple[BodyNames, ...]
    # With defaults: cases that were opened before these sections were there carry none.
    appraisal: Appraisal = Appraisal()
    village_approval: VillageApproval = VillageApproval()
    roster_notice: RosterNotice = RosterNotice()
    targets: Targets | None = None
    after_exit: AfterExit = AfterExit()
    filing: Filing = Filing()
    follow_up: FollowUp = FollowUp()
    supervision: Supervision = Supervision()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.application.target > self.application.limit:
            raise ValueError("application.target lies after application.limit (T2)")
        named = [body.id for body in self.bodies]
        twice = {each for each in named if named.count(each) > 1}
        if twice:
            raise ValueError(f"bodies: {', '.join(sorted(twice))} is named twice")
        for body in self.bodies:
            if body.level is not LEVELS[body.id]:
                raise ValueError(f"bodies: {body.id} acts at the level {LEVELS[body.id].value}")
        missing = set(Body) - set(named)
        if missing:
            raise ValueError(f"bodies: no name is given for {', '.join(sorted(missing))}")
        return self

    def name_of(self, body: Body, place: str, on: date) -> str:
        """What ``body`` of ``place`` (a name, not a code) was called on a day."""
        names = next(entry.names for entry in self.bodies if entry.id is body)
        in_use = [entry for entry in names if entry.since <= on] or [min(names, key=_since)]
        return max(in_use, key=_since).name.replace(_PLACE, place)

    @property
    def sha256(self) -> str:
        """SHA-256 of everything it says, by which two policies of one id are told apart."""
        return sha256(canonical(self.model_dump(mode="json")).encode()).hexdigest()

    def difference(self, other: "Policy") -> str | None:
        """What another policy says otherwise, section by section; None where nothing."""
        if self.sha256 == other.sha256:
            return None
        mine, theirs = self.model_dump(mode="json"), other.model_dump(mode="json")
        return ", ".join(section for section in mine if mine[section] != theirs[section])


def _since(name: BodyName) -> date:
    return name.since
