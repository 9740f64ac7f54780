"""What an error means to the person at the command line: an exit status and one sentence."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from pydantic import ValidationError

from models.base import faults
from models.errors import ExitflowError, ExitStatus
from models.periods import beijing
from operators.views.terminal import say, settle


def verdict(error: Exception) -> tuple[ExitStatus, str] | None:
    """Status and sentence of an error that is nobody's bug; None for any other."""
    if isinstance(error, ExitflowError):
        return error.status, in_words(str(error))
    if isinstance(error, ValidationError):
        return ExitStatus.WRONG, in_words(faults(error))
    if isinstance(error, OSError) and error.strerror:
        # A full disk, a folder that may not be written: of the machine, not of the program.
        where = f"{error.filename}: " if error.filename else ""
        return ExitStatus.WRONG, f"{where}{error.strerror}"
    # Only who has spoken to a server needs its library, which takes as long as a whole command.
    from temporalio.service import RPCError

    from operators.desk.answers import unreachable

    if isinstance(error, RPCError):
        return ExitStatus.UNREACHABLE, str(unreachable(error))
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
