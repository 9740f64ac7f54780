"""What tests of cases share: the stages, and that no case may be left wedged or failed.

A case is played without a server (``tests.fast``). What only a server shows is marked ``server``,
and with ``--server`` every case is played on one.
"""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.crew import apart
from tests.play import PLAYED, wedged
from tests.stage import Stage, set_fast_stage, set_stage, set_stage_on, settings_in


@pytest.fixture(autouse=True)
async def _no_case_is_wedged() -> AsyncIterator[None]:
    """A workflow task that failed is tried for ever: the case looks alive and is not."""
    PLAYED.clear()
    yield
    faults = [fault for play in PLAYED for fault in await wedged(play)]
    assert not faults, "\n".join(faults)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Stage:
    """The stage that tests share; every case on it has a county of its own."""
    return _given(request, "_stage")


@pytest.fixture
def own_stage(request: pytest.FixtureRequest) -> Stage:
    """A stage for one test, whose worker it may send away.

    On the server nothing is cached: every task replays its case, and none waits for a worker that
    has gone.
    """
    return _given(request, "_own_stage")


def _given(request: pytest.FixtureRequest, name: str) -> Stage:
    marked = request.node.get_closest_marker("server") is not None
    on_server = marked or request.config.getoption("--server")
    found: Stage = request.getfixturevalue(f"{name}_on_server" if on_server else name)
    return found


@pytest.fixture(scope="session")
async def _stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with set_fast_stage(settings_in(tmp_path_factory.mktemp("fast"))) as stage:
        yield stage


@pytest.fixture(scope="session")
async def _stage_on_server(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    async with set_stage(server, settings_in(tmp_path_factory.mktemp("stage"))) as stage:
        yield stage


@pytest.fixture
async def lone_stage(
    nightly_server: Client | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A stage for one test, on which no other case was ever played."""
    async with set_stage_on(nightly_server, settings_in(tmp_path_factory.mktemp("lone"))) as stage:
        yield stage


@pytest.fixture
async def _own_stage(_stage: Stage) -> AsyncIterator[Stage]:
    yield _stage
    await _stage.crew.comes()


@pytest.fixture
async def _own_stage_on_server(
    server: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    settings = settings_in(tmp_path_factory.mktemp("own"))
    async with set_stage(await apart(server), settings, max_cached_workflows=0) as stage:
        yield stage
