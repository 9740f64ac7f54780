"""How a policy writes a date of the year, a number of days, a share, and within what bounds."""

import re
from datetime import date
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

_LEAP_YEAR = 2016  # so that 02-29 can be written; a year without it ends on 28 February


def _month_and_day(value: str) -> str:
    if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", value):
        raise ValueError(
            f"{value!r} is not a date of the year; write it as MM-DD, for example 11-30"
        )
    date.fromisoformat(f"{_LEAP_YEAR}-{value}")
    return value


MonthDay = Annotated[str, AfterValidator(_month_and_day)]
"""A date of the year, ``MM-DD``."""

Days = Annotated[int, Field(ge=1, le=366, strict=True)]
Percent = Annotated[int, Field(ge=1, le=100, strict=True)]
Switch = Annotated[bool, Field(strict=True)]

_V = TypeVar("_V", int, str)


def at_most(most: _V, clause: str) -> AfterValidator:
    """Not more than the documents allow."""

    def check(value: _V) -> _V:
        if value > most:
            raise ValueError(f"{value} is more than the documents allow, {most} ({clause})")
        return value

    return AfterValidator(check)


def at_least(least: int, clause: str) -> AfterValidator:
    """Not less than the documents ask for."""

    def check(value: int) -> int:
        if value < least:
            raise ValueError(f"{value} is less than the documents ask for, {least} ({clause})")
        return value

    return AfterValidator(check)


def day_of(year: int, month_day: str) -> date:
    """The date that ``MM-DD`` names in a year; 29 February falls back to the 28th."""
    month, day = int(month_day[:2]), int(month_day[3:])
    if (month, day) == (2, 29) and not (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        day = 28
    return date(year, month, day)


def _fraction(value: str) -> str:
    if not re.fullmatch(r"[1-9]/[1-9]", value) or int(value[0]) > int(value[2]):
        raise ValueError(f"{value!r} is no part of a whole; write it as 2/3")
    return value


Part = Annotated[str, AfterValidator(_fraction)]
"""A part of a whole, ``2/3``: compared in integers, never as a float."""
