"""Scenarios: a case's course written down, with its real dates where they are known.

A scenario is a TOML file: an application, events in their order, and what must have come of it.
Before it is played a scenario moves by whole years, into the future.
"""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Record, Text
from models.case.messages import Ending, StepId
from models.county.messages import CountyApplication
from operators.rehearsal.dated import Dated, later, years_ahead
from operators.rehearsal.events import AnyEvent, Figures, check_order, plain

Breach = Annotated[str, Field(pattern=r"^[CVHRKJX][1-7] (T[1-7]|G3|F[56])$")]
"""A missed limit as step and clause: ``C2 T3``."""


class Application(Dated, CountyApplication):
    """The application that opens the case; ``at`` stands for ``applied_at``."""

    figures: Figures

    @model_validator(mode="after")
    def _dated_once(self) -> Self:
        if self.applied_at is not None:
            raise ValueError("applied_at: the date of the application is its 'at'")
        return self


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
    breaches: tuple[Breach, ...]


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
        check_order(self.events, self.application.at)
        return self

    def years_ahead(self, now: datetime) -> int:
        """By how many years it must move at least, to begin after ``now``."""
        return years_ahead(self.application.at, now)

    def moved(self, years: int) -> "Scenario":
        """The same course, so many years later."""
        return later(self, years)


def application_of(scenario: Scenario) -> CountyApplication:
    """What the county hands in."""
    return CountyApplication.model_validate(plain(scenario.application, CountyApplication))
