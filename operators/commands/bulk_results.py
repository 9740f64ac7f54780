"""What came of each case of a bulk act, line by line in a file by which it can be resumed.

A case is written down before its act is sent, with the id of the act, and again when it has
answered: its last line counts. So an act whose answer was lost is sent under the same id, on
whichever day, and the case takes it once.
"""

import codecs
import csv
import io
import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from models.case.ledger import canonical
from models.case.messages import Act
from models.identity import content_id
from operators.commands.inputs import InputError
from registry.files.cells import escaped
from registry.files.disk import read_bytes

_MOST = 64 * 1024 * 1024
"""Bytes: of some hundred thousand cases."""


class Result(StrEnum):
    """What came of one case."""

    SENT = "sent"
    TAKEN = "taken"
    RECEIVED_BEFORE = "received before"
    REFUSED = "refused"
    NO_ANSWER = "no answer"

    @property
    def counts(self) -> bool:
        """Whether the act is on the case's file."""
        return self in (Result.TAKEN, Result.RECEIVED_BEFORE)


class ResultLine(NamedTuple):
    """One line.

    Attributes:
        entry: The ledger entry that the act became.
        text: The entry's sentence, or why it was refused.
        message_id, round: Under which id, and for which round, it was sent; empty if it was not.
        act: What was decided, so that no other act is taken for this one.
    """

    case_id: str
    result: Result
    entry: str
    text: str
    message_id: str
    round: str
    act: str

    @property
    def is_pending(self) -> bool:
        """Whether the act was sent and nobody knows what came of it."""
        return self.result in (Result.SENT, Result.NO_ANSWER) and self.message_id != ""


_HEADER = codecs.BOM_UTF8 + ",".join(ResultLine._fields).encode() + b"\n"
"""Excel reads Chinese in CSV only behind the mark."""


def fingerprint(act: Act) -> str:
    """What tells one act from another, whatever case it is sent to."""
    content = act.model_dump(mode="json", exclude={"id", "round"})
    return content_id("bulk", canonical(content))


class Results:
    """The file of one bulk act; there may be none yet."""

    def __init__(self, path: Path, act: Act) -> None:
        """Read what an earlier run has left.

        Raises:
            InputError: if it is no such file, or that of another act.
        """
        self.path, self.act = path, fingerprint(act)
        self._last: dict[str, ResultLine] = {}
        try:
            written = read_bytes(path, _MOST)
        except FileNotFoundError:
            written = b""
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        # A line that was being written when the power went is none.
        self._whole = written.rfind(b"\n") + 1
        if written and not (self._whole or _HEADER.startswith(written)):
            raise self._foreign()
        self._read(written[: self._whole])

    def __enter__(self) -> "Results":
        try:
            with suppress(FileNotFoundError):
                os.truncate(self.path, self._whole)
            self._file = self.path.open("ab")
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}") from None
        if not self._whole:
            self._write(_HEADER)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def last(self, case_id: str) -> ResultLine | None:
        """What came of a case so far."""
        return self._last.get(case_id)

    @property
    def pending(self) -> list[str]:
        """The cases that were sent to and have not answered."""
        return [line.case_id for line in self._last.values() if line.is_pending]

    def add(
        self, case_id: str, result: Result, message: Act | None, *, entry: int | str = "", text: str
    ) -> ResultLine:
        """Write down what came of a case; once it returns, no crash can lose it."""
        line = ResultLine(
            case_id=case_id,
            result=result,
            entry=str(entry),
            text=escaped(" ".join(text.split())),
            message_id=message.id if message else "",
            round=str(message.round) if message else "",
            act=self.act,
        )
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerow(line)
        self._write(written.getvalue().encode())
        self._last[case_id] = line
        return line

    def _write(self, line: bytes) -> None:
        try:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}") from None

    def _read(self, written: bytes) -> None:
        if not written:
            return
        try:
            header, *rows = csv.reader(written.decode("utf-8-sig").splitlines(), strict=True)
            if tuple(header) != ResultLine._fields:
                raise ValueError
            lines = [ResultLine(row[0], Result(row[1]), *row[2:]) for row in rows]
        except (ValueError, TypeError, IndexError, csv.Error):
            raise self._foreign() from None
        for line in lines:
            if line.act != self.act:
                raise InputError(
                    f"{self.path} holds the results of another act; name another file with "
                    "--results"
                )
            self._last[line.case_id] = line

    def _foreign(self) -> InputError:
        return InputError(f"{self.path} is no file of results; name another with --results")
