"""A long course with nothing cached: every task replays the case from its beginning."""

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from tests.play import as_told
from tests.record_histories import RATES
from tests.replays import replay
from tests.stage import Stage, at

pytestmark = pytest.mark.server


@pytest.mark.clause("G1", "G3", "G7")
async def test_a_long_course_writes_one_file(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    county, nation = play.office("C1"), play.office("C6")
    await play.reaches("C3")
    await play.act("C3", "return", reason="补充材料（合成）", return_to="C1")
    await play.reaches("C1", 2)
    await play.act("C1")
    await play.reaches("C3", 2)
    await play.act("C3")
    await play.reaches("C4", 2)
    upheld = await play.object(objector="钱某某")
    await play.resolve(upheld, "upheld", return_to="C3")
    await play.reaches("C3", 3)
    await play.act("C3")
    await play.reaches("C4", 3)
    dismissed = await play.object()
    await play.resolve(dismissed, "dismissed")
    await play.pass_until("C6")
    task = {"office": county, "task": "补建卫生室（合成）"}
    await play.act("C6", "rectify", reason="抽查不合格（合成）", rectification=task)
    await play.waits(lambda seen: seen.waiting_for == county)
    await play.act("C6", "reply", office=county)
    await play.waits(lambda seen: seen.waiting_for == nation)
    await play.act("C6", rates=RATES)
    await play.reaches("C7")
    await play.act("C7", document_number="合成〔9〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.round) == (Ending.EXITED, 3)

    kept = await play.file()
    rounds = [entry.round for entry in kept if entry.kind is EntryKind.RETURNED]
    assert rounds == [1, 2]
    assert len([entry for entry in kept if entry.kind is EntryKind.RESOLUTION]) == 2
    status = await play.status()
    assert (status.entries, status.head) == (len(kept), kept[-1].hash)
    replayed = await replay(await play.history())
    assert replayed.entries == kept
    sent = [told for entry in kept for told in as_told(entry)]
    assert len(play.told()) == len(sent)
