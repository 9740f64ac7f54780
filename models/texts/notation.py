"""TOML and JSON that anybody may hand in: read within bounds.

A hundred kilobytes of one dotted key take gigabytes, an integer of many digits or a deep nest ends
a reader with an error of its own. Here all of that is one ``ValueError`` that says what is wrong.
"""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

MOST = 1_000_000
"""In characters."""
_DEEPEST = 20
_LARGEST = 2**63

# A string that does not end takes the rest of its line: so every character is looked at once.
_PART = re.compile(r""""(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[A-Za-z0-9_-]+|[ \t]+|.""", re.DOTALL)


def toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The content of a TOML document.

    Raises:
        ValueError: saying what is wrong.
    """
    _check_length(text)
    # Before it is read: what it would take grows with the square of the depth, and beyond.
    if _deepest_key(text) > _DEEPEST:
        raise ValueError(f"it has a key of more than {_DEEPEST} parts")
    content: dict[str, Any] = _checked(lambda: tomllib.loads(text, parse_float=parse_float))
    return content


def from_json(text: str) -> Any:
    """The content of a JSON document; raises as above."""
    _check_length(text)
    return _checked(lambda: json.loads(text, parse_constant=_no_number))


def _deepest_key(text: str) -> int:
    """Of how many parts the longest key is, or what looks like one."""
    deepest = parts = 0
    dotted = False
    for found in _PART.finditer(text):
        part = found[0]
        if part == ".":
            dotted = True
        elif part[0] not in " \t":
            parts = parts + 1 if dotted else 1
            deepest, dotted = max(deepest, parts), False
    return deepest


def _check_length(text: str) -> None:
    if len(text) > MOST:
        raise ValueError(f"it has {len(text)} characters; at most {MOST} are read")


def _checked(read: Callable[[], Any]) -> Any:
    try:
        content = read()
        _check(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (json.JSONDecodeError, tomllib.TOMLDecodeError):
        raise
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ValueError("it has a number of too many digits") from None
        raise
    return content


def _check(content: Any) -> None:
    values = [content]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
            raise ValueError("it has a number of too many digits")


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
