"""V2: a village's notice at the seat of the township, and what objections to it do (T1, G1, G2)."""

from datetime import timedelta

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from operators.desk.desk import Refused
from tests.play import eventually
from tests.registry.known import village_facts
from tests.stage import YEAR, Stage, at
from tests.village_stage import (
    GROUND,
    known_village,
    opens_for_village,
    opens_village,
    put_household,
    survey,
)


@pytest.mark.clause("V2", "T1", "S2", "G8")
async def test_a_notice_tells_of_the_village_and_of_no_person(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    found = survey(collective_income_yuan=50_000, industry="某甲养殖合作社（合成）")
    await play.is_surveyed(survey=found)
    (notice,) = stage.registry.notices(play.case_id)
    village = known_village(stage, play.code)
    for sentence in (
        f"# 关于{village.full_name}拟退出贫困村的公示\n",
        "现在合成乡所在地公示公告，征求意见。",
        "建档立卡未脱贫人口 4 人，农村户籍人口 300 人，贫困发生率约为1.33%。",
        "2. 通村公路硬化：是。\n",
        "10. 基本实现通宽带：是。\n",
        "村集体经济收入 50000 元。",
        f"均可向合成{play.county}县扶贫开发领导小组提出",
    ):
        assert sentence in notice.markdown
    for person in ("某甲", "某乙", "张某"):
        assert person not in notice.markdown
    closes = await play.limit("T1")
    assert beijing(closes.due).date() - beijing(notice.posted_at).date() >= timedelta(days=8)


@pytest.mark.clause("V2", "G1", "A5")
async def test_publicity_goes_on_until_the_county_has_dismissed_an_objection(
    stage: Stage,
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    objection = await play.object("卫生室未投用（合成）", objector="钱某某", contact="示例")
    closes = await play.limit("T1")
    await play.until(closes.due + timedelta(days=1))
    seen = await play.status()
    assert (seen.step, seen.waiting_for) == ("V2", play.office("V2"))
    with pytest.raises(Refused, match=r"goes on while 1 objection\(s\) are open \(G1\)"):
        await play.report()
    with pytest.raises(Refused, match=rf"may not resolve {objection} here; 合成.*县"):
        await play.resolve(objection, "dismissed", office=play.office("V3"))
    await play.resolve(objection, "dismissed")
    await play.reaches("V3")
    (answer,) = await play.has_told("答复", 1)
    assert answer["recipient"]["name"] == "钱某某"


@pytest.mark.clause("V2", "V1", "G1", "G3", "S2")
async def test_an_upheld_objection_sends_back_to_a_new_survey_and_a_new_notice(
    stage: Stage,
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    objection = await play.object()
    put_household(stage, play.code, 1)
    await play.resolve(objection, "upheld", return_to="V1")
    await play.reaches("V1", 2)
    assert (await play.limit("G3")).request.start is not None
    await play.act("V1", survey=survey(bus="not_feasible"))
    await play.reaches("V2", 2)
    counts = [entry.text for entry in await play.entries(EntryKind.FINDINGS) if entry.step == "V1"]
    assert ["4/300" in counts[0], "5/300" in counts[2]] == [True, True]
    first, second = stage.registry.notices(play.case_id)
    assert second.replaces == first.id
    assert "未脱贫人口 5 人" in second.markdown
    assert f"通客运班车：不具备条件（{GROUND}）。" in second.markdown
    await play.end_publicity()
    await play.reaches("V3", 2)


@pytest.mark.clause("V2", "G1", "G9")
async def test_an_upheld_objection_takes_the_village_off_the_years_list(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    upheld = await play.object()
    pending = await play.object(objector="孙某某", contact="示例")
    await play.resolve(upheld, "upheld")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_EXITED, "V2")
    lapsed = [entry.text for entry in await play.entries(EntryKind.LAPSED)]
    assert lapsed == [f"异议 {pending}未办结，因未退出终止调查"]
    (answer,) = [
        each for each in await play.has_told("答复", 1) if each["recipient"]["name"] == "孙某某"
    ]
    assert answer["text"] == "该事项已办结（未退出），调查随之终止。"
    village = known_village(stage, play.code)
    with pytest.raises(Refused, match=f"{village.name} .*was not exited in .*{play.case_id}"):
        await opens_for_village(stage, play.code, at(11, 30))


@pytest.mark.clause("V3", "G2")
async def test_a_report_suspends_the_change_of_the_register(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    report = await play.object("举报数据不实（合成）")
    await play.act("V3")
    seen = await play.waits(lambda seen: seen.waiting_for == play.office("V2"))
    assert (seen.step, seen.open_objections) == ("V3", (report,))
    await play.until(await play.now() + timedelta(days=1))
    assert (await play.status()).outcome is None
    assert village_facts(stage.registry, play.code, YEAR, at(12, 31).date()).listed
    await play.resolve(report, "dismissed")
    assert (await play.ends()).ending is Ending.EXITED
    entries = await play.file()
    (resolved,) = [entry for entry in entries if entry.kind is EntryKind.RESOLUTION]
    (change,) = [entry for entry in entries if entry.kind is EntryKind.REGISTER_CHANGE]
    assert change.seq > resolved.seq


@pytest.mark.clause("V2", "T1")
async def test_a_notice_that_cannot_be_published_is_posted_later(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16, 23, 58))
    await play.reaches("V1")
    stage.outages.begin(play.case_id, "publish_notice")
    await play.act("V1")

    async def felt() -> bool:
        return stage.outages.felt(play.case_id, "publish_notice")

    await eventually(felt)
    said = await play.update("act", play.message("V3", office=play.office("V1")))
    assert "V3 is not open; V2 公示公告 is about to be posted (T1)" in said
    await play.until(at(11, 17, 0, 0, 5))
    stage.outages.end(play.case_id)
    await play.until(at(11, 17, 0, 2))
    await play.reaches("V2")
    (notice,) = stage.registry.notices(play.case_id)
    assert (beijing(notice.posted_at).date(), notice.replaces) == (at(11, 17).date(), None)
