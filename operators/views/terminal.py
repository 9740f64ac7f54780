"""Lines on a terminal, or wherever output goes: every character arrives, and none steers it."""

import logging
import sys
from typing import TextIO

from models.texts.characters import indented, visible


def say(*lines: str, file: TextIO | None = None, flush: bool = False) -> None:
    """Print lines; further lines within one of them are somebody's text, and are indented."""
    print(*(indented(line) for line in lines), sep="\n", file=file, flush=flush)


def progress(text: str, *, last: bool) -> None:
    """Say how far something has come, in one line of standard error that is written over."""
    print(f"\r{visible(text)}", end="\n" if last else "", file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print a text of ours as it is: a notice, in which what people wrote stands in one line."""
    print(visible(text, lines=True), end="")


def settle() -> None:
    """Let the output take every character: no name loses one, whatever the locale.

    What goes to a file or to another program is in UTF-8. A terminal gets the encoding that it is
    set to, and escapes in place of what that lacks.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        else:
            stream.reconfigure(  # type: ignore[union-attr]
                encoding="utf-8", errors="backslashreplace"
            )
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_Logged())


class _Logged(logging.Formatter):
    """What is logged, with the errors in it, which quote what people wrote."""

    def format(self, record: logging.LogRecord) -> str:
        """In one or more lines, of which the first alone stands at the margin."""
        return indented(super().format(record))
