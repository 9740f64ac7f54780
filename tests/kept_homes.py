"""Homes that versions of exitflow have left with cases half way, for later versions to carry on.

    python -m tests.kept_homes

makes the home of the present version, ``tests/homes/<version>.tar.xz``: registry, server file, keys
and notices, with cases of every procedure at different steps, and what they are. It takes about a
minute, is made once for a release, and is never changed after it. ``tests/test_upgrades.py`` lets
the present code carry on all of them.
"""

import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from models.base import Record
from models.case.messages import Outcome
from operators.desk.desk import Refused
from operators.up import prepare_keys
from registry.database.installation import PROGRAM
from tests.crew import quick_server
from tests.follow_up_stage import FollowUpPlay, follow_up_of, settings_kept_up
from tests.follow_up_stage import put_exited as put_visited
from tests.play import PLAYED, Play
from tests.reentry_stage import ReentryPlay, opens_fallen_back
from tests.roster_stage import RosterPlay, opens_roster
from tests.stage import Stage, at, set_stage
from tests.supervision_stage import SupervisionPlay, inspects, put_exited
from tests.village_stage import VillagePlay, opens_village, put_village
from workers.connection import run

HOMES = Path(__file__).parent / "homes"
_LIST = "cases.json"
_KINDS: dict[str, type[Play]] = {
    kind.__name__: kind
    for kind in (Play, VillagePlay, RosterPlay, ReentryPlay, SupervisionPlay, FollowUpPlay)
}


class Left(Record):
    """A case as it was left.

    Attributes:
        kind: What plays it on.
        more: What else that has to know of it.
        entries: How many entries its file had, and the last one's hash.
    """

    case_id: str
    kind: str
    code: str
    direct: bool
    step: str
    more: dict[str, Any]
    entries: int
    head: str


_LEFT = TypeAdapter(tuple[Left, ...])


@dataclass
class Kept:
    """A home that was unpacked, with its stage."""

    stage: Stage
    left: tuple[Left, ...]
    plays: list[Play] = field(default_factory=list)


def homes() -> list[Path]:
    """Every home that was kept."""
    return sorted(HOMES.glob("*.tar.xz"))


# -- leaving ------------------------------------------------------------------------------------


async def _county_at(stage: Stage, step: str, **changes: Any) -> Play:
    play = await stage.opens(at(11, 16), **changes)
    if step != "C2":
        await play.pass_until(step)
    await play.reaches(step)
    return play


async def _county_disputed(stage: Stage) -> Play:
    play = await _county_at(stage, "C4", direct=True)
    await play.object(objector="钱某某", contact="示例")
    return play


async def _county_returned(stage: Stage) -> Play:
    play = await _county_at(stage, "C2", tier="provincial")
    await play.act("C2", "return", reason="补充材料（合成）", return_to="C1")
    await play.reaches("C1", 2)
    return play


async def _village_at(stage: Stage, step: str) -> Play:
    play = await opens_village(stage, at(10, 9))
    await play.reaches("V1")
    if step != "V1":
        await play.is_surveyed()
    return play


async def _roster_at(stage: Stage, step: str) -> Play:
    play = await opens_roster(stage, at(11, 16), 3)
    await play.reaches("H2")
    await play.verify("A1")
    if step == "H3":
        await play.verify("A2", "A3")
        await play.consent()
        await play.reaches("H3")
    return play


async def _reentry_at(stage: Stage, step: str) -> Play:
    play = await opens_fallen_back(stage, at(11, 16))
    await play.reaches("R2")
    if step == "R3":
        await play.is_posted()
    return play


async def _supervision_at(stage: Stage, step: str) -> Play:
    made = put_exited(stage, villages=2, households=4)
    play = await inspects(stage, made.county, at(4, 1), households=6, seed="kept")
    if step == "J2":
        await play.drawn()
    else:
        await play.is_checked()
    return play


async def _follow_up(stage: Stage) -> Play:
    village = put_village(stage, stage.county(), poor=0)
    households = put_visited(stage, village, 3)
    play = await follow_up_of(stage, village[:9], at(1, 5, 9))
    await play.limit("F5")
    await play.visit(households[0])
    return play


COURSES: tuple[Callable[[Stage], Awaitable[Play]], ...] = (
    lambda stage: _county_at(stage, "C2"),
    lambda stage: _county_at(stage, "C7", direct=True),
    _county_disputed,
    _county_returned,
    lambda stage: _village_at(stage, "V1"),
    lambda stage: _village_at(stage, "V2"),
    lambda stage: _roster_at(stage, "H2"),
    lambda stage: _roster_at(stage, "H3"),
    lambda stage: _reentry_at(stage, "R2"),
    lambda stage: _reentry_at(stage, "R3"),
    lambda stage: _supervision_at(stage, "J2"),
    lambda stage: _supervision_at(stage, "J3"),
    _follow_up,
)


@asynccontextmanager
async def _on(home: Path) -> AsyncIterator[Stage]:
    settings = settings_kept_up(home)
    prepare_keys(settings)
    async with (
        quick_server(settings.server_file) as server,
        set_stage(server.client, settings) as stage,
    ):
        yield stage


async def _left(play: Play) -> Left:
    await play.rests()
    entries = await play.file()
    more = {name: getattr(play, name) for name in ("households", "village") if hasattr(play, name)}
    return Left(
        case_id=play.case_id,
        kind=type(play).__name__,
        code=play.code,
        direct=play.direct,
        step=(await play.status()).step,
        more=more,
        entries=len(entries),
        head=entries[-1].hash,
    )


async def leave(target: Path) -> None:
    """Make a home with cases half way, and pack it."""
    with tempfile.TemporaryDirectory(prefix="exitflow-home-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        async with _on(home) as stage:
            plays = [await course(stage) for course in COURSES]
            left = tuple([await _left(play) for play in plays])
        (home / _LIST).write_bytes(_LEFT.dump_json(left, indent=1))
        (home / "version").write_text(f"{PROGRAM}\n", "utf-8")
        for name in ("registry.db", "temporal.db"):
            with sqlite3.connect(home / name) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.parent.mkdir(exist_ok=True)
        with tarfile.open(target, "w:xz", preset=9) as packed:
            for file in sorted(home.rglob("*")):
                if file.is_file() and not file.name.endswith(("-wal", "-shm", ".lock")):
                    packed.add(file, str(file.relative_to(home)))


# -- carrying on --------------------------------------------------------------------------------


@asynccontextmanager
async def carried_on(packed: Path, folder: Path) -> AsyncIterator[Kept]:
    """Unpack a home, upgrade it, and start server and worker over it."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    with tarfile.open(packed) as archive:
        archive.extractall(home, filter="data")
    (home / "keys").chmod(0o600)
    left = _LEFT.validate_json((home / _LIST).read_bytes())
    async with _on(home) as stage:
        kept = Kept(stage, left)
        for each in left:
            play = _KINDS[each.kind](stage, each.case_id, each.code, each.direct)
            for name, value in each.more.items():
                setattr(play, name, value)
            play.ids = iter(range(1_000_000, 2_000_000))  # type: ignore[assignment]
            kept.plays.append(play)
            PLAYED.append(play)
        yield kept


async def finish(play: Play) -> Outcome:
    """Do whatever a case waits for, until it has ended."""
    for _ in range(60):
        await play.rests()
        seen = await play.status()
        if seen.outcome is not None:
            return seen.outcome
        for objection in seen.open_objections:
            await play.resolve(objection, "dismissed")
        if seen.open_objections:
            continue
        if seen.waiting_for is not None:
            await _decide(play, seen.step, seen.waiting_for)
        else:
            moments = [each.limit.due for each in seen.limits]
            if seen.households is not None and seen.households.closes is not None:
                moments.append(seen.households.closes)
            if moments:
                await play.until(min(moments) + timedelta(seconds=1))
    raise AssertionError(f"{play.case_id} does not come to its end: {await play.status()}")


async def _decide(play: Play, step: str, office: str) -> None:
    match play:
        case RosterPlay() if step == "H2":
            with suppress(Refused):
                await play.verify("A1")
            with suppress(Refused):
                await play.verify("A2")
            with suppress(Refused):
                await play.verify("A3")
            await play.consent()
        case ReentryPlay() if step == "R2":
            await play.appraises()
        case SupervisionPlay() if step == "J2":
            await play.checks_all()
            await play.act("J2")
        case FollowUpPlay():
            await play.act("K1", reason="举家外出（合成）")
        case _:
            await play.act(step, office=office)


def main() -> int:
    """The command."""
    target = HOMES / f"{PROGRAM}.tar.xz"
    if target.exists():
        print(f"{target.name} is there: a home is made once, and a later version has its own")
        return 2
    run(leave(target))
    print(f"{target.relative_to(HOMES.parent.parent)}: {target.stat().st_size // 1024} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
