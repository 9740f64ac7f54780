"""`exitflow up` and `exitflow worker` as processes: they start, serve, and leave nothing behind."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from operators.desk.desk import Desk, open_desk
from operators.desk.errors import NoAnswer
from operators.up import prepare_registry
from registry.database.engine import upgrade
from registry.desk import Registry
from tests.crew import apart
from tests.models.samples import mean
from tests.operators.conftest import THIS_YEAR, Shell, applies
from tests.play import eventually
from tests.stage import settings_in
from workers.connection import connect
from workers.embedded import embedded, free_port
from workers.schedules import listed
from workers.seal import sealed_client
from workers.settings import Settings

EXITFLOW = Path(sys.executable).parent / "exitflow"
PATIENCE = 60


class Running:
    """A command under way, in a session of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []

    async def says(self, beginning: str) -> str:
        """Wait for a line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            async for line in self.process.stdout:
                self.said.append(line.decode().rstrip("\n"))
                if self.said[-1].startswith(beginning):
                    return self.said[-1]
        raise AssertionError(f"ended without saying {beginning!r}: {self.said}, {await self.err()}")

    async def err(self) -> str:
        """Everything on stderr, once it has ended."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def ends(self, number: signal.Signals | None = None) -> int:
        """Send a signal to its group, as a terminal does, and wait for the end."""
        if number is not None:
            os.killpg(self.process.pid, number)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


def running(home: Path, *words: object, **environment: str) -> AbstractAsyncContextManager[Running]:
    """A command of exitflow."""
    return started(EXITFLOW, home, *words, **environment)


@asynccontextmanager
async def started(
    program: str | Path, home: Path, *words: object, **environment: str
) -> AsyncIterator[Running]:
    """A command in a folder of its own; killed with all it started, where a test fails."""
    process = await asyncio.create_subprocess_exec(
        program,
        *map(str, words),
        env={**os.environ, "EXITFLOW_HOME": str(home), "COLUMNS": "100", **environment},
        cwd=home.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for left_behind in processes_of(home):
            os.kill(left_behind, signal.SIGKILL)


def processes_of(home: Path) -> dict[int, str]:
    """Every process that has the home folder in its command line or its environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
                inherited = (folder / "environ").read_bytes()
            except OSError:
                continue
            if words and str(home).encode() in words + inherited:
                found[int(folder.name)] = words.replace(b"\0", b" ").decode()
    return found


def reachable(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")


async def opens_a_case(settings: Settings, client: Client) -> str:
    """Start a case and wait until a worker has brought it to its first act."""
    engine = settings.engine()
    registry = Registry(engine)
    registry.add_plan(THIS_YEAR, "411523", "合成计划")
    registry.planning.add_mean(mean(year=THIS_YEAR))
    own = sealed_client(client, settings.keyring())
    case_id = await Desk(own, registry, settings.load_policy()).open(applies("411523"))

    async def at_c2() -> bool:
        return [case.step for case in registry.case_rows()] == ["C2"]

    await eventually(at_c2)
    engine.dispose()
    return case_id


@on_linux
async def test_up_serves_keeps_its_cases_and_leaves_no_process(
    lonely: Shell, tmp_path: Path
) -> None:
    home, settings = tmp_path / "home", settings_in(tmp_path / "home")
    port, ui_port = free_port(), free_port()
    async with running(home, "up", "--port", port, "--ui-port", ui_port) as up:
        await up.says("Ctrl-C")
        codec = up.said.pop(2)
        assert codec.startswith("Codec      temporal --codec-endpoint http://127.0.0.1:")
        assert up.said[:4] == [
            f"Web UI     http://127.0.0.1:{ui_port}",
            f"Server     export TEMPORAL_ADDRESS=127.0.0.1:{port}",
            f"Home       export EXITFLOW_HOME={home}",
            "Registry   53 counties listed, 0 exited",
        ]
        assert reachable(ui_port)
        words = processes_of(home).values()
        assert sorted("server start-dev" in each for each in words) == [False, True]
        second = await lonely("up", "--port", 0, "--ui-port", 0)
        assert second.fails(3) == f"another `exitflow up` runs in {home}"

        client = await connect(settings.keyring(), f"127.0.0.1:{port}")

        async def scheduled() -> bool:
            return len(await listed(client)) == 56  # one a county, two of the province, the check

        await eventually(scheduled)  # a list is behind for a moment
        made = [(each.id, each.next_times) for each in await listed(client)]
        case = await opens_a_case(settings, client)
        assert await up.ends(signal.SIGINT) == 0
        await up.says("stopped")
        # A worker that outlived its server would have complained here.
        assert await up.err() == ""
        assert processes_of(home) == {}
        assert not reachable(port)

    async with running(home, "up", "--port", port, "--ui-port", ui_port) as up:
        await up.says("Ctrl-C")
        async with open_desk(settings, f"127.0.0.1:{port}") as desk:

            async def goes_on() -> bool:
                # A worker that has just come may leave a question without an answer for a while.
                with suppress(NoAnswer):
                    return (await desk.status(case)).step == "C2"
                return False

            await eventually(goes_on)
            kept = await listed(desk.client)
            assert [(each.id, each.next_times) for each in kept] == made
        assert await up.ends(signal.SIGTERM) == 0
        assert await up.err() == ""
        assert processes_of(home) == {}


@on_linux
async def test_a_terminal_that_goes_while_the_server_starts_leaves_no_process(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    async with running(home, "up", "--port", 0, "--ui-port", 0) as up:

        async def server_runs() -> bool:
            return any("start-dev" in each for each in processes_of(home).values())

        await eventually(server_runs)
        assert await up.ends(signal.SIGHUP) == 0
        assert await up.err() == ""
        assert processes_of(home) == {}


async def test_a_busy_port_and_a_home_that_is_none_are_named(
    lonely: Shell, server: Client, tmp_path: Path
) -> None:
    busy = server.service_client.config.target_host.split(":")[1]
    for words in (("--port", busy, "--ui-port", 0), ("--port", 0, "--ui-port", busy)):
        sentence = (await lonely("up", *words)).fails(3)
        assert f"port {busy} cannot be had (Address already in use)" in sentence
    assert os.listdir(tmp_path) == []
    os.symlink("/dev/null", tmp_path / "home")
    sentence = (await lonely("up", "--port", 0, "--ui-port", 0)).fails(3)
    assert f"home folder {tmp_path / 'home'} cannot be written" in sentence


async def test_a_worker_works_until_it_is_told_to_stop(server: Client, tmp_path: Path) -> None:
    home, settings, client = tmp_path / "home", settings_in(tmp_path / "home"), await apart(server)
    prepare_registry(settings)
    environment = {
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }
    async with running(home, "worker", **environment) as worker:
        await opens_a_case(settings, client)
        assert await worker.ends(signal.SIGTERM) == 0
        assert await worker.err() == ""


@on_linux
async def test_a_killed_up_takes_its_server_along(tmp_path: Path) -> None:
    """Two servers over one database file would damage it."""
    home = tmp_path / "home"
    async with running(home, "up", "--port", 0, "--ui-port", 0) as up:
        await up.says("Ctrl-C")
        assert len(processes_of(home)) == 2
        up.process.kill()
        await up.process.wait()

        async def gone() -> bool:
            return not processes_of(home)

        await eventually(gone, lambda: str(processes_of(home)))


@on_linux
async def test_a_worker_says_what_its_namespace_lacks(tmp_path: Path) -> None:
    home, settings = tmp_path / "home", settings_in(tmp_path / "home")
    upgrade(settings.engine())
    async with embedded() as server:
        where = {"TEMPORAL_ADDRESS": server.address, "TEMPORAL_NAMESPACE": "nowhere"}
        async with running(home, "worker", **where) as worker:
            _, said = await worker.process.communicate()
            assert worker.process.returncode == 3
            assert b"no namespace nowhere: run `exitflow setup namespace`" in said


HANGS = """
import asyncio
from datetime import timedelta
from threading import Event
from activities.ledger import RegistryActivities
from temporalio import activity
from workers import serve
from workers.settings import load_settings

@activity.defn
def admit_county(self, order):
    print("hangs", flush=True)
    Event().wait()

RegistryActivities.admit_county = admit_county
serve.GRACE = timedelta(seconds=1)
serve.AT_LAST = timedelta(seconds=3)
asyncio.run(serve.serve(load_settings()))
"""


@pytest.mark.clause("G7")
async def test_a_worker_ends_although_its_database_never_answers(
    server: Client, tmp_path: Path
) -> None:
    home, settings, client = tmp_path / "home", settings_in(tmp_path / "home"), await apart(server)
    prepare_registry(settings)
    environment = {
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }
    engine = settings.engine()
    registry = Registry(engine)
    registry.add_plan(THIS_YEAR, "411523", "合成计划")
    registry.planning.add_mean(mean(year=THIS_YEAR))
    own = sealed_client(client, settings.keyring())
    desk = Desk(own, registry, settings.load_policy())
    async with started(sys.executable, home, "-c", HANGS, **environment) as worker:
        await desk.open(applies("411523"))
        await worker.says("hangs")
        os.killpg(worker.process.pid, signal.SIGINT)
        assert await worker.ends(signal.SIGINT) == 1
        assert "ended without waiting any longer" in await worker.err()
    engine.dispose()


async def _answered(address: str, **given: Any) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(address, **given)).status_code


async def test_the_codec_endpoint_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings_in(home)
    words = ("codec", "--origin", "http://localhost:8080", "--port", 0)
    async with running(home, *words) as codec:
        ready = (await codec.says("codec ready: ")).removeprefix("codec ready: ")
        assert await _answered(ready) == 200
        assert await codec.ends(signal.SIGTERM) == 0
        assert await codec.err() == ""
    secret = {"EXITFLOW_CODEC_PASSWORD": "open sesame"}
    async with running(home, *words, "--listen", "0.0.0.0", **secret) as codec:
        ready = (await codec.says("codec ready: ")).removeprefix("codec ready: ")
        here = ready.replace("0.0.0.0", "127.0.0.1")
        assert await _answered(here) == 401
        assert await _answered(here, auth=("exitflow", "open sesame")) == 200
        assert not any("sesame" in words for words in processes_of(home).values())
        assert await codec.ends(signal.SIGINT) == 0


async def test_a_codec_endpoint_without_keys_or_open_to_all_says_what_it_needs(
    lonely: Shell, tmp_path: Path
) -> None:
    words = ("codec", "--origin", "http://localhost:8080", "--port", 0)
    assert "there are no keys at" in (await lonely(*words)).fails(2)
    settings_in(tmp_path / "home")
    said = (await lonely(*words, "--listen", "0.0.0.0")).fails(3)
    assert "set EXITFLOW_CODEC_PASSWORD" in said


async def test_keys_that_are_lost_beside_cases_are_not_made_anew(
    lonely: Shell, tmp_path: Path
) -> None:
    """They would open none of the cases, and every one of them would stand still."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "temporal.db").touch()
    said = (await lonely("up", "--port", 0, "--ui-port", 0)).fails(2)
    assert f"there are no keys at {home / 'keys'}" in said
    assert "put them back from their copy" in said
    assert not (home / "keys").exists()
