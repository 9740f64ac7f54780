"""Running the worker until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Timer

from sqlalchemy import Engine, text
from temporalio.client import Client

from activities.warrants import utc_now
from registry.checks.restoring import Restoring
from registry.database.engine import check_schema, check_writable
from workers import metrics, namespace, worker_name
from workers.catalogue import activities, build_worker, outbox_of
from workers.connection import connect
from workers.deliveries import set_going_in_background
from workers.installation import check_home, check_registry, check_server, stamp_home
from workers.logs import WithStep, log_as
from workers.output import keep_going_unheard
from workers.polling import QUEUES, asks_still, pollers
from workers.redoing import redo_in_background
from workers.settings import Settings

GRACE = timedelta(seconds=45)
"""How long a stopping worker lets running activities finish."""

AT_LAST = timedelta(seconds=90)
"""When a stopping process ends whatever hangs: longer than all that has a limit of its own."""

_BEAT = 15.0

_log = logging.getLogger(__name__)


async def serve(
    settings: Settings,
    address: str | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
) -> None:
    """Run the worker until SIGINT or SIGTERM, then let what is running finish.

    A thread that waits for a database or a disk which never answers cannot be interrupted, and the
    interpreter would wait for it: in the end the process goes without it, with status 1. What was
    under way there is tried again by another worker.

    Where ``EXITFLOW_ALIVE_FILE`` names a file, its age tells a supervisor whether the worker still
    polls the server and reaches the registry.

    Beside the work the registry is held against the server (``workers.redoing``), and numbers are
    served to Prometheus where the settings name an address (``workers.metrics``).

    Args:
        clock: As for ``workers.catalogue.activities``.

    Raises:
        RegistryError: if the registry is missing, outdated or cannot be written.
        Unreachable: if no Temporal server answers.
        WrongInstallation: if home, registry and server do not belong together, or another version
            of exitflow has gone on with them.
        KeysError: if the keys cannot be read.
        SettingsError: if nobody can listen on the address of the metrics.
    """
    keep_going_unheard()
    log_as(settings.logs)
    engine = settings.engine()
    check_home(settings)
    check_writable(engine)
    check_schema(engine)
    check_registry(engine, settings, claim=True)
    measured = metrics.runtime(settings.metrics) if settings.metrics else None
    client = await connect(settings.keyring(), address, runtime=measured, traces=settings.traces)
    await namespace.check(client)
    await check_server(client, settings, claim=True)
    stamp_home(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    behind = metrics.Behind()
    async with build_worker(
        client,
        settings,
        clock=clock,
        interceptors=[behind, WithStep()],
        graceful_shutdown_timeout=GRACE,
    ):
        print(f"worker ready: {client.service_client.config.target_host}", flush=True)
        restoring = Restoring(engine, settings.notices_folder)
        redoing = asyncio.create_task(
            redo_in_background(client, restoring, activities(settings, clock, client=client))
        )
        outbox = outbox_of(settings, engine, clock or utc_now, client)
        beside = [asyncio.create_task(set_going_in_background(outbox))]
        if alive := os.environ.get("EXITFLOW_ALIVE_FILE"):
            beside.append(asyncio.create_task(_beat(client, engine, Path(alive))))
        if measured:
            ours = metrics.Metrics(measured.metric_meter, behind)
            beside.append(asyncio.create_task(ours.keep_measuring(client, engine)))
        try:
            await stop.wait()
        finally:
            redoing.cancel()
            _end_at_last()
        for each in beside:
            each.cancel()


def _end_at_last() -> None:
    watch = Timer(AT_LAST.total_seconds(), _give_up)
    watch.daemon = True  # of no concern to a process that ends before
    watch.start()


def _give_up() -> None:
    said = "ended without waiting any longer for what does not answer; it is tried again later"
    print(f"exitflow: {said}", file=sys.stderr, flush=True)
    os._exit(1)


async def _beat(client: Client, engine: Engine, file: Path) -> None:
    while True:
        try:
            if await _polls(client) and await asyncio.to_thread(_answers, engine):
                await asyncio.to_thread(file.touch)
        except Exception as error:  # whatever it is, the next beat may find it gone
            _log.warning("not alive: %s", error)
        await asyncio.sleep(_BEAT)


async def _polls(client: Client) -> bool:
    """Whether this very process has lately asked the server for both kinds of task."""
    for queue, kind in QUEUES:
        if not any(
            poller.identity == worker_name.own() and asks_still(poller)
            for poller in await pollers(client, queue, kind)
        ):
            return False
    return True


def _answers(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("select 1")))
