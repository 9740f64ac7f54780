"""What happens in a township's year: cases are opened, acted on, and looked back on.

Every event names its case by a short key of the file's own, except those that change or read the
register.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from models.appraisals import Meeting, Proposal, votes_fault
from models.base import Record, Text
from models.case.parts import Count, Key
from models.register.counties import Growth
from models.register.households import HouseholdCode
from models.roster.messages import Amendment
from operators.rehearsal.dated import BeijingTime, Sourced
from operators.rehearsal.events import (
    ActEvent,
    Event,
    ObjectEvent,
    ResolveEvent,
    WaitEvent,
    WithdrawEvent,
)

Criterion = Literal[
    "food_and_clothing", "schooling", "insurance", "illness_aid", "housing", "livelihood"
]
"""What S1 asks for besides an income above the line."""

CaseKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")]
"""A case, or a village, as the file names it."""


def numbered(code: str) -> tuple[str, str]:
    """A household's number as what stands before its last digits, and those.

    >>> numbered("JIA-08")
    ('JIA-', '08')
    """
    stem = code.rstrip("0123456789")
    return stem, code[len(stem) :]


def counted_on(first: str, count: int) -> list[str]:
    """So many numbers of households, from a first one on.

    >>> counted_on("JIA-09", 2)
    ['JIA-09', 'JIA-10']
    """
    stem, digits = numbered(first)
    start = int(digits or 1)
    return [f"{stem}{number:0{len(digits)}}" for number in range(start, start + count)]


def _one_by_one(value: Any) -> Any:
    return [code for each in value for code in _codes(each)] if isinstance(value, list) else value


def _codes(text: Any) -> list[Any]:
    """``JIA-08..JIA-10`` as its three numbers."""
    first, dots, last = str(text).partition("..")
    if not dots:
        return [text]
    (stem, low), (other, high) = numbered(first), numbered(last)
    if not low or (stem, len(low)) != (other, len(high)) or int(low) > int(high):
        raise ValueError(f"{text!r} is no range of numbers; write JIA-08..JIA-10")
    return counted_on(first, int(high) - int(low) + 1)


Codes = Annotated[tuple[HouseholdCode, ...], BeforeValidator(_one_by_one)]
"""Numbers of households, one by one or as ranges: ``["JIA-01", "JIA-08..JIA-10"]``."""


# -- cases that are opened --------------------------------------------------------------------


class OpeningEvent(Event):
    """A case is opened; the events after it name it by its key."""

    case: CaseKey


class RosterEvent(OpeningEvent):
    """民主评议 (H1): a meeting drafts a village's roster, and its case is opened.

    Attributes:
        in_favour: Votes for every household, where ``votes`` says no other number.
    """

    do: Literal["roster"]
    village: CaseKey
    officer: Text
    meeting: Meeting
    households: Annotated[Codes, Field(min_length=1)]
    in_favour: Count
    votes: dict[HouseholdCode, Count] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        fault = votes_fault(self.meeting, self.proposals)
        if fault is not None:
            raise ValueError(fault)
        return self

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """Every household with its votes."""
        return tuple(
            Proposal(household=code, in_favour=self.votes.get(code, self.in_favour))
            for code in self.households
        )


class VillageEvent(OpeningEvent):
    """调查核实 (V1): the county takes up a village for its exit."""

    do: Literal["village"]
    village: CaseKey
    officer: Text
    document_number: Text


class UncountedFigures(Sourced):
    """A county's figures without its incidence (S5), which the register counts."""

    as_of: date
    income_growth_percent: Growth
    provincial_income_growth_percent: Growth
    services_near_mean: Annotated[bool, Field(strict=True)]
    services_statement: Text


class CountyEvent(OpeningEvent):
    """县级申请 (C1): the county applies."""

    do: Literal["county"]
    officer: Text
    document_number: Text
    figures: UncountedFigures


Opening = RosterEvent | VillageEvent | CountyEvent


# -- what is sent to a case -------------------------------------------------------------------


class OfCase(Record):
    """Something that is sent to a case of the file."""

    case: CaseKey


class ActOn(ActEvent, OfCase):
    """An office decides a step of a case."""

    households: Codes = ()


class ObjectTo(ObjectEvent, OfCase):
    """Somebody objects to a case's notice."""


class ResolveIn(ResolveEvent, OfCase):
    """The publishing office ends an investigation."""


class WithdrawFrom(WithdrawEvent, OfCase):
    """The applicant takes the application back."""


class WaitIn(WaitEvent, OfCase):
    """Nothing happens in a case until a day, or until a step is open."""


class AmendIn(Event, OfCase, Amendment):
    """The committees take entries of a roster anew from the register (G1)."""

    do: Literal["amend"]
    at: BeijingTime
    id: Key = "unnamed"


class ConsentIn(Event, OfCase):
    """认可 (H2): households of a roster answer, each signed by its head.

    Attributes:
        agree: Who agrees; everybody who is asked and does not refuse, where none is named.
        refuse: Who does not, with the reason.
    """

    do: Literal["consent"]
    officer: Text
    agree: Codes = ()
    refuse: dict[HouseholdCode, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        both = sorted(set(self.agree) & set(self.refuse))
        if both:
            raise ValueError(f"refuse: {both[0]} agrees as well; keep one of its answers")
        return self


InCase = ActOn | ObjectTo | ResolveIn | WithdrawFrom | WaitIn | AmendIn | ConsentIn


# -- the register -----------------------------------------------------------------------------


class ChangeEvent(Event):
    """The register learns of a household's new head count, from a roster of its village."""

    do: Literal["register"]
    household: HouseholdCode
    size: Annotated[int, Field(ge=1, le=50, strict=True)]


class ReadyEvent(Event):
    """Who could leave now, as the register counts on the day (``exitflow ready``).

    Attributes:
        ready: Keys of the villages that lack nothing; of counties: ``["county"]``, or nobody.
        lacking: What others must lack, in part, by key.
    """

    do: Literal["ready"]
    of: Literal["villages", "counties"]
    ready: tuple[CaseKey, ...]
    lacking: dict[CaseKey, Text] = Field(default_factory=dict)
