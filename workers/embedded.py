"""The embedded Temporal server: the real server and Web UI, as a child process over a file."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from models import search
from models.errors import ExitflowError, ExitStatus
from workers import limits
from workers.codec_endpoint import Codec, serving
from workers.connection import Unreachable, connect
from workers.keys import Keyring
from workers.namespace import keep_ended_cases
from workers.seal import sealed_client

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
_PORTS_FROM, _PORTS_TO = 10_000, 32_768
_STOP_WITHIN = 15.0
_LOOK_EVERY = 0.1


class ServerError(ExitflowError, RuntimeError):
    """The embedded server did not start; says why."""

    status = ExitStatus.UNREACHABLE


@dataclass(frozen=True)
class Embedded:
    """A running embedded server.

    Attributes:
        address: Where clients connect.
        ui: Address of the Web UI.
        codec: Address of the codec endpoint, which the Web UI knows; None where nothing is sealed.
    """

    address: str
    ui: str
    codec: str | None
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
    """A port nobody listens on just now.

    It is none of those that the system gives away by itself (from 32 768 on): between now and the
    server's start one of them may become the near end of any connection.
    """
    while True:
        port = _PORTS_FROM + secrets.randbelow(_PORTS_TO - _PORTS_FROM)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@asynccontextmanager
async def embedded(
    database: Path | None = None,
    *,
    port: int | None = None,
    ui_port: int | None = None,
    time_skipping: bool = False,
    log: Path | None = None,
    ring: Keyring | None = None,
) -> AsyncIterator[Embedded]:
    """Run a server until the block ends.

    Args:
        database: File that keeps the cases; in memory without one.
        port: Of the server; a free one is taken where none is given. ``ui_port`` likewise.
        time_skipping: Let cases run ahead of the clock, for rehearsals.
        log: Where the server's own log goes; nowhere without one.
        ring: What seals the client's exchange with cases, and opens it for the Web UI.

    Raises:
        ServerError: if it does not come up.
    """
    port, ui_port = port or free_port(), ui_port or free_port()
    with _codec(ring, ui_port) as codec:
        arguments = _arguments(database, port, ui_port, time_skipping, codec)
        async with _server(arguments, log) as process:
            client = await _ready(process, f"127.0.0.1:{port}", log)
            if ring:
                client = sealed_client(client, ring)
            ui = f"http://127.0.0.1:{ui_port}"
            yield Embedded(f"127.0.0.1:{port}", ui, codec, client, process)


@contextmanager
def _codec(ring: Keyring | None, ui_port: int) -> Iterator[str | None]:
    """What opens for the pages of the Web UI what is sealed; gives its address."""
    if ring is None:
        yield None
        return
    origins = frozenset(f"http://{name}:{ui_port}" for name in ("127.0.0.1", "localhost"))
    with serving(Codec(ring, origins, "default"), 0) as port:
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def _server(
    arguments: list[str], log: Path | None
) -> AsyncIterator[asyncio.subprocess.Process]:
    output = open(log, "ab") if log else None  # noqa: ASYNC230, SIM115 - for the child
    process = await asyncio.create_subprocess_exec(
        *_launched(str(SERVER), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output or asyncio.subprocess.DEVNULL,
        stderr=output or asyncio.subprocess.DEVNULL,
        # A group of its own: Ctrl-C reaches the worker first, which then has a server to finish on.
        start_new_session=True,
        umask=0o077,  # its file holds everything that people wrote
    )
    try:
        yield process
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


def _arguments(
    database: Path | None, port: int, ui_port: int, time_skipping: bool, codec: str | None
) -> list[str]:
    arguments = ["server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"]
    arguments += ["--port", str(port), "--ui-port", str(ui_port)]
    for key in search.ALL:
        arguments += ["--search-attribute", f"{key.name}={search.type_name(key)}"]
    arguments += limits.arguments()
    if database:
        # Write-ahead logging doubled the server's throughput on two cores.
        arguments += ["--db-filename", str(database), "--sqlite-pragma", "journal_mode=wal"]
    if codec:
        arguments += ["--ui-codec-endpoint", codec]
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
            client = await connect(None, address, "default")
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
