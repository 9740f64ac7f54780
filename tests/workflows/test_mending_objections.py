"""What a case had forgotten when it was about to change the register stops what it stops (G1, G2).

The case has gone back to before an objection, is told that its matter is approved, and finds that
its file is another than the kept one when it would give the order.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from models.case import reception
from models.case.ledger import Entry, EntryKind
from models.case.messages import Ending
from tests.play import Play
from tests.roster_stage import opens_roster, stands
from tests.stage import Stage, at
from tests.workflows.test_mending import ASKED, contradicted, forgets, replays

pytestmark = pytest.mark.clause("G1", "G2", "G7")


@pytest.fixture(autouse=True)
def _in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken in again takes several turns."""
    monkeypatch.setattr(reception, "AGAIN_AT_ONCE", 2)


async def forgets_from(play: Play, kind: EntryKind) -> list[Entry]:
    """Let a case forget everything since an entry; return its file as it was."""
    await play.rests()
    kept = await play.file()
    await forgets(play, next(each for each in reversed(kept) if each.kind is kind))
    return kept


@asynccontextmanager
async def mended(play: Play, kept: list[Entry]) -> AsyncIterator[None]:
    """Around the act by which a case would change the register: it is mended instead."""
    yield
    await contradicted(play)
    await play.stage.desk.mend(play.case_id, ASKED)
    await play.rests()
    assert (await play.file())[: len(kept)] == kept
    assert not await play.refused()
    await replays(play)


async def test_a_forgotten_report_holds_up_an_approved_exit(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C7")
    await play.object(id="o-1")
    async with mended(play, await forgets_from(play, EntryKind.OBJECTION)):
        await play.update("act", play.message("C7", id="approval"))
    seen = await play.status()
    assert (seen.step, seen.outcome, seen.open_objections) == ("C7", None, ("o-1",))
    # The door is open again, too.
    await play.object(id="o-2")
    for each in ("o-1", "o-2"):
        await play.resolve(each, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()


async def test_a_forgotten_report_that_is_upheld_keeps_the_county(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C7")
    await play.object(id="o-1")
    async with mended(play, await forgets_from(play, EntryKind.OBJECTION)):
        await play.update("act", play.message("C7", id="approval"))
    await play.resolve("o-1", "upheld", return_to="C3")
    await play.reaches("C3", 2)
    # Its door is not shut by the change that was not made.
    await play.act("C3")
    await play.reaches("C4", 2)


async def test_a_forgotten_objection_holds_back_its_household(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_cleared()
    first, second = case.households
    await case.object(id="o-1", household=first)
    async with mended(case, await forgets_from(case, EntryKind.OBJECTION)):
        await case.update("act", case.message("H4", id="approval"))
    await stands(case, held=1, struck_off=1)
    assert (await case.courses())[second].state == "struck_off"
    await case.resolve("o-1", "dismissed")
    await stands(case, posted=1, struck_off=1)


async def test_a_forgotten_objection_to_all_holds_back_everybody(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_cleared()
    await case.object(id="o-1")
    async with mended(case, await forgets_from(case, EntryKind.OBJECTION)):
        await case.update("act", case.message("H4", id="approval"))
    await stands(case, held=2)


@pytest.mark.server  # where time goes on by itself while the desk asks again
async def test_who_asks_again_is_answered_when_the_first_is_done(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.rests()
    own_stage.outages.begin(play.case_id, "kept_file", again_in=timedelta(seconds=1))
    assert await own_stage.desk.mend(play.case_id, ASKED) == []
    said = await play.update("mend", ASKED.content())
    assert said == f"NotYet: {play.case_id} is being mended; try again in a moment"
    own_stage.outages.end(play.case_id)
    for _ in range(3):
        assert await own_stage.desk.mend(play.case_id, ASKED) == []
