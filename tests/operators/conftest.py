"""An installation, and the command line as a person uses it.

The installation's server is one in memory (``tests.fast``). A test that is marked ``server`` has a
real one, and with ``--server`` each has.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from temporalio.client import Client

from models.case.ledger import EntryKind
from models.case.status import CaseStatus
from models.county.messages import CountyApplication
from models.periods import BEIJING
from operators.cli import execute
from operators.desk import desk
from operators.up import prepare_registry
from operators.views.printing import from_json
from tests.crew import apart
from tests.fast.line import Line
from tests.fast.server import FastServer
from tests.play import Play, eventually
from tests.stage import Stage, application, set_fast_stage, set_stage, settings_in

NOW = datetime.now(BEIJING)
THIS_YEAR = NOW.year
"""The command line opens cases today: their year is the present one, not that of the stage."""


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Stage:
    """A registry with the 53 counties, a server and a worker."""
    marked = request.node.get_closest_marker("server") is not None
    name = "installation_on_server" if marked else "usual_installation"
    found: Stage = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="session")
def usual_installation(request: pytest.FixtureRequest) -> Stage:
    """The one of tests that are not marked."""
    on_server = request.config.getoption("--server")
    name = "installation_on_server" if on_server else "installation_in_memory"
    found: Stage = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="session")
async def installation_in_memory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    settings = settings_in(tmp_path_factory.mktemp("in-memory"))
    prepare_registry(settings)
    async with set_fast_stage(settings) as stage:
        yield stage


@pytest.fixture(scope="session")
async def installation_on_server(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    settings = settings_in(tmp_path_factory.mktemp("installation"))
    prepare_registry(settings)
    async with set_stage(await apart(server), settings) as stage:
        yield stage


@dataclass(frozen=True)
class Said:
    """What a command said, and the status it ended with."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The standard output, which must be JSON, or of a list JSON Lines, and nothing else."""
        assert (self.status, self.err) == (0, "")
        return from_json(self.out)

    def done(self) -> str:
        """The output of a command that must have succeeded."""
        assert (self.status, self.err) == (0, ""), self
        return self.out

    def fails(self, status: int) -> str:
        """The one sentence of a command that must have failed, with nothing on stdout."""
        assert (self.status, self.out) == (status, ""), self
        (sentence,) = self.err.splitlines()
        assert sentence.startswith("exitflow: ")
        return sentence.removeprefix("exitflow: ")


class Shell:
    """Runs commands in this process; the worker goes on beside them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def __call__(self, *words: object) -> Said:
        self._capsys.readouterr()
        status = await asyncio.to_thread(execute, [str(word) for word in words])
        out, err = self._capsys.readouterr()
        return Said(status, out, err)


@pytest.fixture
def lonely(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    """A command line in an empty folder, with no server and no registry to be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXITFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("COLUMNS", "100")
    return Shell(capsys)


@pytest.fixture
def environment(installation: Stage) -> dict[str, str]:
    """What a shell exports to work with the installation."""
    client = installation.desk.client
    return {
        "EXITFLOW_HOME": str(installation.settings.home),
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }


@pytest.fixture
async def cli(
    lonely: Shell,
    installation: Stage,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line of the installation."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if isinstance(installation.skipper, FastServer):
        monkeypatch.setattr(desk, "connect", Line(installation.skipper).connect)
    return lonely


def applies(code: str, **changes: Any) -> CountyApplication:
    """A synthetic application that the rules allow today."""
    figures = application(code).figures.model_copy(update={"as_of": NOW.date()})
    return application(code, **{"year": THIS_YEAR, "figures": figures} | changes)


def as_toml(value: CountyApplication, *, without: tuple[str, ...] = (), extra: str = "") -> str:
    """An application as a person would write it."""
    fields = value.model_dump(mode="json", exclude_none=True, exclude={"evidence", *without})
    figures = fields.pop("figures", {})

    def lines(table: dict[str, Any]) -> list[str]:
        return [f"{name} = {written_as(value)}" for name, value in table.items()]

    def written_as(value: Any) -> str:
        if isinstance(value, dict):
            return f"{{ {', '.join(lines(value))} }}"
        return json.dumps(value, ensure_ascii=False)

    written = [*lines(fields), extra]
    if figures:
        figures["income_growth_percent"] = float(figures["income_growth_percent"])
        written += ["[figures]", *lines(figures)]
    return "\n".join(written)


@dataclass(frozen=True)
class Opened:
    """A case opened today by the command line's own desk, and its county."""

    id: str
    code: str
    play: Play

    @classmethod
    def of(cls, stage: Stage, case_id: str, code: str) -> "Opened":
        """A case that was opened by its id."""
        return cls(case_id, code, Play(stage, case_id, code))

    def office(self, step: str) -> str:
        """The office whose step it is."""
        return self.play.office(step)

    async def at(self, step: str) -> CaseStatus:
        """Wait until the case works on a step, and has nothing left to do by itself."""
        await self.play.reaches(step)
        desk = self.play.stage.desk

        async def rests() -> bool:
            last = (await desk.ledger(self.id))[-1]
            return last.step == step and last.kind in (EntryKind.NOTIFIED, EntryKind.NOTICE)

        await eventually(rests)
        return await self.play.status()


class Opener(Protocol):
    """Opens a case of a new county, at a step up to C4, without the command line."""

    async def __call__(self, step: str = "C2", **changes: Any) -> Opened: ...


@pytest.fixture
def opens(installation: Stage) -> Opener:
    """Cases to read and to act on."""
    return opens_on(installation)


def opens_on(installation: Stage) -> Opener:
    """Opens cases on a stage."""

    async def open_case(step: str = "C2", **changes: Any) -> Opened:
        code = installation.county()
        installation.registry.add_plan(THIS_YEAR, code, "合成计划")
        with installation.skipper.with_time_skipping_disabled():
            case_id = await installation.desk.open(applies(code, **changes))
        opened = Opened.of(installation, case_id, code)
        await opened.at("C2")
        for each in ("C2", "C3"):
            if each < step:
                await opened.play.act(each)
                await opened.at("C3" if each == "C2" else "C4")
        return opened

    return open_case
