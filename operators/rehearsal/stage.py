"""Where rehearsals are played: the real server, worker and registry, in a folder of their own."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from temporalio.testing import TimeSkipper

from activities.warrants import server_time
from models.policy import Policy
from operators.desk.desk import Desk
from operators.rehearsal.dated import later
from operators.up import prepare_keys, prepare_registry
from registry.desk import Registry
from workers.catalogue import build_worker
from workers.embedded import Embedded, ServerError, embedded
from workers.settings import load_settings


@dataclass(frozen=True)
class Stage:
    """Where rehearsals are played: a server that skips time, a worker, a registry of their own."""

    desk: Desk
    skipper: TimeSkipper
    server: Embedded


def moved_policy(policy: Policy, years: int) -> Policy:
    """A policy so many years later.

    Periods and days of the year are the same in every year. What follows from an exit is not: it is
    tied to the years 2016 to 2020 (F1, F2), and a county that exits ten years later would have
    neither support nor reward. Names of bodies stay with the years in which they were borne.
    """
    after = later(policy.after_exit, years)
    rewarded = tuple(year + years for year in after.rewarded_years)
    return policy.model_copy(
        update={"after_exit": after.model_copy(update={"rewarded_years": rewarded})}
    )


def policy_file(folder: Path) -> Path:
    """The policy of the stage in a folder, for its worker, and for whoever looks on."""
    return folder / "policy.toml"


def as_toml(policy: Policy) -> str:
    """A policy as the text of a policy file."""
    content = policy.model_dump(exclude_none=True)
    return "".join(f"{name} = {_toml(value)}\n" for name, value in content.items())


def _toml(value: Any) -> str:
    match value:
        case dict():
            return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in value.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)


@asynccontextmanager
async def set_stage(folder: Path, years: int = 0) -> AsyncIterator[Stage]:
    """A stage in a folder, under this installation's policy and calendar, until the block ends.

    Nothing else of the installation is touched: not its registry, not its server, and nobody is
    told anything through its channels.

    Args:
        years: By how many years what is played there has moved, and the policy with it.
    """
    settings = load_settings(
        home=folder,
        registry_url=f"sqlite:///{(folder / 'registry.db').resolve()}",
        channels=(),
        keys=folder / "keys",
    )
    # Desk and worker read it from a file: a round of follow-ups asks for the policy of its day.
    policy = moved_policy(settings.load_policy(), years)
    policy_file(folder).write_text(as_toml(policy), encoding="utf-8")
    settings = settings.model_copy(update={"policy": str(policy_file(folder))})
    prepare_keys(settings)
    prepare_registry(settings)
    engine = settings.engine()
    try:
        async with (
            embedded(
                settings.server_file,
                time_skipping=True,
                log=folder / "temporal.log",
                ring=settings.keyring(),
            ) as run,
            build_worker(run.client, settings, clock=server_time),
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
