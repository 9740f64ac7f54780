"""The embedded Temporal server: the real server and Web UI, as a child process over a file."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from models import search
from workers.connection import Unreachable, connect
from workers.namespace import keep_ended_cases

SERVER = Path(sys.executable).parent / "temporal"
"""The server's binary, installed beside the interpreter."""

# A second server over the same file would harm it: it ends when this process is killed. Said by a
# program of its own, as running Python between fork and exec can lock up beside other threads.
_ENDING_WITH_PARENT = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
_READY_WITHIN = 30.0
_STOP_WITHIN = 15.0
_LOOK_EVERY = 0.1


class ServerError(RuntimeError):
    """The embedded server did not start; says why."""


@dataclass(frozen=True)
class Embedded:
    """A running embedded server.

    Attributes:
        address: Where clients connect.
        ui: Address of the Web UI.
    """

    address: str
    ui: str
    client: Client
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Of the server's process."""
        return self.process.pid

    async def died(self) -> ServerError:
        """Wait until the server ends by itself, which it should not."""
        status = await self.process.wait()
        return ServerError(f"the embedded server ended by itself with status {status}")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def embedded(
    database: Path | None = None,
    *,
    port: int | None = None,
    ui_port: int | None = None,
    time_skipping: bool = False,
    log: Path | None = None,
) -> AsyncIterator[Embedded]:
    """Run a server until the block ends.

    Args:
        database: File that keeps the cases; in memory without one.
        port: Of the server; a free one is taken where none is given. ``ui_port`` likewise.
        time_skipping: Let cases run ahead of the clock, for rehearsals.
        log: Where the server's own log goes; nowhere without one.

    Raises:
        ServerError: if it does not come up.
    """
    port, ui_port = port or free_port(), ui_port or free_port()
    output = open(log, "ab") if log else None  # noqa: ASYNC230, SIM115 - for the child
    process = await asyncio.create_subprocess_exec(
        *_launched(str(SERVER), *_arguments(database, port, ui_port, time_skipping)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output or asyncio.subprocess.DEVNULL,
        stderr=output or asyncio.subprocess.DEVNULL,
        # A group of its own: Ctrl-C reaches the worker first, which then has a server to finish on.
        start_new_session=True,
        umask=0o077,  # its file holds everything that people wrote
    )
    try:
        client = await _ready(process, f"127.0.0.1:{port}", log)
        yield Embedded(f"127.0.0.1:{port}", f"http://127.0.0.1:{ui_port}", client, process)
    finally:
        await _stop(process)
        if output:
            output.close()


def _launched(*command: str) -> list[str]:
    """A command that ends with this process, where the system can be told so."""
    if sys.platform != "linux":
        return [*command]
    # Neither the environment nor what is installed has a say in it.
    return [sys.executable, "-I", "-S", "-c", _ENDING_WITH_PARENT, str(os.getpid()), *command]


def _arguments(database: Path | None, port: int, ui_port: int, time_skipping: bool) -> list[str]:
    arguments = ["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"]
    arguments += ["--port", str(port), "--ui-port", str(ui_port)]
    for key in search.ALL:
        arguments += ["--search-attribute", f"{key.name}={search.type_name(key)}"]
    if database:
        # Write-ahead logging doubled the server's throughput on two cores.
        arguments += ["--db-filename", str(database), "--sqlite-pragma", "journal_mode=wal"]
    if time_skipping:
        arguments += ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
    return arguments


async def _ready(process: asyncio.subprocess.Process, address: str, log: Path | None) -> Client:
    where = f"; see {log}" if log else ""
    deadline = asyncio.get_running_loop().time() + _READY_WITHIN
    while asyncio.get_running_loop().time() < deadline:
        if process.returncode is not None:
            raise ServerError(
                f"the embedded server ended at once with status {process.returncode}{where}"
            )
        try:
            client = await connect(address, "default")
            if await client.service_client.check_health():
                await keep_ended_cases(client)
                return client
        except (Unreachable, RuntimeError, RPCError):  # also: the namespace is not made yet
            pass
        await asyncio.sleep(_LOOK_EVERY)
    raise ServerError(
        f"the embedded server at {address} was not ready in {_READY_WITHIN:.0f} s{where}"
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
