"""Offices at work while everything about them breaks: nothing given may be lost, doubled, undone.

    python -m tests.soak --minutes 20 --seed 7

A real server over a file and a real worker process, both killed by SIGKILL at random; floods of
objections and signals; the database locked; every worker that starts is asked by many at once. In
the end all that was begun is let finish, and every receipt is held against the kept file. Exits
with 1 where anything was lost, doubled, contradicted or stuck.
"""

import argparse
import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from temporalio.client import WorkflowQueryFailedError
from temporalio.service import RPCError

from models.case.ledger import Entry, EntryKind, LedgerError, verify
from models.case.messages import Act, Objection, Receipt, Resolution
from models.case.status import CaseStatus
from models.county.messages import CountyApplication
from models.periods import BEIJING
from models.register.households import PovertyLine
from models.roster.messages import Consents
from operators.desk.desk import Contradicted, NoAnswer, Refused
from registry.database.engine import writing
from registry.errors import RegistryError
from registry.register.poverty_lines import add_line
from tests.house import House, set_house
from tests.play import PATIENCE, Play
from tests.roster_stage import (
    LINE,
    RosterPlay,
    livelihood,
    meeting,
    put_households,
    roster_application,
)
from tests.stage import Stage, application, figures, settings_in
from tests.village_stage import VillagePlay, put_village, village_application
from workers.connection import Unreachable, run

R = TypeVar("R")
THIS_YEAR = datetime.now(BEIJING).year
AWAY = (NoAnswer, Unreachable, RegistryError, RPCError, OSError, TimeoutError, RuntimeError)
"""What an operator meets while something is down, and tries again."""

ASKERS = 16
FINISH_WITHIN = 600.0
"""Seconds for all that was begun to come to its end, once nothing is broken any more."""

MESSAGES = ("act", "objection", "resolution", "withdrawal", "document", "consents", "amendment")
"""Under which key an entry keeps the message it tells of."""


@dataclass
class Tally:
    """What was given, and what went wrong."""

    receipts: list[tuple[str, Receipt]] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    broken: Counter[str] = field(default_factory=Counter)
    cases: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong that may not."""
        return not (self.lost or self.doubled or self.contradicted or self.stuck)


class Soak:
    """Offices at work, and what happens to them."""

    def __init__(self, house: House, stage: Stage, seed: int) -> None:
        self.house, self.stage, self.tally = house, stage, Tally()
        self.random = random.Random(seed)
        self.over = False
        self.plays: list[Play] = []
        self._numbers = 0

    # -- trying again, as people do --------------------------------------------------------------

    async def persist(self, attempt: Callable[[], Awaitable[R]]) -> R:
        """Try until it is answered; what the rules refuse is an answer."""
        while True:
            try:
                return await attempt()
            except Contradicted:
                raise
            except Refused:
                raise
            except AWAY:
                await asyncio.sleep(self.random.uniform(0.2, 1.0))

    async def send(self, play: Play, message: Any) -> Receipt | None:
        """Send a message until there is a receipt, which is kept; None where it is refused."""
        desk = self.stage.desk
        try:
            receipt = await self.persist(lambda: desk.send(play.case_id, message))
        except Contradicted as error:
            self.tally.contradicted.append(f"{play.case_id}: {error}")
            await asyncio.sleep(1)
            return None
        except Refused:
            return None
        self.tally.receipts.append((message.id, receipt))
        return receipt

    def id(self, what: str) -> str:
        """An id that no other message has."""
        self._numbers += 1
        return f"{what}-{self._numbers}"

    # -- offices ---------------------------------------------------------------------------------

    async def office(self) -> None:
        """Open one case after the other, of every procedure, and bring each to its end."""
        while not self.over:
            opens = self.random.choice((self.opens_county, self.opens_village, self.opens_roster))
            play = await opens()
            self.plays.append(play)
            self.tally.cases.append(play.case_id)
            await self.brings_to_its_end(play)

    async def brings_to_its_end(self, play: Play) -> None:
        """Do whatever the case waits for, until it has ended."""
        while True:
            seen = await self.persist(play.status)
            if seen.outcome is not None:
                break
            for objection in seen.open_objections[:10]:
                await self.resolves(play, objection)
            if seen.waiting_for is not None and not seen.open_objections:
                await self.acts(play, seen)
            elif "公示中" in seen.waiting_text:
                await self.lets_time_pass(play, seen)
            await asyncio.sleep(self.random.uniform(0.05, 0.4))

    async def acts(self, play: Play, seen: CaseStatus) -> None:
        """The office whose turn it is decides; H2 also has the households' consents."""
        assert seen.waiting_for is not None
        fields: dict[str, Any] = {"office": seen.waiting_for}
        step = seen.step
        if isinstance(play, RosterPlay) and step == "H2":
            for body, officer in (("A1", "某甲"), ("A2", "某丙"), ("A3", "某丁")):
                given = {"office": f"{body}/{play.code}", "officer": officer}
                await self.send(play, Act(**play.message("H2", id=self.id("act"), **given)))
            answers = [
                {"household": code, "agreed": True, "signed_by": f"张{code}"}
                for code in play.households
            ]
            said = {"id": self.id("consent"), "officer": "某甲", "answers": answers}
            await self.send(play, Consents.model_validate(said))
            return
        await self.send(play, Act(**play.message(step, id=self.id("act"), **fields)))

    async def resolves(self, play: Play, objection: str) -> None:
        """The publisher dismisses an objection."""
        given = play.result(objection, "dismissed", id=self.id("resolution"))
        await self.send(play, Resolution.model_validate(given))

    async def lets_time_pass(self, play: Play, seen: CaseStatus) -> None:
        """Let a publicity run to its end."""
        closes = [each.limit.due for each in seen.limits if each.limit.clause == "T1"]
        if seen.households is not None and seen.households.closes is not None:
            closes = [seen.households.closes]
        if not closes:
            return
        with suppress(*AWAY):
            async with asyncio.timeout(30):
                ahead = min(closes) + timedelta(seconds=2) - await play.now()
                if ahead > timedelta(seconds=2):
                    await self.stage.skipper.fast_forward(play.handle, ahead)

    # -- opening ---------------------------------------------------------------------------------

    async def opened(self, kind: type[Play], code: str, case_id: str, start: Any) -> Any:
        """Open a case, once, however often it has to be tried."""

        async def begin() -> None:
            with self.stage.skipper.with_time_skipping_disabled():
                try:
                    await start()
                except Refused as refusal:
                    if case_id not in str(refusal):
                        raise
            await self.stage.desk.status(case_id)

        await self.persist(begin)
        return kind(self.stage, case_id, code)

    async def opens_county(self) -> Play:
        """A provincial county, which has six steps."""
        code = await self.persist(self._county)
        await self.persist(self._planned(code))
        today = figures(as_of=datetime.now(BEIJING).date())
        given: CountyApplication = application(
            code, year=THIS_YEAR, tier="provincial", figures=today
        )
        play: Play = await self.opened(
            Play,
            code,
            f"county-exit/{code}/{THIS_YEAR}",
            lambda: self.stage.desk.open(given),
        )
        return play

    async def _county(self) -> str:
        return self.stage.county(tier="provincial")

    def _planned(self, code: str) -> Callable[[], Awaitable[None]]:
        async def plan() -> None:
            self.stage.registry.add_plan(THIS_YEAR, code, "合成计划")

        return plan

    async def opens_village(self) -> Play:
        """A poor village that meets its standard."""

        async def put() -> str:
            return put_village(self.stage, self.stage.county(), year=THIS_YEAR)

        code = await self.persist(put)
        given = village_application(code, year=THIS_YEAR)
        play: Play = await self.opened(
            VillagePlay,
            code,
            f"village-exit/{code}/{THIS_YEAR}",
            lambda: self.stage.desk.open(given),
        )
        return play

    async def opens_roster(self) -> Play:
        """A roster of some households."""

        async def put() -> tuple[str, list[str]]:
            village = put_village(self.stage, self.stage.county())
            lived = livelihood(year=THIS_YEAR)
            codes = put_households(self.stage, village, 4, planned=False, lived=lived)
            for code in codes:
                self.stage.registry.add_plan(THIS_YEAR, code, "合成计划")
            return village, codes

        village, households = await self.persist(put)
        today = datetime.now(BEIJING).date().isoformat()
        record = {
            "meeting": meeting(held_on=today),
            "households": [{"household": code, "in_favour": 18} for code in households],
        }
        given = roster_application(village, households, year=THIS_YEAR, appraisal=record)
        case_id = f"household-exit/{village}/{THIS_YEAR}/1"
        play: RosterPlay = await self.opened(
            RosterPlay, village, case_id, lambda: self.stage.desk.open(given)
        )
        play.households = households
        return play

    # -- what breaks -----------------------------------------------------------------------------

    async def breaks(self) -> None:
        """One misfortune after the other."""
        misfortunes: dict[str, Callable[[], Awaitable[None]]] = {
            "worker killed": self.kills_worker,
            "server killed": self.kills_server,
            "both killed": self.kills_both,
            "database locked": self.locks_database,
            "flood": self.floods,
        }
        weights = (10, 3, 2, 3, 4)
        while not self.over:
            await asyncio.sleep(self.random.uniform(1, 5))
            if not self.plays:
                continue  # nobody has come to work yet
            (name,) = self.random.choices(list(misfortunes), weights)
            self.tally.broken[name] += 1
            await misfortunes[name]()

    async def kills_worker(self) -> None:
        """Another worker comes, and is asked by many before it has its first task."""
        began = monotonic()
        await self.house.worker_goes()
        await asyncio.sleep(self.random.choice((0, 0, 0.5, 3)))
        await self.house.worker_comes()
        await self.recovers(began)

    async def kills_server(self) -> None:
        """The server goes, and comes back over its file."""
        began = monotonic()
        await self.house.server_goes()
        await self.house.server_comes()
        await self.recovers(began)

    async def kills_both(self) -> None:
        """As when the machine loses its power."""
        began = monotonic()
        await self.house.worker_goes()
        await self.house.server_goes()
        await self.house.server_comes()
        await self.house.worker_comes()
        await self.recovers(began)

    async def locks_database(self) -> None:
        """Another program holds the registry for a while."""
        began = monotonic()
        lock = sqlite3.connect(self.stage.settings.home / "registry.db", isolation_level=None)
        try:
            with suppress(sqlite3.Error):
                lock.execute("PRAGMA busy_timeout=2000")
                lock.execute("BEGIN EXCLUSIVE")
                await asyncio.sleep(self.random.uniform(1, 6))
                lock.execute("ROLLBACK")
        finally:
            lock.close()
        await self.recovers(began)

    async def recovers(self, began: float) -> None:
        """Many ask at once, over and over; how long it takes until the first is answered."""
        cases = self.plays[-8:]
        answered: list[float] = []

        async def ask(play: Play) -> None:
            until = monotonic() + 3
            while monotonic() < until or not answered:
                # Refused ahead of the history: that is what the asking is there to provoke.
                with suppress(*AWAY, Refused, WorkflowQueryFailedError):
                    await play.handle.query("status", rpc_timeout=timedelta(seconds=3))
                    answered.append(monotonic() - began)
                await asyncio.sleep(0.02)

        await asyncio.gather(*(ask(self.random.choice(cases)) for _ in range(ASKERS)))
        self.tally.recoveries.append(answered[0])

    async def floods(self) -> None:
        """Objections all at once, and signals that say nothing that can be understood."""
        play = self.random.choice(self.plays[-8:])
        texts = [Objection(id=self.id("objection"), text="道路未通（合成）") for _ in range(12)]
        await asyncio.gather(*(self.send(play, each) for each in texts))
        for number in range(20):
            with suppress(*AWAY, Refused):
                await play.handle.signal("nonsense", {"number": number})

    # -- the end ---------------------------------------------------------------------------------

    async def goes_on_for(self, minutes: float, offices: int) -> None:
        """Work and misfortunes for a time; then everything is let finish."""
        working = [asyncio.create_task(self.office()) for _ in range(offices)]
        breaking = asyncio.create_task(self.breaks())
        done, _ = await asyncio.wait(
            {*working, breaking}, timeout=minutes * 60, return_when=asyncio.FIRST_EXCEPTION
        )
        self.over = True
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN):
                await breaking
                await asyncio.gather(*working)
        for each in (*working, breaking):
            each.cancel()
        for each in done:
            each.result()  # a fault of the soak itself
        await self.is_held_against_the_files()

    async def is_held_against_the_files(self) -> None:
        """Every receipt has its entry, every message one, every case its end."""
        tally = self.tally
        for case_id in tally.cases:
            if not await self._ends(case_id):
                tally.stuck.append(case_id)
            entries = await self._settled(case_id)
            for key, times in Counter(map(_message_of, entries)).items():
                if key is not None and times > 1:
                    tally.doubled.append(f"{case_id}: {key} is on file {times} times")
            kept = {entry.seq: entry.hash for entry in entries}
            for id, receipt in tally.receipts:
                if receipt.case_id != case_id or kept.get(receipt.seq) == receipt.hash:
                    continue
                known = receipt.seq in kept
                where = tally.contradicted if known else tally.lost
                where.append(f"{case_id}: the receipt of {id} for entry {receipt.seq}")
        tally.contradicted += [
            f"{row.case_id}: {row.contradicted.said}"
            for row in self.stage.registry.case_rows()
            if row.contradicted is not None
        ]

    async def _ends(self, case_id: str) -> bool:
        """Whether the registry has the end of a case, a moment after the case says so itself."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._is_kept_as_ended(case_id):  # noqa: ASYNC110 - no event tells of it
                    await asyncio.sleep(0.2)
        except TimeoutError:
            return False
        return True

    def _is_kept_as_ended(self, case_id: str) -> bool:
        file = self.stage.registry.open_file(case_id)
        return file is not None and not file.is_open

    async def _settled(self, case_id: str) -> list[Entry]:
        """The kept file, once nothing is added to it any more; its chain is checked."""
        entries = self.stage.registry.ledger(case_id)
        for _ in range(50):
            await asyncio.sleep(0.1)
            last, entries = entries, self.stage.registry.ledger(case_id)
            if len(last) == len(entries):
                break
        try:
            verify(case_id, entries)
        except LedgerError as error:
            self.tally.contradicted.append(str(error))
        return entries


def _message_of(entry: Entry) -> tuple[str, str] | None:
    if entry.kind in (EntryKind.REFUSED, EntryKind.CONTRADICTED):
        return None
    for key in MESSAGES:
        content = entry.data.get(key)
        if isinstance(content, dict) and "id" in content:
            return key, str(content["id"])
    return None


def print_tally(tally: Tally, seconds: float, seed: int) -> None:
    """One table, and what went wrong."""
    out = Console(width=100, highlight=False, markup=False)
    lines = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in (
        ("seconds, seed", f"{seconds:.0f}, {seed}"),
        ("cases brought to their end", f"{len(tally.cases) - len(tally.stuck)}"),
        *((name, str(times)) for name, times in sorted(tally.broken.items())),
        ("receipts given", str(len(tally.receipts))),
        ("lost", str(len(tally.lost))),
        ("doubled", str(len(tally.doubled))),
        ("contradicted", str(len(tally.contradicted))),
        ("cases stuck", str(len(tally.stuck))),
        ("recovery, seconds", _spread(tally.recoveries)),
    ):
        lines.add_row(name, value)
    out.print(lines)
    for each in (*tally.lost, *tally.doubled, *tally.contradicted, *tally.stuck):
        out.print(each)


def _spread(found: list[float]) -> str:
    if not found:
        return "none"
    return f"median {statistics.median(found):.1f}, max {max(found):.1f}"


async def soak(
    folder: Path, minutes: float, seed: int, offices: int = 6, say: bool = False
) -> Tally:
    """Let it all happen in a folder, and tell what came of it."""
    async with set_house(settings_in(folder)) as (house, stage):
        with writing(stage.settings.engine()) as session:
            add_line(session, PovertyLine(year=THIS_YEAR, yuan=LINE, source="合成标准"))
        soaked = Soak(house, stage, seed)
        began = monotonic()
        await soaked.goes_on_for(minutes, offices)
        if say:
            print_tally(soaked.tally, monotonic() - began, seed)
        return soaked.tally


def main() -> int:
    """As a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).timestamp()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exitflow-soak-") as folder:
        tally = run(soak(Path(folder), given.minutes, given.seed, say=True))
    return 0 if tally.sound else 1


if __name__ == "__main__":
    sys.exit(main())
