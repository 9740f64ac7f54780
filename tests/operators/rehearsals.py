"""Scenarios as tests play them: each once, with what was printed of it."""

import io
from dataclasses import dataclass
from datetime import date

from rich.console import Console

from models.case.ledger import Entry, EntryKind
from operators.desk.registry import utc_now
from operators.rehearsal.narrator import Narrator
from operators.rehearsal.player import Course, play
from operators.rehearsal.scenario import Scenario, load
from operators.rehearsal.stage import Stage

WIDTH = 100


@dataclass(frozen=True)
class Shown:
    """A course, and what was printed of it."""

    course: Course
    text: str

    @property
    def words(self) -> str:
        """The text without its line breaks."""
        return "".join(self.text.split())

    @property
    def refusals(self) -> list[str]:
        """What was refused, in order."""
        return [each.said.sentence for each in self.course.steps if each.said.status]

    def entries(self, case_id: str, kind: EntryKind) -> list[Entry]:
        """The entries of a kind in the file of a case."""
        return [entry for entry in self.course.files[case_id] if entry.kind is kind]

    def texts(self, case_id: str, kind: EntryKind) -> list[str]:
        """What they say."""
        return [entry.text for entry in self.entries(case_id, kind)]

    def outputs(self, command: str) -> list[str]:
        """What a command said, by its first words, in order."""
        steps = self.course.steps
        return [each.said.out for each in steps if each.run.startswith(command)]

    def day(self, year: int, month: int, day: int) -> date:
        """A day of the file, moved."""
        return date(year + self.course.years, month, day)


async def shown(stage: Stage, name: str, scenario: Scenario | None = None) -> Shown:
    """Play a scenario on a stage; a shipped one by its name."""
    out = Console(file=io.StringIO(), width=WIDTH, highlight=False, markup=False)
    scenario = scenario or load(name)
    years = scenario.years_ahead(utc_now())
    course = await play(stage, name, scenario, Narrator(out), years)
    assert isinstance(out.file, io.StringIO)
    return Shown(course, out.file.getvalue())
