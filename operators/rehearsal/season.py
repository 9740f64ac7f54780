"""A season: the year of one township written down, from its households up to its county.

A season is a TOML file: a county with villages and households, all of them made up; what happens to
their cases, in the order of its dates; and what must have come of it. As a scenario it moves by
whole years before it is played.
"""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Record, Text
from models.case.messages import Ending
from models.offices import CountyCode, Tier, VillageCode
from models.periods import Year
from models.register.households import HouseholdCode
from operators.rehearsal.dated import Sourced, later, years_ahead
from operators.rehearsal.events import check_order
from operators.rehearsal.scenario import Breach
from operators.rehearsal.season_after import (
    AfterInCase,
    AfterLook,
    AfterOpening,
    AlarmExpected,
    CheckIn,
    ConsequencesEvent,
    LineEvent,
    LivesEvent,
    PleadIn,
    RatesExpected,
    ReenterEvent,
    RevokeEvent,
    Stood,
    UnitKey,
    VisitIn,
)
from operators.rehearsal.season_events import (
    ActOn,
    AmendIn,
    CaseKey,
    ChangeEvent,
    Codes,
    ConsentIn,
    Criterion,
    InCase,
    ObjectTo,
    Opening,
    OpeningEvent,
    ReadyEvent,
    RosterEvent,
    VillageEvent,
    counted_on,
)

SeasonEvent = Annotated[
    Opening
    | InCase
    | ChangeEvent
    | ReadyEvent
    | AfterOpening
    | AfterInCase
    | LineEvent
    | LivesEvent
    | AfterLook,
    Field(discriminator="do"),
]

COUNTY = "county"
"""The county's key where a file speaks of its villages and of it."""

_SURNAMES = "张王李赵刘陈杨黄"
_SIGNS = "甲乙丙丁戊己庚辛壬癸"


class Place(Record):
    """The county, and its only township."""

    code: CountyCode
    name: Text
    city: Text
    tier: Tier
    township: Text
    township_code: Annotated[str, Field(pattern=r"^[0-9]{9}$")]


class Line(Sourced):
    """The national poverty line of the year (S7), in yuan a head."""

    yuan: Annotated[int, Field(ge=1, le=100_000, strict=True)]


class PoorVillage(Record):
    """A village on the list of poor villages since the season's ``registered_on``."""

    key: CaseKey
    code: VillageCode
    name: Text
    population: Annotated[int, Field(ge=1, strict=True)]
    work_team: bool
    first_secretary: bool


class Group(Record):
    """Households of a village group that live alike.

    Attributes:
        first: Number of the first; the others count on from it.
        income: Net income of the year, in yuan a head.
        unmet: Criteria of S1 they do not meet, as the register names them.
    """

    village: CaseKey
    group: Text
    first: HouseholdCode
    count: Annotated[int, Field(ge=1, le=200, strict=True)]
    size: Annotated[int, Field(ge=1, le=50, strict=True)]
    income: Annotated[int, Field(ge=0, le=1_000_000, strict=True)]
    unmet: tuple[Criterion, ...] = ()

    @property
    def codes(self) -> list[str]:
        """Their numbers."""
        return counted_on(self.first, self.count)


class Heads(Record):
    """Poor people and population of a unit."""

    poor: Annotated[int, Field(ge=0, strict=True)]
    population: Annotated[int, Field(ge=1, strict=True)]


class SeasonExpected(Record):
    """What must have come of it.

    Attributes:
        endings: How each case ended, or ``open``.
        struck_off: By roster and day, who left the register; every roster that is named nowhere
            struck off nobody.
        breaches: Missed limits by case, in their order; none of a case that is not named.
        drawn: Who was drawn by each supervision, households before villages, in the order of rank.
        rates: What each supervision has found in the end.
        alarms: By the case that gave them; none of a case that is not named.
        stood: How a unit stood in the register from its first day to the last of the file.
        before, after: Heads of every village, and of the county, on the day of the first event and
            on the day of the last.
    """

    endings: dict[CaseKey, Ending | Literal["open"]]
    struck_off: dict[CaseKey, dict[date, Codes]]
    breaches: dict[CaseKey, tuple[Breach, ...]]
    drawn: dict[CaseKey, Codes] = Field(default_factory=dict)
    rates: dict[CaseKey, RatesExpected] = Field(default_factory=dict)
    alarms: dict[CaseKey, tuple[AlarmExpected, ...]] = Field(default_factory=dict)
    stood: dict[UnitKey, tuple[Stood, ...]] = Field(default_factory=dict)
    before: dict[CaseKey, Heads]
    after: dict[CaseKey, Heads]


class Season(Record):
    """A whole file.

    Attributes:
        title: What offices call it.
        about: What it shows, for engineers.
        synthetic: County, villages and households are made up; no other are played.
        registered_on: Since when villages and households are on their lists.
    """

    title: Text
    about: Text
    synthetic: Literal[True]
    year: Year
    registered_on: date
    county: Place
    line: Line
    villages: Annotated[tuple[PoorVillage, ...], Field(min_length=1)]
    households: Annotated[tuple[Group, ...], Field(min_length=1)]
    events: Annotated[tuple[SeasonEvent, ...], Field(min_length=1)]
    expect: SeasonExpected

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_order(self.events, self.events[0].at)
        return self

    @model_validator(mode="after")
    def _known(self) -> Self:
        keys = (*self.village_keys, COUNTY)
        if len(set(keys)) < len(keys):
            raise ValueError("villages: every village needs a key of its own, other than 'county'")
        for where, village in self._villages_named():
            if village not in self.village_keys:
                raise ValueError(
                    f"{where}: {village} is no village of the file; it has "
                    f"{', '.join(self.village_keys)}"
                )
        households = [code for group in self.households for code in group.codes]
        for first, second in pairwise(sorted(households)):
            if first == second:
                raise ValueError(f"households: {first} stands there twice; keep one")
        for where, code in self._households_named():
            if code not in households:
                raise ValueError(f"{where}: household {code} is none of the file")
        for where, unit in self._units_named():
            if unit not in (*keys, *households):
                raise ValueError(f"{where}: {unit} is no village, county or household of the file")
        return self

    @model_validator(mode="after")
    def _opened(self) -> Self:
        opened: list[str] = []
        for number, event in enumerate(self.events, start=1):
            case = getattr(event, "case", None)
            if isinstance(event, OpeningEvent):
                if case in opened:
                    raise ValueError(f"event {number}: case {case} is open already; name another")
                if event.refused is None:
                    opened.append(event.case)
                named = cases_named(event)
            else:
                named = () if case is None else (case,)
            for each in named:
                if each not in opened:
                    raise ValueError(
                        f"event {number}: case {each} is not open; open before it are "
                        f"{', '.join(opened) or 'none'}"
                    )
        self._check_expected(opened)
        return self

    def _check_expected(self, opened: list[str]) -> None:
        for field in ("endings", "struck_off", "breaches", "drawn", "rates", "alarms"):
            for case in getattr(self.expect, field):
                if case not in opened:
                    raise ValueError(f"expect: {field}: {case} is no case of the file")
        for case in opened:
            if case not in self.expect.endings:
                raise ValueError(f"expect: endings: say how {case} ends, or that it stays open")
        units = (*self.village_keys, COUNTY)
        for field in ("before", "after"):
            heads = getattr(self.expect, field)
            if sorted(heads) != sorted(units):
                raise ValueError(f"expect: {field}: give the heads of {', '.join(units)}")

    def _villages_named(self) -> Iterator[tuple[str, str]]:
        for group in self.households:
            yield f"households: {group.first}", group.village
        for number, event in enumerate(self.events, start=1):
            if isinstance(event, RosterEvent | VillageEvent):
                yield f"event {number}", event.village
            elif isinstance(event, CheckIn):
                for village in event.villages:
                    yield f"event {number}", village

    def _households_named(self) -> Iterator[tuple[str, str]]:
        for number, event in enumerate(self.events, start=1):
            for code in named_by(event):
                yield f"event {number}", code

    def _units_named(self) -> Iterator[tuple[str, str]]:
        for number, event in enumerate(self.events, start=1):
            match event:
                case RevokeEvent(of=unit) | ConsequencesEvent(of=unit) | PleadIn(about=unit):
                    yield f"event {number}", unit
        for unit in self.expect.stood:
            yield "expect: stood", unit

    @property
    def village_keys(self) -> tuple[str, ...]:
        """The villages as the file names them."""
        return tuple(village.key for village in self.villages)

    def years_ahead(self, now: datetime) -> int:
        """By how many years it must move at least, to begin after ``now``."""
        return years_ahead(self.events[0].at, now)

    def moved(self, years: int) -> "Season":
        """The same course, so many years later."""
        return later(self, years)


def named_by(event: SeasonEvent) -> tuple[str, ...]:
    """The households that an event names."""
    match event:
        case RosterEvent():
            return (*event.households, *event.votes)
        case ActOn():
            return event.households
        case ConsentIn():
            return (*event.agree, *event.refuse)
        case AmendIn():
            return tuple(each.household for each in event.households)
        case ObjectTo():
            return (event.household,) if event.household else ()
        case ChangeEvent() | LivesEvent() | ReenterEvent():
            return (event.household,)
        case CheckIn():
            return (*event.wrong, *event.not_recognising)
        case VisitIn():
            return (*event.stable, *event.unstable)
        case _:
            return ()


def cases_named(event: OpeningEvent) -> tuple[str, ...]:
    """The cases that an opening one rests on."""
    if not isinstance(event, RevokeEvent):
        return ()
    found_by = () if event.supervision is None else (event.supervision,)
    return (*(each.case for each in event.responsible), *found_by)


def place_names(season: Season) -> dict[str, str]:
    """What the county and its villages are called, by key."""
    villages = {village.key: village.name for village in season.villages}
    return villages | {COUNTY: season.county.name}


def head_of(number: int) -> str:
    """The invented name of the head of a village's household.

    >>> head_of(0), head_of(9)
    ('张某甲', '王某乙')
    """
    return f"{_SURNAMES[number % 8]}某{_SIGNS[number // 8 % 10]}"
