"""The board of the demo: several cases side by side, each at its own moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.case.ledger import Entry, EntryKind
from models.case.status import CaseStatus, StepState
from models.offices import County
from operators.rehearsal.course import Answer, Course
from operators.rehearsal.course_view import padded, style_of, what_of
from operators.rehearsal.events import Event, WaitEvent
from operators.rehearsal.scenario import Scenario
from operators.views.printing import at, table

_TOLD = {
    EntryKind.ACT,
    EntryKind.BREACH,
    EntryKind.RETURNED,
    EntryKind.NOTICE,
    EntryKind.OBJECTION,
    EntryKind.RESOLUTION,
    EntryKind.WITHDRAWAL,
    EntryKind.REFUSED,
    EntryKind.NOT_NOTIFIED,
    EntryKind.REGISTER_CHANGE,
}
"""What is told of a case while several run: what people did, and what went wrong."""

_MARKS: Mapping[StepState, tuple[str, str]] = {
    StepState.DONE: ("✔", "green"),
    StepState.CURRENT: ("▶", "bold yellow"),
    StepState.AHEAD: ("·", "dim"),
    StepState.SKIPPED: ("–", "dim"),
    StepState.ENDED: ("■", "bold"),
}


class Seat:
    """Looks on at one case, and keeps its line of the board."""

    def __init__(self, out: Console, title: str) -> None:
        self._out = out
        self.county = title
        self.now: datetime | None = None
        self.status: CaseStatus | None = None

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """Whose case it is."""
        self.county = county.name

    def happened(self, event: Event, answer: Answer) -> None:
        """A refusal is told at once: it leaves no trace in the file."""
        if answer.seq is not None:
            return
        if not isinstance(event, WaitEvent):
            self._tell(answer.at, f"不予接收 refused: {answer.text}", "yellow")
        elif event.note:
            self._tell(answer.at, event.note, "cyan")

    def entered(self, entries: Sequence[Entry]) -> None:
        """What people did, and what went wrong."""
        for entry in entries:
            if entry.kind in _TOLD:
                self._tell(entry.at, what_of(entry), style_of(entry))

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """The line of the board."""
        self.status, self.now = status, now

    def ends(self, course: Course) -> None:
        """Nothing: the demo tells it when all have ended."""

    def _tell(self, moment: datetime, what: str, style: str) -> None:
        line = Text(f"{at(moment)}  ", style="dim")
        line.append(f"{padded(self.county, 6)}  ", style="bold not dim")
        line.append(what, style=f"{style} not dim")
        self._out.print(line, no_wrap=True, overflow="ellipsis", crop=True)


class Board:
    """All lines as they are at the moment of looking."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        self._seats = seats

    def __rich__(self) -> Table:
        """The table."""
        lines = table("County", "Beijing time", "C1 … C7", "Standing")
        for seat in self._seats:
            if seat.status is None or seat.now is None:
                lines.add_row(seat.county, "", "", "…")
            else:
                moment, status = at(seat.now), seat.status
                lines.add_row(seat.county, moment, _steps(status), _standing(status))
        return lines


def _steps(status: CaseStatus) -> Text:
    made = Text()
    for step in status.steps:
        mark, style = _MARKS[step.state]
        made.append(f"{mark}", style=style).append(" ")
    return made


def _standing(status: CaseStatus) -> Text:
    made = Text(f"{status.step} {status.waiting_text}")
    if status.round > 1:
        made.append(f"，第{status.round}轮")
    if status.open_count:
        made.append(f"，异议{status.open_count}件", style="magenta")
    if status.overdue:
        made.append("，已逾期", style="bold red")
    if status.outcome is not None:
        made.stylize("green")
    return made
