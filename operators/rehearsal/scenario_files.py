"""Scenario files: those that come with the program, and anybody's own; what is wrong with one."""

from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from models.base import Record
from models.texts import notation
from operators.commands.inputs import InputError
from operators.rehearsal.scenario import Scenario
from operators.rehearsal.season import Season
from registry.files.disk import read_text

R = TypeVar("R", bound=Record)

SHIPPED = Path(__file__).parent / "scenarios"


class ScenarioError(InputError):
    """A scenario that cannot be played: one sentence with file, place and what would be right."""


def shipped() -> dict[str, Path]:
    """The scenarios that come with the program, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load(named: str) -> Scenario | Season:
    """Read a scenario by the name of a shipped one, or by path: a county's, or a township's year.

    Raises:
        ScenarioError: if there is none, or it is none.
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


def parse(text: str, name: str) -> Scenario | Season:
    """Read a scenario from the text of its file: with villages it is a township's year.

    Raises:
        ScenarioError: naming the file, the event, the field and what would be right.
    """
    try:
        content = notation.toml(text, parse_float=Decimal)
    except ValueError as error:
        raise ScenarioError(f"{name} is not valid TOML: {error}") from error
    kind: type[Scenario] | type[Season] = Season if "villages" in content else Scenario
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ScenarioError(f"{name}: {_faults(error)}") from error


def load_scenario(named: str) -> Scenario:
    """Read a county's scenario.

    Raises:
        ScenarioError: as ``load``, or if it is a township's year.
    """
    return _of_kind(Scenario, load(named), named, "a county's exit")


def load_season(named: str) -> Season:
    """Read a township's year.

    Raises:
        ScenarioError: as ``load``, or if it is the scenario of one county's case.
    """
    return _of_kind(Season, load(named), named, "a township's year")


def _of_kind(kind: type[R], read: Record, named: str, wanted: str) -> R:
    if not isinstance(read, kind):
        raise ScenarioError(f"{named} is not {wanted}")
    return read


def _faults(error: ValidationError) -> str:
    said = []
    for fault in error.errors(include_url=False, include_context=False):
        where = [str(part) for part in fault["loc"]]
        if where[:1] == ["events"] and len(where) > 1:
            where = [f"event {int(where[1]) + 1}", *where[3:]]
        what = fault["msg"].removeprefix("Value error, ")
        said.append(": ".join((*where, what)))
    return "; ".join(said)
