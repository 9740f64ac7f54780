"""The same message more than once, and messages that come before their time."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from operators.desk.desk import Refused
from tests.models.samples import PROOF
from tests.stage import Stage, at


@pytest.mark.clause("C2")
@pytest.mark.server
async def test_an_act_sent_again_has_one_effect_and_one_receipt(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    first = await play.act("C2", id="once")
    assert await play.act("C2", id="once") == first  # the same update
    await play.send("act", play.message("C2", id="once"))  # another update of the same act
    await play.reaches("C3")
    assert await play.act("C2", id="once") == first  # after its step
    await play.signal("act", play.message("C2", id="once"))
    await play.act("C3")
    await play.reaches("C4")
    acts = await play.entries(EntryKind.ACT)
    assert [act.step for act in acts] == ["C2", "C3"]
    assert acts[0].seq == first.seq
    assert not await play.entries(EntryKind.REFUSED)


@pytest.mark.clause("C2")
async def test_a_signal_sent_twice_counts_once(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    act = play.message("C2")
    await play.signal("act", act)
    await play.signal("act", act)
    await play.reaches("C3")
    receipt = await play.act("C2", id=act["id"])
    (entry,) = await play.entries(EntryKind.ACT)
    assert (receipt.seq, receipt.hash) == (entry.seq, entry.hash)
    assert not await play.entries(EntryKind.REFUSED)


@pytest.mark.clause("C2")
async def test_an_id_is_not_used_for_another_content(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.reaches("C2")
    act = play.message("C2", id="once")
    await play.send("act", act)
    said = await play.update("act", act | {"officer": "某丁"})
    assert "id: once was already used for a different content" in said
    await play.signal("act", act | {"officer": "某丁"})
    await play.reaches("C3")
    (why,) = await play.refused()
    assert why == "id: once was already used for a different content"


@pytest.mark.clause("G1")
async def test_objections_and_resolutions_sent_again_count_once(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    objection = {"id": "same", "text": "道路未通（合成）"}
    await play.send("object", objection)
    await play.send("object", objection)
    await play.signal("object", objection)
    await play.waits(lambda seen: seen.open_objections == ("same",))
    with pytest.raises(Refused, match="different content"):
        await play.object(id="same", text="另一件（合成）")
    first = await play.resolve("same", "dismissed", id="result")
    assert await play.resolve("same", "dismissed", id="result") == first
    said = await play.update(
        "resolve",
        {
            "id": "other",
            "objection_id": "same",
            "finding": "upheld",
            "reason": "再查（合成）",
            "office": "A7/410000",
            "officer": "某丙",
            "evidence": [PROOF],
        },
    )
    assert "objection same is already resolved: dismissed" in said
    assert len(await play.entries(EntryKind.OBJECTION)) == 1
    assert len(await play.entries(EntryKind.RESOLUTION)) == 1


@pytest.mark.clause("C2", "C3")
async def test_an_early_act_is_kept_until_its_step_opens(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    for step in ("C2", "C3"):
        await play.signal("act", play.message(step))
    await own_stage.crew.comes()
    await play.reaches("C4")
    entries = await play.file()
    acts = [entry for entry in entries if entry.kind is EntryKind.ACT]
    (opened,) = [
        entry for entry in entries if entry.kind is EntryKind.STEP_OPENED and entry.step == "C3"
    ]
    assert [act.step for act in acts] == ["C2", "C3"]
    assert acts[1].seq < opened.seq
    assert not await play.entries(EntryKind.REFUSED, EntryKind.LAPSED)


@pytest.mark.clause("C2", "C3", "C5")
async def test_an_act_that_has_no_basis_yet_is_refused(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    for step in ("C3", "C2", "C2", "C5", "C3", "C5"):
        await play.signal("act", play.message(step))
    await own_stage.crew.comes()
    await play.reaches("C4")
    entries = await play.entries(EntryKind.ACT, EntryKind.REFUSED)
    assert [entry.kind.value for entry in entries] == [
        "refused", "act", "refused", "refused", "act", "refused"
    ]  # fmt: skip
    why = await play.refused()
    assert why[0].startswith(f"C3 is not open; {play.case_id} is at C2 市级初审 (round 1)")
    assert why[1] == "C2 市级初审 is already decided in round 1"
    assert why[2].startswith("C5 is not open")


@pytest.mark.clause("C2", "G3")
async def test_nothing_follows_a_return_that_waits(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16))
    await play.reaches("C2")
    await play.rests()
    await own_stage.crew.goes()
    back = play.message("C2", "return", reason="补充材料（合成）", return_to="C1")
    await play.signal("act", back)
    await play.signal("act", play.message("C3"))
    await play.signal("act", play.message("C2"))
    await own_stage.crew.comes()
    await play.reaches("C1", 2)
    why = await play.refused()
    assert why == [f"C2 市级初审 is already decided: return, {play.office('C2')}"] * 2


@pytest.mark.clause("C4", "C5", "T1")
async def test_an_act_that_comes_with_the_end_of_publicity_is_kept(own_stage: Stage) -> None:
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    await play.rests()
    closes = (await play.limit("T1")).due
    await own_stage.crew.goes()
    await play.until(closes + timedelta(seconds=2))
    await play.signal("act", play.message("C5"))
    await own_stage.crew.comes()
    await play.reaches("C6")
    assert not await play.entries(EntryKind.REFUSED)


@pytest.mark.clause("C4", "C5")
async def test_nothing_is_reported_before_the_notice_is_posted(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    stage.outages.begin(play.case_id, "publish_notice")
    await play.reaches("C3")
    await play.act("C3")
    await play.waits(lambda seen: seen.step == "C4")
    said = await play.update("act", play.message("C5"))
    stage.outages.end(play.case_id)
    assert "C5 is not open" in said
    await play.reaches("C4")


@pytest.mark.clause("C4", "C5")
async def test_nothing_is_reported_while_publicity_runs(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    closes = await play.limit("T1")
    with pytest.raises(Refused, match=f"goes on until 24:00 on {closes.last_day} \\(T1\\)"):
        await play.act("C5")
