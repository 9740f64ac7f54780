"""Scenarios as tests play them: each once, with what was printed of it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from models.case.ledger import Entry, EntryKind
from operators.desk import desk
from operators.desk.registry import utc_now
from operators.rehearsal.narrator import Narrator
from operators.rehearsal.player import Course, play
from operators.rehearsal.scenario import Scenario, load
from operators.rehearsal.stage import Stage, commands_in, prepared
from tests.fast.line import ADDRESS, Line
from tests.fast.server import FastServer
from tests.stage import set_fast_stage

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


class _InMemory(Stage):
    """A stage whose server is one in memory."""

    def __init__(self, desk: desk.Desk, server: FastServer) -> None:
        super().__init__(desk, cast(Any, None))
        self._skipper = cast(Any, server)


@asynccontextmanager
async def set_stage_in_memory(folder: Path, years: int = 0) -> AsyncIterator[Stage]:
    """As ``operators.rehearsal.stage.set_stage``, without a server; the demo plays on one."""
    settings = prepared(folder, years)
    async with set_fast_stage(settings) as stage:
        assert isinstance(stage.skipper, FastServer)
        with pytest.MonkeyPatch.context() as changed, commands_in(settings, ADDRESS):
            changed.setattr(desk, "connect", Line(stage.skipper).connect)
            yield _InMemory(stage.desk, stage.skipper)
