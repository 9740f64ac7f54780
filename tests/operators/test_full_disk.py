"""A worker whose log lies on a full disk goes on: nobody is told, and everything is done."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models.case.messages import Act
from operators.desk.desk import Desk
from operators.up import prepare_keys, prepare_registry
from registry.desk import Registry
from tests.models.samples import FINDINGS, mean
from tests.operators.conftest import THIS_YEAR, applies
from tests.play import eventually
from tests.stage import settings_in
from workers.embedded import embedded, free_port
from workers.settings import Settings

pytestmark = [
    pytest.mark.clause("G7"),
    pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full"),
]


@asynccontextmanager
async def unheard_worker(
    settings: Settings, address: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that can say nothing, once it polls its server."""
    alive = settings.home / "alive"
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230 - for the child
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "workers",
            env={
                **os.environ,
                "EXITFLOW_HOME": str(settings.home),
                "TEMPORAL_ADDRESS": address,
                "EXITFLOW_ALIVE_FILE": str(alive),
            },
            stdout=full,
            stderr=full,
        )
    try:

        async def polls() -> bool:
            assert process.returncode is None
            return alive.exists()

        await eventually(polls)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_worker_on_a_full_disk_goes_on(tmp_path: Path) -> None:
    settings, port = settings_in(tmp_path / "home"), free_port()
    prepare_keys(settings)
    prepare_registry(settings)
    engine = settings.engine()
    registry = Registry(engine)
    registry.add_plan(THIS_YEAR, "411523", "合成计划")
    registry.planning.add_mean(mean(year=THIS_YEAR))

    def step() -> str:
        return registry.case_rows()[0].step

    async def comes_to(wanted: str) -> None:
        async def there() -> bool:
            return bool(registry.case_rows()) and step() == wanted

        await eventually(there, step)

    async with (
        embedded(settings.server_file, port=port, ring=settings.keyring()) as server,
        unheard_worker(settings, server.address) as process,
    ):
        desk = Desk(server.client, registry, settings.load_policy())
        # An activity that fails is told of in the log, again and again.
        settings.notices_folder.write_text("no folder")
        case = await desk.open(applies("411523"))
        await comes_to("C2")
        for each, office in (("C2", "A6/411500"), ("C3", "A7/410000")):
            given = {"id": each, "step": each, "decision": "approve", "office": office}
            more = {"findings": FINDINGS} if each == "C3" else {}
            await desk.act(case, Act.model_validate(given | {"officer": "某乙"} | more))

        async def fails() -> bool:
            described = await server.client.get_workflow_handle(case).describe()
            pending = described.raw_description.pending_activities
            return any(each.attempt > 2 for each in pending)

        await eventually(fails)
        # And so is a server that is away.
        server.process.kill()
        await server.process.wait()
        await asyncio.sleep(3)
        assert process.returncode is None
        async with embedded(settings.server_file, port=port, ring=settings.keyring()) as again:
            settings.notices_folder.unlink()

            async def posted() -> bool:
                return bool(registry.notices(case))

            await eventually(posted)
            assert (await Desk(again.client, registry, desk.policy).status(case)).step == "C4"
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 60) == 0
    engine.dispose()
