"""What people type, read into types of models: a wrong word is told in the words of its type.

Nothing here talks to a server or a registry, so a fault is found before anything is sent.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from cyclopts import CoercionError, Parameter, Token
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from models import periods
from models.base import Line, Moment, faults, shortened
from models.errors import ExitflowError


class InputError(ExitflowError):
    """Something typed or handed in cannot be right; the text says where, and what would be."""


def word(kind: Any) -> Parameter:
    """The converter of an option into a type: ``Annotated[Year, word(Year)]``.

    The command line puts the option's name before the sentence.
    """

    def convert(_: object, tokens: Sequence[Token]) -> Any:
        try:
            return read(kind, tokens[0].value)
        except ValueError as error:
            # With its message: of any other error Cyclopts forgets it in an option that repeats.
            raise CoercionError(msg=str(error), token=tokens[0]) from None

    return Parameter(converter=convert, accepts_keys=False, n_tokens=1)


def read(kind: Any, text: str) -> Any:
    """Read a text as a type of models.

    Raises:
        ValueError: with the type's ``title`` and ``description``, or as its own validator says it.
    """
    try:
        return TypeAdapter(kind).validate_strings(text)
    except ValidationError as error:
        own = error.errors(include_url=False)[0]["type"] == "value_error"
        fields = [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, FieldInfo)]
        named = next((each for each in reversed(fields) if each.title), None)
        if named is None or own:
            raise ValueError(faults(error)) from None
        raise ValueError(
            f"{shortened(text, 80)!r} is no {named.title}; write {named.description}"
        ) from None


def unlike() -> PydanticCustomError:
    """What a validator raises if its type's title and description say all there is to say."""
    return PydanticCustomError("unlike", "it is none")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise unlike() from None


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?", text.strip(), re.ASCII)
    if match is None or not any(match.groups()):
        raise unlike()
    return timedelta(days=int(match[1] or 0), hours=int(match[2] or 0))


_Date = Annotated[
    date, Field(strict=True, title="date", description="YYYY-MM-DD, for example 2018-01-05")
]
_Signed = Annotated[
    Moment,
    BeforeValidator(_moment),
    Field(title="moment with an offset", description="it as 2018-01-05T10:00+08:00"),
]
_Length = Annotated[
    timedelta,
    BeforeValidator(_duration),
    Field(title="length of time", description="3d, 12h or 1d12h"),
]
_Source = Annotated[Line, Field(title="source", description="the document it rests on")]

Year = Annotated[periods.Year, word(periods.Year)]
Day = Annotated[date, word(_Date)]
Duration = Annotated[timedelta, word(_Length)]
Source = Annotated[str, word(_Source)]

At = Annotated[
    datetime | None,
    Parameter(
        name="--at",
        help="When it was signed, with offset: 2018-01-05T10:00+08:00; lateness is judged by it. "
        "Otherwise the moment of receipt counts.",
    ),
    word(_Signed),
]

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        help="Print JSON, and nothing else; a list as JSON Lines, one value on each line.",
    ),
]
