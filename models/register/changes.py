"""Natural changes of the register (动态调整): what happens to households and their members.

Each has a cause, a day, a document and an officer, and counts from its day on: incidence on the
days before it stays what it was (S5). It is written once, into the register's own ledger (G7).
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator

from models.base import Line, Reason, Record, canonical, says_something
from models.identity import content_id
from models.offices import Office, Village
from models.policy import Body
from models.register.households import HouseholdCode, Label, SubjectCode
from models.texts.characters import called
from models.texts.id_numbers import born_on, is_one


class Gone(StrEnum):
    """Why a time in the register ended with the household itself, and by no exit.

    ``SPLIT_OFF`` is of a household that parted from one that had exited: it never was poor itself.
    """

    DIED_OUT = "died-out"
    LEFT = "left"
    JOINED = "joined"
    SPLIT_OFF = "split-off"

    @property
    def zh(self) -> str:
        """The word in Chinese."""
        return _GONE[self]


_GONE = {
    Gone.DIED_OUT: "整户死亡",
    Gone.LEFT: "整户迁出",
    Gone.JOINED: "合户",
    Gone.SPLIT_OFF: "脱贫后分户",
}


class ChangeKind(StrEnum):
    """What happened."""

    BORN = "born"
    MARRIED_IN = "married-in"
    MOVED_IN = "moved-in"
    DIED = "died"
    MARRIED_OUT = "married-out"
    MOVED_OUT = "moved-out"
    NUMBERED = "numbered"
    HEAD = "head"
    SPLIT = "split"
    JOINED = "joined"
    RESETTLED = "resettled"
    DIED_OUT = "died-out"
    LEFT = "left"

    @property
    def zh(self) -> str:
        """The word in Chinese."""
        return KINDS[self]


KINDS = {
    ChangeKind.BORN: "出生",
    ChangeKind.MARRIED_IN: "婚入",
    ChangeKind.MOVED_IN: "迁入",
    ChangeKind.DIED: "死亡",
    ChangeKind.MARRIED_OUT: "婚出",
    ChangeKind.MOVED_OUT: "迁出",
    ChangeKind.NUMBERED: "补录证件",
    ChangeKind.HEAD: "户主变更",
    ChangeKind.SPLIT: "分户",
    ChangeKind.JOINED: "合户",
    ChangeKind.RESETTLED: "易地搬迁",
    ChangeKind.DIED_OUT: "整户死亡",
    ChangeKind.LEFT: "整户迁出",
}
"""How each is called in Chinese."""

JOINING = (ChangeKind.BORN, ChangeKind.MARRIED_IN, ChangeKind.MOVED_IN)
LEAVING = (ChangeKind.DIED, ChangeKind.MARRIED_OUT, ChangeKind.MOVED_OUT)
ENDING = {
    ChangeKind.DIED_OUT: Gone.DIED_OUT,
    ChangeKind.LEFT: Gone.LEFT,
    ChangeKind.JOINED: Gone.JOINED,
}
"""Changes by which the household itself ends."""

_OF_ONE = (ChangeKind.NUMBERED, ChangeKind.HEAD)
_OF_PEOPLE = (*JOINING, *LEAVING, *_OF_ONE, ChangeKind.SPLIT)
_WITH_TARGET = {
    ChangeKind.SPLIT: "number of the new household",
    ChangeKind.JOINED: "number of the household that it joins",
    ChangeKind.RESETTLED: "code of the village that it moves to",
}
_WITH_GROUP = (ChangeKind.SPLIT, ChangeKind.RESETTLED)
HEAD = "户主"

IdNumber = Annotated[str, Field(pattern=r"^[0-9]{17}[0-9X]$")]
Called = Annotated[Label, AfterValidator(called)]
Meant = Annotated[Line, AfterValidator(says_something)]
"""What says something in one line: no single sign, no 无."""


class Person(Record):
    """Somebody whom a change is about.

    Attributes:
        without_id: Why somebody has no ID number (无证件原因), as 新生儿未落户 or 无户口.
        born: The day of birth of who has none.
    """

    name: Called
    id_number: IdNumber | None = None
    relation: Label | None = None
    without_id: Meant | None = None
    born: date | None = None


class RegisterChange(Record):
    """One change of one household.

    Attributes:
        on: The first day on which it holds.
        reason: What happened (事由).
        people: Who joins or leaves; of a split, who parts from the household.
        to: Of a split the new household, of a joining the one that stays, of a move the village.
        group: The village group (村民小组) there.
        head: The name of the member who is the head from now on, if the head leaves.
    """

    kind: ChangeKind
    household: HouseholdCode
    on: date
    reason: Reason
    document: Meant
    office: Office
    officer: Line
    people: Annotated[tuple[Person, ...], Field(max_length=50)] = ()
    to: SubjectCode | None = None
    group: Label | None = None
    head: Called | None = None

    @property
    def id(self) -> str:
        """Derived from what it says: the same change put down twice is one."""
        return content_id("change", canonical(self.content()))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wrong = next(self._faults(), None)
        if wrong is not None:
            raise ValueError(wrong)
        return self

    def _faults(self) -> Iterator[str]:
        kind, said = self.kind, f"{self.kind} ({self.kind.zh})"
        if kind in _OF_PEOPLE and not self.people:
            yield f"people: {said} names at least one person"
        if kind not in _OF_PEOPLE and self.people:
            yield f"people: {said} is of the whole household; name nobody"
        if kind in _OF_ONE and len(self.people) > 1:
            yield f"people: {said} is of one person; put down one change for each"
        if kind in _WITH_TARGET and self.to is None:
            yield f"to: {said} needs the {_WITH_TARGET[kind]}"
        if kind not in _WITH_TARGET and self.to is not None:
            yield f"to: {said} leads nowhere; leave it out"
        if self.group is not None and kind not in _WITH_GROUP:
            yield f"group: {said} keeps the village group; leave it out"
        if self.head is not None and kind not in (*LEAVING, ChangeKind.SPLIT):
            yield f"head: {said} changes no head; leave it out"
        if kind is ChangeKind.NUMBERED and self.people and self.people[0].id_number is None:
            yield f"people: {said} needs the ID number"
        yield from self._twice()
        if kind in JOINING:
            yield from (fault for each in self.people if (fault := _joining_fault(each, self.on)))
        if kind is ChangeKind.SPLIT:
            heads = sum(each.relation == HEAD for each in self.people)
            if heads != 1:
                yield f"people: one person of the new household is its head ({HEAD}), not {heads}"
            if self.to is not None and is_one(self.to):
                yield "to: this is the number of an identity card; write a household's own (G8)"

    def _twice(self) -> Iterator[str]:
        """Who stands twice among the people would be counted twice (S5)."""
        seen: set[str] = set()
        for each in self.people:
            key = each.id_number or each.name
            if key in seen:
                yield f"people: {each.name} stands twice; name each person once"
            seen.add(key)


def _joining_fault(person: Person, on: date) -> str | None:
    """Why somebody cannot become a member on a day; None if nothing is lacking."""
    if person.relation is None or person.relation == HEAD:
        return f"people: {person.name} needs a relation to the head, other than {HEAD}"
    born = person.born if person.id_number is None else _born(person.id_number)
    if born is not None and born > on:
        return f"people: {person.name} joins on {on}, before the birth on {born}; correct the day"
    return identity_fault(person)


def _born(number: str) -> date | None:
    """The date of birth that a number says; None where it is none (``checked`` refuses that)."""
    return born_on(number) if is_one(number) else None


def identity_fault(person: Person) -> str | None:
    """Why it is not clear who a member is: an ID number, or why there is none, and the birth."""
    if (person.id_number is None) is (person.without_id is None):
        return (
            f"people: {person.name} needs an ID number, or the reason why there is none; not both"
        )
    if person.id_number is None and person.born is None:
        return f"people: {person.name} has no ID number; write the day of birth too"
    return None


def office_fault(office: Office, *villages: Village) -> str | None:
    """Why an office may not put down a change of a household in these villages; None if it may."""
    bodies = (Body.VILLAGE_COMMITTEES, Body.COUNTY_GROUP)
    may = [village.office(body) for village in villages for body in bodies]
    if office in may:
        return None
    named = ", ".join(dict.fromkeys(map(str, may)))
    return f"office: {office} puts down no change here; {named} may"


class Concerned(NamedTuple):
    """An open roster that a change touches: which of its households, and what it says."""

    case_id: str
    households: tuple[str, ...]
    change: "RegisterChange | DivisionChange"
    text: str


class ChangesLoaded(Record):
    """What became of changes: those that were put down before are no change.

    Attributes:
        counties: Codes of the counties whose people may be more or fewer since.
        concerned: Open rosters on which a household of them is.
        stale: Other open cases about a household or a place that has ended: the register refuses
            their approval.
    """

    new: int
    unchanged: int
    counties: tuple[str, ...] = ()
    concerned: tuple[Concerned, ...] = ()
    stale: tuple[str, ...] = ()


class KeptChange(Record):
    """An entry of the register's ledger, for people: it names no person (G8)."""

    ledger: str
    seq: int
    subject: str | None
    day: date
    text: str
    hash: str


class DivisionKind(StrEnum):
    """What happens to a village, township or county (区划变动)."""

    RENAMED = "renamed"
    RECODED = "recoded"
    MERGED = "merged"

    @property
    def zh(self) -> str:
        """The word in Chinese."""
        return DIVISION_KINDS[self]


DIVISION_KINDS = {
    DivisionKind.RENAMED: "更名",
    DivisionKind.RECODED: "改码",
    DivisionKind.MERGED: "并入",
}
"""How each is called in Chinese."""

PlaceCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{6}([0-9]{3}|[0-9]{6})?$",
        title="code of a county, township or village",
        description="its 6, 9 or 12 digits",
    ),
]


class DivisionChange(Record):
    """A village, township or county that is renamed, gets another code, or is merged into another.

    Of a township or county that gets another code, all villages get theirs: the same digits behind
    the new ones. Old cases keep code and name, new ones have the new.

    Attributes:
        to: The new code, or that of the place that it is merged into; of as many digits.
        name: The new name; of a new code, if it has another.
    """

    kind: DivisionKind
    code: PlaceCode
    on: date
    reason: Reason
    document: Meant
    office: Office
    officer: Line
    to: PlaceCode | None = None
    name: Called | None = None

    @property
    def id(self) -> str:
        """Derived from what it says: the same change put down twice is one."""
        return content_id("division", canonical(self.content()))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        kind, said = self.kind, f"{self.kind} ({self.kind.zh})"
        if kind is DivisionKind.RENAMED and (self.name is None or self.to is not None):
            raise ValueError(f"name: {said} needs the new name, and no other code")
        if kind is not DivisionKind.RENAMED and self.to is None:
            raise ValueError(f"to: {said} needs the code that follows")
        if self.to is not None and (len(self.to) != len(self.code) or self.to == self.code):
            raise ValueError(f"to: {self.to} is no other code of {len(self.code)} digits")
        if self.to is not None and self.to[:2] != self.code[:2]:
            raise ValueError(f"to: {self.to} is in another province; a place stays in its own")
        if kind is DivisionKind.MERGED and self.name is not None:
            raise ValueError(f"name: {said} keeps the name of {self.to}; leave it out")
        if kind is DivisionKind.MERGED and len(self.code) == 6:
            raise ValueError(
                f"code: a county is not merged here; recode its townships into {self.to}"
            )
        return self
