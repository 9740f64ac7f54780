"""What tests of cases share: after each of them no case may be left wedged or failed."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.crew import apart
from tests.play import PLAYED, wedged
from tests.stage import Stage, set_stage, settings_in


@pytest.fixture(autouse=True)
async def _no_case_is_wedged() -> AsyncIterator[None]:
    """A workflow task that failed is tried for ever: the case looks alive and is not."""
    PLAYED.clear()
    yield
    faults = [fault for play in PLAYED for fault in await wedged(play)]
    assert not faults, "\n".join(faults)


@pytest.fixture
async def own_stage(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage for one test, whose worker it may send away.

    Nothing is cached: every task replays its case, and none waits for a worker that has gone.
    """
    settings = settings_in(tmp_path_factory.mktemp("own"))
    async with set_stage(await apart(server), settings, max_cached_workflows=0) as stage:
        yield stage
