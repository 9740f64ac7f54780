"""A stage for cases: a server with time skipped, real or in memory, a worker, a registry, counties.

Every date of a test is derived from ``YEAR``, the year after the present one, so that a case can
begin on any day of it by letting the start wait and skipping the wait.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import Engine, event
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from models.case.messages import Outcome
from models.county.messages import CountyApplication, CountyOpening
from models.offices import County, province_of
from models.periods import BEIJING
from models.policy import Policy
from models.register.counties import CountyFigures
from operators.desk.desk import Desk
from operators.desk.opening import Application
from operators.desk.registry import rehearsed_at
from registry.database.engine import open_engine, upgrade
from registry.database.faults import file_of
from registry.desk import Registry
from tests.crew import Crew, FastCrew, Outages, Policies, Theatre, apart
from tests.models.samples import JUDGED, mean
from tests.play import PLAYED, Play, eventually
from tests.registry.known import county_facts
from workers.catalogue import TASK_QUEUE
from workers.keys import Keys
from workers.seal import sealed_client
from workers.settings import Settings
from workflows.county_exit import CountyExitWorkflow

YEAR = datetime.now(BEIJING).year + 1
_codes = (f"{city}{county}" for city in range(4131, 4200) for county in range(21, 100))
"""County codes that nobody uses."""

P = TypeVar("P", bound=Play)


def at(
    month: int, day: int, hour: int = 10, minute: int = 0, second: float = 0, *, year: int = YEAR
) -> datetime:
    """A moment in Beijing, of the case's year where no other is named."""
    whole = int(second)
    return datetime(year, month, day, hour, minute, whole, int((second - whole) * 1e6), BEIJING)


def figures(**changes: Any) -> CountyFigures:
    """Synthetic figures that meet every standard of S3."""
    values: dict[str, Any] = {
        "poor": 4_600,
        "population": 1_000_000,
        "as_of": date(YEAR, 1, 31),
        "income_growth_percent": "10.2",
        **dict.fromkeys(("education", "culture", "health"), JUDGED),
    }
    return CountyFigures.model_validate(values | changes)


def application(code: str, **changes: Any) -> CountyApplication:
    """A synthetic application."""
    values: dict[str, Any] = {
        "county": code,
        "year": YEAR,
        "tier": "national",
        "figures": figures(),
        "officer": "某甲",
        "document_number": "合成〔1〕号",
    }
    return CountyApplication.model_validate(values | changes)


class Stage(Theatre):
    """A server, a worker and a registry; many cases, each with its own clock."""

    def county(self, *, tier: str = "national", direct: bool = False, planned: bool = True) -> str:
        """Put a new synthetic county on the register and return its code."""
        code = next(_codes)
        row = {
            "code": code,
            "name": f"合成{code}县",
            "city": f"合成{code[:4]}市",
            "tier": tier,
            "directly_administered": str(direct).lower(),
            "exit_year": str(YEAR if planned else YEAR + 1),
            "approved_on": f"{YEAR + 1}-04-01",
            "townships": "10",
            "villages": "100",
        }
        if not self.registry.planning.means():
            for year in range(YEAR - 2, YEAR + 2):
                published = mean("8.9", year=year, province=self.policy.province)
                self.registry.planning.add_mean(published)
        self.registry.load_counties(
            [row], date(2014, 1, 1), "synthetic plan", province_of(self.policy)
        )
        return code

    async def opens(
        self,
        begins: datetime,
        *,
        tier: str = "national",
        direct: bool = False,
        planned: bool = True,
        policy: Policy | None = None,
        **changes: Any,
    ) -> Play:
        """Open a case at a moment of ``YEAR`` and let its clock stand there."""
        code = self.county(tier=tier, direct=direct, planned=planned)
        return await self.opens_for(
            code, begins, direct=direct, policy=policy, tier=tier, **changes
        )

    async def opens_for(
        self,
        code: str,
        begins: datetime,
        *,
        direct: bool = False,
        policy: Policy | None = None,
        **changes: Any,
    ) -> Play:
        """Open a case of a county that is on the register."""
        return await self.opens_by(
            application(code, **changes),
            begins,
            lambda case_id: Play(self, case_id, code, direct),
            policy=policy,
        )

    async def opens_directly(self, opening: CountyOpening, begins: datetime) -> Play:
        """Start a county's case past the desk."""
        play = Play(self, opening.case_id, opening.subject.code)
        return await self.opens_past_the_desk(play, CountyExitWorkflow.run, opening, begins)

    async def opens_by(
        self,
        application: Application,
        begins: datetime,
        made: Callable[[str], P],
        *,
        policy: Policy | None = None,
    ) -> P:
        """Let a desk open a case at a moment, and let its clock stand there; see ``starts_by``."""
        return await self.begun(*await self.starts_by(application, begins, made, policy=policy))

    async def starts_by(
        self,
        application: Application,
        begins: datetime,
        made: Callable[[str], P],
        *,
        policy: Policy | None = None,
    ) -> tuple[P, timedelta]:
        """Let a desk start a case that begins at a moment; say how long it waits until then.

        Args:
            made: The play of that id.
            policy: What it is opened under, if not the stage's own.
        """
        desk = Desk(self.desk.client, self.registry, self.under(policy))
        wait = begins - datetime.now(BEIJING)
        with self.skipper.with_time_skipping_disabled(), rehearsed_at(begins):
            case_id = await desk.open(application)
        return made(case_id), wait

    async def opens_past_the_desk(
        self, play: P, workflow: Any, opening: Any, begins: datetime
    ) -> P:
        """Start a case past the desk, as anybody with access to the server can."""
        wait = begins - datetime.now(BEIJING)
        with self.skipper.with_time_skipping_disabled():
            await self.desk.client.start_workflow(
                workflow,
                opening,
                id=play.case_id,
                task_queue=TASK_QUEUE,
                start_delay=wait,
                result_type=Outcome,
            )
        return await self.begun(play, wait)

    async def begun(self, play: P, wait: timedelta) -> P:
        """Skip the wait until a case that was started begins."""
        PLAYED.append(play)
        await self.skip(play.handle, wait)
        await eventually(play.answers, lambda: f"{play.case_id} has not begun")
        return play

    def known(self, code: str) -> County:
        """A county as the register has it."""
        county = county_facts(self.registry, code, YEAR, date(YEAR, 6, 1)).subject
        assert county is not None
        return county


@cache
def _migrated() -> bytes:
    """The file of a registry that is set up and holds nothing: every new stage has a copy."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "registry.db"
        engine = open_engine(f"sqlite:///{file}")
        upgrade(engine)
        engine.dispose()
        return file.read_bytes()


def _set_up(engine: Engine) -> None:
    if file_of(engine).exists():
        upgrade(engine)
    else:
        file_of(engine).write_bytes(_migrated())


@asynccontextmanager
async def set_stage(client: Client, settings: Settings, **options: Any) -> AsyncIterator[Stage]:
    """A registry and a worker on a server, until the block ends."""
    engine = settings.engine()
    _set_up(engine)
    skipper = TimeSkipper(sealed_client(client, settings.keyring()))
    registry, policy, outages = Registry(engine), settings.load_policy(), Outages()
    desk = Desk(skipper.client, registry, policy)
    policies = Policies(settings.policy_of)
    crew = Crew(skipper.client, settings, outages, policies)
    await crew.comes(**options)
    try:
        yield Stage(desk, skipper, registry, settings, policy, crew, outages, policies)
    finally:
        await crew.goes()
        engine.dispose()


def one_engine(settings: Settings) -> Engine:
    """From now on everybody has the same engine: each of its own learns every statement anew.

    What it writes need not outlive a power cut.
    """
    engine = settings.engine()

    @event.listens_for(engine, "connect")
    def _waits_for_no_disk(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    object.__setattr__(settings, "engine", lambda: engine)  # it is frozen
    return engine


@asynccontextmanager
async def set_fast_stage(settings: Settings) -> AsyncIterator[Stage]:
    """A registry, and a server in memory that works with it, until the block ends."""
    engine = one_engine(settings)
    _set_up(engine)
    outages, policies = Outages(), Policies(settings.policy_of)
    crew = FastCrew(settings, outages, policies)
    registry, policy = Registry(engine), settings.load_policy()
    desk = Desk(crew.server.client, registry, policy)
    try:
        yield Stage(desk, crew.server, registry, settings, policy, crew, outages, policies)
    finally:
        await crew.server.close()
        engine.dispose()


@asynccontextmanager
async def set_stage_on(server: Client | None, settings: Settings) -> AsyncIterator[Stage]:
    """A stage in a namespace of its own on a server; without one where there is none."""
    stage = set_fast_stage(settings) if server is None else set_stage(await apart(server), settings)
    async with stage as made:
        yield made


def settings_in(folder: Path, **given: Any) -> Settings:
    """An installation of its own, with keys of its own."""
    settings = Settings(home=folder, **given)
    Keys.made(settings.keys_file)
    return settings
