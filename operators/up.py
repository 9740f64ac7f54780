"""`exitflow up`: server, registry and worker of one installation, started and stopped together."""

import asyncio
import fcntl
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from models.offices import province_of
from operators.commands.running import make_schedules
from operators.views.terminal import say
from registry.database.engine import upgrade
from registry.desk import Registry
from registry.records import Overview
from workers.embedded import Embedded, ServerError, embedded
from workers.installation import check_home, check_server
from workers.keys import Keys
from workers.output import keep_going_unheard
from workers.serve import serve
from workers.settings import SHIPPED, Settings

COUNTIES = {"410000": SHIPPED / "data" / "henan-counties.csv"}
"""The lists that come with the program, by province."""
LISTED_SINCE = date(2012, 3, 19)
"""Publication of the list of 国家扶贫开发工作重点县."""
PLAN_SOURCE = "《河南省贫困退出实施办法》二"
POVERTY_LINES = SHIPPED / "data" / "poverty-lines.csv"


async def stay_up(settings: Settings, port: int, ui_port: int) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; drain the worker, then stop the server.

    Raises:
        ServerError: if a port or the home folder is in use, or the server does not come up.
        RegistryError: if the registry cannot be used.
        KeysError: if the keys cannot be.
        WrongInstallation: if a later version of exitflow has gone on with the home.
    """
    keep_going_unheard()
    for option, wanted in (("--port", port), ("--ui-port", ui_port)):
        _check_port(option, wanted)
    with _only_one_in(settings.home):
        check_home(settings)
        prepare_keys(settings)
        overview = prepare_registry(settings)
        try:
            await _run(settings, port, ui_port, overview)
        except asyncio.CancelledError:
            pass
        except Exception:
            if not is_stopping():
                raise
    say("stopped; cases and registry are kept", flush=True)


async def _run(settings: Settings, port: int, ui_port: int, overview: Overview) -> None:
    cancel_on_signals()
    async with embedded(
        settings.server_file,
        port=port,
        ui_port=ui_port,
        log=settings.home / "temporal.log",
        ring=settings.keyring(),
    ) as server:
        await check_server(server.client, settings, claim=True)  # before anybody is told of it
        await make_schedules(server.client, settings.load_policy(), overview)
        _announce(settings, server, overview)
        # From here on the worker takes the signals: it drains while it still has a server.
        serving = asyncio.create_task(serve(settings, server.address))
        dying = asyncio.create_task(server.died())
        try:
            await asyncio.wait({serving, dying}, return_when=asyncio.FIRST_COMPLETED)
            if dying.done():
                raise dying.result()
            await serving
        finally:
            serving.cancel()
            dying.cancel()


def cancel_on_signals() -> None:
    """Let a signal unwind what is starting, so that no server is left behind.

    Only the first one: a second must not interrupt the waiting for the server's end.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)


def is_stopping() -> bool:
    """Whether a signal has told this task to stop.

    A request to a case that is cancelled under way may end in an error of the client's own.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def prepare_keys(settings: Settings) -> Keys:
    """Make the keys of a new installation.

    Raises:
        KeysError: if they cannot be used, or are missing beside cases, which others cannot open.
    """
    return (Keys.load if settings.server_file.exists() else Keys.made)(settings.keys_file)


def prepare_registry(settings: Settings) -> Overview:
    """Bring the registry's schema up to date; load what is shipped where it has none of it.

    Shipped are the counties of the policy's province, where there is a list, and the national
    poverty lines (S7).
    """
    engine = settings.engine()
    province = province_of(settings.load_policy())
    try:
        upgrade(engine)
        registry = Registry(engine)
        if not registry.overview().counties and province.code in COUNTIES:
            counties = COUNTIES[province.code]
            registry.load_counties(counties, LISTED_SINCE, PLAN_SOURCE, province)
        if not registry.planning.lines():
            registry.planning.load_lines(POVERTY_LINES)
        return registry.overview()
    finally:
        engine.dispose()


def _announce(settings: Settings, server: Embedded, overview: Overview) -> None:
    home = settings.home.resolve()
    say(
        f"Web UI     {server.ui}",
        f"Server     export TEMPORAL_ADDRESS={server.address}",
        f"Codec      temporal --codec-endpoint {server.codec}",
        f"Home       export EXITFLOW_HOME={home}",
        f"Registry   {overview.listed} counties listed, {overview.exited} exited",
        "Ctrl-C stops worker and server; everything is kept in the home folder.",
        flush=True,
    )


def _check_port(option: str, port: int) -> None:
    with socket.socket() as probe:
        # As the server itself does: a port with old connections only is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(
                f"{option}: port {port} cannot be had ({error.strerror}); name another, or end "
                "the program that has it"
            ) from None


@contextmanager
def _only_one_in(home: Path) -> Iterator[None]:
    """Hold the home folder: two servers over one database file would damage it."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (home / "up.lock").open("w")
    except OSError as error:
        raise ServerError(f"home folder {home} cannot be written: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(f"another `exitflow up` runs in {home.resolve()}") from None
        yield
