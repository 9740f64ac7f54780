"""What happens in a scenario besides the passing of time, and the messages that it sends."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from models.base import Record, Text
from models.case.messages import Act, Objection, Rates, Resolution, StepId, Withdrawal
from models.case.parts import Key
from models.register.counties import CountyFigures
from operators.rehearsal.dated import BeijingTime, Dated, Sourced, written

_UNNAMED = "unnamed"


class Figures(Sourced, CountyFigures):
    """``models.case.messages.CountyFigures``, and where they are from."""


class EvaluatedRates(Sourced, Rates):
    """``models.case.messages.Rates``, and where they are from."""


class Event(Dated):
    """What happens besides the passing of time.

    It happens on its date. An act whose step is not open then, since days off fall differently in
    the year it is played in, waits for that; one that is to be refused does not wait.

    Attributes:
        do: What kind of event it is.
        refused: What the refusal must say, in part, where one is expected.
        note: A sentence for the reader of the course.
    """

    do: str
    refused: Text | None = None
    note: Text | None = None


class ActEvent(Event, Act):
    """An office decides a step."""

    do: Literal["act"]
    at: BeijingTime
    id: Key = _UNNAMED
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
    id: Key = _UNNAMED


class WithdrawEvent(Event, Withdrawal):
    """The applicant takes the application back."""

    do: Literal["withdraw"]
    at: BeijingTime
    id: Key = _UNNAMED


class WaitEvent(Event):
    """Nothing happens until a day, and, where ``until`` names a step, until that step is open."""

    do: Literal["wait"]
    until: StepId | None = None


MessageEvent = ActEvent | ObjectEvent | ResolveEvent | WithdrawEvent
"""Those that are a message to the case."""

AnyEvent = Annotated[MessageEvent | WaitEvent, Field(discriminator="do")]


def check_order(events: Iterable[Dated], begins: datetime) -> None:
    """Make sure that events stand in the order in which they happen.

    Raises:
        ValueError: naming the first that does not.
    """
    before = begins
    for number, event in enumerate(events, start=1):
        if event.at < before:
            raise ValueError(
                f"event {number}: {written(event.at)} lies before {written(before)}; events "
                "stand in the order in which they happen"
            )
        before = event.at


def message_of(event: MessageEvent, number: int) -> Act | Objection | Resolution | Withdrawal:
    """What is sent to the case; its own moment is the case's."""
    match event:
        case ActEvent():
            return Act.model_validate(content_of(event, Act, number))
        case ObjectEvent():
            return Objection.model_validate(content_of(event, Objection, number))
        case ResolveEvent():
            return Resolution.model_validate(content_of(event, Resolution, number))
        case WithdrawEvent():
            return Withdrawal.model_validate(content_of(event, Withdrawal, number))


def content_of(event: Event, wanted: type[Record], number: int) -> dict[str, Any]:
    """The fields of the message that an event sends, under an id of its own where it has none."""
    content = plain(event, wanted) | {"at": None}
    if content.get("id") == _UNNAMED:
        content["id"] = f"{event.do}-{number}"
    return content


def plain(given: Record, wanted: type[Record]) -> dict[str, Any]:
    """The fields of a message, without what the scenario says beside them."""
    beside = set(Sourced.model_fields)
    return given.model_dump(
        include=set(wanted.model_fields), exclude={"figures": beside, "rates": beside}
    )
