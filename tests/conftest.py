"""What tests share: one real server a session, with time skipped, and a stage on it."""

import signal
from collections.abc import AsyncIterator

import hypothesis
import pytest
from temporalio.client import Client

from tests.stage import Stage, set_stage, settings_in
from workers.embedded import embedded

# Shared machines are slow at times: nothing here is judged by the clock on the wall. Nor by luck:
# every run tries the same, ``--hypothesis-profile=default`` something else.
hypothesis.settings.register_profile(
    "exitflow",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("exitflow")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Client]:
    """A real Temporal server whose cases can run ahead of the clock."""
    async with embedded(time_skipping=True) as running:
        yield running.client


@pytest.fixture(scope="session")
async def stage(server: Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The stage that tests share; every case on it has a county of its own."""
    async with set_stage(server, settings_in(tmp_path_factory.mktemp("stage"))) as stage:
        yield stage
