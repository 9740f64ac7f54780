"""How an installation stands: one look at each thing that it needs (`exitflow doctor`).

A look changes nothing. It returns what it has seen; what is not well it raises, in a sentence that
says what is wrong and how to mend it.
"""

import asyncio
import errno
import os
import shutil
import ssl
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    GetSystemInfoRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.notifications.channels import Channel, FileChannel, SmtpChannel, redact
from models.base import CLOCKS_MAY_DIFFER_BY, in_a_line
from models.errors import ExitflowError, ExitStatus
from models.texts.characters import visible
from registry.calendar import OfficialCalendar
from registry.database.engine import check_reached, check_schema, check_writable, clock
from registry.database.faults import file_of, is_sqlite, place
from registry.database.installation import PROGRAM, misfit
from registry.migrations import REVISIONS
from workers.limits import PAYLOAD, STANDALONE
from workers.namespace import RETENTION
from workers.polling import QUEUES, asks_still, pollers
from workers.settings import Settings
from workers.worker_name import version_of

LEAST_FREE = 1024**3
"""Bytes; a full disk stops registry and server alike."""

DAYS_AHEAD = 31
"""Days of which it must be published whether they are off: a limit of half a month that begins
in a fortnight ends within them."""

_WITHIN = 10.0
"""Seconds until a channel has answered."""

_CLOCK_QUEUE = "exitflow-clock"
"""A task queue on which nothing is ever put."""


class Unwell(ExitflowError):
    """Something that an installation needs is not as it should be; how to mend it."""

    status = ExitStatus.REFUSED


# -- this machine -----------------------------------------------------------------------------


def disk(settings: Settings, engine: Engine) -> str:
    """Room where the installation writes: its home, and the folder of a registry in a file."""
    places = {settings.home, *([file_of(engine).parent] if is_sqlite(engine) else [])}
    said = []
    for folder in sorted(each.resolve() for each in places):
        free = shutil.disk_usage(_existing(folder)).free
        if free < LEAST_FREE:
            raise Unwell(
                f"{folder} has {free / 1024**2:.0f} MB left, and a full disk stops all cases; make "
                f"room, at least {LEAST_FREE / 1024**3:.0f} GB"
            )
        said.append(f"{free / 1024**3:.0f} GB free in {folder}")
    return ", ".join(dict.fromkeys(said))


def calendar(settings: Settings, today: date) -> str:
    """Whether the days off are published that limits of these weeks need."""
    known: OfficialCalendar = settings.calendar()
    last = known.published_until(today)
    if last is None or last < today + timedelta(days=DAYS_AHEAD):
        until = f"until {last}" if last else "not even today"
        raise Unwell(
            f"days off are known {until}, and limits behind are provisional; write the newer "
            "arrangement (国务院办公厅节假日安排) into the file that EXITFLOW_WORKDAYS names, and "
            "restart the workers"
        )
    return f"days off are known until {last}"


# -- the registry -----------------------------------------------------------------------------


def registry(engine: Engine) -> str:
    """Whether the registry answers and can be written."""
    check_reached(engine)
    check_writable(engine)
    return place(engine)


def schema(engine: Engine) -> str:
    """Whether its schema is the one of this program."""
    check_schema(engine)
    return f"{REVISIONS[-1]}, as exitflow {PROGRAM} needs it"


def registry_clock(engine: Engine) -> str:
    """How far the clock of the registry's server is from this machine's."""
    before = datetime.now(UTC)
    said = clock(engine)
    if said is None:
        return "the registry is a file, and has no clock of its own"
    return _apart("PostgreSQL's server", said, before)


# -- channels ---------------------------------------------------------------------------------


async def channel(of: Channel) -> str:
    """Whether a channel can be reached; nothing is sent."""
    try:
        async with asyncio.timeout(_WITHIN):
            return await _reached(of)
    except TimeoutError:
        why = f"no answer within {_WITHIN:.0f} s"
    except OSError as error:
        why = error.strerror or str(error)
    except ValueError:  # of what turns a name into an address, before anybody is asked
        why = "its host cannot be the name of a machine"
    except Exception as error:  # a mail server has many ways to refuse
        if not type(error).__module__.startswith("aiosmtplib"):
            raise
        why = f"{type(error).__name__}: {error}"
    why = visible(" ".join(redact(why, of).split()))[:200]
    raise Unwell(
        f"the channel {of.name} cannot be reached ({why}); mend the other side, or its lines in "
        "the settings (channels)"
    )


async def _reached(of: Channel) -> str:
    if isinstance(of, FileChannel):
        folder = _existing(of.path.resolve().parent)
        there = of.path if of.path.exists() else folder
        if not folder.is_dir() or not os.access(there, os.W_OK):
            raise OSError(errno.EACCES, f"{there} cannot be written")
        return f"{of.name}: {of.path}"
    if isinstance(of, SmtpChannel):
        from aiosmtplib import SMTP

        async with SMTP(
            hostname=of.host,
            port=of.port,
            username=of.username,
            password=of.password.get_secret_value() if of.password else None,
            use_tls=of.security == "tls",
            start_tls=of.security == "starttls",
            timeout=_WITHIN,
        ):
            return f"{of.name}: {of.host}:{of.port}"
    import httpx

    url = httpx.URL(of.url.get_secret_value())
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    trust = ssl.create_default_context() if secure else None
    _, writer = await asyncio.open_connection(url.host, port, ssl=trust)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return f"{of.name}: {url.host}:{port}"


# -- the server -------------------------------------------------------------------------------


async def server(client: Client) -> str:
    """Which server answers, and where."""
    said = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    target = client.service_client.config.target_host
    return f"Temporal {in_a_line(said.server_version)} at {target}"


async def limits(client: Client) -> str:
    """What the server lets anybody do, as far as it tells, and how long it keeps cases."""
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace), retry=True
    )
    most = described.namespace_info.limits.blob_size_limit_error
    if most != PAYLOAD:
        raise Unwell(
            f"the server takes payloads of {most:,} bytes, and should take {PAYLOAD:,}; give it "
            "docker/temporal-dynamic-config.yaml as its dynamic configuration"
        )
    try:
        await client.get_activity_handle(uuid4().hex).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.UNIMPLEMENTED:
            raise Unwell(
                "the server takes no standalone activities, so nobody is told anything; take a "
                f"Temporal server from 1.32 on, with {STANDALONE} in its dynamic configuration"
            ) from None
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
    kept = described.config.workflow_execution_retention_ttl.ToTimedelta()
    if kept < RETENTION:
        raise Unwell(
            f"the server keeps ended cases for {kept.days} days, and an older copy of the registry "
            "cannot be brought up from it; temporal operator namespace update --retention "
            f"{RETENTION.days}d --namespace {client.namespace}"
        )
    return f"payloads of {PAYLOAD:,} bytes, ended cases kept for {kept.days} days, deliveries taken"


async def server_clock(client: Client) -> str:
    """How far the server's clock is from this machine's.

    The server tells when it was asked for work last: so it is asked, where there is none.
    """
    queue, name = TaskQueue(name=_CLOCK_QUEUE), uuid4().hex
    before = datetime.now(UTC)
    asking = asyncio.create_task(
        client.workflow_service.poll_workflow_task_queue(
            PollWorkflowTaskQueueRequest(
                namespace=client.namespace, task_queue=queue, identity=name
            ),
            timeout=timedelta(seconds=_WITHIN),
        )
    )
    try:
        while not asking.done():
            for each in await pollers(client, _CLOCK_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW):
                if each.identity == name:
                    return _apart("the server", each.last_access_time.ToDatetime(UTC), before)
            await asyncio.sleep(0.05)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await asking
    return "the server does not tell"


async def workers(client: Client) -> str:
    """Which workers ask for work, and of which version each is."""
    asking: dict[str, PollerInfo] = {}
    for queue, kind in QUEUES:
        there = [each for each in await pollers(client, queue, kind) if asks_still(each)]
        if not there:
            raise Unwell(
                f"no worker asks for work on the task queue {queue}: cases take in messages and go "
                "no further; start one: exitflow worker"
            )
        asking |= {each.identity: each for each in there}
    return _versions(list(asking))


def _versions(identities: Sequence[str]) -> str:
    counted = Counter[str]()
    for identity in identities:
        version = version_of(identity)
        said = in_a_line(identity)
        if version is None:
            raise Unwell(
                f"{said} asks for work and names no version of exitflow; stop it, and close the "
                "server to whoever started it"
            )
        if misfit("", PROGRAM, version) or misfit("", version):
            raise Unwell(
                f"the worker {said} is of exitflow {version}, and this is {PROGRAM}; stop it, and "
                "start one of this version"
            )
        counted[version] += 1
    return ", ".join(f"{number} of exitflow {version}" for version, number in counted.items())


# -- what several have ------------------------------------------------------------------------


def _apart(whose: str, said: datetime, before: datetime) -> str:
    """How far another clock is from ours, that showed ``said`` between ``before`` and now."""
    after = datetime.now(UTC)
    apart = max(before - said, said - after, timedelta(0))
    if apart > CLOCKS_MAY_DIFFER_BY:
        raise Unwell(
            f"the clock of {whose} and of this machine are {apart.total_seconds():.0f} s apart, "
            "and limits are counted by both; let both take their time from the same source (NTP)"
        )
    return f"{whose}: less than {apart.total_seconds() + 1:.0f} s apart"


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
