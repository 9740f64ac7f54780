"""A case with a long history goes on in a new run: nobody can tell by its file or its answers."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from models.case.ledger import Entry, verify
from tests.fast.server import FastServer
from tests.play import PLAYED, Play
from tests.record_histories import PATHS
from tests.roster_stage import opens_roster, strikes_off
from tests.stage import Stage, at, set_fast_stage, settings_in
from tests.workflows.test_postings import from_posting

NEVER, ALWAYS = 500_000, 1
"""Events after which a history is long: it never is; every wait of a case hands over."""

PLACE = re.compile(r"[0-9a-f]{12}|\d{6}|合成\d+")
"""A place, or the hash of a file, of an example: other ones in every example."""


async def stopped(stage: Stage) -> Play:
    """An objection to the whole roster is upheld while its notice stands: it is verified anew."""
    play = await opens_roster(stage, at(11, 16), 2)
    await play.reaches("H2")
    await play.verify()
    await play.consent()
    await play.reaches("H3")
    await play.resolve(await play.object(), "upheld", return_to="H2")
    await play.reaches("H2", 2)
    await play.verify()
    await play.consent()
    await play.reaches("H3", 2)
    await play.end_notice()
    await play.waits(lambda seen: seen.waiting_for == play.office("H4"))
    await play.act("H4")
    return play


async def taken_down(stage: Stage) -> Play:
    """Days wait for the posting; the notice comes down too early, and is posted anew."""
    play = await opens_roster(stage, at(11, 16), 2, policy=from_posting(stage, "H3"))
    await play.is_posted()
    await play.until(at(11, 21))
    await play.posted()
    await play.until(await play.closes() - timedelta(days=1))
    await play.posted(removed=True)
    await play.waits(lambda seen: seen.waiting_for == play.office("H3"))
    await play.posted()
    await play.end_notice()
    await strikes_off(play, 2)
    return play


WAYS: dict[str, Callable[[Stage], Awaitable[Play]]] = {
    **PATHS,
    "roster-stopped": stopped,
    "roster-taken-down": taken_down,
}


@pytest.mark.clause("G7")
@pytest.mark.parametrize("path", WAYS)
async def test_a_case_that_hands_over_at_every_wait_writes_the_same_file(
    path: str, tmp_path: Path
) -> None:
    homes = tmp_path / "one", tmp_path / "many"
    for home in homes:
        home.mkdir()
    as_one, runs = await played(path, homes[0], NEVER)
    assert runs == 1
    in_many, runs = await played(path, homes[1], ALWAYS)
    assert runs > 1 or path in WAITS_FOR_NOBODY
    assert list(told(in_many)) == list(told(as_one))


WAITS_FOR_NOBODY = {"revocation", "supplement", "watch"}


async def played(path: str, home: Path, long_after: int) -> tuple[list[Entry], int]:
    """What a case has on file in the end, and how many runs it took."""
    async with set_fast_stage(settings_in(home)) as stage:
        server = stage.skipper
        assert isinstance(server, FastServer)
        server.works.long_after = long_after
        play = await WAYS[path](stage)
        await play.ends()
        kept = stage.registry.ledger(play.case_id)
        verify(play.case_id, kept)
        PLAYED.clear()
        return kept, 1 + sum(run.id == play.case_id for run in server.runs)


def told(entries: Sequence[Entry]) -> Iterator[tuple[str, str, int, str]]:
    """What a file tells, whatever place it is of."""
    places: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        return places.setdefault(found[0], f"<{len(places)}>")

    for each in entries:
        text = PLACE.sub(place, f"{each.actor} {each.text}")
        yield each.kind.value, each.step, each.round, text
