"""Where rehearsals are played: the real server, worker and registry, in a folder of their own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from temporalio.testing import TimeSkipper

from activities.store import Registry
from operators.desk import Desk
from operators.up import prepare_registry
from workers.catalogue import build_worker
from workers.embedded import Embedded, ServerError, embedded
from workers.settings import load_settings


@dataclass(frozen=True)
class Stage:
    """Where rehearsals are played: a server that skips time, a worker, a registry of their own."""

    desk: Desk
    skipper: TimeSkipper
    server: Embedded


@asynccontextmanager
async def set_stage(folder: Path) -> AsyncIterator[Stage]:
    """A stage in a folder, under this installation's policy and calendar, until the block ends.

    Nothing else of the installation is touched: not its registry, not its server, and nobody is
    told anything through its channels.
    """
    settings = load_settings(
        home=folder, registry_url=f"sqlite:///{(folder / 'registry.db').resolve()}", channels=()
    )
    policy = settings.load_policy()
    prepare_registry(settings)
    engine = settings.engine()
    try:
        async with (
            embedded(settings.server_file, time_skipping=True, log=folder / "temporal.log") as run,
            build_worker(run.client, settings),
        ):
            desk = Desk(run.client, Registry(engine), policy)
            yield Stage(desk, TimeSkipper(run.client), run)
    finally:
        engine.dispose()


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A folder that goes with the block, unless the server failed: its log there may say why."""
    folder = Path(tempfile.mkdtemp(prefix=f"exitflow-{name}-"))
    keep = False
    try:
        yield folder
    except ServerError:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
