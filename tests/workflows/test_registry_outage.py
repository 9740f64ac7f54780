"""The registry out of reach: the case waits, and nothing is lost or published too short."""

from datetime import date, timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from tests.play import Play, eventually
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight


async def felt(play: Play, name: str) -> None:
    """Wait until the case has asked in vain."""

    async def asked() -> bool:
        return play.stage.outages.felt(play.case_id, name)

    await eventually(asked, lambda: f"{name} was not asked for")


@pytest.mark.clause("C4", "T1")
async def test_a_notice_posted_past_midnight_has_its_full_period(stage: Stage) -> None:
    play = await stage.opens(at(11, 16, 23, 58), direct=True)
    await play.reaches("C3")
    stage.outages.begin(play.case_id, "publish_notice")
    await play.act("C3")
    await felt(play, "publish_notice")
    await play.until(at(11, 17, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(11, 17, 0, 2))
    await play.reaches("C4")
    closes = await play.limit("T1")
    assert closes.request.start is not None
    assert beijing(closes.request.start).date() == at(11, 17).date()
    *_, entry = await play.entries(EntryKind.NOTICE)
    posted = stage.registry.notices(play.case_id)
    assert entry.data["notice"]["sha256"] == posted[-1].sha256  # type: ignore[index,call-overload]
    assert beijing(posted[-1].posted_at).date() == at(11, 17).date()
    assert [notice.replaces for notice in posted[1:]] == [posted[0].id]


@pytest.mark.clause("G1", "T7")
async def test_an_objection_accepted_past_midnight_has_its_days_from_its_receipt(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16, 23, 58), direct=True)
    await play.reaches("C3")
    stage.outages.begin(play.case_id, "publish_notice")
    await play.act("C3")
    await felt(play, "publish_notice")
    await play.object()
    await play.until(at(11, 17, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(11, 17, 0, 2))
    due = (await play.limit("T7")).due
    (accepted,) = await play.entries(EntryKind.OBJECTION_ACCEPTED)
    assert beijing(accepted.at).date() == date(YEAR, 11, 17)
    assert due == midnight(last_day(date(YEAR, 11, 16), 15))


@pytest.mark.clause("G7")
@pytest.mark.server
async def test_what_comes_in_while_the_registry_is_away_is_kept(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.file()
    stage.outages.begin(play.case_id, "write_ledger")
    await play.act("C2")
    await felt(play, "write_ledger")
    await play.act("C3")
    objection = await play.object()
    kept = stage.registry.ledger(play.case_id)
    assert "C3" not in [entry.step for entry in kept if entry.kind is EntryKind.ACT]
    stage.outages.end(play.case_id)
    seen = await play.reaches("C4")
    assert seen.open_objections == (objection,)
    await play.file()


@pytest.mark.clause("C7")
async def test_the_register_is_changed_once_it_can_be(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.pass_until("C7")
    stage.outages.begin(play.case_id, "strike_off_county")
    await play.act("C7", document_number="合成〔9〕号")
    await felt(play, "strike_off_county")
    said = await play.update("object", {"id": "late", "text": "太晚（合成）"})
    assert "too late, the register is being changed" in said
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    assert (await play.ends()).ending is Ending.EXITED
    await play.file()
    standings = stage.registry.county_record(play.code).standings
    assert [standing.status.value for standing in standings] == ["listed", "exited"]
