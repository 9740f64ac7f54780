"""The one base of everything that crosses the wire or is kept in a case."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
)

from models.texts.characters import called, legible, legible_line, one_line, several_lines, visible

_Written = StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)

Line = Annotated[str, _Written, AfterValidator(one_line)]
"""What stands in one line: a name, an office, the number of a document. Not empty, at most 4000
characters, none of which deceives who reads it (``models.texts.characters``)."""

ProperName = Annotated[Line, AfterValidator(called)]
"""The name of a person or a place, in one way whatever blanks and dots were typed in it."""

Text = Annotated[str, _Written, AfterValidator(several_lines)]
"""The same in as many lines as somebody needs; where it is shown, it is indented."""


def says_something(text: str) -> str:
    """A text that holds more than one sign; raises ``ValueError`` for any other."""
    if len({sign for sign in text if sign.isalnum()}) < 2:
        raise ValueError("says nothing: write what a reader of the file can hold against the facts")
    return text


Reason = Annotated[Text, AfterValidator(says_something)]
"""What an office or an officer gives as reason, ground or consideration: no single sign, no 无."""

Heard = Annotated[str, _Written, AfterValidator(legible)]
"""What anybody may say, in any characters: nothing of it is refused for one of them, and what no
text may hold is spelt out (G1: no objection is lost)."""

HeardLine = Annotated[str, _Written, AfterValidator(legible_line)]
"""The same in one line."""


def _of_our_time(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 2150:
        raise ValueError(f"{moment.isoformat()} is no date of these years (2000 to 2150)")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""A point in time; one without an offset is refused, because nobody could tell which it is."""


CLOCKS_MAY_DIFFER_BY = timedelta(minutes=5)
"""How far ahead of the case's clock a sender's may be."""

_FAULTS_SAID, _WHERE_LENGTH, _LENGTH = 5, 60, 500


class Record(BaseModel):
    """An immutable value that refuses fields it does not know."""

    # What was given may name people, and a log or a failure repeats an error.
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    def content(self) -> dict[str, Any]:
        """As JSON, without what only repeats a default: so it stands in a case file.

        A field that a later version adds has a default; what was put on file before, and is put
        there again in a replay, stays the same to the byte.
        """
        return self.model_dump(mode="json", exclude_defaults=True)


def build_records() -> None:
    """Build what validates each kind of record that is imported, which else its first use does."""
    kinds: list[type[Record]] = [Record]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        kind.model_rebuild()


def faults(error: ValidationError) -> str:
    """Say in one line what is wrong in which field, for a person and not for a traceback.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(int).validate_python("x")
    ... except ValidationError as error:
    ...     faults(error)
    'Input should be a valid integer, unable to parse string as an integer'
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = []
    for fault in found[:_FAULTS_SAID]:
        where = ".".join(str(part) for part in fault["loc"])
        what = fault["msg"].removeprefix("Value error, ")
        said.append(f"{shortened(where, _WHERE_LENGTH)}: {what}" if where else what)
    if len(found) > _FAULTS_SAID:
        said.append(f"and {len(found) - _FAULTS_SAID} more")
    return in_a_line("; ".join(said), _LENGTH)


def canonical(content: Any) -> str:
    """The one way to write a JSON value, so that equal contents have equal hashes.

    Raises:
        ValueError: for NaN and infinity, which JSON cannot say.
        TypeError: for what is no JSON value at all.
    """
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def shortened(text: str, length: int) -> str:
    """A text, cut where it is longer than so many characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def in_a_line(text: str, length: int = 80) -> str:
    """A text of somebody else's, for one line of ours.

    >>> in_a_line("a\\nb"), in_a_line("abcd", 3)
    ('a\\\\nb', 'ab…')
    """
    return shortened(visible(text), length)


def first_few(names: Sequence[str], most: int = 5) -> str:
    """The first of many names, and how many more there are.

    >>> first_few(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
