"""Playing a scenario: the clock moves, commands run, and what comes of them is held against it."""

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from models.base import Record
from models.case.ledger import Entry
from models.identity import is_case
from models.periods import LimitKind
from operators.desk.desk import NoCase
from operators.desk.registry import utc_now
from operators.rehearsal.narrator import Narrator
from operators.rehearsal.scenario import (
    Command,
    Look,
    Scenario,
    Step,
    differences,
    load,
    parsed,
)
from operators.rehearsal.stage import A_MOMENT, Cases, Said, Stage, scratch_folder, set_stage
from operators.up import cancel_on_signals, is_stopping
from operators.views.printing import as_json, console, from_json
from registry.files.workbook_writing import write_sheets
from registry.records import CaseRecord


class Played(Record):
    """A step as it went; it may be later than its day, if it had to wait for something."""

    at: datetime
    run: str
    said: Said


class Course(Record):
    """A scenario as it went.

    Attributes:
        years: By how many years it was moved.
        files: The file of every case that the scenario opened, by the id of the case.
        faults: What was not as the scenario says, one sentence each.
    """

    scenario: str
    title: str
    years: int
    steps: tuple[Played, ...]
    files: dict[str, tuple[Entry, ...]]
    faults: tuple[str, ...]


class _Unexpected(Exception):
    """Something went otherwise than the scenario says; the text is the sentence."""


async def play(
    stage: Stage,
    name: str,
    scenario: Scenario,
    narrator: Narrator,
    years: int | None = None,
) -> Course:
    """Play a scenario to its end, or to the first step that goes otherwise than it says.

    Args:
        name: What the scenario is called in sentences.
        years: By how many years to move it, if it is not played alone.

    Raises:
        RehearsalError: if a case does not come to rest.
    """
    if years is None:
        years = scenario.years_ahead(utc_now())
    await stage.leave_what_is_open()
    player = _Player(stage, scenario.moved(years), narrator)
    narrator.begins(scenario, years)
    faults = await player.faults()
    course = Course(
        scenario=name,
        title=scenario.title,
        years=years,
        steps=tuple(player.steps),
        files={case_id: tuple(entries) for case_id, entries in player.files.items()},
        faults=tuple(faults),
    )
    narrator.ends(len(player.steps), course.files, faults)
    return course


class _Player:
    """A moved scenario on the stage, and how far it is."""

    def __init__(self, stage: Stage, scenario: Scenario, narrator: Narrator) -> None:
        self.steps: list[Played] = []
        self.files: dict[str, list[Entry]] = {}
        self._stage, self._scenario, self._narrator = stage, scenario, narrator
        self._now = scenario.do[0].on
        # Several scenarios may share a stage.
        self._others = {case.case_id for case in stage.desk.registry.case_rows()}

    async def faults(self) -> list[str]:
        """Play it; what was not as it says."""
        for number, step in enumerate(self._scenario.do, start=1):
            try:
                await self._perform(step)
            except _Unexpected as unexpected:
                return [f"do {number}, {step.run or step.begins}: {unexpected}"]
        found = []
        for number, look in enumerate(self._scenario.expect, start=1):
            faults = await self._look(look)
            found += [f"expect {number}, {look.run}: {fault}" for fault in faults]
        for case_id in self.files:
            # G7: its chain of hashes, and the registry's copy of it.
            said = await self._read(["case", case_id, "--ledger"])
            found += [f"{case_id}: {said.sentence}"] if said.status else []
        return found

    async def _perform(self, step: Step) -> None:
        """Let a step happen, on its day or as soon as it can.

        Raises:
            _Unexpected: if it goes otherwise than it says.
        """
        for name, text in step.files.items():
            _put(Path(name), text)
        moment = max(step.on, self._now)
        if step.run is not None:
            await self._do(step, step.run, moment)
        elif step.begins is not None:
            await self._come_to(moment, None)
            self._narrator.begins_by_itself(moment, step)
            result = await self._stage.begin(step.begins, moment)
            self._tell_news()
            if not result.started:
                raise _Unexpected(f"nothing begins: {'; '.join(result.left_out)}")

    async def _do(self, step: Step, run: str, moment: datetime) -> None:
        command = parsed(run)
        cases = concerned(command)
        await self._come_to(moment, cases)
        await self._wait_for(command, step, cases)
        self._narrator.runs(self._now, step)
        said = await self._stage.run(command.tokens, self._now, cases)
        self.steps.append(Played(at=self._now, run=run, said=said))
        self._narrator.answered(said, news=self._tell_news())
        _hold(said, step)
        faults = await self._compare(step) if step.has else ()
        if faults:
            raise _Unexpected("; ".join(faults))

    async def _wait_for(self, command: Command, step: Step, cases: Cases) -> None:
        """Let time go on until a step of a case is open.

        Days off fall otherwise in the year it is played in, so an act may have to wait for the end
        of a publicity. One that is to be refused does not wait.

        Raises:
            _Unexpected: if the step that ``until`` names does not open.
        """
        wanted = step.until
        if wanted is None and command.name == "act" and step.refused is None:
            wanted = str(command.given["step"])
        case = command.given.get("case")
        if wanted is None or case is None:
            return
        while True:
            try:
                status = await self._stage.desk.status(str(case))
            except NoCase:
                break
            if status.step == wanted and status.waiting_for:
                return
            closes = [
                each.limit.due for each in status.limits if each.limit.kind is LimitKind.MINIMUM
            ]
            if not closes or self._now > closes[0]:
                break
            await self._come_to(closes[0] + A_MOMENT, cases)
        if step.until is not None:
            raise _Unexpected(f"{step.until} does not open")

    async def _come_to(self, moment: datetime, cases: Cases) -> None:
        self._now = moment
        await self._stage.come_to(moment, cases)
        self._tell_news()

    async def _read(self, tokens: list[str]) -> Said:
        """Run a command that changes nothing: every case stays where it is."""
        return await self._stage.run(tokens, self._now, ())

    async def _look(self, look: Look) -> Sequence[str]:
        """Show what a command says, or hold it against what is expected."""
        if look.has:
            return await self._compare(look)
        said = await self._read(parsed(look.run).tokens)
        self._narrator.looked(look, said)
        return [said.sentence] if said.status else []

    async def _compare(self, look: Look | Step) -> Sequence[str]:
        """In what a command's JSON differs from what it must hold."""
        said = await self._read([*parsed(str(look.run)).tokens, "--json"])
        if said.status:
            return [said.sentence]
        return list(differences(from_json(said.out), look.has))

    def _tell_news(self) -> bool:
        """Tell what the cases have put on file since; whether there was anything."""
        registry = self._stage.desk.registry
        news: list[tuple[CaseRecord, Entry]] = []
        for case in registry.case_rows():
            known = len(self.files.get(case.case_id, ()))
            if case.case_id not in self._others and case.entries > known:
                entries = registry.ledger(case.case_id)
                news += [(case, entry) for entry in entries[known:]]
                self.files[case.case_id] = entries
        news.sort(key=lambda each: each[1].at)
        self._narrator.news(news)
        return bool(news)


def concerned(command: Command) -> Cases:
    """The cases that have to come to the day of a command.

    An exit waits for nothing but what is said to it, and one that is left open is not late on
    account of others. Whatever else is done asks the register, or cases that hear of each other:
    all of them come to its day.
    """
    exits = ("county-exit/", "village-exit/", "household-exit/")
    named = [word for word in command.tokens if word.startswith(exits) and is_case(word)]
    return named or None


def _put(path: Path, text: str) -> None:
    """Write a file of a scenario; a workbook from its sheets, each as ``[name]`` above its CSV."""
    if path.suffix != ".xlsx":
        path.write_text(text, encoding="utf-8")
        return
    _, *parts = re.split(r"(?m)^\[(.+)\]\n", text)
    sheets = []
    for name, lines in zip(parts[::2], parts[1::2], strict=True):
        headers, *rows = csv.reader(lines.strip().splitlines())
        sheets.append((name, [(header, 16) for header in headers], rows))
    write_sheets(path, sheets)


def _hold(said: Said, step: Step) -> None:
    """Hold the answer to a command against what its step says.

    Raises:
        _Unexpected: if it is refused, or taken, against it.
    """
    if step.refused is None and said.status:
        raise _Unexpected(f"it is refused: {said.sentence}")
    if step.refused is None:
        return
    expected = f"expected to be refused: {step.refused!r}"
    if not said.status:
        raise _Unexpected(f"it is taken ({expected})")
    if said.status != 1 or step.refused not in " ".join(said.sentence.split()):
        raise _Unexpected(f"it is refused: {said.sentence} ({expected})")


async def rehearse(named: str, *, json: bool) -> int:
    """Play one scenario on a stage of its own and print its course; return the exit status.

    Raises:
        ScenarioError: if there is no such scenario, or its file is wrong.
    """
    scenario = load(named)
    cancel_on_signals()
    try:
        with scratch_folder("rehearsal") as folder:
            years = scenario.years_ahead(utc_now())
            async with set_stage(folder, years) as stage:
                narrator = Narrator(console(), quiet=json)
                course = await play(stage, named, scenario, narrator, years)
    except BaseException:
        if not is_stopping():
            raise
        return 130
    if json:
        as_json(course)
    return 1 if course.faults else 0
