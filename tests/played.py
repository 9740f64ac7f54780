"""A home folder in which cases of every kind were played, to be copied and meddled with."""

import asyncio
import shutil
from pathlib import Path

from sqlalchemy import Engine, text

from models.checks.findings import CheckReport, Finding
from registry.checks.checks import Checks
from registry.database.engine import open_engine
from tests.models.samples import HENAN
from tests.record_histories import PATHS
from tests.stage import set_fast_stage, settings_in
from tests.unguarded import unguarded

PLAYED = (
    "provincial",
    "village-direct",
    "village-rejected",
    "roster",
    "reentry",
    "revocation",
    "supplement",
    "follow-up",
    "inspected",
    "watch",
)
"""Paths of ``tests.record_histories``: an exit, and what came after it, of every kind."""


async def play(folder: Path) -> Path:
    """Play cases to their end on a stage whose home is a folder; returns it."""
    async with set_fast_stage(settings_in(folder)) as stage:

        async def ended(path: str) -> None:
            await (await PATHS[path](stage)).ends()

        await asyncio.gather(*map(ended, PLAYED))
    return folder


class Home:
    """A copy of a played home, which a test may meddle with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine: Engine = open_engine(f"sqlite:///{folder / 'registry.db'}")

    @property
    def checks(self) -> Checks:
        """Its check."""
        return Checks(self.engine, self.folder, self.folder / "notices", lambda: HENAN)

    def check(self) -> CheckReport:
        """Look at everything but a server."""
        return self.checks.run(("not checked", ()))

    def findings(self) -> set[Finding]:
        """What is wrong."""
        return set(self.check().findings)

    def meddle(self, *statements: str) -> int:
        """Change rows as who owns the database; returns how many were changed by the last."""
        with unguarded(self.engine) as connection:
            return [connection.execute(text(each)).rowcount for each in statements][-1]

    def one(self, query: str) -> str:
        """The one value of a query."""
        with self.engine.connect() as connection:
            return str(connection.execute(text(query)).scalars().first())


def copied(home: Path, folder: Path) -> Home:
    """A copy of a home, in a folder that is not there yet."""
    shutil.copytree(home, folder)
    return Home(folder)
