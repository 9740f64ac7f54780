"""One act on many cases: each answers for itself, and what came of it is kept for a further run."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from models.case.messages import Act
from models.case.status import CaseStatus
from models.errors import ExitStatus
from operators.commands.bulk_results import Result, ResultLine, Results
from operators.commands.case_lists import Selection
from operators.commands.sending import derived_id
from operators.desk.desk import Desk, open_desk
from operators.desk.errors import Refused
from operators.views.printing import console, table
from operators.views.terminal import say
from workers.connection import run

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
