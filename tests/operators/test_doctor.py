"""`exitflow doctor`: each thing that an installation needs, well at first, then broken."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client

from models.periods import BEIJING
from operators.desk.registry import rehearsed_at
from operators.up import prepare_registry
from registry.database.engine import open_engine, writing
from registry.database.installation import PROGRAM
from tests.crew import apart
from tests.operators.conftest import Said, Shell
from tests.play import eventually
from tests.stage import Stage, set_stage, settings_in
from workers import health, limits
from workers.catalogue import ACTIVITY_QUEUE, TASK_QUEUE
from workers.embedded import embedded
from workers.polling import pollers
from workers.settings import Settings

YEAR = datetime.now(BEIJING).year
NEW_YEARS_DAYS = "\n".join(
    f'[{year}]\nsource = "合成安排"\ndays_off = [{year}-01-01]' for year in range(YEAR, YEAR + 3)
)
LOOKED_AT = (
    *("home", "keys", "disk", "policy", "calendar", "channel"),
    *("registry", "schema", "installation", "clock"),
    *("server", "namespace", "search attributes", "limits", "clock", "workers"),
)


class Ward(NamedTuple):
    """An installation with everything that it needs, and the shell in which it is looked at."""

    stage: Stage
    shell: Shell
    patch: pytest.MonkeyPatch

    @property
    def settings(self) -> Settings:
        return self.stage.settings

    async def unwell(self) -> dict[str, str]:
        """What is not well, and what is said of it."""
        said = await self.shell("doctor", "--json")
        return unwell(said)


def unwell(said: Said) -> dict[str, str]:
    found = Said(0, said.out, said.err).json
    wrong = {each["what"]: each["said"] for each in found if not each["is_well"]}
    assert said.status == bool(wrong)
    assert all("\n" not in each for each in wrong.values())
    return wrong


@pytest.fixture(scope="module")
async def stage(server: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("ward")
    settings = settings_in(folder / "home")
    prepare_registry(settings)
    async with set_stage(await apart(server), settings) as made:
        yield made


@pytest.fixture
def ward(stage: Stage, lonely: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ward:
    workdays = tmp_path / "workdays.toml"
    workdays.write_text(NEW_YEARS_DAYS, "utf-8")
    client = stage.desk.client
    for name, value in {
        "EXITFLOW_HOME": str(stage.settings.home),
        "EXITFLOW_WORKDAYS": str(workdays),
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }.items():
        monkeypatch.setenv(name, value)
    return Ward(stage, lonely, monkeypatch)


async def test_all_is_well(ward: Ward) -> None:
    said = await ward.shell("doctor")
    assert said.done().splitlines()[-1] == f"exitflow {PROGRAM}: all is well"
    lines = [line[6:26].strip() for line in said.out.splitlines() if line.startswith("ok ")]
    assert tuple(lines) == LOOKED_AT
    assert f"1 of exitflow {PROGRAM}" in said.out
    assert [each["what"] for each in (await ward.shell("doctor", "--json")).json] == list(LOOKED_AT)


async def test_without_server_and_registry_the_rest_is_looked_at(lonely: Shell) -> None:
    said = await lonely("doctor", "--json")
    wrong = unwell(said)
    assert wrong["server"].startswith("no Temporal server answers at 127.0.0.1:1; start one with")
    assert "does not exist: run `exitflow setup registry`" in wrong["registry"]
    assert "`exitflow setup key` make them" in wrong["keys"]
    looked_at = [each["what"] for each in Said(0, said.out, said.err).json]
    assert looked_at == [*LOOKED_AT[:7], "server"]
    shown = await lonely("doctor")
    assert shown.status == 1
    assert "WRONG server" in shown.out
    assert f"exitflow {PROGRAM}: {len(wrong)} of 8 not well" in shown.out


# -- the machine ------------------------------------------------------------------------------


async def test_a_home_of_a_later_version(ward: Ward) -> None:
    stamp = ward.settings.home / "version"
    stamp.write_text("9.9.0\n", "utf-8")
    try:
        assert "install exitflow 9.9.0 or a later one" in (await ward.unwell())["home"]
    finally:
        stamp.unlink()


async def test_keys_that_others_read(ward: Ward) -> None:
    ward.settings.keys_file.chmod(0o644)
    try:
        assert f"run chmod 600 {ward.settings.keys_file}" in (await ward.unwell())["keys"]
    finally:
        ward.settings.keys_file.chmod(0o600)


async def test_a_disk_that_is_nearly_full(ward: Ward) -> None:
    usage = shutil.disk_usage(ward.settings.home)
    ward.patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1024**3 - 1))
    (said,) = (await ward.unwell()).values()
    assert said.startswith(f"{ward.settings.home.resolve()} has 1024 MB left")
    assert said.endswith("make room, at least 1 GB")
    ward.patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1024**3))
    assert await ward.unwell() == {}


async def test_a_policy_that_is_not_there(ward: Ward) -> None:
    ward.patch.setenv("EXITFLOW_POLICY", "nowhere-2016")
    assert "name a shipped policy" in (await ward.unwell())["policy"]


async def test_days_off_that_are_not_published(ward: Ward) -> None:
    """The arrangement of a year may take back days of the December before, from the 22nd on."""
    last = datetime(YEAR + 2, 12, 21, 12, tzinfo=BEIJING)
    with rehearsed_at(last - timedelta(days=31)):
        assert await ward.unwell() == {}
    with rehearsed_at(last - timedelta(days=30)):
        (said,) = (await ward.unwell()).values()
        assert said.startswith(f"days off are known until {YEAR + 2}-12-21")
        assert "EXITFLOW_WORKDAYS" in said
    with rehearsed_at(last + timedelta(days=20)):
        assert "not even today" in (await ward.unwell())["calendar"]


@asynccontextmanager
async def listening(greeting: bytes) -> AsyncIterator[int]:
    """A port of this machine, where somebody says one thing and goes."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_channels_that_cannot_be_reached_show_no_secret(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]
        async with listening(b"421 come again\r\n") as busy, listening(b"") as web:
            mail = '{"kind": "smtp", "name": "%s", "host": "127.0.0.1", "port": %d, ' + (
                '"security": "none", "sender": "exitflow@example.org"}'
            )
            robot = '{"kind": "wecom", "name": "%s", "url": "http://127.0.0.1:%d/send?key=%s"}'
            secret = "0123456789abcdef-robot"
            channels = [
                mail % ("mail", nobody),
                mail % ("busy", busy),
                robot % ("robot", nobody, secret),
                robot % ("fine", web, secret),
                '{"kind": "file", "name": "log", "path": "%s"}' % (tmp_path / "file" / "log"),
            ]
            ward.patch.setenv("EXITFLOW_CHANNELS", f"[{', '.join(channels)}]")
            said = await ward.shell("doctor", "--json")
    assert said.status == 1
    found = Said(0, said.out, said.err).json
    told = {each["said"] for each in found if each["what"] == "channel" and not each["is_well"]}
    assert {each.split()[2] for each in told} == {"mail", "busy", "robot", "log"}
    assert all(each.endswith("or its lines in the settings (channels)") for each in told)
    assert secret not in said.out
    assert f"fine: 127.0.0.1:{web}" in {each["said"] for each in found}


TOO_LONG = f"{'x' * 64}.example.org"
NO_HOST = "its host cannot be the name of a machine"


@pytest.mark.parametrize("host", ["a..b", TOO_LONG])
async def test_hosts_that_are_no_names_are_findings(ward: Ward, host: str) -> None:
    mail = '{"kind": "smtp", "name": "mail", "host": "%s", "sender": "exitflow@example.org"}'
    hook = '{"kind": "webhook", "name": "hook", "url": "http://%s/told"}'
    ward.patch.setenv("EXITFLOW_CHANNELS", f"[{mail % host}, {hook % host}]")
    ward.patch.setenv("EXITFLOW_REGISTRY_URL", f"postgresql://user@{host}/exitflow")
    ward.patch.setenv("TEMPORAL_ADDRESS", f"{host}:7233")
    said = await ward.shell("doctor", "--json")
    found = Said(0, said.out, said.err).json
    told = {each["said"].partition(";")[0] for each in found if not each["is_well"]}
    registry = f"the registry at PostgreSQL {host}:5432, database exitflow"
    assert told == {
        f"the channel mail cannot be reached ({NO_HOST})",
        f"the channel hook cannot be reached ({NO_HOST})",
        f"{registry} cannot be reached: {NO_HOST}",
        f"no Temporal server answers at {host}:7233",
    }


@pytest.mark.parametrize("address", [":7233", "127.0.0.1:99999", "a b:7233"])
async def test_an_address_that_is_none_is_a_finding(ward: Ward, address: str) -> None:
    ward.patch.setenv("TEMPORAL_ADDRESS", address)
    said = (await ward.unwell())["server"]
    assert said.startswith(f"no Temporal server answers at {address}; start one with")
    assert "set TEMPORAL_ADDRESS (invalid target URL: " in said


# -- the registry -----------------------------------------------------------------------------


async def test_a_registry_of_another_schema_and_of_another_installation(
    ward: Ward, url: str
) -> None:
    """On SQLite and PostgreSQL."""
    ward.patch.setenv("EXITFLOW_REGISTRY_URL", url)
    assert await ward.unwell() == {}
    engine = open_engine(url)
    with writing(engine) as session:
        session.connection().exec_driver_sql("UPDATE installation SET id = '0123456789ab'")
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'v9999'")
    engine.dispose()
    wrong = await ward.unwell()
    assert "belongs to the installation 0123456789ab" in wrong["installation"]
    assert "was set up by a newer exitflow (schema v9999)" in wrong["schema"]
    assert wrong.keys() == {"installation", "schema"}


async def test_a_registry_that_is_gone_or_takes_no_changes(
    ward: Ward, postgresql_server: str
) -> None:
    ward.patch.setenv("EXITFLOW_REGISTRY_URL", "postgresql://127.0.0.1:1/exitflow")
    wrong = await ward.unwell()
    assert wrong.keys() == {"registry"}
    assert "check that the server runs" in wrong["registry"]
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE standby")
        connection.execute("ALTER DATABASE standby SET default_transaction_read_only = on")
    standby = postgresql_server.replace("/postgres?", "/standby?")
    ward.patch.setenv("EXITFLOW_REGISTRY_URL", standby)
    assert "name the primary server" in (await ward.unwell())["registry"]


# -- clocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_clocks_that_are_apart(ward: Ward, url: str, minutes: int) -> None:
    """More than the five minutes that a case bears with its senders."""
    ward.patch.setenv("EXITFLOW_REGISTRY_URL", url)
    ask, shift = pollers, timedelta(minutes=minutes)

    async def shifted(*asked: Any) -> Any:
        found = await ask(*asked)
        if asked[1] == "exitflow-clock":
            for each in found:
                each.last_access_time.FromDatetime(each.last_access_time.ToDatetime() + shift)
        return found

    ward.patch.setattr(health, "pollers", shifted)
    said = (await ward.unwell())["clock"]
    assert said.startswith("the clock of the server and of this machine are 3")
    assert said.endswith("from the same source (NTP)")
    ward.patch.undo()


async def test_a_clock_of_the_registry_that_is_apart(ward: Ward) -> None:
    ward.patch.setattr(health, "clock", lambda _: datetime.now(UTC) - timedelta(minutes=6))
    assert (await ward.unwell())["clock"].startswith("the clock of PostgreSQL's server")


# -- the server -------------------------------------------------------------------------------


async def test_a_namespace_that_is_not_there_or_lacks_attributes(ward: Ward) -> None:
    ward.patch.setenv("TEMPORAL_NAMESPACE", "nowhere")
    assert "exitflow setup namespace" in (await ward.unwell())["namespace"]
    kept = Duration(seconds=3650 * 86400)
    request = RegisterNamespaceRequest(namespace="bare", workflow_execution_retention_period=kept)
    await ward.stage.desk.client.workflow_service.register_namespace(request)
    ward.patch.setenv("TEMPORAL_NAMESPACE", "bare")

    wrong: dict[str, str] = {}

    async def known() -> bool:
        wrong.clear()
        wrong.update(await ward.unwell())
        return "namespace" not in wrong

    await eventually(known)
    assert wrong.keys() == {"search attributes", "workers"}
    assert wrong["search attributes"].startswith("the namespace bare lacks ExitDeadline, ")
    assert "no worker asks for work on the task queue exitflow" in wrong["workers"]
    assert wrong["workers"].endswith("start one: exitflow worker")


async def test_a_server_with_other_limits(ward: Ward) -> None:
    client = ward.stage.desk.client
    short = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=90 * 86400))
    changed = UpdateNamespaceRequest(namespace=client.namespace, config=short)
    await client.workflow_service.update_namespace(changed)
    said = (await ward.unwell())["limits"]
    assert said.startswith("the server keeps ended cases for 90 days")
    assert said.endswith(
        f"temporal operator namespace update --retention 3650d --namespace {client.namespace}"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(limits, "LIMITS", {**limits.LIMITS, "limit.blobSize.error": 2097152})
        async with embedded() as other:
            ward.patch.setenv("TEMPORAL_ADDRESS", other.address)
            ward.patch.setenv("TEMPORAL_NAMESPACE", "default")
            said = (await ward.unwell())["limits"]
    assert said.startswith(
        "the server takes payloads of 2,097,152 bytes, and should take 1,048,576"
    )


async def test_a_server_that_delivers_nothing(ward: Ward) -> None:
    ward.patch.setattr(limits, "LIMITS", {**limits.LIMITS, limits.STANDALONE: False})
    async with embedded() as other:
        ward.patch.setenv("TEMPORAL_ADDRESS", other.address)
        ward.patch.setenv("TEMPORAL_NAMESPACE", "default")
        said = (await ward.unwell())["limits"]
    assert said.startswith("the server takes no standalone activities, so nobody is told anything")
    assert "activity.enableStandalone" in said


# -- workers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("17@elsewhere exitflow 9.9.0", "is of exitflow 9.9.0, and this is"),
        ("17@elsewhere exitflow 0.0.9", "is of exitflow 0.0.9, and this is"),
        ("17@elsewhere", "names no version of exitflow"),
    ],
)
async def test_workers_of_other_versions_and_strangers(
    server: Client, ward: Ward, name: str, said: str
) -> None:
    client = await apart(server)
    ward.patch.setenv("TEMPORAL_NAMESPACE", client.namespace)
    service, within = client.workflow_service, timedelta(seconds=60)
    where = client.namespace
    asking = [
        asyncio.create_task(
            service.poll_workflow_task_queue(
                PollWorkflowTaskQueueRequest(
                    namespace=where, identity=name, task_queue=TaskQueue(name=TASK_QUEUE)
                ),
                timeout=within,
            )
        ),
        asyncio.create_task(
            service.poll_activity_task_queue(
                PollActivityTaskQueueRequest(
                    namespace=where, identity=name, task_queue=TaskQueue(name=ACTIVITY_QUEUE)
                ),
                timeout=within,
            )
        ),
    ]
    try:
        wrong = ""

        async def asked() -> bool:
            nonlocal wrong
            wrong = (await ward.unwell())["workers"]
            return "no worker asks" not in wrong

        await eventually(asked)
        assert said in wrong
        assert "stop it" in wrong
    finally:
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
