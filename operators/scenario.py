"""Scenarios: a case's course written down, with its real dates where they are known.

A scenario is a TOML file: an application, events in their order, and what must have come of it.
Every date is the historical one, in Beijing time, and says where it is from (``source``) or that it
is made up (``synthetic = true``). Before it is played a scenario moves by whole years, into the
future.
"""

import tomllib
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from models.base import Record, Text
from models.messages import (
    Act,
    CountyApplication,
    CountyFigures,
    Ending,
    Key,
    Objection,
    Rates,
    Resolution,
    StepId,
    Withdrawal,
)
from models.periods import BEIJING, beijing
from models.policy import day_of
from operators.inputs import InputError

SHIPPED = Path(__file__).parent / "scenarios"

_OFFICE_HOURS = time(10)
"""When something happens of which only the day is known."""


class ScenarioError(InputError):
    """A scenario that cannot be played: one sentence with file, place and what would be right."""


def _in_beijing(value: Any) -> datetime:
    match value:
        case datetime(tzinfo=None):
            return value.replace(tzinfo=BEIJING)
        case datetime():
            raise ValueError("write the time in Beijing, without an offset")
        case date():
            return datetime.combine(value, _OFFICE_HOURS, BEIJING)
        case _:
            raise ValueError("write a date without quotes: 2018-01-05, or 2018-01-05T16:30:00")


BeijingTime = Annotated[datetime, BeforeValidator(_in_beijing)]


class Dated(Record):
    """Something that happened on a day, or is made up to have: the file says which."""

    at: BeijingTime
    source: Text | None = None
    synthetic: Literal[True] | None = None

    @model_validator(mode="after")
    def _marked(self) -> Self:
        if (self.source is None) == (self.synthetic is None):
            raise ValueError('mark its date: source = "…" where it is known, or synthetic = true')
        return self


class Sourced(Record):
    """Values beside each other: those that ``synthetic`` names are made up, the rest have a source.

    Attributes:
        synthetic: Names of the fields that are made up.
    """

    source: Text | None = None
    synthetic: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _accounted_for(self) -> Self:
        values = type(self).model_fields.keys() - Sourced.model_fields.keys()
        unknown = set(self.synthetic) - values
        if unknown:
            raise ValueError(f"synthetic: {min(unknown)} is no value of it")
        known = values - set(self.synthetic)
        if known and self.source is None:
            raise ValueError(f"source: say where {', '.join(sorted(known))} is from")
        return self


class Figures(Sourced, CountyFigures):
    """``models.messages.CountyFigures``, and where they are from."""


class EvaluatedRates(Sourced, Rates):
    """``models.messages.Rates``, and where they are from."""


class Application(Dated, CountyApplication):
    """The application that opens the case; ``at`` stands for ``applied_at``."""

    figures: Figures

    @model_validator(mode="after")
    def _dated_once(self) -> Self:
        if self.applied_at is not None:
            raise ValueError("applied_at: the date of the application is its 'at'")
        return self


class Event(Dated):
    """What happens besides the passing of time.

    It happens on its date. An act whose step is not open then, since days off fall differently in
    the year it is played in, waits for that; one that is to be refused does not wait.

    Attributes:
        refused: What the refusal must say, in part, where one is expected.
        note: A sentence for the reader of the course.
    """

    refused: Text | None = None
    note: Text | None = None


class ActEvent(Event, Act):
    """An office decides a step."""

    do: Literal["act"]
    at: BeijingTime
    id: Key = "unnamed"
    figures: Figures | None = None
    rates: EvaluatedRates | None = None


class ObjectEvent(Event, Objection):
    """Somebody objects, or reports; the resolution names the objection's id."""

    do: Literal["object"]
    at: BeijingTime


class ResolveEvent(Event, Resolution):
    """The publishing office ends an investigation."""

    do: Literal["resolve"]
    at: BeijingTime
    id: Key = "unnamed"


class WithdrawEvent(Event, Withdrawal):
    """The applicant takes the application back."""

    do: Literal["withdraw"]
    at: BeijingTime
    id: Key = "unnamed"


class WaitEvent(Event):
    """Nothing happens until a day, and, where ``until`` names a step, until that step is open."""

    do: Literal["wait"]
    until: StepId | None = None


AnyEvent = Annotated[
    ActEvent | ObjectEvent | ResolveEvent | WithdrawEvent | WaitEvent, Field(discriminator="do")
]


class Expected(Record):
    """What must have come of it.

    Attributes:
        ending: How the case ended; still open where none is named.
        step: Where it ended, or stands.
        on: The day it ended, as it was.
        breaches: Missed limits in their order, each as step and clause: ``C2 T3``.
    """

    ending: Ending | None = None
    step: StepId
    on: date | None = None
    rounds: Annotated[int, Field(ge=1, strict=True)]
    breaches: tuple[Annotated[str, Field(pattern=r"^[CVH][1-7] (T[1-7]|G3)$")], ...]


class Scenario(Record):
    """A whole file.

    Attributes:
        title: What offices call it.
        about: What it shows, for engineers.
    """

    title: Text
    about: Text
    application: Application
    events: tuple[AnyEvent, ...]
    expect: Expected

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        before = self.application.at
        for number, event in enumerate(self.events, start=1):
            if event.at < before:
                raise ValueError(
                    f"event {number}: {written(event.at)} lies before {written(before)}; events "
                    "stand in the order in which they happen"
                )
            before = event.at
        return self

    def years_ahead(self, now: datetime) -> int:
        """By how many years it must move at least, to begin after ``now``."""
        years = max(0, beijing(now).year - self.application.at.year)
        return years if moved(self.application.at, years) > now else years + 1

    def moved(self, years: int) -> "Scenario":
        """The same course, so many years later."""
        application = self.application
        on = self.expect.on
        return self.model_copy(
            update={
                "application": application.model_copy(
                    update={
                        "at": moved(application.at, years),
                        "year": application.year + years,
                        "figures": _moved_figures(application.figures, years),
                    }
                ),
                "events": tuple(_moved_event(event, years) for event in self.events),
                "expect": self.expect.model_copy(update={"on": on and _moved_day(on, years)}),
            }
        )


def moved(moment: datetime, years: int) -> datetime:
    """The same time of the same day so many years later; 29 February falls back to the 28th."""
    return datetime.combine(_moved_day(moment.date(), years), moment.timetz())


def _moved_day(day: date, years: int) -> date:
    return day_of(day.year + years, f"{day:%m-%d}")


def _moved_figures(figures: Figures, years: int) -> Figures:
    return figures.model_copy(update={"as_of": _moved_day(figures.as_of, years)})


def _moved_event(event: AnyEvent, years: int) -> AnyEvent:
    changes: dict[str, Any] = {"at": moved(event.at, years)}
    if isinstance(event, ActEvent) and event.figures is not None:
        changes["figures"] = _moved_figures(event.figures, years)
    return event.model_copy(update=changes)


def application_of(scenario: Scenario) -> CountyApplication:
    """What the county hands in."""
    return CountyApplication.model_validate(_plain(scenario.application, CountyApplication))


def message_of(event: AnyEvent, number: int) -> Act | Objection | Resolution | Withdrawal | None:
    """What is sent to the case; its own moment is the case's. None where it only waits."""
    kinds: dict[str, type[Act | Objection | Resolution | Withdrawal]] = {
        "act": Act,
        "object": Objection,
        "resolve": Resolution,
        "withdraw": Withdrawal,
    }
    if event.do == "wait":
        return None
    content = _plain(event, kinds[event.do])
    content["at"] = None
    if content["id"] == "unnamed":
        content["id"] = f"{event.do}-{number}"
    return kinds[event.do].model_validate(content)


def _plain(given: Record, wanted: type[Record]) -> dict[str, Any]:
    """The fields of a message, without what the scenario says beside them."""
    beside = set(Sourced.model_fields)
    return given.model_dump(
        include=set(wanted.model_fields), exclude={"figures": beside, "rates": beside}
    )


def shipped() -> dict[str, Path]:
    """The scenarios that come with the program, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load_scenario(named: str) -> Scenario:
    """Read a scenario by the name of a shipped one, or by path.

    Raises:
        ScenarioError: if there is none, or it is none.
    """
    path = shipped().get(named) or Path(named)
    if not path.is_file():
        raise ScenarioError(
            f"there is no scenario {named!r}; name one of {', '.join(shipped())}, or a .toml file"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ScenarioError(f"{named} cannot be read: {reason}") from error
    return parse_scenario(text, named)


def parse_scenario(text: str, name: str) -> Scenario:
    """Read a scenario from the text of its file.

    Raises:
        ScenarioError: naming the file, the event, the field and what would be right.
    """
    try:
        return Scenario.model_validate(tomllib.loads(text, parse_float=Decimal))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise ScenarioError(f"{name} is not valid TOML: {error}") from error
        raise ScenarioError(f"{name}: {_faults(error)}") from error


def written(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{beijing(moment):%Y-%m-%d %H:%M}"


def _faults(error: ValidationError) -> str:
    said = []
    for fault in error.errors(include_url=False, include_context=False):
        where = [str(part) for part in fault["loc"]]
        if where[:1] == ["events"] and len(where) > 1:
            where = [f"event {int(where[1]) + 1}", *where[3:]]
        what = fault["msg"].removeprefix("Value error, ")
        said.append(": ".join((*where, what)))
    return "; ".join(said)
