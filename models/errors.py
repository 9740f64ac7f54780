"""The root of all errors that a person may meet, each with the status that the shell gets."""

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What the shell gets from a command."""

    DONE = 0
    REFUSED = 1
    """By the rules; or the register knows nobody under the code."""
    WRONG = 2
    """Wrong usage, input or setting."""
    UNREACHABLE = 3
    """Server or database cannot be used."""


class ExitflowError(Exception):
    """Its text is one sentence: what was wrong, where, and what would be right."""

    status: ClassVar[ExitStatus] = ExitStatus.WRONG
