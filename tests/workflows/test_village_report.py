"""V3: the county reports, then the city decides; early, late, twice, back, and never by itself."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.policy import Body
from operators.desk.desk import Refused
from tests.registry.known import village_facts
from tests.stage import Stage, at
from tests.village_stage import VillagePlay, opens_village


async def to_be_reported(stage: Stage, **more: object) -> VillagePlay:
    """A case whose publicity has ended: the county's report is awaited."""
    play = await opens_village(stage, at(11, 16), **more)  # type: ignore[arg-type]
    await play.is_surveyed()
    await play.end_publicity()
    await play.reaches("V3")
    return play


@pytest.mark.clause("V3", "A5", "A6")
async def test_nothing_is_approved_that_the_county_has_not_reported(stage: Stage) -> None:
    play = await to_be_reported(stage)
    seen = await play.status()
    assert seen.waiting_for == play.office("V1")
    with pytest.raises(Refused, match=r"A6/.* may not decide V3 批准退出 here; .*县.* may"):
        await play.act("V3")
    await play.signal("act", play.message("V3"))
    await play.report(document_number="合成〔8〕号")
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    assert not (await play.status()).outcome
    (why,) = await play.refused()
    assert why.startswith(f"{play.office('V3')} may not decide V3")


@pytest.mark.clause("V3")
async def test_the_approval_needs_the_number_of_its_document(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    with pytest.raises(Refused, match=r"document_number: the approval \(V3\) needs the number"):
        await play.act("V3", document_number=None)
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("V2", "V3")
async def test_report_and_approval_that_come_while_no_worker_runs(own_stage: Stage) -> None:
    """With the end of publicity only the report is early; behind it the approval is kept too."""
    play = await opens_village(own_stage, at(11, 16))
    await play.is_surveyed()
    await play.rests()
    closes = (await play.limit("T1")).due
    report = {"office": play.office("V1")}
    await own_stage.crew.goes()
    await play.until(closes + timedelta(seconds=2))
    await play.signal("act", play.message("V3"))
    await play.signal("act", play.message("V3", **report))
    await own_stage.crew.comes()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    assert len(await play.refused()) == 1
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("V3", "return", return_to="V2", reason="补充（合成）"))
    await own_stage.crew.comes()
    await play.reaches("V2", 2)
    await play.end_publicity()
    await play.reaches("V3", 2)
    await play.waits(lambda seen: seen.waiting_for == play.office("V1"))
    await play.rests()
    await own_stage.crew.goes()
    await play.signal("act", play.message("V3", **report))
    await play.signal("act", play.message("V3"))
    await own_stage.crew.comes()
    assert (await play.ends()).ending is Ending.EXITED
    assert len(await play.entries(EntryKind.REFUSED)) == 1


@pytest.mark.clause("V3", "G3")
@pytest.mark.parametrize("target", ["V1", "V2"])
async def test_the_city_returns_the_case_and_every_later_step_is_passed_again(
    stage: Stage, target: str
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    await play.act("V3", "return", return_to=target, reason="补充材料（合成）")
    await play.reaches(target, 2)
    if target == "V1":
        await play.act("V1")
        await play.reaches("V2", 2)
    await play.end_publicity()
    await play.reaches("V3", 2)
    with pytest.raises(Refused, match="may not decide V3"):
        await play.act("V3")
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    titles = [each.title for each in stage.registry.notices(play.case_id)]
    assert [title[-2:] for title in titles] == ["公示", "公示", "公告"]


@pytest.mark.clause("V3", "G9")
async def test_the_city_rejects_and_the_village_stays_on_the_list(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    await play.act("V3", "reject", reason="未达标（合成）", document_number="合成〔4〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.by) == (
        Ending.NOT_EXITED, "V3", play.office("V3")
    )  # fmt: skip
    assert village_facts(stage.registry, play.code, at(6, 1).year, at(12, 31).date()).listed


@pytest.mark.clause("V3", "A6")
async def test_where_the_policy_says_so_the_city_approves_of_a_direct_county_too(
    stage: Stage,
) -> None:
    approval = stage.policy.village_approval.model_copy(
        update={"where_directly_administered": Body.CITY_GROUP}
    )
    policy = stage.policy.model_copy(update={"village_approval": approval})
    play = await to_be_reported(stage, direct=True, policy=policy)
    await play.report()
    city = f"A6/{play.code[:4]}00"
    await play.waits(lambda seen: seen.waiting_for == city)
    with pytest.raises(Refused, match="A7/410000 may not decide V3"):
        await play.act("V3")
    await play.act("V3", office=city)
    assert (await play.ends()).by == city


@pytest.mark.server
@pytest.mark.clause("V3", "G9")
async def test_acts_sent_again_count_once(stage: Stage) -> None:
    play = await to_be_reported(stage)
    first = await play.report(id="report")
    assert await play.report(id="report") == first
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    assert await play.report(id="report") == first
    approval = play.message("V3", id="approval")
    await play.signal("act", approval)
    await play.signal("act", approval)
    assert (await play.ends()).ending is Ending.EXITED
    acts = [entry.actor.split()[0] for entry in await play.entries(EntryKind.ACT)]
    assert acts == [play.office("V1"), play.office("V1"), play.office("V3")]
    with pytest.raises(Refused, match="has ended"):
        await play.act("V3", id="another")
