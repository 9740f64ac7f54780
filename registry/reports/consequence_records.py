"""What the registry says of exits and of what follows from them (F1-F4)."""

from collections import Counter
from datetime import date
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from models.base import Record
from models.consequences import Consequence, Exit, ExitState
from models.offices import SubjectKind


class FollowedExit(Record):
    """An exit with what follows from it, as of a day: the same for all who left alike."""

    exit: Exit
    state: ExitState
    consequences: tuple[Consequence, ...]

    def json_of(self, said: dict[str, Any]) -> str:
        """As ``ExitFacts`` with these other fields look in JSON, without making them."""
        return f"{self._alike},{to_json(said).decode()[1:]}"

    @cached_property
    def _alike(self) -> str:
        return self.model_dump_json().removesuffix("}")


class ExitFacts(FollowedExit):
    """One exit of the register.

    Attributes:
        name: Of the place; of a household its head's (户主).
        township, village_code, village, group: Where a village or a household is.
        people: Head count of a household.
    """

    code: str
    name: str
    city: str
    county_code: str
    county: str
    township: str | None = None
    village_code: str | None = None
    village: str | None = None
    group: str | None = None
    people: int | None = None
    case_id: str | None = None


class ExitsAlike(FollowedExit):
    """Households of a village that left on one day by one document, and stand alike."""

    code: str
    name: str
    township: str
    county: str
    households: int
    people: int


class VillageExits(Record):
    """The exits of a village's households in a year.

    Attributes:
        first, last: The first and the last day on which one of them left.
        states: How many households stand how.
        supported: How many of them have their support kept on the day (F1).
    """

    code: str
    name: str
    township: str
    county: str
    households: int
    people: int
    first: date
    last: date
    states: dict[ExitState, int]
    supported: int


class ExitTotal(Record):
    """What the exits of one level come to.

    Attributes:
        people: Heads of the households; None of places.
        states: How many exits stand how.
        facts, in_force: To how many exits a clause applies, and of how many it holds on the day.
    """

    kind: SubjectKind
    exits: int
    people: int | None
    states: dict[ExitState, int]
    facts: dict[str, int]
    in_force: dict[str, int]


class ExitsListed(Record):
    """The exits of a year for the screen: places one by one, households by village.

    Attributes:
        counties, villages, households: The first of each, or all.
        household_villages: In how many villages there are households.
    """

    year: int
    on: date
    region: str | None
    counties: tuple[ExitFacts, ...]
    villages: tuple[ExitFacts, ...]
    households: tuple[VillageExits, ...]
    household_villages: int
    totals: tuple[ExitTotal, ...]


class ExitTally:
    """Adds up exits as they pass by."""

    def __init__(self) -> None:
        self._exits: Counter[SubjectKind] = Counter()
        self._people: Counter[SubjectKind] = Counter()
        self._states: Counter[tuple[SubjectKind, ExitState]] = Counter()
        self._facts: Counter[tuple[SubjectKind, str]] = Counter()
        self._in_force: Counter[tuple[SubjectKind, str]] = Counter()

    def add(self, found: FollowedExit, people: int | None, many: int = 1) -> None:
        """One exit more, or as many as are alike, with their heads."""
        kind = found.exit.kind
        self._exits[kind] += many
        self._people[kind] += people or 0
        self._states[kind, found.state] += many
        for each in found.consequences:
            self._facts[kind, each.clause] += many
            self._in_force[kind, each.clause] += many if each.in_force else 0

    def totals(self) -> tuple[ExitTotal, ...]:
        """What it comes to, for each level of which there was an exit."""
        return tuple(
            ExitTotal(
                kind=kind,
                exits=self._exits[kind],
                people=self._people[kind] if kind is SubjectKind.HOUSEHOLD else None,
                states={state: many for state in ExitState if (many := self._states[kind, state])},
                facts={clause: self._facts[kind, clause] for clause in self._clauses(kind)},
                in_force={clause: self._in_force[kind, clause] for clause in self._clauses(kind)},
            )
            for kind in tuple(SubjectKind)
            if self._exits[kind]
        )

    def _clauses(self, kind: SubjectKind) -> list[str]:
        return sorted(clause for of, clause in self._facts if of == kind)
