"""How a season looks on paper: line by line as it goes, and its tables in the end."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from models.case.ledger import Entry, EntryKind
from models.case.status import CaseStatus
from models.periods import Limit, until
from models.policy import Standards
from models.supervision.sampling import Sample
from operators.commands.outlook import print_counties, print_villages
from operators.rehearsal.course import Answer
from operators.rehearsal.course_view import padded, style_of, what_of
from operators.rehearsal.events import Event, ObjectEvent
from operators.rehearsal.season import Season, place_names
from operators.rehearsal.season_after import ConsequencesEvent, PleadIn
from operators.rehearsal.season_after_course import drawn_by
from operators.rehearsal.season_after_tables import print_following
from operators.rehearsal.season_course import Following, Look, SeasonCase, SeasonCourse
from operators.rehearsal.season_events import OpeningEvent, ReadyEvent
from operators.rehearsal.season_order import places
from operators.rehearsal.season_tables import print_tables, verdict_of
from operators.views.printing import at, heading, paragraph

_TOLD = {
    EntryKind.OPENED,
    EntryKind.ACT,
    EntryKind.CONSENTS,
    EntryKind.AMENDMENT,
    EntryKind.ROSTER_CHANGED,
    EntryKind.NOTICE,
    EntryKind.OBJECTION,
    EntryKind.RESOLUTION,
    EntryKind.WITHDRAWAL,
    EntryKind.RETURNED,
    EntryKind.LATE,
    EntryKind.BREACH,
    EntryKind.REFUSED,
    EntryKind.NOT_NOTIFIED,
    EntryKind.DOCUMENT,
    EntryKind.SAMPLE,
    EntryKind.CHECKS,
    EntryKind.RATES,
    EntryKind.SUPERVISION,
    EntryKind.RISK,
    EntryKind.REGISTER_CHANGE,
    EntryKind.ALARM,
    EntryKind.CLOSED,
}
"""What is told of a case while many run: what people did, and what came of it."""


_BEFORE_WHO = 18
"""Cells of day and clock."""


class SeasonNarrator:
    """Prints a season as it goes: date in Beijing, place, case, what happened."""

    def __init__(self, out: Console, standards: Standards) -> None:
        self._out, self._standards = out, standards
        self._season: Season | None = None
        self._names: dict[str, str] = {}
        self._width_of_who = 0
        self._day = ""

    def begins(self, season: Season, years: int) -> None:
        """The heading: where, how many, and by how much it was moved."""
        self._season = season
        self._names = place_names(season)
        self._width_of_who = 1 + max(map(cell_len, _cases_of(season, self._names)))
        county = season.county
        people = sum(group.count * group.size for group in season.households)
        households = sum(group.count for group in season.households)
        made = Text(season.title, style="bold")
        made.append(
            f"  {county.name} {county.code}，{county.city}，{len(season.villages)}个贫困村，"
            f"{households}户{people}人，扶贫标准{season.line.yuan:,}元",
            style="not bold",
        )
        made.append(
            f"\n演练日期整体后移{years}年 all dates are {years} years on: "
            f"{season.year - years}年度 → {season.year}年度",
            style="not bold dim",
        )
        self._out.print(made)
        self._out.print(paragraph(season.about, self._out.width, 0, "dim"))
        self._out.print()

    def opens(self, case: SeasonCase, note: str | None) -> "_CaseLines":
        """Lines of a case from now on."""
        return _CaseLines(self, case, note)

    def tells(self, at: datetime, what: str, note: str | None) -> None:
        """A line of no case."""
        self.line(at, "", what, "yellow")
        self.beside(note)

    def looks(self, event: ReadyEvent, look: Look) -> None:
        """The table of ``exitflow ready`` on that day."""
        assert self._season is not None
        year, day = self._season.year, at(look.at)[:10]
        self._out.print(heading(f"{day}  who could leave 可退出情况: exitflow ready {event.of}"))
        if event.of == "villages":
            print_villages(self._out, look.villages, year)
        else:
            print_counties(self._out, look.counties, year)
        if event.note:
            self._out.print(paragraph(f"· {event.note}", self._out.width, 0, "italic dim"))
        self._out.print()
        self._day = ""

    def follows(self, event: ConsequencesEvent, found: Following) -> None:
        """What the register shows of an exit on that day."""
        print_following(self._out, self._names.get(found.of, found.of), found)
        if event.note:
            self._out.print(paragraph(f"· {event.note}", self._out.width, 0, "italic dim"))
        self._out.print()
        self._day = ""

    def ends(self, course: SeasonCourse) -> None:
        """The tables, and the verdict."""
        assert self._season is not None
        print_tables(self._out, self._season, course, self._standards)
        self._out.print()
        self._out.print(verdict_of(course))

    def line(self, moment: datetime, who: str, what: str, style: str) -> None:
        """One line: the day is not repeated."""
        day, clock = at(moment).split(" ")
        shown = day if day != self._day else " " * len(day)
        self._day = day
        line = Text(f"{shown} {clock}  {padded(who, self._width_of_who)}", style="dim")
        body = paragraph(what, self._out.width, line.cell_len, style)
        self._out.print(line.append_text(body[line.cell_len :]), soft_wrap=True)

    def beside(self, note: str | None) -> None:
        """What the file says of an event."""
        if note:
            indent = _BEFORE_WHO + self._width_of_who
            self._out.print(paragraph(f"· {note}", self._out.width, indent, "italic dim"))


class _CaseLines:
    """Looks on at one case of a season."""

    def __init__(self, narrator: SeasonNarrator, case: SeasonCase, note: str | None) -> None:
        self._narrator, self._note = narrator, note
        self._who = f"{case.place} {case.key}"
        self._by_entry: dict[int, Event] = {}
        self._last = ""

    def happened(self, event: Event, answer: Answer) -> None:
        """A refusal or a wait at once; what was taken in is printed when it is on file."""
        if answer.seq is not None:
            self._by_entry[answer.seq] = event
        elif event.do == "wait":
            if event.note:
                self._narrator.line(answer.at, self._who, event.note, "cyan")
        else:
            refusal = f"不予接收 refused: {answer.text}"
            self._narrator.line(answer.at, self._who, refusal, "yellow")
            self._narrator.beside(event.note)

    def entered(self, entries: Sequence[Entry]) -> None:
        """What people did, and what came of it."""
        for entry in entries:
            if entry.kind not in _TOLD:
                continue
            said = _said(entry)
            if entry.kind is EntryKind.CLOSED and self._last and said.endswith(self._last):
                continue  # what ends it has just been told
            self._last = said
            shown = said if entry.step in said else f"{entry.step} {said}"
            self._narrator.line(entry.at, self._who, shown, style_of(entry))
            self._narrator.beside(self._note_of(entry))

    def _note_of(self, entry: Entry) -> str | None:
        """What the file says of an entry beside it."""
        if entry.kind is EntryKind.OPENED:
            return self._note
        event = self._by_entry.get(entry.seq)
        if isinstance(event, ObjectEvent | PleadIn):
            return event.text
        return event.note if event is not None else None

    def stands(self, status: CaseStatus, now: datetime) -> None:
        """Nothing: it shows by the lines."""


def _cases_of(season: Season, names: dict[str, str]) -> Iterator[str]:
    """Every case as its lines begin."""
    place = places(season)
    for event in season.events:
        if isinstance(event, OpeningEvent):
            yield f"{names[place(event)]} {event.case}"


def _said(entry: Entry) -> str:
    """What an entry tells, without what the reader of a course has no use for.

    Of a notice its title and its last day, without how that is counted; of a sample who was drawn,
    without the rule.
    """
    if entry.kind is EntryKind.SAMPLE:
        sample = Sample.model_validate(entry.data["sample"])
        return f"{what_of(entry).partition('。规则')[0]}：{' '.join(drawn_by(sample))}"
    notice, limit = entry.data.get("notice"), entry.data.get("limit")
    if entry.kind is EntryKind.NOTICE and isinstance(notice, dict) and isinstance(limit, dict):
        due = Limit.model_validate(limit).due
        return f"发布《{notice['title']}》，至 {until(due)}"
    return what_of(entry)
