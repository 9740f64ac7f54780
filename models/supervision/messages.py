"""What opens a supervision (F6 督导), what is sent to it, and what it tells a county's case."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Line, Moment, ProperName, Reason, Record, Text
from models.case.admission import Opening
from models.case.parts import Key, Proofs
from models.household_standard import S1_IDS
from models.offices import County, CountyCode, Office, VillageCode
from models.periods import Year
from models.policy import Body
from models.ratios import ExactRates
from models.register.households import HouseholdCode

Seed = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z._-]{1,64}$",
        title="seed",
        description="up to 64 letters, digits, points and dashes",
    ),
]
"""What the order of a draw depends on: letters, digits, points and dashes."""

Quarter = Annotated[int, Field(ge=1, le=4, strict=True)]
_Switch = Annotated[bool, Field(strict=True)]
_Heads = Annotated[int, Field(ge=0, le=1_000_000, strict=True)]

MOST_HOUSEHOLDS, MOST_VILLAGES = 1000, 200
"""Of each that can be drawn (``models.policy.Supervision``)."""


class SupervisionApplication(Record):
    """Which supervision of a county is to begin: of a quarter, or a special inspection (专项检查).

    Attributes:
        quarter: Of a quarterly round; None of a special inspection.
        reason: Why a special inspection is made; a quarterly round gives none.
        office: Who makes a special inspection: the county's city (F14 督导), or the State Council
            group (A8 抽查); the province if it is not given.
        officer: Who ordered it, if a person did.
        seed: What the draw depends on; drawn by lot if it is not given.
        households, villages: How many of each are drawn at most; by the policy if not given.
    """

    county: CountyCode
    year: Year
    quarter: Quarter | None = None
    reason: Reason | None = None
    office: Office | None = None
    officer: ProperName | None = None
    seed: Seed | None = None
    households: Annotated[int, Field(ge=1, le=MOST_HOUSEHOLDS, strict=True)] | None = None
    villages: Annotated[int, Field(ge=1, le=MOST_VILLAGES, strict=True)] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if (self.quarter is None) == (self.reason is None):
            raise ValueError(
                "reason: a special inspection says why it is made, and a quarterly round has a "
                "quarter and needs no reason; give one of the two (F6)"
            )
        if self.office is not None and self.quarter is not None:
            raise ValueError("office: the quarterly rounds are the province's; leave it out (F6)")
        return self


def inspection_zh(office: Office | None) -> str:
    """How a special inspection is called, by who makes it; the province if none is given.

    >>> [inspection_zh(each) for each in (None, Office.parse("A6/411500"))]
    ['专项检查', '市级督查']
    """
    if office is None:
        return "专项检查"
    return {Body.CITY_GROUP: "市级督查", Body.STATE_COUNCIL_GROUP: "国家抽查"}.get(
        office.body, "专项检查"
    )


SupervisionOpening = Opening[SupervisionApplication, County]


def _s1(criteria: tuple[str, ...]) -> None:
    unknown = [each for each in criteria if each not in S1_IDS]
    if unknown:
        raise ValueError(
            f"failed: {unknown[0]} is no criterion of S1; they are {', '.join(S1_IDS)}"
        )
    if len(set(criteria)) < len(criteria):
        raise ValueError("failed: a criterion is named twice")


class HouseholdCheck(Record):
    """What the check of a drawn household found (F6).

    Attributes:
        wrongly_exited: It did not meet S1 when it left (错退).
        failed: The criteria of S1 it does not meet; named where it was wrongly exited, only there.
        recognises: Whether it recognises its exit (认可); None where it was not asked.
    """

    household: HouseholdCode
    wrongly_exited: _Switch
    failed: tuple[str, ...] = ()
    recognises: _Switch | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _s1(self.failed)
        if self.wrongly_exited != bool(self.failed):
            raise ValueError(
                f"failed: household {self.household} was wrongly exited exactly where it fails a "
                "criterion of S1; name those it fails with wrongly_exited, and only then"
            )
        return self


class VillageCheck(Record):
    """What the check of a drawn village found (F6).

    Attributes:
        omitted_people, omitted_households: Who is poor by S1 and was never registered (漏评).
        asked, recognising: How many villagers were asked, and how many recognise the exit (认可).
    """

    village: VillageCode
    omitted_people: _Heads
    omitted_households: _Heads
    asked: _Heads
    recognising: _Heads
    note: Text | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.recognising > self.asked:
            raise ValueError(
                f"recognising: {self.recognising} of {self.asked} asked cannot be, in village "
                f"{self.village}"
            )
        if self.omitted_households > self.omitted_people:
            raise ValueError(
                f"omitted_households: {self.omitted_households} households of "
                f"{self.omitted_people} people cannot be, in village {self.village}"
            )
        if self.omitted_people and not self.omitted_households:
            raise ValueError(
                f"omitted_households: {self.omitted_people} people live in at least one, in "
                f"village {self.village}"
            )
        return self


class Findings(Record):
    """Findings (核查结果) on items of the sample: some of them or all; a later one replaces."""

    id: Key
    office: Office
    officer: ProperName
    households: Annotated[tuple[HouseholdCheck, ...], Field(max_length=MOST_HOUSEHOLDS)] = ()
    villages: Annotated[tuple[VillageCheck, ...], Field(max_length=MOST_VILLAGES)] = ()
    at: Moment | None = None
    evidence: Proofs = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        codes = [each.household for each in self.households]
        codes += [each.village for each in self.villages]
        if not codes:
            raise ValueError("households: give at least one finding, on a household or a village")
        seen: set[str] = set()
        for code in codes:
            if code in seen:
                raise ValueError(f"{code} is found on twice in one message; give one finding")
            seen.add(code)
        return self


class Plea(Record):
    """申诉举证 (F6): the inspected county objects to a finding, and brings evidence.

    Attributes:
        about: The drawn household or village whose finding it is.
    """

    id: Key
    office: Office
    officer: ProperName
    about: HouseholdCode
    text: Text
    evidence: Annotated[Proofs, Field(min_length=1)]
    at: Moment | None = None


class SupervisionResult(Record):
    """The result of a supervision (F6, S4), as it is told to a county's case (C7).

    Attributes:
        supervision: Id of its case.
        failed: The rates that are not met (``S4.wrong``). One that could not be computed stands
            neither here nor among those that are met.
        at: When it was decided.
    """

    id: Key
    office: Office
    supervision: Annotated[str, Field(pattern=r"^supervision/[0-9]{6}/[0-9]{4}-(q|s)[0-9]+$")]
    county: CountyCode
    year: Year
    quarter: Quarter | None = None
    rates: ExactRates
    failed: tuple[Line, ...] = ()
    document: Line | None = None
    at: Moment
