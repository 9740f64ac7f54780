"""What a program that runs for months says, and that it never ends by saying it.

A log that lies on a full disk, or goes to a reader that has gone, loses lines; the cases go on.
"""

import io
import logging
import os
import sys
from typing import Any

from temporalio.exceptions import ApplicationError

from models.base import shortened
from models.texts.characters import visible


class _Lossy(io.RawIOBase):
    """A stream that drops what cannot be written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        whole = bytes(data)
        try:
            left = whole
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError:
            pass  # nobody could be told
        return len(whole)


def keep_going_unheard() -> None:
    """Let standard output and error lose what cannot be written, and logging not complain of it.

    Streams that somebody has put in their place are left alone.
    """
    logging.raiseExceptions = False
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        sys.stdout = _in_place_of(sys.stdout)
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:
        sys.stderr = _in_place_of(sys.stderr)


def _in_place_of(stream: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        _Lossy(stream.fileno()),  # type: ignore[arg-type]
        encoding=stream.encoding,
        errors="backslashreplace",
        write_through=True,
    )


class _OneLine(logging.Filter):
    """A refusal says in one line what it refuses; where it was raised is nobody's concern.

    Whoever reaches the server could fill the log with tracebacks otherwise. An exception that
    nobody meant keeps its traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        meant = isinstance(error, ApplicationError) and error.__cause__ is None
        if error is not None and (meant or _NOT_BEGUN in str(error)):
            said = " ".join(visible(f"{record.getMessage()}: {error}").split())
            record.msg, record.args = shortened(said, _LINE), None
            record.exc_info = record.exc_text = None
        return True


_NOT_BEGUN = "Expected workflow input"
"""How the library says that a case is asked whose history has not begun."""

_LINE = 1000
_ONE_LINE = _OneLine()
_LOGGERS = (
    "temporalio.activity",
    "temporalio.workflow",
    "temporalio.worker._activity",
    "temporalio.worker._workflow",
    "temporalio.worker._workflow_instance",
)


def refuse_in_one_line() -> None:
    """Let the library log what our own code refuses without a traceback."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_ONE_LINE)
