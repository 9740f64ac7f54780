"""One act on many cases: each answers for itself, and what came of it is kept for a further run.

Line by line in a file: a case is written down before its act is sent, with the id of the act, and
again when it has answered: its last line counts. So an act whose answer was lost is sent under the
same id, on whichever day, and the case takes it once.
"""

import asyncio
import codecs
import csv
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, ConfigDict

from models.base import canonical
from models.case.messages import Act
from models.case.status import CaseStatus
from models.errors import ExitStatus
from models.identity import content_id, is_case
from models.offices import Office
from operators.commands.sending import derived_id
from operators.commands.words import InputError
from operators.desk.desk import Desk, open_desk
from operators.desk.errors import Refused
from operators.views.printing import console, table
from operators.views.terminal import say
from registry.files.cells import escaped, plain
from registry.files.columns import Cells, Header
from registry.files.disk import read_bytes, read_text
from registry.files.sheet_cells import Cell
from registry.files.table import TableFile
from registry.records import CaseFilter
from workers.connection import run

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


# -- which cases ------------------------------------------------------------------------------

_EXAMPLE = "write one as household-exit/411523100001/2026/1"
_SHEETS = (".xlsx", ".xls", ".csv")


class Selection(NamedTuple):
    """Many cases, and where it is kept what came of each.

    Attributes:
        listed: The cases of a file, in its order; None where a filter finds them.
    """

    listed: tuple[str, ...] | None
    wanted: CaseFilter
    results: Path


def selection(
    step: str,
    *,
    cases: Path | None,
    year: int | None,
    region: str | None,
    step_is: str | None,
    waiting_for: Office | None,
    results: Path | None,
) -> Selection | None:
    """Read the options that choose many cases; None where none of them is given.

    Args:
        step: The step that is decided: the results of different ones are kept apart.
    """
    filtered = any(option is not None for option in (year, region, step_is, waiting_for))
    if cases is None and not filtered:
        if results is not None:
            raise InputError("--results: keeps what came of many cases; choose them with --cases")
        return None
    if cases is not None and filtered:
        raise InputError("--cases: name the cases in a file or by a filter, not both")
    if cases is None and results is None:
        raise InputError(
            "--results: name the file that keeps what came of each case, by which it is resumed"
        )
    wanted = CaseFilter(year=year, region=region, step=step_is, office=waiting_for, open=True)
    listed = case_ids(cases) if cases is not None else None
    if results is None:
        assert cases is not None
        results = cases.with_name(f"{cases.stem}-{step}-results.csv")
    return Selection(listed, wanted, results)


def _case_id(cell: Cell) -> str:
    said = plain(cell)
    if not is_case(said):
        raise ValueError(f"is no id of a case; {_EXAMPLE}")
    return said


class CaseCells(Cells):
    """A row that names a case; what else it holds is read over."""

    model_config = ConfigDict(title="list of cases", extra="ignore")

    case_id: Annotated[str, BeforeValidator(_case_id), Header("case_id", key=True)]


def case_ids(path: Path) -> tuple[str, ...]:
    """Read a list: one id a line, or the column case_id of Excel or CSV; each counts once.

    Raises:
        InputError, LoadError: if it is no such file, or names what is no case.
    """
    if path.suffix.lower() in _SHEETS:
        table = TableFile(path, CaseCells)
        found = [line.case_id for line in table.lines()]
        table.refuse()
    else:
        found = _lines(path)
    if not found:
        raise InputError(f"{path} names no case; write one id a line")
    return tuple(dict.fromkeys(found))


def _lines(path: Path) -> list[str]:
    try:
        text = read_text(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not in UTF-8; save it as UTF-8") from None
    said = [line.strip() for line in text.splitlines()]
    wrong = [f"line {n}: {each!r}" for n, each in enumerate(said, 1) if each and not is_case(each)]
    if wrong:
        more = f", and {len(wrong) - 1} more such lines" if len(wrong) > 1 else ""
        raise InputError(f"{path}, {wrong[0]} is no id of a case{more}; {_EXAMPLE} on each line")
    return [each for each in said if each]


# -- the act on each of them -------------------------------------------------------------------

AT_ONCE = 8
"""Cases that are asked at the same time; after as many in a row without an answer no more are."""

_BEFORE, _NOT_TRIED = "taken in an earlier run", "not tried"


def act_on_many(act: Act, selected: Selection) -> int:
    """Send an act to many cases, print what came of each, and return the exit status.

    0 where every case has taken it, now or before; 1 where one has refused it; 3 where one did not
    answer: then running it again goes on where it ended.
    """
    with Results(selected.results, act) as results:
        try:
            counts = run(_act_on_many(act, selected, results))
        except KeyboardInterrupt:
            said = f"ended by Ctrl-C; the same command goes on by {selected.results}"
            say(f"exitflow: {said}", file=sys.stderr)
            raise
    out = console()
    out.print()
    lines = table("Result", "Cases")
    for said in (_BEFORE, *Result, _NOT_TRIED):
        if counts[said]:
            lines.add_row(str(said), f"{counts[said]:,}")
    out.print(lines if counts else "no case")
    again = "; to ask these cases again, name another with --results" if counts[_BEFORE] else ""
    out.print(f"results are in {selected.results}{again}", soft_wrap=True)
    if counts[Result.NO_ANSWER] or counts[_NOT_TRIED]:
        return ExitStatus.UNREACHABLE
    return ExitStatus.REFUSED if counts[Result.REFUSED] else ExitStatus.DONE


async def _act_on_many(act: Act, selected: Selection, results: Results) -> Counter[str]:
    async with open_desk() as desk:
        cases = _chosen(desk, selected, results)
        open_ = [case for case in cases if not _is_done(results, case)]
        many = _Many(desk, act, results, open_)
        await many.run(_told)
    counts = Counter({_BEFORE: len(cases) - len(open_)})
    counts.update(line.result.value for line in many.lines)
    counts[_NOT_TRIED] = len(open_) - len(many.lines)
    return +counts


def _chosen(desk: Desk, selected: Selection, results: Results) -> Sequence[str]:
    """The cases of the file; or those found now, and those that still owe an answer."""
    if selected.listed is not None:
        return selected.listed
    found = [case.case_id for case in desk.registry.case_rows(selected.wanted)]
    return list(dict.fromkeys([*found, *results.pending]))


def _is_done(results: Results, case_id: str) -> bool:
    last = results.last(case_id)
    return last is not None and last.result.counts


def _told(line: ResultLine) -> None:
    entry = f"entry {line.entry}: " if line.entry else ""
    say(f"{line.case_id}  {line.result.value}  {entry}{line.text}", flush=True)


class _Many:
    """A run over cases that have not taken the act yet.

    Attributes:
        lines: What came of each case that was tried.
    """

    def __init__(self, desk: Desk, act: Act, results: Results, cases: Iterable[str]) -> None:
        self._desk, self._act, self._results = desk, act, results
        self._cases = iter(cases)
        self._silent = 0
        self.lines: list[ResultLine] = []

    async def run(self, told: Callable[[ResultLine], None]) -> None:
        """Ask all of them, some at the same time."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._work(told))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _work(self, told: Callable[[ResultLine], None]) -> None:
        for case_id in self._cases:
            if self._silent >= AT_ONCE:
                return  # nobody is there: the rest would wait in vain, one after the other
            line = await self._one(case_id)
            self._silent = self._silent + 1 if line.result is Result.NO_ANSWER else 0
            self.lines.append(line)
            told(line)

    async def _one(self, case_id: str) -> ResultLine:
        last = self._results.last(case_id)
        message = _again(self._act, last) if last and last.is_pending else None
        try:
            seen = await self._desk.status(case_id)
            if message is None:
                message = _for_round(self._act, seen)
                self._results.add(case_id, Result.SENT, message, text="")
            receipt = await self._desk.act(case_id, message)
        except Refused as refusal:
            return self._results.add(case_id, Result.REFUSED, message, text=str(refusal))
        except ConnectionError as error:
            return self._results.add(case_id, Result.NO_ANSWER, message, text=str(error))
        # An entry that was on file before is the receipt of the same message sent earlier.
        before = receipt.seq <= seen.entries
        result = Result.RECEIVED_BEFORE if before else Result.TAKEN
        return self._results.add(case_id, result, message, entry=receipt.seq, text=receipt.text)


def _for_round(act: Act, seen: CaseStatus) -> Act:
    """The act for the round a case is in: should it be in another by then, it is refused."""
    meant = act.model_copy(update={"round": seen.round})
    return meant.model_copy(update={"id": derived_id(seen, meant)})


def _again(act: Act, sent: ResultLine) -> Act:
    """The very message of an earlier run, whose answer was lost."""
    return act.model_copy(update={"id": sent.message_id, "round": int(sent.round)})
