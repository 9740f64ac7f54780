"""What an error means to the person at the command line: an exit status and one sentence."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tomllib import TOMLDecodeError

from pydantic import ValidationError
from temporalio.service import RPCError

from activities.notifications.channels import ChannelError
from models.base import faults
from models.case.ledger import LedgerError
from models.periods import PeriodError, beijing
from models.policy import PolicyError
from models.sealed import NotSealed
from operators.commands.inputs import InputError
from operators.desk.answers import unreachable
from operators.desk.errors import NoAnswer, Refused
from operators.views.terminal import say, settle
from registry.calendar import CalendarError
from registry.errors import LoadError, RegistryError, UnknownSubject
from workers.codec_endpoint import EndpointError
from workers.connection import Unreachable
from workers.embedded import ServerError
from workers.installation import WrongInstallation
from workers.keys import KeysError
from workers.settings import SettingsError

REFUSED = 1
"""Refused by the rules, or not in the register."""
WRONG = 2
"""Wrong usage or input."""
UNREACHABLE = 3
"""Server or database not reachable."""

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (LoadError, WRONG),  # also a RegistryError, but it is the file that is wrong
    (UnknownSubject, REFUSED),  # likewise, but the registry is well
    (Refused, REFUSED),
    (LedgerError, REFUSED),
    (InputError, WRONG),
    (CalendarError, WRONG),
    (ChannelError, WRONG),
    (PolicyError, WRONG),
    (PeriodError, WRONG),
    (SettingsError, WRONG),
    (KeysError, WRONG),
    (Unreachable, UNREACHABLE),
    (WrongInstallation, UNREACHABLE),
    (NoAnswer, UNREACHABLE),
    (RegistryError, UNREACHABLE),
    (ServerError, UNREACHABLE),
    (EndpointError, UNREACHABLE),
    (NotSealed, UNREACHABLE),
    (FileNotFoundError, WRONG),
    (TOMLDecodeError, WRONG),
)


def verdict(error: Exception) -> tuple[int, str] | None:
    """Status and sentence of an error that is nobody's bug; None for any other."""
    if isinstance(error, ValidationError):
        return WRONG, in_words(faults(error))
    if isinstance(error, RPCError):
        return UNREACHABLE, str(unreachable(error))
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status, in_words(str(error))
    if isinstance(error, OSError) and error.strerror:
        # A full disk, a folder that may not be written: of the machine, not of the program.
        where = f"{error.filename}: " if error.filename else ""
        return WRONG, f"{where}{error.strerror}"
    return None


_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)(?![\d:])")
_PATTERNS = {
    r"String should match pattern '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$'": "write 1 to 100 signs: "
    "letters from a to z, digits, and behind the first one also . _ : -",
}


def in_words(said: str) -> str:
    """A sentence with moments by the clock in Beijing, and with words for patterns.

    >>> in_words("at: 2026-03-05T02:01:05.426235+00:00 lies in the future")
    'at: 2026-03-05 10:01 (Beijing time) lies in the future'
    """
    for pattern, words in _PATTERNS.items():
        said = said.replace(pattern, words)
    return _MOMENT.sub(_by_beijing, said)


def _by_beijing(found: re.Match[str]) -> str:
    try:
        return f"{beijing(datetime.fromisoformat(found[0])):%Y-%m-%d %H:%M} (Beijing time)"
    except ValueError:
        return found[0]


@contextmanager
def explained() -> Iterator[None]:
    """For scripts: an error that is nobody's bug ends them with its sentence and its status."""
    settle()
    try:
        yield
    except Exception as error:
        judged = verdict(error)
        if judged is None:
            raise
        say(judged[1], file=sys.stderr)
        sys.exit(judged[0])
