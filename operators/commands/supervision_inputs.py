"""Words about supervision, read into values: every fault in a sentence of its own."""

import re
from pathlib import Path

from models.identity import is_case_of
from models.procedures import SUPERVISION
from operators.commands.inputs import InputError


def case(option: str, text: str) -> str:
    """Read the id of a supervision."""
    if not is_case_of(SUPERVISION, text):
        raise InputError(
            f"{option}: {text!r} is no supervision; write its id, for example "
            "supervision/411523/2026-q4 or, of a special inspection, supervision/411523/2026-s1"
        )
    return text


def workbook(path: Path) -> None:
    """Make sure that a file is named as a workbook."""
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"FILE: {path} is no name of a workbook; end it in .xlsx")


def seed(text: str | None) -> str | None:
    """Read ``--seed``, where it is given."""
    if text is not None and not re.fullmatch(r"[0-9A-Za-z._-]{1,64}", text):
        raise InputError(
            f"--seed: {text!r} is no seed; write up to 64 letters, digits, points and dashes"
        )
    return text


def number(option: str, given: int | None, most: int) -> int | None:
    """Read how many are drawn, where it is given."""
    if given is not None and not 1 <= given <= most:
        raise InputError(f"{option}: {given} cannot be drawn; write 1 to {most}")
    return given
