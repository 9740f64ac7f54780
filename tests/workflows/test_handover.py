"""A case with a long history goes on in a new run: nobody can tell by its file or its answers."""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from models.base import Record
from models.case import bounds
from models.case.handover import Handed, Handover
from models.case.ledger import Entry, verify
from models.case.messages import Ending
from tests.fast.server import FastServer
from tests.models.samples import PROOF
from tests.play import PLAYED, Play
from tests.record_histories import PATHS
from tests.roster_stage import opens_roster, strikes_off
from tests.stage import Stage, at, set_fast_stage, settings_in
from tests.village_stage import opens_village
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


@pytest.mark.clause("T1", "G3", "G7")
async def test_a_notice_taken_down_again_and_again_makes_no_handover_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound of messages, too; and then the case still comes to its end."""
    monkeypatch.setattr(bounds, "MOST_MESSAGES", MESSAGES // 2)
    handed: list[Handover] = []
    monkeypatch.setattr(Handed, "of", noting(Handed.of, handed))
    async with set_fast_stage(settings_in(tmp_path)) as stage:
        server = stage.skipper
        assert isinstance(server, FastServer)
        server.works.long_after = ALWAYS
        play = await opens_village(stage, at(11, 16))
        await play.is_surveyed()
        for round_ in range(2, MESSAGES + 1):
            await play.posted(removed=True, reason="大风损毁（合成）", evidence=[PROOF])
            await play.reaches("V2", round_)
        await play.is_posted_and_reported()
        await play.act("V3")
        assert (await play.ends()).ending is Ending.EXITED
    by_round = {each.round: each for each in reversed(handed) if each.notice is not None}
    first, last = by_round[2], by_round[MESSAGES]
    grown = last.model_copy(update={"known": first.known})
    assert (len(last.known), len(last.notices)) == (MESSAGES, 1)
    assert len(grown.model_dump_json()) < 1.05 * len(first.model_dump_json())


MESSAGES = 30


def noting(make: Callable[..., Handed | None], handed: list[Handover]) -> Any:
    """The making of handovers, each of which is noted."""

    def noted(handover: Handover, opening: Record) -> Handed | None:
        handed.append(handover)
        return make(handover, opening)

    return noted


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
