"""What came of a season: its cases, who left the register, and whether it is as the file says."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, Protocol

from models.base import Moment, Record
from models.case.ledger import EntryKind
from models.periods import Year
from models.roster.households import Course as HouseholdCourse
from operators.rehearsal.course import CaseCourse, Onlooker, Unseen
from operators.rehearsal.season import COUNTY, Heads, Season, SeasonExpected
from operators.rehearsal.season_after import ConsequencesEvent, Stood
from operators.rehearsal.season_after_course import compared
from operators.rehearsal.season_events import ReadyEvent
from registry.reports.consequence_records import ExitFacts
from registry.reports.records import CountyReadiness, Progress, VillageReadiness


class SeasonCase(Record):
    """A case that the file opens.

    Attributes:
        unit: Key of its village, or of the county.
        place: Name of the same.
    """

    key: str
    kind: Literal["roster", "village", "county", "supervise", "follow-up", "reenter", "revoke"]
    unit: str
    place: str
    case_id: str


class CaseWent(Record):
    """A case as it went.

    Attributes:
        households: Every household of a roster, as it stands in the end.
    """

    case: SeasonCase
    course: CaseCourse
    households: tuple[HouseholdCourse, ...] = ()

    @property
    def struck_off(self) -> dict[date, tuple[str, ...]]:
        """Who left the register by this case, by the first day off it."""
        found: dict[date, tuple[str, ...]] = {}
        for entry in self.course.entries:
            codes = entry.data.get("households")
            if entry.kind is EntryKind.REGISTER_CHANGE and isinstance(codes, list) and codes:
                day = date.fromisoformat(str(entry.data["effective_on"]))
                found[day] = (*found.get(day, ()), *(str(code) for code in codes))
        return found


class Look(Record):
    """Who could leave on a day, as the register counted then."""

    at: Moment
    villages: tuple[VillageReadiness, ...] = ()
    counties: tuple[CountyReadiness, ...] = ()


class Following(Record):
    """What follows from the exits of a unit on a day (F1-F4)."""

    at: Moment
    of: str
    exits: tuple[ExitFacts, ...]


class Count(Record):
    """Poor people and population of every village and of the county, on a day."""

    on: date
    heads: dict[str, Heads]


class SeasonCourse(Record):
    """A season as it went.

    Attributes:
        years: By how many years it was moved.
        following: What followed from an exit on the days that the file asks for.
        stood: How the units stood that the file names, up to the last event.
        before, after: The register's count on the day of the first event, and of the last.
        progress: The year in the county: planned, under way, exited.
        faults: What was not as the file says, one sentence each.
    """

    scenario: str
    title: str
    years: int
    year: Year
    cases: tuple[CaseWent, ...]
    looks: tuple[Look, ...]
    following: tuple[Following, ...]
    stood: dict[str, tuple[Stood, ...]]
    before: Count
    after: Count
    progress: Progress
    faults: tuple[str, ...] = ()

    def open_case(self) -> CaseWent | None:
        """The last case that waits for an office."""
        waiting = [each for each in self.cases if each.course.waiting_for]
        return waiting[-1] if waiting else None


class SeasonSpectator(Protocol):
    """Whoever looks on while a season is played."""

    def begins(self, season: Season, years: int) -> None:
        """The register is loaded; ``season`` is the moved one."""

    def opens(self, case: SeasonCase, note: str | None) -> Onlooker:
        """A case is opened; who is returned looks on at it."""

    def tells(self, at: Moment, what: str, note: str | None) -> None:
        """Something happened that is on no case's file."""

    def looks(self, event: ReadyEvent, look: Look) -> None:
        """The register was asked who could leave now."""

    def follows(self, event: ConsequencesEvent, found: Following) -> None:
        """The register was asked what follows from an exit."""

    def ends(self, course: SeasonCourse) -> None:
        """It is over."""


def disagreements(course: SeasonCourse, expected: SeasonExpected) -> tuple[str, ...]:
    """In what a season differs from what its (moved) file expects."""
    found: list[tuple[str, Any, Any]] = []
    for went in course.cases:
        key, outcome = went.case.key, went.course.outcome
        ending = outcome.ending if outcome else "open"
        found.append((f"endings.{key}", expected.endings[key], ending))
        found.append(
            (
                f"breaches.{key}",
                ", ".join(expected.breaches.get(key, ())) or "none",
                ", ".join(went.course.breaches) or "none",
            )
        )
        found.append(
            (
                f"struck_off.{key}",
                _said(expected.struck_off.get(key, {})),
                _said(went.struck_off),
            )
        )
        after = (expected.drawn, expected.rates, expected.alarms)
        found += compared(key, went.course, *after)
    for unit, stood in expected.stood.items():
        found.append((f"stood.{unit}", _stood(stood), _stood(course.stood[unit])))
    for field, wanted, counted in (
        ("before", expected.before, course.before.heads),
        ("after", expected.after, course.after.heads),
    ):
        for unit, heads in wanted.items():
            found.append((f"{field}.{unit}", _rate(heads), _rate(counted[unit])))
    return tuple(
        f"expect.{field}: the scenario says {right}, it was {was}"
        for field, right, was in found
        if right != was
    )


def _said(struck_off: dict[date, tuple[str, ...]]) -> str:
    days = (f"{day}: {' '.join(sorted(codes))}" for day, codes in sorted(struck_off.items()))
    return "; ".join(days) or "nobody"


def _stood(standings: Sequence[Stood]) -> str:
    return "; ".join(f"{each.since} {each.status} {each.document or ''}" for each in standings)


def _rate(heads: Heads) -> str:
    return f"{heads.poor} of {heads.population}"


def looked_otherwise(event: ReadyEvent, look: Look, names: dict[str, str]) -> Sequence[str]:
    """In what the register's answer differs from what an event says.

    Args:
        names: The file's keys by code.
    """
    found: Sequence[VillageReadiness | CountyReadiness] = (*look.villages, *look.counties)
    ready = [names[each.code] for each in found if each.ready]
    said = []
    if sorted(ready) != sorted(event.ready):
        wanted, was = ", ".join(event.ready) or "nobody", ", ".join(ready) or "nobody"
        said.append(f"ready are {was}, not {wanted}")
    lacks = {names[each.code]: "; ".join(each.lacks) for each in found}
    for key, part in event.lacking.items():
        if part not in lacks.get(key, ""):
            said.append(f"{key} lacks {lacks.get(key) or 'nothing'}, not {part!r}")
    return said


def followed_otherwise(event: ConsequencesEvent, found: Following) -> Sequence[str]:
    """In what that which follows from the last exit of a unit differs from what an event says."""
    if not found.exits:
        return [f"{event.of} has not exited"]
    last = found.exits[-1]
    said = []
    if last.state is not event.state:
        said.append(f"the exit of {event.of} is {last.state}, not {event.state}")
    in_force = [each.clause for each in last.consequences if each.in_force]
    if sorted(in_force) != sorted(event.in_force):
        was, wanted = ", ".join(in_force) or "nothing", ", ".join(event.in_force) or "nothing"
        said.append(f"in force for {event.of} is {was}, not {wanted}")
    return said


class UnseenSeason:
    """Nobody looks on."""

    def begins(self, season: Season, years: int) -> None:
        """Nothing."""

    def opens(self, case: SeasonCase, note: str | None) -> Onlooker:
        """Nobody for any case."""
        return Unseen()

    def tells(self, at: Moment, what: str, note: str | None) -> None:
        """Nothing."""

    def looks(self, event: ReadyEvent, look: Look) -> None:
        """Nothing."""

    def follows(self, event: ConsequencesEvent, found: Following) -> None:
        """Nothing."""

    def ends(self, course: SeasonCourse) -> None:
        """Nothing."""


def unit_names(season: Season) -> dict[str, str]:
    """The keys of the file, by code."""
    codes = {village.code: village.key for village in season.villages}
    return codes | {season.county.code: COUNTY}
