"""Who is told (F15): households on paper, the township, every office that acted."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from models.case.documents import CaseDocument
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing, chinese
from models.supplement import SupplementApplication
from tests.models.document_samples import document
from tests.play import Play, eventually
from tests.registry.places import register
from tests.roster_stage import RosterPlay, livelihood, opens_roster, strikes_off
from tests.stage import YEAR, Stage, at
from tests.village_stage import known_village, opens_village
from tests.workflows.test_postings import from_posting
from workers.limits import PAYLOAD


@pytest.mark.clause("F15", "F1", "H3", "G1", "G8")
async def test_a_household_is_told_on_paper_of_posting_objection_result_and_exit(
    stage: Stage,
) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    disputed, other = case.households
    assert stage.registry.letters(case.case_id) == ()
    await case.is_posted()
    objection = await case.object(household=disputed, objector="钱某某", contact="示例")
    await case.rests()
    await case.resolve(objection, "dismissed", reason="13812345678号举报不实（合成）")
    await case.end_notice()
    await strikes_off(case, 2)
    await case.ends()
    letters = stage.registry.letters(case.case_id)
    assert [(each.kind, each.household) for each in letters] == [
        ("posting", disputed),
        ("posting", other),
        ("objection", disputed),
        ("result", disputed),
        ("exit", disputed),
        ("exit", other),
    ]
    texts = [each.markdown for each in letters]
    notice, announcement = stage.registry.notices(case.case_id)
    last_day = chinese(beijing(notice.closes_at - timedelta(seconds=1)).date())
    first_day = chinese(beijing(notice.posted_at).date())
    county = f"合成{case.code[:6]}县扶贫开发领导小组"
    for text, household in zip(texts, (disputed, other, *[disputed] * 3, other), strict=True):
        assert f"张{household}户（户编号 {household}，一组，3人）：" in text
        assert "）：本告知书已收到。" in text
        for hidden in ("钱某某", "示例）", "13812345678", "12000"):
            assert hidden not in text
    assert (
        f"公示编号 {notice.id}），在村内公示。公示期自{first_day}起，至{last_day}24时止。"
        in texts[0]
    )
    assert f"由{county}调查核实" in texts[0]
    assert f"的异议（编号 {objection}），由{county}自收到之日起15日内调查核实。" in texts[2]
    assert "已经办结：经调查不成立，理由：" in texts[3]
    assert "退出程序继续进行" in texts[3]
    assert f"（合成〔H4〕号），已予公告（公告编号 {announcement.id}）。" in texts[4]
    keeps = "你户退出后在攻坚期内继续享受国家和省扶贫相关政策，至"
    until = stage.policy.after_exit.support_until
    assert [keeps in texts[0], keeps in texts[4]] == [at(11, 16).date() <= until] * 2
    assert texts[0].rstrip().splitlines()[-3].endswith("“两委”")
    assert texts[4].rstrip().splitlines()[-3] == county


@pytest.mark.clause("F15", "G1")
@pytest.mark.parametrize(
    ("back", "then"),
    [
        (None, "你户不列入本次退出名单"),
        ("H2", "你户退回重新核实，经你户重新认可后另行公示。"),
        ("H3", "你户的公示重新发布，公示期重新计算。"),
    ],
)
async def test_a_household_is_told_what_an_upheld_objection_leads_to(
    stage: Stage, back: str | None, then: str
) -> None:
    case = await opens_roster(stage, at(11, 16), 1, lived=livelihood())
    await case.is_posted()
    objection = await case.object(household=case.households[0])
    await case.resolve(objection, "upheld", return_to=back)
    await case.rests()
    (result,) = (e for e in stage.registry.letters(case.case_id) if e.kind == "result")
    assert "经调查成立，理由：" in result.markdown
    assert then in result.markdown


@pytest.mark.clause("F15", "G1")
async def test_a_second_posting_takes_the_place_of_the_first(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1, lived=livelihood())
    await case.is_posted()
    objection = await case.object(household=case.households[0])
    await case.resolve(objection, "upheld", return_to="H3")
    await case.rests()
    first, _ = stage.registry.notices(case.case_id)
    once, again = (e for e in stage.registry.letters(case.case_id) if e.kind == "posting")
    assert "代替" not in once.markdown
    assert f"在村内公示，代替此前编号为 {first.id} 的公示。" in again.markdown


@pytest.mark.clause("F15", "G1")
async def test_a_letter_made_again_shows_its_own_posting_and_the_head_of_that_time(
    stage: Stage,
) -> None:
    case = await opens_roster(stage, at(11, 16), 1, lived=livelihood())
    (household,) = case.households
    await case.is_posted()
    await case.rests()
    (once,) = stage.registry.letters(case.case_id)
    assert f"张{household}户（户编号 {household}，一组，3人）：" in once.markdown
    register(stage.settings.engine(), case.code, {household: 2}, head="王{code}")
    await case.until(at(11, 18))
    assert stage.registry.letters(case.case_id) == (once,)
    await case.amend(household)
    await case.waits(
        lambda seen: bool(seen.households and len(stage.registry.notices(case.case_id)) == 2)
    )
    await case.rests()
    first, again = stage.registry.letters(case.case_id)
    assert first == once
    assert f"王{household}户（户编号 {household}，一组，2人）：" in again.markdown


@pytest.mark.clause("F15", "T1")
async def test_a_letter_says_if_the_days_count_from_the_posting(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1, policy=from_posting(stage, "H3"))
    await case.is_posted()
    await case.rests()
    (letter,) = stage.registry.letters(case.case_id)
    assert "在村内公示。公示期自本公示张贴之日起不少于7日" in letter.markdown


@pytest.mark.clause("F15", "V2")
async def test_township_and_every_office_that_acted_are_told_of_the_end(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    township = known_village(stage, play.code).township
    posting = [line for line in await play.has_told("张贴", 2) if not line["recipient"]["office"]]
    (asked,) = posting
    assert (asked["recipient"]["name"], asked["recipient"]["township"]) == (
        township.name, township.code
    )  # fmt: skip
    assert asked["subject"].endswith("V2 公示公告：公示在本乡（镇）张贴")
    await play.end_publicity()
    await play.reaches("V3")
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    assert play.told("结果") == []
    await play.act("V3")
    await play.ends()
    told = [line["recipient"] for line in await play.has_told("结果", 3)]
    whom = {each["office"] or each["township"] for each in told}
    assert whom == {play.office("V1"), play.office("V3"), township.code}


@pytest.mark.clause("G1", "T8", "G7")
async def test_many_answers_of_one_moment_go_out_in_orders_that_fit(own_stage: Stage) -> None:
    """While no worker runs, investigations end; then everybody is answered at once."""
    play = await own_stage.opens(at(11, 16), direct=True)
    await play.pass_until("C4")
    people = 100
    ids = [await play.object(objector=f"钱某{number}") for number in range(people)]
    await play.rests()
    await own_stage.crew.goes()
    long = "查明" * 2000
    for each in ids:
        await play.signal("resolve", play.result(each, "dismissed", reason=long))
    await own_stage.crew.comes()
    await play.has_told("答复", people)
    await play.rests()
    assert len({line["recipient"]["name"] for line in play.told("答复")}) == people
    says = [entry.seq for entry, _ in await play.says_told("答复")]
    assert max(Counter(says).values()) == 20  # and no more go out together
    orders = [
        event.activity_task_scheduled_event_attributes.input.ByteSize()
        for event in (await play.history()).events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert max(orders) < PAYLOAD * 3 // 4  # from there on a server warns
    assert own_stage.registry.unreached(play.case_id) == ()


def delivered(office: str, *deliveries: dict[str, Any], **changes: Any) -> CaseDocument:
    """A report of letters that were delivered on the day of the roster's posting."""
    given = [
        {"day": f"{YEAR}-11-16", "way": "household", "received_by": "张某甲"} | each
        for each in deliveries
    ]
    return CaseDocument.model_validate(
        document(office, kind="delivery", deliveries=given, **changes)
    )


async def reports(stage: Stage, case: RosterPlay, report: CaseDocument) -> str:
    """Hand a report of delivered letters in, on the day on which a case is; return its id."""
    of = stage.registry.documents.beside(case.case_id, report)
    assert of is not None
    application = SupplementApplication(of=of, document=report)

    def made(case_id: str) -> Play:
        return Play(stage, case_id, case.code)

    begins = (await case.now()) + timedelta(minutes=1)
    play = await stage.begun(*await stage.starts_by(application, begins, made))
    assert (await play.ends()).ending is Ending.CONCLUDED
    await play.file()
    return play.case_id


@pytest.mark.clause("F15", "G7", "F9")
async def test_delivered_letters_stand_beside_the_file_and_hold_nothing_up(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    first, second = case.households
    await case.is_posted()
    await case.file()
    letter, _ = stage.registry.deliveries.of(case.case_id)
    assert (letter.household, letter.kind, letter.delivered) == (first, "posting", None)
    committees = f"A1/{case.code}"
    report = delivered(committees, {"household": first, "letter": letter.entry})
    where = await reports(stage, case, report)
    assert where == f"supplement/{case.case_id}/1"
    (entry,) = [e for e in stage.registry.ledger(where) if e.kind is EntryKind.DOCUMENT]
    assert (entry.data["belongs_to"], entry.actor) == (case.case_id, f"{committees} 某庚")
    letter, other = stage.registry.deliveries.of(case.case_id)
    assert (letter.delivered, other.delivered) == (report.deliveries[0], None)
    assert not await case.entries(EntryKind.DOCUMENT)

    await case.end_notice()
    await strikes_off(case, 2)
    await case.ends()
    await case.file()
    *_, exit = stage.registry.deliveries.of(case.case_id)
    assert (exit.household, exit.kind) == (second, "exit")
    posted = {
        "household": second,
        "letter": exit.entry,
        "day": exit.written_on.isoformat(),
        "way": "posted",
        "received_by": None,
    }
    report = delivered(f"A5/{case.code[:6]}", posted, id="document-2")
    assert await reports(stage, case, report) == f"supplement/{case.case_id}/2"
    waiting = [each for each in stage.registry.deliveries.of(case.case_id) if not each.delivered]
    assert [(each.household, each.kind) for each in waiting] == [
        (second, "posting"),
        (first, "exit"),
    ]


@pytest.mark.clause("F15")
async def test_of_two_reports_of_one_letter_that_come_at_once_one_is_taken(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1)
    await case.is_posted()
    await case.file()
    (letter,) = stage.registry.deliveries.of(case.case_id)
    of = {"household": letter.household, "letter": letter.entry}
    reported = [
        delivered(f"A1/{case.code}", of | {"received_by": name}, id=f"report-{number}")
        for number, name in enumerate(("张某甲", "张某乙"))
    ]
    kept = stage.registry.documents.beside(case.case_id, reported[0])
    assert kept is not None
    applications = [SupplementApplication(of=kept, document=each) for each in reported]
    begins = (await case.now()) + timedelta(minutes=1)

    def made(case_id: str) -> Play:
        return Play(stage, case_id, case.code)

    first, wait = await stage.starts_by(applications[0], begins, made)
    stage.outages.begin(first.case_id, "write_ledger", again_in=timedelta(seconds=1))
    await stage.begun(first, wait)

    async def felt() -> bool:
        return stage.outages.felt(first.case_id, "write_ledger")

    await eventually(felt)  # it is admitted, and its letters are not on file yet
    begins = (await case.now()) + timedelta(minutes=1)
    second = await stage.begun(*await stage.starts_by(applications[1], begins, made))
    await second.until(await second.now() + timedelta(seconds=10))
    stage.outages.end(first.case_id)
    await first.until(await first.now() + timedelta(seconds=30))
    assert (await first.ends()).ending is Ending.CONCLUDED
    await second.until(await second.now() + timedelta(minutes=2))
    refused = await second.ends()
    assert refused.ending is Ending.NOT_ADMITTED
    assert "that is reported once, and a correction names" in refused.reason
    (letter,) = stage.registry.deliveries.of(case.case_id)
    assert letter.report == reported[0].id


@pytest.mark.clause("F15")
async def test_past_the_desk_no_letter_is_delivered_that_was_not_written(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1)
    await case.is_posted()
    await case.file()
    (letter,) = stage.registry.deliveries.of(case.case_id)
    report = delivered(
        f"A1/{case.code}", {"household": letter.household, "letter": letter.entry + 1}
    )
    of = stage.registry.documents.beside(case.case_id, report)
    assert of is not None
    supplement = await stage.desk.open(SupplementApplication(of=of, document=report))
    outcome = await Play(stage, supplement, case.code).ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert f"has no letter {letter.entry + 1}; its letters are {letter.entry}" in outcome.reason


@pytest.mark.clause("F15", "G1")
async def test_everybody_whom_an_objection_to_the_roster_holds_up_is_told(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    first, second = case.households
    await case.is_posted()
    one = await case.object(objector="钱某某", contact="示例")
    other = await case.object()
    alone = await case.object(household=first)
    await case.rests()
    await case.resolve(one, "dismissed")
    await case.resolve(other, "dismissed")
    await case.resolve(alone, "dismissed")
    await case.rests()
    letters = [e for e in stage.registry.letters(case.case_id) if e.kind != "posting"]
    assert [(e.kind, e.household) for e in letters] == [
        ("objection", first),
        ("objection", second),
        ("objection", first),
        ("result", first),
        ("result", second),
        ("result", first),
        ("result", second),
        ("result", first),
    ]
    texts = [each.markdown for each in letters]
    whole = f"你村{YEAR}年度拟退出贫困户名单（含你户）的异议"
    assert f"收到对{whole}（编号 {one}）" in texts[0]
    assert "办结之前，你户暂不销号。" in texts[1]
    assert f"收到对你户{YEAR}年度脱贫退出的异议（编号 {alone}）" in texts[2]
    assert f"对{whole}（编号 {one}）已经办结：经调查不成立" in texts[3]
    assert all("另有异议尚未办结" in text for text in texts[3:6])  # the other one is open
    assert f"（编号 {other}）已经办结" in texts[6]
    assert "退出程序继续进行" in texts[6]
    assert "退出程序继续进行" in texts[7]
    assert all("钱某某" not in text for text in texts)


@pytest.mark.clause("F15", "G1", "G3")
async def test_a_roster_that_goes_back_to_its_appraisal_is_told_to_each_household(
    stage: Stage,
) -> None:
    case = await opens_roster(stage, at(11, 16), 1, lived=livelihood())
    await case.is_posted()
    objection = await case.object()
    await case.resolve(objection, "upheld", return_to="H1")
    await case.rests()
    (result,) = (e for e in stage.registry.letters(case.case_id) if e.kind == "result")
    assert "退出名单退回重新评议" in result.markdown
