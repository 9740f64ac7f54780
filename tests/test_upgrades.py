"""Homes that earlier versions have left with cases half way: this version carries them on."""

import asyncio
from pathlib import Path

import pytest

from models.case.ledger import EntryKind
from models.case.messages import DONE
from registry.database.installation import OLDEST, PROGRAM
from tests.kept_homes import carried_on, finish, homes
from tests.play import PLAYED, wedged

pytestmark = pytest.mark.clause("G7")


def test_there_is_a_home_of_the_oldest_version_and_of_this_one() -> None:
    kept = {home.name.removesuffix(".tar.xz") for home in homes()}
    assert {OLDEST, PROGRAM} <= kept, "python -m tests.kept_homes makes that of this version"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("home", homes(), ids=lambda home: home.name)
async def test_cases_half_way_are_brought_to_their_end(home: Path, tmp_path: Path) -> None:
    async with carried_on(home, tmp_path) as kept:
        for play, left in zip(kept.plays, kept.left, strict=True):
            # As it was left: the same file, to the letter, after a replay by this code.
            entries = await kept.stage.desk.ledger(play.case_id)
            assert [each.hash for each in entries][left.entries - 1] == left.head, left
        outcomes = await asyncio.gather(*map(finish, kept.plays))
        for play, outcome in zip(kept.plays, outcomes, strict=True):
            assert outcome.ending in DONE, (play.case_id, outcome)
            entries = await play.file()
            assert entries[-1].kind in (EntryKind.CLOSED, EntryKind.NOTIFIED)
            assert kept.stage.registry.contradiction(play.case_id) is None
        faults = [fault for play in kept.plays for fault in await wedged(play)]
        assert not faults
    PLAYED.clear()  # their server has gone
