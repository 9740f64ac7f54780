"""Dates and values of scenarios: each says where it is from, and all of them move by whole years.

A date of a file is the historical one, in Beijing time, with its source (``source``), or it is made
up (``synthetic = true``).
"""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BeforeValidator, model_validator

from models.base import Record, Text
from models.periods import BEIJING, beijing
from models.policy import day_of

R = TypeVar("R", bound=Record)

_OFFICE_HOURS = time(10)
"""When something happens of which only the day is known."""


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


def later(record: R, years: int) -> R:
    """The same so many years later: every date in it, and every year of a plan or a case."""
    changes = {
        name: value + years if name == "year" else _later(value, years)
        for name, value in record
        if value is not None
    }
    return record.model_copy(update=changes)


def _later(value: Any, years: int) -> Any:
    match value:
        case Record():
            return later(value, years)
        case tuple():
            return tuple(_later(each, years) for each in value)
        case dict():
            return {_later(key, years): _later(each, years) for key, each in value.items()}
        case datetime():
            return moved(value, years)
        case date():
            return _moved_day(value, years)
        case _:
            return value


def moved(moment: datetime, years: int) -> datetime:
    """The same time of the same day so many years later; 29 February falls back to the 28th."""
    return datetime.combine(_moved_day(moment.date(), years), moment.timetz())


def _moved_day(day: date, years: int) -> date:
    return day_of(day.year + years, f"{day:%m-%d}")


def moved_source(what: str, years: int) -> str:
    """How the register names what a rehearsal has moved.

    >>> moved_source("the plan of 2017", 9)
    'the plan of 2017, moved by 9 years for a rehearsal'
    """
    return f"{what}, moved by {years} years for a rehearsal"


def years_ahead(begins: datetime, now: datetime) -> int:
    """By how many whole years something must move at least, to begin after ``now``."""
    years = max(0, beijing(now).year - begins.year)
    return years if moved(begins, years) > now else years + 1


def written(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{beijing(moment):%Y-%m-%d %H:%M}"
