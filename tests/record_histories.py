"""Records how cases go, so that later code can be held against it:

    python -m tests.record_histories            every path, beside what is recorded already
    python -m tests.record_histories withdrawn  one path

No record is thrown away: cases live that went like it. Takes about a minute.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

from temporalio.client import Client

from models.case.ledger import EntryKind
from tests.follow_up_paths import follow_up
from tests.play import Play
from tests.reentry_paths import reentry, reentry_rejected, watch
from tests.replays import HISTORIES, Recording, entries_in, replay
from tests.revocation_paths import revocation, supplement
from tests.roster_paths import roster, roster_amended, roster_returned
from tests.stage import Stage, at, figures, set_stage, settings_in
from tests.supervision_paths import inspected, supervision
from tests.village_paths import village, village_direct, village_rejected
from tests.village_stage import put_household, put_village
from workers.connection import run
from workers.embedded import embedded

CLIENT, WORKER = "recorder", "worker"
"""Identities in the histories; the usual ones name a process and a machine."""


async def national(stage: Stage) -> Play:
    """All seven steps; the city is reminded and misses its limit (T3)."""
    play = await stage.opens(at(11, 16))
    await play.until((await play.limit("T3")).due.replace(hour=9))
    await play.act("C2", document_number="合成〔2〕号")
    await play.reaches("C3")
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    return play


async def national_direct(stage: Stage) -> Play:
    """Without C2; two acts come as signals, and the first has no basis yet."""
    play = await stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.signal("act", play.message("C5"))
    await play.signal("act", play.message("C3"))
    await play.reaches("C4")  # the register is counted once more before
    await play.pass_until("C6")
    await play.act("C6", rates=RATES)
    await play.reaches("C7")
    await play.act("C7", document_number="合成〔9〕号")
    return play


async def provincial(stage: Stage) -> Play:
    """After the target date (T2); a return, an objection upheld, one dismissed, and a report."""
    play = await stage.opens(at(12, 6), tier="provincial")
    await play.reaches("C2")
    await play.act("C2", "return", reason="补充材料（合成）", return_to="C1")
    await play.reaches("C1", 2)
    await play.act("C1")
    await play.reaches("C2", 2)
    await play.pass_until("C4")
    upheld = await play.object(objector="钱某某", contact="示例")
    await play.resolve(upheld, "upheld", return_to="C3")
    await play.reaches("C3", 3)
    await play.act("C3")
    await play.reaches("C4", 3)
    dismissed = await play.object()
    await play.until((await play.limit("T7")).due)
    await play.resolve(dismissed, "dismissed")
    await play.pass_until("C7")
    report = await play.object("举报（合成）")
    await play.act("C7", document_number="合成〔9〕号")
    await play.waits(lambda seen: seen.waiting_for == "A7/410000")
    await play.resolve(report, "dismissed")
    return play


async def renewed(stage: Stage) -> Play:
    """Returned, with figures that the register contradicts (S5), then with its own."""
    county = stage.county()
    put_village(stage, county, poor=10, population=1000)
    own = figures(poor=10, population=1000)
    play = await stage.opens_for(county, at(11, 16), figures=own)
    await play.reaches("C2")
    await play.act("C2", "return", reason="补充材料（合成）", return_to="C1")
    await play.reaches("C1", 2)
    given = own.model_dump(mode="json")
    await play.send("act", play.message("C1", figures=given | {"poor": 0}))
    await play.has_entered(EntryKind.LAPSED)
    await play.reaches("C1", 2)
    await play.send("act", play.message("C1", figures=given))
    await play.reaches("C2", 2)
    await play.act("C2", "reject", reason="未达标（合成）")
    return play


async def counted(stage: Stage) -> Play:
    """The register counts more than the county states, and more again in the province's hands."""
    county = stage.county(direct=True, tier="provincial")
    village = put_village(stage, county, poor=1, population=100)
    own, why = figures(poor=0, population=100), "口径（合成）"
    play = await stage.opens_for(
        county, at(11, 16), direct=True, tier="provincial", figures=own, figures_reason=why
    )
    await play.reaches("C3")
    put_household(stage, village, 1)
    await play.act("C3", id="unaware")
    await play.has_entered(EntryKind.LAPSED)
    await play.waits(lambda seen: seen.waiting_for == play.office("C3"))
    await play.act("C3", id="aware", overrides=["S3.incidence"], reason=why)
    await play.pass_until("C7")
    await play.act("C7", overrides=["S3.incidence"], reason=why)
    return play


async def rejected(stage: Stage) -> Play:
    """The province finds a standard unmet."""
    play = await stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.act("C3", "reject", reason="未达标（合成）", document_number="合成〔4〕号")
    return play


async def withdrawn(stage: Stage) -> Play:
    """The county takes its application back during publicity."""
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C4")
    await play.object()
    await play.withdraw()
    return play


async def rectified(stage: Stage) -> Play:
    """The inspection fails, the county puts it right, and the second inspection confirms."""
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C6")
    county = play.office("C1")
    task = {"office": county, "task": "补建卫生室（合成）"}
    await play.act("C6", "rectify", reason="抽查不合格（合成）", rectification=task)
    await play.waits(lambda seen: seen.waiting_for == county)
    await play.act("C6", "reply", office=county)
    await play.waits(lambda seen: seen.waiting_for == play.office("C6"))
    await play.act("C6", rates=RATES)
    await play.reaches("C7")
    await play.act("C7", document_number="合成〔9〕号")
    return play


RATES = {"incidence": "0.46", "wrongly_exited": "0.1", "omitted": "0.1", "recognition": "98.5"}

PATHS: dict[str, Callable[[Stage], Awaitable[Play]]] = {
    "national": national,
    "national-direct": national_direct,
    "provincial": provincial,
    "renewed": renewed,
    "counted": counted,
    "rejected": rejected,
    "withdrawn": withdrawn,
    "rectified": rectified,
    "village": village,
    "village-direct": village_direct,
    "village-rejected": village_rejected,
    "roster": roster,
    "roster-amended": roster_amended,
    "roster-returned": roster_returned,
    "reentry": reentry,
    "reentry-rejected": reentry_rejected,
    "revocation": revocation,
    "supplement": supplement,
    "follow-up": follow_up,
    "supervision": supervision,
    "inspected": inspected,
    "watch": watch,
}


async def record(paths: list[str]) -> list[Recording]:
    """Record cases on a server of their own."""
    with tempfile.TemporaryDirectory(prefix="exitflow-record-") as folder:
        async with embedded(time_skipping=True) as server:
            client = await Client.connect(server.address, identity=CLIENT)
            settings = settings_in(Path(folder))
            async with set_stage(client, settings, identity=WORKER) as stage:
                plays = await asyncio.gather(*(_ended(PATHS[path], stage) for path in paths))
                histories = [await play.history() for play in plays]
                heads = [(await play.file())[-1].hash for play in plays]
    HISTORIES.mkdir(exist_ok=True)
    made = []
    for path, history, head in zip(paths, histories, heads, strict=True):
        replayed = await replay(history)
        assert head == replayed.entries[-1].hash == entries_in(history)[-1].hash
        recording = next(each for each in _numbered(path) if not each.file.exists())
        recording.write(history, replayed)
        made.append(recording)
    return made


async def _ended(course: Callable[[Stage], Awaitable[Play]], stage: Stage) -> Play:
    play = await course(stage)
    await play.ends()
    return play


def _numbered(path: str) -> Iterator[Recording]:
    return (Recording(HISTORIES / f"{path}.{number}.json") for number in count(1))


def main(arguments: list[str]) -> int:
    """The command; returns its exit status."""
    paths = arguments or list(PATHS)
    if unknown := [path for path in paths if path not in PATHS]:
        print(f"{unknown[0]} is no path; record {', '.join(PATHS)}")
        return 2
    for recording in run(record(paths)):
        print(recording.file.relative_to(HISTORIES.parent.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
