"""How the course of a rehearsal looks on paper, line by line as it goes."""

from collections.abc import Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from models.case.ledger import Entry, EntryKind
from models.case.status import CaseStatus
from models.offices import County, Tier
from models.procedures import ALL_STEPS, ENDINGS
from operators.rehearsal.course import Answer, Course
from operators.rehearsal.events import ActEvent, Event, ObjectEvent, WaitEvent
from operators.rehearsal.scenario import Scenario
from operators.views.printing import at, paragraph

_TITLES = {step.id: str(step) for step in ALL_STEPS}

_SAID_OF_TIME = {"提醒", "逾期"}
"""Notifications that tell of a limit; the others follow from what was done."""

_STYLES = {
    EntryKind.OPENED: "bold",
    EntryKind.ACT: "bold",
    EntryKind.RESOLUTION: "bold",
    EntryKind.WITHDRAWAL: "bold",
    EntryKind.OBJECTION: "magenta",
    EntryKind.LIMIT_SET: "dim",
    EntryKind.STEP_OPENED: "cyan",
    EntryKind.STEP_SKIPPED: "dim",
    EntryKind.NOTICE: "cyan",
    EntryKind.RETURNED: "yellow",
    EntryKind.LATE: "red",
    EntryKind.BREACH: "bold red",
    EntryKind.NOT_NOTIFIED: "red",
    EntryKind.REGISTER_CHANGE: "bold green",
    EntryKind.CLOSED: "bold green",
    EntryKind.NOTIFIED: "dim",
}


def heading_of(scenario: Scenario, years: int, county: County) -> Text:
    """Title, kind of county, and by how much it was moved."""
    tier = "国定 national" if county.tier is Tier.NATIONAL else "省定 provincial"
    led_by = "省直管 direct" if county.directly_administered else county.city.name
    kind = f"{county.name} {county.code}，{tier}，{led_by}"
    made = Text(scenario.title, style="bold")
    made.append(f"  {kind}", style="not bold")
    if years:
        was = scenario.application.year - years
        made.append(
            f"\n演练日期整体后移{years}年 all dates are {years} years on: "
            f"{was}年度 → {scenario.application.year}年度",
            style="not bold dim",
        )
    return made


def verdict_of(course: Course) -> Text:
    """How it ended, and whether that is what the scenario says."""
    made = Text()
    if course.outcome is not None:
        document = f"（{course.outcome.document_number}）" if course.outcome.document_number else ""
        made.append(f"{ENDINGS[course.outcome.ending]} {course.outcome.ending.value}{document}")
        made.append(f" {at(course.outcome.at)} at {course.outcome.step}")
    else:
        made.append(f"在办 open at {course.step}")
    breaches = ", ".join(course.breaches)
    made.append(f"; rounds 轮次 {course.round}; breaches 逾期 {breaches or 'none'}")
    made.append(f"; {len(course.entries)} entries")
    made.stylize("red" if course.faults else "green")
    if course.faults:
        made.append("\nNOT as the scenario says:", style="bold red")
        for fault in course.faults:
            made.append(f"\n  {fault}", style="bold red")
    else:
        made.append("\nas the scenario says", style="green")
    return made


class Narrator:
    """Prints a course as it goes: date in Beijing, step, who, what."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._by_entry: dict[int, Event] = {}
        self._head_before = ""
        self._sent = self._lost = 0

    def begins(self, scenario: Scenario, years: int, case_id: str, county: County) -> None:
        """The heading."""
        self._out.print(heading_of(scenario, years, county))
        for line in (scenario.about, f"case {case_id}"):
            self._out.print(paragraph(line, self._out.width, 0, "dim"))
        self._out.print()

    def happened(self, event: Event, answer: Answer) -> None:
        """A refusal or a wait at once; what was taken in is printed when it is on file."""
        if answer.seq is not None:
            self._by_entry[answer.seq] = event
        elif isinstance(event, WaitEvent):
            self._line(answer.at, event.until or "", "", event.note or "…", "cyan")
            self._beside(event.source and f"real date: {event.source}")
        else:
            step = event.step if isinstance(event, ActEvent) else ""
            who = getattr(event, "officer", "")
            self._line(answer.at, step, who, f"不予接收 refused: {answer.text}", "yellow")
            self._beside(event.note)

    def entered(self, entries: Sequence[Entry]) -> None:
        """What went on file."""
        for entry in entries:
            self._sent += entry.kind is EntryKind.NOTIFIED
            self._lost += entry.kind is EntryKind.NOT_NOTIFIED
            said = what_of(entry)
            if said:
                self._line(entry.at, entry.step, _who(entry), said, style_of(entry))
            event = self._by_entry.get(entry.seq)
            if event is not None:
                self._beside(event.text if isinstance(event, ObjectEvent) else event.note)
                self._beside(event.source and f"real date: {event.source}")

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """Nothing: it shows by the lines."""

    def ends(self, course: Course) -> None:
        """The verdict."""
        lost = f", {self._lost} not delivered 未送达" if self._lost else ""
        self._out.print(Text(f"\n{self._sent} notifications 通知{lost}", style="dim"))
        self._out.print(verdict_of(course))

    def _line(self, moment: datetime, step: str, who: str, what: str, style: str) -> None:
        head = f"{at(moment)}  {padded(_TITLES.get(step, step), 11)}"
        shown = head if head != self._head_before else " " * cell_len(head)
        self._head_before = head
        line = Text(f"{shown}  {padded(who, 6)}  ", style="dim")
        indent = line.cell_len
        body = paragraph(what, self._out.width, indent, style)
        self._out.print(line.append_text(body[indent:]), soft_wrap=True)

    def _beside(self, note: str | None) -> None:
        if note:
            self._out.print(paragraph(f"· {note}", self._out.width, 39, "italic dim"))


def what_of(entry: Entry) -> str:
    """What an entry tells beside its date and step; nothing where other lines tell it."""
    match entry.kind:
        case EntryKind.STEP_DONE:
            return ""
        case EntryKind.NOTIFIED if entry.data["topic"] in _SAID_OF_TIME:
            subject = entry.text.partition("年度：")[2]
            return f"{entry.data['topic']} → {entry.data['recipient']}：{subject}"
        case EntryKind.NOTIFIED:
            return ""
        case EntryKind.RETURNED:
            return f"{entry.text.partition('：')[0]}，第{entry.round + 1}轮"
        case _:
            return entry.text.removeprefix(f"{_TITLES.get(entry.step)}：")


def style_of(entry: Entry) -> str:
    """How an entry is shown."""
    return _STYLES.get(entry.kind, "")


def _who(entry: Entry) -> str:
    application = entry.data.get("application")
    if isinstance(application, dict):
        return str(application["officer"])
    match entry.actor:
        case "case":
            return ""
        case "objector":
            return "异议人"
        case office_and_officer:
            return office_and_officer.partition(" ")[2]


def padded(text: str, cells: int) -> str:
    """Blanks behind a text that may be Chinese, up to a width."""
    return text + " " * (cells - cell_len(text))
