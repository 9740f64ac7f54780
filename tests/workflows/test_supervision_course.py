"""The whole way of a supervision: drawn, checked, heard, decided (F6)."""

from datetime import timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.supervision.admission import SupervisionFacts
from models.supervision.messages import SupervisionApplication
from models.supervision.sampling import HOUSEHOLD, VILLAGE, drawn
from operators.desk.desk import Refused
from registry.database.engine import reading
from registry.tables import ObjectionRow, SupervisionRow
from tests.play import eventually
from tests.replays import replay
from tests.stage import YEAR, Stage, at
from tests.supervision_stage import (
    PROVINCE,
    household,
    inspects,
    inspects_directly,
    opening,
    put_exited,
    village,
)


def data(entry: Any, key: str) -> Any:
    return entry.data[key]


@pytest.mark.server
@pytest.mark.clause("F6", "S4", "G7")
async def test_a_sample_is_drawn_checked_heard_and_decided(stage: Stage) -> None:
    made = put_exited(stage, villages=2, households=3)
    play = await inspects(stage, made.county, at(4, 1), households=4, villages=1, seed="abc")
    assert play.case_id == f"supervision/{made.county}/{YEAR}-s1"
    assert await play.drawn() == (
        drawn("abc", HOUSEHOLD, made.households, 4),
        drawn("abc", VILLAGE, made.villages, 1),
    )
    limit = await play.limit("F6")
    assert limit.last_day == at(5, 31).date()  # sixty days behind 1 April, a Monday
    await play.is_heard()
    await play.act("J4")
    outcome = await play.ends()
    assert (outcome.ending, outcome.by, outcome.step) == (Ending.CONCLUDED, PROVINCE, "J4")
    assert outcome.document_number == "合成〔4〕号"

    entries = await play.file()
    done = [entry.step for entry in entries if entry.kind is EntryKind.STEP_DONE]
    assert done == ["J1", "J2", "J3", "J4"]
    (kept,) = [data(entry, "sample") for entry in entries if entry.kind is EntryKind.SAMPLE]
    sample = stage.registry.supervision.sample(play.case_id).sample
    assert kept == sample.model_dump(mode="json")
    (result,) = [
        data(entry, "supervision") for entry in entries if entry.kind is EntryKind.SUPERVISION
    ]
    # 4 households of 4 people; of one village's 1000 people 12 were ever registered.
    assert result["rates"] == {
        "incidence": {"part": 0, "whole": 2_000},
        "wrongly_exited": {"part": 0, "whole": 16},
        "omitted": {"part": 0, "whole": 988},
        "recognition": {"part": 13, "whole": 14},
    }
    told = {each["recipient"]["office"] for each in play.told("结果")}
    assert told == {f"A5/{made.county}", f"A6/{made.county[:4]}00", PROVINCE}
    with reading(stage.settings.engine()) as session:
        row = session.get(SupervisionRow, play.case_id)
        assert row is not None
        assert (row.county_code, row.year, row.office) == (made.county, YEAR, PROVINCE)
        assert (row.document, row.failed) == ("合成〔4〕号", "[]")
    (case,) = [each for each in stage.registry.case_rows() if each.case_id == play.case_id]
    assert (case.procedure, case.outcome) == ("supervision", "concluded")


@pytest.mark.clause("A8", "F14")
@pytest.mark.parametrize("body", ["A8", "A6"])
async def test_nation_and_city_draw_check_and_decide_as_the_province_does(
    stage: Stage, body: str
) -> None:
    made = put_exited(stage, households=3)
    by = "A8/100000" if body == "A8" else f"A6/{made.county[:4]}00"
    play = await inspects(stage, made.county, at(4, 1), households=2, seed="abc", office=by)
    assert (await play.drawn())[0] == drawn("abc", HOUSEHOLD, made.households, 2)
    with pytest.raises(Refused, match="may not hand in findings here"):
        await play.check(office=PROVINCE, villages=[village(made.villages[0])])
    asked = {"county": made.county, "year": YEAR, "reason": "专项检查（合成）"}
    for office, open_case in ((None, None), (PROVINCE, None), (by, play.case_id)):
        application = SupervisionApplication.model_validate(asked | {"office": office})
        facts = stage.registry.facts(application, at(4, 2).date())
        assert isinstance(facts, SupervisionFacts)
        assert facts.open_case == open_case  # one of each office at a time (G9)
    await play.is_heard()
    await play.act("J4")
    assert (await play.ends()).by == by
    (opened,) = await play.entries(EntryKind.OPENED)
    assert ("国家抽查" if body == "A8" else "市级督查") in opened.text
    told = {each["recipient"]["office"] for each in play.told("结果")}
    assert told == {f"A5/{made.county}", f"A6/{made.county[:4]}00", PROVINCE, by}
    with reading(stage.settings.engine()) as session:
        row = session.get(SupervisionRow, play.case_id)
        assert row is not None
        assert row.office == by


@pytest.mark.clause("F6", "G9")
async def test_without_a_seed_one_is_drawn_by_lot(stage: Stage) -> None:
    made = put_exited(stage, households=12)
    first = await inspects(stage, made.county, at(4, 1), households=5)
    await first.drawn()
    with pytest.raises(Refused, match=f"open special inspection: {first.case_id} "):
        await inspects(stage, made.county, at(4, 1), households=5)  # one at a time (G9)
    await first.is_heard()
    await first.act("J4")
    await first.ends()
    second = await inspects(stage, made.county, at(4, 1), households=5)
    await second.drawn()
    assert second.case_id.endswith("-s2")
    kept = [stage.registry.supervision.sample(each.case_id).sample for each in (first, second)]
    assert [len(each.households) for each in kept] == [5, 5]
    assert kept[0].sha256 == kept[1].sha256
    assert kept[0].seed != kept[1].seed


@pytest.mark.clause("F6")
async def test_where_nobody_has_left_the_case_says_so_and_ends(stage: Stage) -> None:
    play = await inspects(stage, stage.county(), at(4, 1))
    outcome = await play.ends()
    assert outcome.ending is Ending.CONCLUDED
    assert outcome.reason == f"截至{YEAR}-04-01，该县没有已退出的贫困户和贫困村，无可抽样"
    assert not await play.entries(EntryKind.LIMIT_SET)


@pytest.mark.clause("F6")
async def test_a_quarterly_round_has_an_id_of_its_own(stage: Stage) -> None:
    made = put_exited(stage)
    play = await inspects_directly(stage, opening(stage, made.county, at(4, 1)), at(4, 1))
    await play.reaches("J2")
    (opened,) = await play.entries(EntryKind.OPENED)
    assert opened.text == f"启动合成{made.county}县{YEAR}年第2季度督导"
    wrong = opening(stage, made.county, at(4, 1), case_id=f"supervision/{made.county}/{YEAR}-q3")
    play = await inspects_directly(stage, wrong, at(4, 1))
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert "but of the form" in outcome.reason


@pytest.mark.clause("F6")
async def test_what_is_opened_with_another_county_than_the_registers_is_not_admitted(
    stage: Stage,
) -> None:
    made = put_exited(stage)
    other = stage.known(made.county).model_copy(update={"directly_administered": True})
    given = opening(stage, made.county, at(4, 1)).model_copy(update={"subject": other})
    play = await inspects_directly(stage, given, at(4, 1))
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert "directly_administered True for False" in outcome.reason


@pytest.mark.clause("F6")
async def test_checks_are_complete_when_everything_drawn_has_a_finding(stage: Stage) -> None:
    made = put_exited(stage, households=3)
    play = await inspects(stage, made.county, at(4, 1))
    households, (place,) = await play.drawn()
    said = await play.update("act", play.message("J2"))
    assert f"J2: 4 drawn without a finding: {', '.join(households)}, {place}" in said
    await play.check(households=[household(code) for code in households])
    assert f"J2: 1 drawn without a finding: {place}" in await play.update("act", play.message("J2"))
    # Found again, otherwise: both stay on file, the later counts.
    await play.check(households=[household(households[0], "S1.food")], villages=[village(place)])
    await play.act("J2")
    await play.hears()
    first, second = await play.entries(EntryKind.CHECKS)
    assert first.text == "河南省扶贫开发领导小组提交核查结果：核查3户，错退0户"
    assert second.text == "河南省扶贫开发领导小组提交核查结果：核查1户，错退1户；核查1村，漏评0人"
    (rates,) = await play.entries(EntryKind.RATES)
    assert data(rates, "rates")["wrongly_exited"] == {"part": 4, "whole": 12}
    said = await play.update("check", play.findings(households=[household(households[0])]))
    assert f"the checks (J2) are complete; {households[0]} can be found on again only" in said


@pytest.mark.clause("F6", "A7")
async def test_what_cannot_be_found_is_refused_with_a_sentence(stage: Stage) -> None:
    made, other = put_exited(stage), put_exited(stage)
    play = await inspects(stage, made.county, at(4, 1))
    await play.drawn()

    async def refused(**fields: Any) -> str:
        return await play.update("check", play.findings(**fields))

    outside = other.households[0]
    assert f"household {outside} is not in the sample" in await refused(
        households=[household(made.households[0]), household(outside)]
    )
    strange = await refused(villages=[village(other.villages[0])])
    assert f"village {other.villages[0]} is not in the sample" in strange
    # 1000 people, of whom three households of four were registered.
    many = village(made.villages[0], omitted_people=989, omitted_households=1)
    assert "989 omitted people are more than the 988" in await refused(villages=[many])
    more = village(made.villages[0], asked=1, recognising=2)
    assert "recognising: 2 of 1 asked cannot be" in await refused(villages=[more])
    own = [household(made.households[0])]
    assert "may not hand in findings here" in await refused(
        households=own, office=f"A5/{made.county}"
    )
    early = at(3, 31).isoformat()
    assert "lies before" in await refused(households=own, at=early)
    assert not await play.entries(EntryKind.CHECKS)
    override = play.message("J2", overrides=["S4.wrong"], reason="应退则退")
    assert "overrides: no act of this case carries it" in await play.update("act", override)
    assert "this case takes act, resolve, check, plead, file" in await play.update(
        "object", {"id": "o-1", "text": "异议"}
    )


@pytest.mark.clause("F6", "T7")
async def test_the_county_pleads_and_is_answered(stage: Stage) -> None:
    made = put_exited(stage, households=4)
    play = await inspects(stage, made.county, at(4, 1))
    households, _ = await play.drawn()
    await play.is_checked(**{households[0]: ("S1.housing",), households[1]: ("S1.food",)})
    told = await play.has_told("申诉", 1)
    assert told[0]["recipient"]["office"] == f"A5/{made.county}"
    assert "错退率 8/16，为50%，标准 <2%" in told[0]["text"]
    hearing = await play.limit("F6.hearing")
    assert hearing.last_day == at(4, 8).date()

    upheld = await play.plead(households[0])
    dismissed = await play.plead(households[1])
    await play.waits(lambda seen: seen.waiting_for == PROVINCE)
    again = await play.update("plead", play.plea(households[0]))
    assert f"a plea about {households[0]} is open already: {upheld}" in again
    await play.until(hearing.due + timedelta(days=1))
    tardy = await play.update("plead", play.plea(households[2]))
    assert f"plead: the time of the hearing ended at 24:00 on {YEAR}-04-08" in tardy
    said = await play.update("act", play.message("J4"))
    assert f"J3 申诉举证 goes on while a plea is open: {upheld}, {dismissed} (F6)" in said
    back = play.result(upheld, return_to="J2")
    assert "sends nothing back" in await play.update("resolve", back)
    await play.resolve(dismissed, "dismissed")
    await play.resolve(upheld, "upheld")

    # Set aside: another finding has to come, that says nothing worse.
    await play.waits(lambda seen: not seen.open_objections and seen.waiting_for == PROVINCE)
    missing = f"goes on until there is a new finding on {households[0]}"
    assert missing in await play.update("act", play.message("J4"))
    in_time = (hearing.due - timedelta(minutes=1)).isoformat()
    on_the_same = play.plea(households[0], at=in_time)
    assert "was set aside already" in await play.update("plead", on_the_same)
    worse = household(households[0], "S1.housing", recognises=False)
    assert "申诉不加重" in await play.update("check", play.findings(households=[worse]))
    await play.until(hearing.due + timedelta(days=3))
    await play.check(households=[household(households[0])])
    await play.reaches("J4")
    early = play.message("J4", at=(hearing.due + timedelta(days=2)).isoformat())
    assert "on which J4 结果认定 rests" in await play.update("act", early)
    await play.act("J4")
    await play.ends()
    (result,) = await play.entries(EntryKind.SUPERVISION)
    assert data(result, "supervision")["rates"]["wrongly_exited"] == {"part": 4, "whole": 16}
    assert data(result, "supervision")["failed"] == ["S4.wrong"]
    answers = [each["subject"] for each in play.told("答复")]
    assert len(answers) == 2
    assert all("申诉 plea-" in each for each in answers)
    with reading(stage.settings.engine()) as session:
        row = session.get(ObjectionRow, (play.case_id, upheld))
        assert row is not None
        assert (row.finding, row.objector) == ("upheld", None)


@pytest.mark.clause("F6")
async def test_the_hearing_lasts_its_days_unless_the_county_ends_it(stage: Stage) -> None:
    made = put_exited(stage)
    play = await inspects(stage, made.county, at(4, 1))
    await play.reaches("J2")
    assert "the hearing (J3 申诉举证) has not begun" in await play.update(
        "plead", play.plea(made.households[0])
    )
    await play.is_checked()
    due = (await play.limit("F6.hearing")).due
    await play.until(due - timedelta(hours=1))
    said = await play.update("act", play.message("J4"))
    assert f"J3 申诉举证 goes on until 24:00 on {YEAR}-04-08 (F6)" in said
    city = play.message("J3", office=f"A6/{made.county[:4]}00")
    assert "may not decide J3 申诉举证 here" in await play.update("act", city)
    await play.until(due + timedelta(minutes=1))
    await play.reaches("J4")
    late = await play.update("plead", play.plea(made.households[0]))
    assert "the hearing (J3 申诉举证) is over" in late
    assert "document_number" in await play.update("act", play.message("J4", document_number=None))
    await play.act("J4")
    assert (await play.ends()).ending is Ending.CONCLUDED


@pytest.mark.clause("F6")
async def test_a_plea_needs_an_open_hearing_a_drawn_item_and_its_own_county(stage: Stage) -> None:
    made, other = put_exited(stage), put_exited(stage)
    play = await inspects(stage, made.county, at(4, 1))
    drawn_one, rightly = made.households[:2]
    await play.is_checked(**{drawn_one: ("S1.food",)})
    favourable = await play.update("plead", play.plea(rightly))
    assert f"about: nothing was found against the county in {rightly}" in favourable
    foreign = play.plea(drawn_one, office=f"A5/{other.county}")
    assert "may not plead here" in await play.update("plead", foreign)
    outside = await play.update("plead", play.plea(other.households[0]))
    assert f"about: {other.households[0]} is not in the sample" in outside
    assert "evidence" in await play.update("plead", play.plea(drawn_one, evidence=[]))
    assert "lies before" in await play.update(
        "plead", play.plea(drawn_one, at=at(3, 1).isoformat())
    )
    plea = await play.plead(drawn_one)
    await play.act("J3")  # done, and waiting for the answer
    ended = await play.update("plead", play.plea(made.households[1]))
    assert "the county has ended its hearing (J3) itself" in ended
    assert "has ended its hearing already" in await play.update("act", play.message("J3"))
    await play.resolve(plea, "dismissed")
    await play.reaches("J4")


@pytest.mark.clause("F6", "G4")
async def test_a_report_that_comes_late_is_marked_and_valid(stage: Stage) -> None:
    made = put_exited(stage)
    play = await inspects(stage, made.county, at(4, 1))
    await play.is_heard()
    due = (await play.limit("F6")).due
    await play.until(due + timedelta(days=1))

    async def breached() -> bool:
        return bool(await play.entries(EntryKind.BREACH))

    await eventually(breached)
    (breach,) = await play.entries(EntryKind.BREACH)
    assert breach.text.startswith("F6 督导报告逾期")
    await play.act("J4")
    await play.ends()
    assert [entry.text[:6] for entry in await play.entries(EntryKind.LATE)] == ["F6 督导报"]


@pytest.mark.server
@pytest.mark.clause("F6", "G7")
async def test_what_is_sent_while_the_sample_cannot_be_drawn_is_kept(own_stage: Stage) -> None:
    """Registry and worker are away in J1; what comes as a signal waits until there is a sample."""
    made = put_exited(own_stage, households=2)
    case_id = f"supervision/{made.county}/{YEAR}-s1"
    own_stage.outages.begin(case_id, "draw_sample", again_in=timedelta(seconds=2))
    play = await inspects(own_stage, made.county, at(4, 1))

    async def felt() -> bool:
        return own_stage.outages.felt(case_id, "draw_sample")

    await eventually(felt)
    found = play.findings(
        households=[household(code) for code in made.households],
        villages=[village(code) for code in made.villages],
    )
    assert "is not admitted yet; try again in a moment" in await play.update("check", found)
    await own_stage.crew.goes()
    await play.signal("check", found)
    await play.signal("act", play.message("J2"))
    own_stage.outages.end(case_id)
    await own_stage.crew.comes()
    await play.until(await play.now() + timedelta(seconds=5))
    await play.hears()
    assert not await play.refused()
    await play.act("J3")
    await play.reaches("J4")
    await play.act("J4")
    await play.ends()
    kept = await play.file()
    assert [entry.kind for entry in kept].count(EntryKind.SAMPLE) == 1
    assert (await replay(await play.history())).entries == kept


@pytest.mark.clause("F6", "G5")
async def test_a_plea_is_looked_at_before_the_end_of_the_hearing_that_an_outage_hid(
    own_stage: Stage,
) -> None:
    made = put_exited(own_stage)
    play = await inspects(own_stage, made.county, at(4, 1))
    await play.is_checked(**{made.households[0]: ("S1.food",)})
    due = (await play.limit("F6.hearing")).due
    await play.until(due - timedelta(hours=1))
    await play.rests()
    await own_stage.crew.goes()
    await play.until(due + timedelta(seconds=2))
    plea = play.plea(made.households[0], at=(due - timedelta(minutes=1)).isoformat())
    await play.signal("plead", plea)
    await own_stage.crew.comes()
    await play.waits(lambda seen: seen.open_objections == (plea["id"],))
    await play.resolve(plea["id"], "dismissed")
    await play.reaches("J4")
    assert not await play.refused()
