"""What is printed of a rehearsal: the commands, what they say, and what goes on file."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from models.case.ledger import Entry, EntryKind
from models.periods import Limit, until
from models.procedures import ALL_STEPS
from operators.rehearsal.scenario import Look, Scenario, Step
from operators.rehearsal.stage import Said
from operators.views.printing import at, paragraph
from registry.records import CaseRecord

_STYLES = {
    EntryKind.OPENED: "bold",
    EntryKind.ACT: "bold",
    EntryKind.CONSENTS: "bold",
    EntryKind.AMENDMENT: "bold",
    EntryKind.RESOLUTION: "bold",
    EntryKind.WITHDRAWAL: "bold",
    EntryKind.OBJECTION: "magenta",
    EntryKind.LIMIT_SET: "dim",
    EntryKind.STEP_SKIPPED: "dim",
    EntryKind.ROSTER_CHANGED: "",
    EntryKind.NOTICE: "cyan",
    EntryKind.POSTED: "bold",
    EntryKind.UNPOSTED: "yellow",
    EntryKind.RETURNED: "yellow",
    EntryKind.LATE: "red",
    EntryKind.BREACH: "bold red",
    EntryKind.REFUSED: "red",
    EntryKind.NOT_NOTIFIED: "red",
    EntryKind.DOCUMENT: "bold",
    EntryKind.SAMPLE: "",
    EntryKind.CHECKS: "bold",
    EntryKind.RATES: "",
    EntryKind.SUPERVISION: "cyan",
    EntryKind.RISK: "",
    EntryKind.ALARM: "yellow",
    EntryKind.REGISTER_CHANGE: "bold green",
    EntryKind.CLOSED: "bold green",
}
"""What is told of a case, and how: what people did, and what came of it."""

_TITLES = {step.id: str(step) for step in ALL_STEPS}


class Narrator:
    """Prints a scenario as it goes.

    Args:
        quiet: Print nothing at all.
    """

    def __init__(self, out: Console, *, quiet: bool = False) -> None:
        self._out = out
        out.quiet = quiet
        self._day = ""

    def begins(self, scenario: Scenario, years: int) -> None:
        """The heading; ``scenario`` is not moved yet."""
        self._out.print(Text(scenario.title, style="bold"))
        if years:
            self._out.print(
                Text(f"演练日期整体后移{years}年 all dates are {years} years on", style="dim")
            )
        self._print(scenario.about, 0, "dim")

    def runs(self, now: datetime, step: Step) -> None:
        """The command, as it would be typed."""
        self._moment(now)
        self._print(f"$ exitflow {step.run}", 2, "cyan")
        self._beside(step)

    def begins_by_itself(self, now: datetime, step: Step) -> None:
        """The schedule whose day has come."""
        self._moment(now)
        self._print(f"the calendar begins 自动启动 {step.begins}", 2, "cyan")
        self._beside(step)

    def answered(self, said: Said, *, news: bool) -> None:
        """What the command said, unless it is on file, where it has been told."""
        if said.status:
            self._print(f"不予接收 refused: {said.sentence}", 4, "yellow")
        elif not news:
            self._out.print(Text(said.out.rstrip("\n")), soft_wrap=True)

    def news(self, entries: Sequence[tuple[CaseRecord, Entry]]) -> None:
        """What has gone on file."""
        for case, entry in entries:
            if entry.kind in _STYLES:
                self._moment(entry.at)
                said = _said(entry)
                what = said if entry.step in said else f"{entry.step} {said}"
                who = f"{case.subject_name} {case.case_id.rpartition(case.subject_code)[2][1:]}"
                self._print(f"{who}  {what}", 4, _STYLES[entry.kind])

    def looked(self, look: Look, said: Said) -> None:
        """What a command shows in the end."""
        self._out.print()
        self._print(f"$ exitflow {look.run}", 2, "cyan")
        self._out.print(Text(said.out.rstrip("\n")), soft_wrap=True)

    def ends(self, steps: int, files: Mapping[str, Sequence[Entry]], faults: Sequence[str]) -> None:
        """Whether it went as the scenario says."""
        entries = sum(map(len, files.values()))
        ended = sum(any(each.kind is EntryKind.CLOSED for each in file) for file in files.values())
        counted = f"{steps} commands, {entries} entries; {len(files)} cases"
        verdict = Text(
            f"\n{counted}, {ended} ended, {len(files) - ended} open 在办\n",
            "red" if faults else "green",
        )
        verdict.append("NOT as the scenario says:" if faults else "as the scenario says")
        self._out.print(verdict)
        for fault in faults:
            self._print(fault, 2, "bold red")

    def _moment(self, moment: datetime) -> None:
        day = at(moment)
        if day != self._day:
            self._day = day
            self._out.print(Text(f"\n{day}", style="bold"))

    def _beside(self, step: Step) -> None:
        for said in (step.note, step.source and f"real date: {step.source}"):
            if said:
                self._print(f"· {said}", 4, "italic dim")

    def _print(self, text: str, indent: int, style: str) -> None:
        self._out.print(paragraph(text, self._out.width, indent, style), soft_wrap=True)


def _said(entry: Entry) -> str:
    """What an entry tells; of a notice its title and its last day, not how that is counted."""
    notice, limit = entry.data.get("notice"), entry.data.get("limit")
    counted = isinstance(limit, dict) and "from_posting" not in entry.data
    if entry.kind is EntryKind.NOTICE and isinstance(notice, dict) and counted:
        return f"发布《{notice['title']}》，至 {until(Limit.model_validate(limit).due)}"
    return entry.text.removeprefix(f"{_TITLES.get(entry.step)}：")
