"""Offices and territories: who may act, for which place, and who stands above whom.

A *body* (A1-A9) is a kind of authority; an *office* is one body of one place. 信阳市's city
group and 周口市's are two offices of the same body, and neither may act for the other's counties.
"""

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol, Self

from pydantic import Field, model_serializer, model_validator

from models.base import Line, Record
from models.policy import LEVELS, Body, Policy

NATION = "100000"
"""Division code under which bodies of the whole country act."""

DivisionCode = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}|[0-9]{6})?$")]
"""GB/T 2260 county code (6 digits), or the 9 or 12 digits of a township or village."""

CountyCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{6}$", title="division code", description="six digits, as 411523"),
]
TownshipCode = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
VillageCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{12}$", title="village", description="twelve digits, as 411523100001"),
]


class SubjectKind(StrEnum):
    """Who leaves the list; the words of a plan, and of the procedures of an exit."""

    COUNTY = "county"
    VILLAGE = "village"
    HOUSEHOLD = "household"

    @property
    def zh(self) -> str:
        """The word in Chinese."""
        return {"county": "县", "village": "村", "household": "户"}[self.value]


class Tier(StrEnum):
    """国定贫困县 are approved after the State Council's inspection, 省定贫困县 without it."""

    NATIONAL = "national"
    PROVINCIAL = "provincial"


class Office(Record):
    """One body of one place, written ``A6/411500``."""

    body: Body
    place: DivisionCode

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"(A[1-9])/([0-9]{6,12})", value.strip())
        if match is None:
            raise ValueError(f"{value!r} is not an office; write body/place, for example A6/411500")
        return {"body": match[1], "place": match[2]}

    @model_serializer
    def _as_text(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.body.value}/{self.place}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``A6/411500``; raises ``ValueError`` with the right form otherwise."""
        return cls.model_validate(text)


class Division(Record):
    """A place with its code (区划)."""

    code: DivisionCode
    name: Line


def province_of(policy: Policy) -> Division:
    """The province whose reading of the regulation a policy is."""
    return Division(code=policy.province, name=policy.province_name)


class Subject(Protocol):
    """What a case is about: a place that is to leave, or whose households are.

    It is the territory of the case at once: who acts in it, and who stands above whom.
    """

    @property
    def code(self) -> str:
        """Its division code."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def full_name(self) -> str:
        """Its name with as much of its place as tells it from others of the name."""

    @property
    def region_path(self) -> tuple[str, ...]:
        """Codes from the province down."""

    def office(self, body: Body) -> Office:
        """The office of a body whose territory it lies in."""

    def place_name(self, office: Office) -> str:
        """The name of an office's place."""

    def superior(self, office: Office) -> Office | None:
        """The office above."""


class County(Record):
    """A county as the register knows it when its case begins: subject and territory at once."""

    kind: ClassVar = SubjectKind.COUNTY
    code: CountyCode
    name: Line
    tier: Tier
    directly_administered: bool
    city: Division
    province: Division

    @property
    def full_name(self) -> str:
        """Its name: counties of a province have different ones."""
        return self.name

    @property
    def region_path(self) -> tuple[str, ...]:
        """Codes from the province down, so that one city's cases can be filtered."""
        return (self.province.code, self.city.code, self.code)

    def office(self, body: Body) -> Office:
        """The office of a body whose territory this county lies in."""
        place = {
            Body.COUNTY_GROUP: self.code,
            Body.CITY_GROUP: self.city.code,
            Body.PROVINCIAL_GROUP: self.province.code,
            Body.PROVINCIAL_GOVERNMENT: self.province.code,
            Body.STATE_COUNCIL_GROUP: NATION,
        }
        return Office(body=body, place=place[body])

    def concerns(self, office: Office) -> bool:
        """Whether an office exists in this county's territory, or in the line above it."""
        match office.body:
            case Body.COUNTY_GROUP | Body.PROVINCIAL_GROUP | Body.PROVINCIAL_GOVERNMENT:
                return office == self.office(office.body)
            case Body.CITY_GROUP:
                return not self.directly_administered and office == self.office(office.body)
            case Body.STATE_COUNCIL_GROUP:
                return False
            case _:
                return len(office.place) > len(self.code) and office.place.startswith(self.code)

    def place_name(self, office: Office) -> str:
        """The name of an office's place, as far as this county's own line of divisions knows it."""
        known = {
            self.code: self.name,
            self.city.code: self.city.name,
            self.province.code: self.province.name,
            NATION: "国家",
        }
        return known.get(office.place, office.place)

    def superior(self, office: Office) -> Office | None:
        """The office above (G4: it too is told of a passed limit), or None at the top.

        A directly administered county stands right under the province (A7 in place of A6); the
        provincial group reports national counties to A8 and provincial ones to A9.
        """
        match office.body:
            case Body.COUNTY_GROUP if not self.directly_administered:
                return self.office(Body.CITY_GROUP)
            case Body.COUNTY_GROUP | Body.CITY_GROUP:
                return self.office(Body.PROVINCIAL_GROUP)
            case Body.PROVINCIAL_GROUP if self.tier is Tier.NATIONAL:
                return self.office(Body.STATE_COUNCIL_GROUP)
            case Body.PROVINCIAL_GROUP:
                return self.office(Body.PROVINCIAL_GOVERNMENT)
            case _:
                return None


class Village(Record):
    """An administrative village (行政村) as the register knows it when a case begins.

    Attributes:
        directly_administered: Whether its county is (直管县): the province stands in for the city.
        work_team: Whether a resident work team (驻村工作队) is there (H2).
        first_secretary: Whether a first secretary (第一书记) is there (H2).
    """

    kind: ClassVar = SubjectKind.VILLAGE
    code: VillageCode
    name: Line
    township: Division
    county: Division
    city: Division
    province: Division
    directly_administered: bool
    work_team: bool
    first_secretary: bool

    @property
    def full_name(self) -> str:
        """County, township and village: there is a 张庄村 in many."""
        return f"{self.county.name}{self.township.name}{self.name}"

    @property
    def region_path(self) -> tuple[str, ...]:
        """Codes from the province down to the village itself."""
        above = (self.province, self.city, self.county, self.township)
        return (*(place.code for place in above), self.code)

    @property
    def verifiers(self) -> tuple[Office, ...]:
        """Who verifies a roster (H2): the committees, and team and secretary where they are."""
        bodies = [Body.VILLAGE_COMMITTEES]
        if self.work_team:
            bodies.append(Body.WORK_TEAM)
        if self.first_secretary:
            bodies.append(Body.FIRST_SECRETARY)
        return tuple(self.office(body) for body in bodies)

    def office(self, body: Body) -> Office:
        """The office of a body whose territory this village lies in."""
        place = {
            Body.COUNTY_GROUP: self.county.code,
            Body.CITY_GROUP: self.city.code,
            Body.PROVINCIAL_GROUP: self.province.code,
            Body.PROVINCIAL_GOVERNMENT: self.province.code,
            Body.STATE_COUNCIL_GROUP: NATION,
        }
        return Office(body=body, place=place.get(body, self.code))

    def place_name(self, office: Office) -> str:
        """The name of an office's place, as far as the village's line of divisions knows it."""
        line = (self.township, self.county, self.city, self.province)
        known = {place.code: place.name for place in line}
        return (known | {self.code: self.name, NATION: "国家"}).get(office.place, office.place)

    def superior(self, office: Office) -> Office | None:
        """The office above: the county over the village, the city over the county, and so on."""
        match office.body:
            case Body.COUNTY_GROUP if not self.directly_administered:
                return self.office(Body.CITY_GROUP)
            case Body.COUNTY_GROUP | Body.CITY_GROUP:
                return self.office(Body.PROVINCIAL_GROUP)
            case Body.PROVINCIAL_GROUP | Body.STATE_COUNCIL_GROUP | Body.PROVINCIAL_GOVERNMENT:
                return None
            case _:
                return self.office(Body.COUNTY_GROUP)


class Household(Record):
    """A registered household as the subject of a case of its own (F5, F7).

    It is named by its number: who lives there stands in no summary and no index (G8).
    """

    kind: ClassVar = SubjectKind.HOUSEHOLD
    code: str
    village: Village

    @property
    def name(self) -> str:
        """Village and number."""
        return f"{self.village.name}{self.code}户"

    @property
    def full_name(self) -> str:
        """The same, with its place."""
        return f"{self.village.full_name}{self.code}户"

    @property
    def region_path(self) -> tuple[str, ...]:
        """Codes from the province down to the village."""
        return self.village.region_path

    def office(self, body: Body) -> Office:
        """The office of a body whose territory the household lives in."""
        return self.village.office(body)

    def place_name(self, office: Office) -> str:
        """The name of an office's place."""
        return self.village.place_name(office)

    def superior(self, office: Office) -> Office | None:
        """The office above."""
        return self.village.superior(office)


class Township(Record):
    """A township (乡镇) whose exited households are visited in a year (F5)."""

    code: TownshipCode
    name: Line
    county: County

    @property
    def full_name(self) -> str:
        """Its county and it."""
        return f"{self.county.name}{self.name}"

    @property
    def region_path(self) -> tuple[str, ...]:
        """Codes from the province down to itself."""
        return (*self.county.region_path, self.code)

    def office(self, body: Body) -> Office:
        """The office of a body whose territory it lies in; a township has none of its own."""
        return self.county.office(body)

    def place_name(self, office: Office) -> str:
        """The name of an office's place."""
        return self.county.place_name(office)

    def superior(self, office: Office) -> Office | None:
        """The office above; above a village the county."""
        if len(office.place) > len(self.county.code):
            return self.county.office(Body.COUNTY_GROUP)
        return self.county.superior(office)


def township_of(subject: Subject) -> Division | None:
    """The township in which a village or a household lies (F15); None of a county."""
    match subject:
        case Village():
            return subject.township
        case Household():
            return subject.village.township
        case Township():
            return Division(code=subject.code, name=subject.name)
        case _:
            return None


AnySubject = County | Village | Household | Township
"""Whom a case can be about."""


def may_follow(office: Office, earlier: Office) -> bool:
    """Whether an office may correct what another put down, or say what came of it (G7).

    The office itself may, and one of a level above. The provincial government stands above the
    provincial group, which reports to it (C5, C7).
    """
    if office == earlier:
        return True
    height, own = LEVELS[office.body].height, LEVELS[earlier.body].height
    reported = (Body.PROVINCIAL_GOVERNMENT, Body.PROVINCIAL_GROUP)
    return height > own or (office.body, earlier.body) == reported
