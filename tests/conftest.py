"""What tests share: one real server a session, with time skipped."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Generator
from typing import TextIO

import hypothesis
import pytest
from temporalio.client import Client

from tests import prepared, statements
from tests.crew import quick_server
from tests.hanging import given_up_after

# Shared machines are slow at times: nothing here is judged by the clock on the wall. Nor by luck:
# every run tries the same, ``--hypothesis-profile=thorough`` something else.
hypothesis.settings.register_profile(
    "exitflow",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "thorough",  # four times the sequences of a roster, and others in every run
    hypothesis.settings.get_profile("exitflow"),
    derandomize=False,
)
hypothesis.settings.register_profile(
    "quick", hypothesis.settings.get_profile("exitflow"), max_examples=20
)
hypothesis.settings.load_profile("exitflow")

# Programs that tests start are compiled once, and not at each start, as by the Makefile.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that starts the tests in the background lets them ignore Ctrl-C, and all they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

statements.share()
prepared.once()

# Registries to test against, for the tests of the registry and of the activities.
pytest_plugins = ["tests.registries"]

STDERR = pytest.StashKey[TextIO]()
TIDIED_WITHIN = 300.0
"""Seconds."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests of cases that need no server can have one all the same."""
    parser.addoption("--server", action="store_true", help="every test of a case on a real server")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the way to the terminal: later on, what is written belongs to the test that runs."""
    config.stash[STDERR] = os.fdopen(os.dup(2), "w")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what may take minutes begin first, in each process some: begun last, all wait for it.

    A process begins with its part of the tests in their order (``--dist worksteal``).
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if _may_take_minutes(item)]
    others = [item for item in items if not _may_take_minutes(item)]
    ordered: list[pytest.Item] = []
    for number in range(processes):
        part = (len(items) - len(ordered)) // (processes - number)
        first = long[number::processes]
        left = max(part - len(first), 0)
        ordered += first + others[:left]
        del others[:left]
    items[:] = ordered + others


def _may_take_minutes(item: pytest.Item) -> bool:
    limit = item.get_closest_marker("timeout")
    return limit is not None and limit.args[0] > 300


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """A test that fails takes its time limit off what is tidied up after it, which may hang."""
    with given_up_after(TIDIED_WITHIN, item.nodeid, item.config.stash[STDERR]):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what failed: a run that is cut off has no summary."""
    if report.failed and not os.environ.get("PYTEST_XDIST_WORKER"):
        print(f"\nFAILED {report.nodeid} ({report.when})\n{report.longreprtext[-2000:]}")


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Client]:
    """A real Temporal server whose cases can run ahead of the clock."""
    async with quick_server() as running:
        yield running.client


@pytest.fixture(scope="session")
def nightly_server(request: pytest.FixtureRequest) -> Client | None:
    """The server, if every case is to have one."""
    if not request.config.getoption("--server"):
        return None
    server: Client = request.getfixturevalue("server")
    return server
