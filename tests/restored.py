"""An installation whose registry is put back to an older copy, and brought up again."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from activities.warrants import server_time
from registry.checks.restoring import Restoring
from tests.crew import FastCrew, quick_server
from tests.play import PLAYED, Play
from tests.stage import Stage, set_stage, settings_in
from workers.catalogue import activities
from workers.redoing import Redone, redo


async def redone(stage: Stage, ended_since: datetime | None = None) -> Redone:
    """What a worker does that starts."""
    engine = stage.settings.engine()
    try:
        restoring = Restoring(engine, stage.settings.notices_folder)
        client, crew = stage.desk.client, stage.crew
        ringing: dict[str, Any] = (
            {"ring": crew.ring} if isinstance(crew, FastCrew) else {"client": client}
        )
        functions = activities(stage.settings, clock=server_time, **ringing)
        return await redo(client, restoring, functions, ended_since=ended_since)
    finally:
        engine.dispose()


def database(stage: Stage) -> Path:
    return stage.settings.home / "registry.db"


def copied(stage: Stage, target: Path) -> None:
    """A copy as an administrator makes it."""
    with sqlite3.connect(database(stage)) as source, sqlite3.connect(target) as copy:
        source.backup(copy)


def restored(stage: Stage, copy: Path) -> None:
    """The copy in place of the registry."""
    with sqlite3.connect(copy) as source, sqlite3.connect(database(stage)) as target:
        source.backup(target)


OF_THE_MOMENT = {"journal", "check_results", "alembic_version", "ended_runs"}
"""Tables that tell when something was done here, which is another time when it is done again."""


def content(stage: Stage) -> dict[str, list[Any]]:
    """Everything that the registry keeps."""
    with sqlite3.connect(database(stage)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name not in OF_THE_MOMENT
        ]
        return {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names
        }


def files(stage: Stage) -> dict[str, bytes]:
    """The folder of notices."""
    return {each.name: each.read_bytes() for each in stage.settings.notices_folder.iterdir()}


@contextmanager
def histories_read(stage: Stage) -> Iterator[Counter[str]]:
    """Count how often the history of each case is asked for, from either end."""
    asked, service = Counter[str](), type(stage.desk.client.workflow_service)
    with pytest.MonkeyPatch.context() as changed:
        for name in (
            "get_workflow_execution_history",
            "get_workflow_execution_history_reverse",
        ):
            changed.setattr(service, name, _counted(getattr(service, name), asked))
        yield asked


def _counted(call: Any, asked: Counter[str]) -> Any:
    async def counted(service: Any, request: Any, **options: Any) -> Any:
        asked[request.execution.workflow_id] += 1
        return await call(service, request, **options)

    return counted


@asynccontextmanager
async def on_server_file(folder: Path) -> AsyncIterator[Stage]:
    """A stage whose server keeps its cases in a file."""
    settings = settings_in(folder)
    async with (
        quick_server(settings.server_file) as server,
        set_stage(server.client, settings, max_cached_workflows=0) as stage,
    ):
        yield stage


def resumed(stage: Stage, play: Play) -> Play:
    """The same case on another run of its server."""
    again = Play(stage, play.case_id, play.code, play.direct, play.ids)
    PLAYED.append(again)
    return again
