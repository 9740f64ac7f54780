"""A house of its own: a real server over a file and a real worker, each a process that can go.

``python -m tests.house`` is the worker: it lives in the time of its server.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from temporalio.testing import TimeSkipper

from activities.warrants import server_time
from operators.desk.desk import Desk
from operators.up import prepare_keys, prepare_registry
from registry.desk import Registry
from tests.crew import Crew, Outages, Policies
from tests.stage import Stage
from workers.connection import connect, run
from workers.embedded import Embedded, embedded, free_port
from workers.serve import serve
from workers.settings import Settings, load_settings


class House:
    """The server and the worker, which can be killed, and come back."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.address = settings, f"127.0.0.1:{port}"
        self._port = port
        self._server: asyncio.Task[None] | None = None
        self._embedded: Embedded | None = None
        self._worker: asyncio.subprocess.Process | None = None

    async def server_comes(self) -> None:
        """Start the server over its file, and wait until it answers."""
        up = asyncio.get_running_loop().create_future()

        async def stay() -> None:
            file, log = self.settings.server_file, self.settings.home / "temporal.log"
            async with embedded(file, port=self._port, time_skipping=True, log=log) as server:
                self._embedded = server
                up.set_result(None)
                await server.process.wait()

        self._server = asyncio.create_task(stay())
        await asyncio.wait({self._server, up}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            await self._server  # raises why it did not come up

    async def server_goes(self) -> None:
        """Kill it."""
        assert self._embedded is not None
        assert self._server is not None
        self._embedded.process.kill()
        with suppress(Exception):
            await self._server

    async def worker_comes(self) -> None:
        """Start a worker in a process of its own."""
        self._worker = await self.another_worker()

    async def another_worker(self) -> asyncio.subprocess.Process:
        """Start a worker beside it; who asked for it ends it."""
        log = (self.settings.home / "worker.log").open("ab")
        with log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.house",
                env={
                    **os.environ,
                    "EXITFLOW_HOME": str(self.settings.home),
                    "EXITFLOW_REGISTRY_URL": self.settings.registry,
                    "TEMPORAL_ADDRESS": self.address,
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def worker_has_come(self) -> bool:
        """Whether the worker that was started last says what its threads are called."""
        file = threads_file(self.settings.home)
        return file.is_file()

    async def worker_goes(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill it."""
        assert self._worker is not None
        await ended(self._worker, number)

    @property
    def server(self) -> Embedded:
        """The server that is there now."""
        assert self._embedded is not None
        return self._embedded

    @property
    def pids(self) -> tuple[int, int]:
        """Of the server's process and of the worker's."""
        assert self._embedded is not None
        assert self._worker is not None
        return self._embedded.pid, self._worker.pid

    async def closes(self) -> None:
        """End both."""
        if self._worker is not None and self._worker.returncode is None:
            await self.worker_goes()
        if self._embedded is not None and self._server is not None:
            await self.server_goes()


async def ended(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Send a process a signal, and wait until it has gone."""
    with suppress(ProcessLookupError):
        process.send_signal(number)
    await process.wait()


@asynccontextmanager
async def set_house(settings: Settings) -> AsyncIterator[tuple[House, Stage]]:
    """An installation in its home, server and worker at work, and a stage on it, until the end."""
    prepare_keys(settings)
    prepare_registry(settings)
    engine, house = settings.engine(), House(settings, free_port())
    await house.server_comes()
    try:
        client = await connect(settings.keyring(), house.address)
        skipper, policy, outages = TimeSkipper(client), settings.load_policy(), Outages()
        registry, policies = Registry(engine), Policies(settings.policy_of)
        desk = Desk(skipper.client, registry, policy)
        crew = Crew(skipper.client, settings, outages, policies)
        await house.worker_comes()
        yield house, Stage(desk, skipper, registry, settings, policy, crew, outages, policies)
    finally:
        await house.closes()
        engine.dispose()


# -- the worker's process -----------------------------------------------------------------------

_TELL_EVERY = 2.0


def threads_file(home: Path) -> Path:
    """Where a worker says what its threads are called: the system knows them by number alone."""
    return home / "threads.json"


async def _work() -> None:
    settings = load_settings()
    telling = asyncio.create_task(_tell_threads(threads_file(settings.home)))
    try:
        await serve(settings, clock=server_time)
    finally:
        telling.cancel()


async def _tell_threads(file: Path) -> None:
    while True:
        named = {each.native_id: each.name for each in threading.enumerate()}
        part = file.with_suffix(".part")
        part.write_text(json.dumps(named))
        part.replace(file)
        await asyncio.sleep(_TELL_EVERY)


if __name__ == "__main__":
    run(_work())
