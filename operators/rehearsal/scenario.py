"""Scenarios: dated commands of ``exitflow``, and what must come of them (docs/scenarios.md).

Before a scenario is played it moves by whole years, into the future. Its commands are read before
the first of them runs, so that a fault of the file is one sentence with its place.
"""

import json
import re
import shlex
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from cyclopts import CycloptsError
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from models.base import Record, Text
from models.case.messages import StepId
from models.periods import BEIJING, beijing
from models.policy_values import day_of
from models.texts import notation
from operators.commands.words import InputError
from registry.files.disk import read_text

SHIPPED = Path(__file__).parent / "scenarios"

_OFFICE_HOURS = time(10)
"""When something happens of which only the day is known."""
_RUNNING = {"up", "worker", "codec", "rehearse"}
"""Commands that go on until they are told to stop, or play a scenario themselves."""


class ScenarioError(InputError):
    """A scenario that cannot be played: one sentence with file, place and what would be right."""


# -- the file -----------------------------------------------------------------------------------


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


CommandLine = Annotated[
    Text, BeforeValidator(lambda text: " ".join(text.split()) if isinstance(text, str) else text)
]
"""May stand in several lines of the file."""
BeijingTime = Annotated[datetime, BeforeValidator(_in_beijing)]
FileName = Annotated[str, Field(pattern=r"^[^/.][^/]*$")]


class Look(Record):
    """A command that shows something, or of which something is expected.

    Attributes:
        has: What its ``--json`` must hold: by the path of a value (``value_at``) what it is, or has
            among its fields. Without any the command's output is shown.
    """

    run: CommandLine
    has: dict[str, Any] = Field(default_factory=dict)


class Step(Record):
    """What happens on a day: a command, or what the calendar begins by itself.

    Attributes:
        on: The moment, in Beijing; at ten o'clock if only the day is known.
        run: The command, as it would be typed behind ``exitflow``.
        begins: Instead of a command: the Temporal Schedule whose round begins.
        files: Files that are there from now on, by name.
        until: The step of the command's case for which time goes on first.
        refused: What the refusal says, in part. Without it the command must succeed.
        has: As of ``Look``; the command runs once more for it.
        source: Where the date is known from. Without it the date is made up.
        note: A sentence for the reader.
    """

    on: BeijingTime
    run: CommandLine | None = None
    begins: Text | None = None
    files: dict[FileName, str] = Field(default_factory=dict)
    until: StepId | None = None
    refused: Text | None = None
    has: dict[str, Any] = Field(default_factory=dict)
    source: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.run is None) == (self.begins is None):
            raise ValueError("give one of 'run' and 'begins'")
        if self.begins is not None and (self.until or self.refused or self.has):
            raise ValueError("begins: 'until', 'refused' and 'has' belong to a command")
        return self


class Scenario(Record):
    """A whole file.

    Attributes:
        title: What offices call it.
        about: What it shows, for engineers.
        synthetic: Everything in it is made up, and no date has a source.
        do: What happens, in the order of its dates.
        expect: What is looked at in the end; time has come to an end, too.
    """

    title: Text
    about: Text
    synthetic: Literal[True] | None = None
    do: Annotated[tuple[Step, ...], Field(min_length=1)]
    expect: tuple[Look, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for number, (before, step) in enumerate(pairwise(self.do), start=2):
            if step.on < before.on:
                raise ValueError(
                    f"do {number}: {written(step.on)} lies before {written(before.on)}; what is "
                    "done stands in the order in which it happens"
                )
        for number, step in enumerate(self.do, start=1):
            if self.synthetic and step.source is not None:
                raise ValueError(f"do {number}: source: the whole scenario says it is synthetic")
        return self

    def years_ahead(self, now: datetime) -> int:
        """By how many whole years it must move at least, to begin after ``now``."""
        begins = self.do[0].on
        years = max(0, beijing(now).year - begins.year)
        return years if _moved(begins, years) > now else years + 1

    def moved(self, years: int) -> "Scenario":
        """Move it by a number of years: its dates, and the years in its texts."""

        def later(record: Any) -> Any:
            return record.model_copy(update={name: value(each) for name, each in record})

        def value(each: Any) -> Any:
            match each:
                case str():
                    return filled_in(each, years)
                case datetime():
                    return _moved(each, years)
                case Record():
                    return later(each)
                case dict():
                    return {value(key): value(content) for key, content in each.items()}
                case list() | tuple():
                    return type(each)(map(value, each))
                case _:
                    return each

        moved: Scenario = later(self)
        return moved


_PLACEHOLDER = re.compile(r"\{(?:(?P<year>\d{4})(?:-(?P<day>\d\d-\d\d))?|years)\}")


def filled_in(text: str, years: int) -> str:
    """A text with its years and days moved, and by how many years it is.

    >>> filled_in("{2016-02-29} {2016}, moved by {years}", 11)
    '2027-02-28 2027, moved by 11'
    """

    def put(found: re.Match[str]) -> str:
        if found["year"] is None:
            return str(years)
        year = int(found["year"]) + years
        return str(day_of(year, found["day"])) if found["day"] else str(year)

    return _PLACEHOLDER.sub(put, text)


def _moved(moment: datetime, years: int) -> datetime:
    """Move a moment by a number of years; 29 February becomes the 28th."""
    day = day_of(moment.year + years, f"{moment:%m-%d}")
    return datetime.combine(day, moment.timetz())


def written(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{beijing(moment):%Y-%m-%d %H:%M}"


# -- reading it ---------------------------------------------------------------------------------


def shipped() -> dict[str, Path]:
    """The scenarios that come with the program, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load(named: str) -> Scenario:
    """Read a scenario by the name of a shipped one, or by path.

    Raises:
        ScenarioError: if there is no such file, or it is no scenario.
    """
    path = shipped().get(named) or Path(named)
    if not path.is_file():
        raise ScenarioError(
            f"there is no scenario {named!r}; name one of {', '.join(shipped())}, or a .toml file"
        )
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ScenarioError(f"{named} cannot be read: {reason}") from error
    return parse(text, named)


def parse(text: str, name: str) -> Scenario:
    """Read a scenario from the text of its file, and every command in it.

    Raises:
        ScenarioError: naming the file, the entry with its line, and what would be right.
    """
    try:
        content = notation.toml(text)
    except ValueError as error:
        raise ScenarioError(f"{name} is not valid TOML: {error}") from error
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise ScenarioError(f"{name}: {_sentence(faults[0], text)}") from error
    for entry in ("do", "expect"):
        for number, step in enumerate(getattr(scenario.moved(0), entry), start=1):
            try:
                if step.run is not None:
                    parsed(step.run)
            except ScenarioError as error:
                raise ScenarioError(f"{name}: {_place(entry, number, text)}: {error}") from error
    return scenario


def _sentence(fault: Any, text: str) -> str:
    where = list(fault["loc"])
    what = str(fault["msg"]).removeprefix("Value error, ")
    if len(where) > 1 and where[0] in ("do", "expect"):
        where[:2] = [_place(where[0], where[1] + 1, text)]
    return ": ".join((*map(str, where), what))


def _place(entry: str, number: int, text: str) -> str:
    """Which entry it is, and in which line it begins."""
    begins = [found.start() for found in re.finditer(rf"(?m)^[ \t]*\[\[{entry}\]\]", text)]
    line = text.count("\n", 0, begins[number - 1]) + 1 if number <= len(begins) else None
    return f"{entry} {number} (line {line})" if line else f"{entry} {number}"


class Command(NamedTuple):
    """A command that was read: its words, its name, and what it is given."""

    tokens: list[str]
    name: str
    given: dict[str, Any]


@cache
def parsed(run: str) -> Command:
    """Read a command without running it.

    Raises:
        ScenarioError: if there is no such command, or it is not used so.
    """
    from operators.cli import app, usage_sentence

    try:
        tokens = shlex.split(run)
    except ValueError as error:
        raise ScenarioError(f"run: {error}") from error
    if not tokens or tokens[0] in _RUNNING:
        raise ScenarioError("run: write a command that ends by itself, as: case county-exit/…")
    try:
        command, bound, _ = app.parse_args(tokens, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise ScenarioError(f"run: {usage_sentence(error)}") from error
    return Command(tokens, command.__name__, dict(bound.arguments))


# -- what a command's JSON holds ----------------------------------------------------------------


def value_at(content: Any, path: str) -> Any:
    """The value at a path: names and positions, joined by points.

    A name that is asked of a list is asked of each in it; ``name=value`` keeps those that have it.

    >>> value_at({"steps": [{"id": "C1"}, {"id": "C2"}]}, "steps.id")
    ['C1', 'C2']
    >>> value_at([{"kind": "notice", "seq": 3}, {"kind": "act", "seq": 4}], "kind=act.0.seq")
    4

    Raises:
        LookupError: naming the part that leads nowhere.
    """
    for part in path.split("."):
        name, filtered, wanted = part.partition("=")
        try:
            if isinstance(content, list) and filtered:
                content = [each for each in content if _word(each[name]) == wanted]
            elif isinstance(content, list) and re.fullmatch(r"-?\d+", part):
                content = content[int(part)]
            elif isinstance(content, list):
                content = [each[part] for each in content]
            else:
                content = content[part]
        except (LookupError, TypeError):
            raise LookupError(f"there is no {part!r}") from None
    return content


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def differences(content: Any, has: dict[str, Any]) -> Iterator[str]:
    """In what a command's JSON differs from what it must hold."""
    for path, wanted in has.items():
        try:
            found = value_at(content, path)
        except LookupError as error:
            yield f"{path}: {error.args[0]}"
        else:
            if not _holds(found, wanted):
                yield f"{path}: the scenario says {said(wanted)}, it was {said(found)}"


def _holds(found: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one; of an object, whether it has the wanted fields."""
    match wanted:
        case dict():
            return isinstance(found, dict) and all(
                name in found and _holds(found[name], each) for name, each in wanted.items()
            )
        case list() | tuple():
            return (
                isinstance(found, list)
                and len(found) == len(wanted)
                and all(map(_holds, found, wanted))
            )
        case _:
            return bool(found == wanted) and isinstance(found, bool) == isinstance(wanted, bool)


def said(value: Any) -> str:
    """A value as a sentence names it."""
    match value:
        case dict():
            return ", ".join(f"{name} {said(each)}" for name, each in value.items()) or "nothing"
        case list() | tuple():
            return "; ".join(map(said, value)) or "nothing"
        case None:
            return "nothing"
        case _:
            return str(value)
