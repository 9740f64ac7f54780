"""A roster while registry or worker are away: nothing is lost, posted too short, done twice."""

from datetime import date, timedelta

import pytest

from activities.notices import NoticeBoard
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from registry.database.engine import writing
from registry.tables import VillageRow
from tests.play import as_told, eventually
from tests.replays import replay
from tests.roster_stage import (
    RosterPlay,
    meeting,
    opens_roster,
    put_households,
    put_village,
    roster_application,
    stands,
    starts_roster,
    strikes_off,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.reckoning import last_day, midnight
from tests.workflows.test_registry_outage import felt, in_vain
from tests.workflows.test_roster_publicity import CLOSES, SECOND
from tests.workflows.test_worker_outage import GOES_ON


def answers(*households: str, agreed: bool = True, id: str = "c-1") -> dict[str, object]:
    """What households answer, as JSON."""
    reason = {} if agreed else {"reason": "收入不稳定（合成）"}
    return {
        "id": id,
        "officer": "某甲",
        "answers": [
            {"household": code, "agreed": agreed, "signed_by": f"张{code}", **reason}
            for code in households
        ],
    }


# -- the registry -----------------------------------------------------------------------------


@pytest.mark.clause("H3", "T1")
async def test_a_notice_posted_past_midnight_has_its_full_period(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16, 23, 58), 2)
    await case.reaches("H2")
    stage.outages.begin(case.case_id, "publish_notice")
    await case.verify()
    await case.consent()
    await felt(case, "publish_notice")
    await case.until(at(11, 17, 0, 0, 5))
    stage.outages.end(case.case_id)
    await case.until(at(11, 17, 0, 2))
    await stands(case, posted=2)
    assert await case.closes() == midnight(last_day(date(YEAR, 11, 17), 7))
    (notice,) = stage.registry.notices(case.case_id)
    assert (beijing(notice.posted_at).day, notice.replaces) == (17, None)


@pytest.mark.clause("H3", "T1")
async def test_a_notice_that_is_shown_past_midnight_is_posted_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published on the 16th, and seen by nobody before the 17th."""
    case = await opens_roster(stage, at(11, 16, 23, 58), 2)
    await case.reaches("H2")
    with monkeypatch.context() as patched:
        patched.setattr(NoticeBoard, "show", in_vain)
        await case.verify()
        await case.consent()

        async def is_kept() -> bool:
            return len(stage.registry.notices(case.case_id)) == 1

        await eventually(is_kept)
        await case.until(at(11, 17, 0, 0, 5))
    await case.until(at(11, 17, 0, 2))
    await stands(case, posted=2)
    assert await case.closes() == midnight(last_day(date(YEAR, 11, 17), 7))
    first, second = stage.registry.notices(case.case_id)
    assert [beijing(each.posted_at).day for each in (first, second)] == [16, 17]
    assert (first.replaces, second.replaces) == (None, first.id)
    assert f"本公示替代编号为 {first.id} 的公示" in second.markdown


@pytest.mark.clause("H2", "H3", "T1")
async def test_who_refuses_before_a_notice_is_shown_is_not_in_that_of_the_next_day(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One number has one text: what was published on the 16th is shown, and posted again."""
    case = await opens_roster(stage, at(11, 16, 23, 58), 2)
    refuses, stays = case.households
    await case.reaches("H2")
    with monkeypatch.context() as patched:
        patched.setattr(NoticeBoard, "show", in_vain)
        await case.verify()
        await case.consent()

        async def is_kept() -> bool:
            return len(stage.registry.notices(case.case_id)) == 1

        await eventually(is_kept)
        await case.consent(refuses, agreed=False)
        await case.until(at(11, 17, 0, 0, 5))
    await case.until(at(11, 17, 0, 2))
    await stands(case, posted=1, out=1)
    first, second = stage.registry.notices(case.case_id)
    assert f"张{refuses}" in first.markdown
    assert f"张{refuses}" not in second.markdown
    assert f"张{stays}" in second.markdown
    assert second.replaces == first.id
    assert await case.closes() == midnight(last_day(date(YEAR, 11, 17), 7))


@pytest.mark.clause("H2", "H3")
async def test_who_refuses_while_a_notice_cannot_be_posted(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    first, second = case.households
    await case.reaches("H2")
    stage.outages.begin(case.case_id, "publish_notice")
    await case.verify()
    await case.consent()
    await felt(case, "publish_notice")
    await case.consent(first, agreed=False)
    stage.outages.end(case.case_id)
    await case.until(at(11, 16, 10, 5))
    await stands(case, posted=1, out=1)
    (notice,) = stage.registry.notices(case.case_id)
    assert f"张{first}" not in notice.markdown
    assert f"张{second}" in notice.markdown
    await case.end_notice()
    await strikes_off(case, 1)
    await case.ends()
    assert case.standing()[first] is None
    assert case.standing()[second] is not None


@pytest.mark.clause("H4", "G2")
async def test_what_comes_in_while_the_register_is_told(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    first, second, third = case.households
    stage.outages.begin(case.case_id, "strike_off_households")
    await case.act("H4", households=[first, second])
    await felt(case, "strike_off_households")
    late = f"household {first}: too late, it is being struck off; report it to the supervision"
    for kind, message in (
        ("consent", answers(first, agreed=False)),
        ("act", case.message("H4", households=[first])),
    ):
        assert late in await case.update(kind, message)
    # The third can still be stopped, and is; a report holds back the first alone.
    await case.send("consent", answers(third, agreed=False))
    report = await case.object("举报（合成）", household=first)
    stage.outages.end(case.case_id)
    await case.until(await case.now() + timedelta(minutes=1))
    await stands(case, held=1, struck_off=1, out=1)
    await case.resolve(report, "dismissed")
    await strikes_off(case, 2)
    outcome = await case.ends()
    assert outcome.reason == "2户脱贫销号，1户未退出"
    assert [day is not None for day in case.standing().values()] == [True, True, False]
    assert len(await case.entries(EntryKind.REGISTER_CHANGE)) == 2


@pytest.mark.clause("H4", "G2", "F7")
async def test_a_report_on_whom_the_register_has_struck_off_is_followed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.is_cleared()
    with monkeypatch.context() as patched:
        patched.setattr(NoticeBoard, "show", in_vain)
        await case.act("H4")

        async def are_out() -> bool:
            return None not in case.standing().values()

        await eventually(are_out)
        report = await case.object("举报（合成）", household=case.households[0])
    await case.until(await case.now() + timedelta(minutes=1))
    await stands(case, struck_off=2)
    seen = await case.waits(lambda seen: seen.open_objections == (report,))
    assert (seen.outcome, [each.limit.clause for each in seen.limits]) == (None, ["T7"])
    await case.resolve(report, "upheld")
    assert (await case.ends()).reason == "2户脱贫销号"
    (told,) = await case.has_told("举报", 1)
    assert told["recipient"]["office"] == case.office("H4")


@pytest.mark.clause("H2", "H3")
@pytest.mark.parametrize("refusing", [1, 2])
async def test_who_refuses_while_a_notice_is_prepared(stage: Stage, refusing: int) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.reaches("H2")
    await case.verify()
    stage.outages.begin(case.case_id, "publish_notice")
    await case.consent()
    await felt(case, "publish_notice")
    await case.consent(*case.households[:refusing], agreed=False)
    stage.outages.end(case.case_id)
    await case.until(await case.now() + timedelta(minutes=2))
    if refusing == 2:
        assert (await case.ends()).ending is Ending.NOT_EXITED
        assert not stage.registry.notices(case.case_id)
        return
    await stands(case, posted=1, out=1)
    await case.end_notice()
    await case.act("H4", document_number="合成〔9〕号")
    assert (await case.ends()).reason == "1户脱贫销号，1户未退出"


@pytest.mark.clause("H4", "G1", "G7")
async def test_who_objects_between_the_decision_and_its_keeping(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 3)
    await case.is_cleared()
    await case.rests()  # or the act itself would wait for the registry, and the objection stop all
    stage.outages.begin(case.case_id, "strike_off_households")
    await case.act("H4", households=list(case.households[:2]))
    await felt(case, "strike_off_households")
    objection = await case.object()
    stage.outages.end(case.case_id)
    await case.until(await case.now() + timedelta(minutes=2))
    await stands(case, held=3)
    assert set(case.standing().values()) == {None}
    await case.resolve(objection, "dismissed")
    await stands(case, posted=3)
    await strikes_off(case, 3)


@pytest.mark.clause("G7")
async def test_what_comes_in_while_the_file_cannot_be_kept(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 2)
    await case.reaches("H2")
    await case.file()
    stage.outages.begin(case.case_id, "write_ledger")
    await case.verify("A1")
    await felt(case, "write_ledger")
    await case.verify("A2", "A3")
    await case.consent()
    stage.outages.end(case.case_id)
    await stands(case, posted=2)
    await case.file()


# -- the worker -------------------------------------------------------------------------------


@pytest.mark.clause("H1", "H2", "G7")
async def test_what_was_sent_before_a_roster_that_is_not_admitted(own_stage: Stage) -> None:
    stage = own_stage
    village = put_village(stage, stage.county())
    households = put_households(stage, village, 2)
    await stage.crew.goes()
    case, wait = await starts_roster(stage, roster_application(village, households), at(11, 16))
    await stage.skip(case.handle, wait)
    await case.signal("consent", answers(*households))
    await case.signal("object", {"id": "o-1", "text": "收入不实（合成）", "objector": "钱某某"})
    # The register moves on before the case has asked it.
    put_village_elsewhere(stage, village)
    await stage.crew.comes()
    outcome = await case.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert await stage.desk.ledger(case.case_id) == []
    assert case.told() == []


def put_village_elsewhere(stage: Stage, code: str) -> None:
    """The register calls the village by another name from now on."""
    with writing(stage.settings.engine()) as session:
        row = session.get(VillageRow, code)
        assert row is not None
        row.name = "合成改名村"


@pytest.mark.clause("H2", "H3", "H4", "G7")
@pytest.mark.server
async def test_acts_and_answers_left_while_no_worker_runs(own_stage: Stage) -> None:
    case = await opens_roster(own_stage, at(11, 16), 3)
    first, second, third = case.households
    await case.reaches("H2")
    await case.rests()
    await own_stage.crew.goes()
    for body, officer in (("A1", "某甲"), ("A2", "某丙"), ("A3", "某丁")):
        office = f"{body}/{case.code}"
        await case.signal("act", case.message("H2", office=office, officer=officer))
    await case.signal("consent", answers(first, second, third))
    await case.signal("consent", answers(third, agreed=False, id="c-2"))
    await case.signal("act", case.message("H4"))
    await own_stage.crew.comes()
    await stands(case, posted=2, out=1)
    (why,) = await case.refused()
    assert why == f"H4 脱贫销号 is not open: {case.case_id} is at H2 核实认可"
    # Once more, across the end of the notice.
    await case.until(CLOSES - timedelta(hours=1))
    await case.rests()
    await own_stage.crew.goes()
    await case.until(CLOSES + GOES_ON)
    await case.signal("act", case.message("H4", at=(CLOSES + SECOND).isoformat()))
    await own_stage.crew.comes()
    assert (await case.ends()).reason == "2户脱贫销号，1户未退出"
    assert not await case.entries(EntryKind.LAPSED)


@pytest.mark.clause("G1", "H3", "T1")
async def test_an_objection_of_an_outage_comes_before_the_clock(own_stage: Stage) -> None:
    case = await opens_roster(own_stage, at(11, 16), 2)
    first, second = case.households
    await case.is_posted()
    await case.until(CLOSES - timedelta(hours=1))
    await case.rests()
    await own_stage.crew.goes()
    await case.until(CLOSES + GOES_ON)
    await case.signal("object", {"id": "o-1", "text": "收入不实（合成）", "household": first})
    await case.signal("act", case.message("H4"))
    await own_stage.crew.comes()
    await stands(case, held=1, struck_off=1)
    assert case.standing()[first] is None
    assert case.standing()[second] is not None


@pytest.mark.clause("G1", "G2", "H4")
@pytest.mark.parametrize("named", [1, 2])
async def test_a_report_between_the_decision_and_the_change(own_stage: Stage, named: int) -> None:
    case = await opens_roster(own_stage, at(11, 16), 2)
    first, second = case.households
    await case.is_cleared()
    await case.rests()
    await own_stage.crew.goes()
    await case.signal("act", case.message("H4", households=case.households[:named]))
    await case.signal("object", {"id": "o-1", "text": "收入不实（合成）", "household": first})
    await own_stage.crew.comes()
    await stands(case, held=1, struck_off=named - 1, posted=2 - named)
    if named == 1:
        changes = [entry.text for entry in await case.entries(EntryKind.ROSTER_CHANGED)]
        assert changes[-1] == "待销号各户均有未办结异议，暂不销号"
        await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
        await case.act("H4")
        await stands(case, held=1, struck_off=1)
    assert case.standing()[first] is None
    assert case.standing()[second] is not None
    assert not await case.refused()


@pytest.mark.clause("G7")
async def test_what_the_rules_refuse_is_on_file(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 1)
    (only,) = case.households
    await case.reaches("H2")
    sent = [
        ("consent", answers("R-nobody"), "household R-nobody is not on this roster"),
        ("consent", "yes", "'consent' takes one JSON object"),
        ("amend", {"id": "m", "households": []}, "households: Tuple should have at least 1 item"),
        ("act", case.message("H4"), "H4 脱贫销号 is not open"),
        ("act", case.message("H2", office=f"A2/{case.code}"), ""),
        (
            "strike_off",
            {},
            "strike_off: this case takes act, object, resolve, withdraw, posted, consent",
        ),
    ]
    for name, message, _ in sent:
        await case.signal(name, message)
    await case.waits(lambda seen: bool(seen.households and seen.waiting_for))
    refused = [each for each in sent if each[2]]

    async def all_refused() -> bool:
        return len(await case.refused()) == len(refused)

    await eventually(all_refused)
    for (_, _, sentence), why in zip(refused, await case.refused(), strict=True):
        assert sentence in why
    await case.verify("A1", "A3")
    await case.consent(only)
    await stands(case, posted=1)


# -- a replay ---------------------------------------------------------------------------------


@pytest.mark.clause("G1", "G3", "G7", "H2", "H4")
async def test_a_replay_of_a_long_course_writes_one_file(stage: Stage) -> None:
    case = await opens_roster(stage, at(11, 16), 4)
    first, second, third, fourth = case.households
    await case.reaches("H2")
    await case.verify()
    await case.consent(first, second, third)
    await case.consent(fourth, agreed=False)
    (added,) = put_households(stage, case.code, 1)
    await stands(case, posted=3)
    await case.amend(added, meeting=meeting(held_on=f"{YEAR}-11-16"))
    await stands(case, drafted=1)
    await case.verify()
    await case.consent(added)
    await stands(case, posted=4)
    dismissed = await case.object(household=first)
    upheld = await case.object(household=second, objector="钱某某")
    await case.resolve(upheld, "upheld", return_to="H2")
    await stands(case, drafted=1)
    await case.verify()
    await case.consent(second)
    await stands(case, posted=3, held=1)
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 3)
    await case.resolve(dismissed, "dismissed")
    await case.waits(lambda seen: seen.waiting_for == case.office("H4"))
    await case.act("H4", "return", reason="材料不全（合成）", return_to="H1")
    await case.reaches("H1", 2)
    await case.votes_again(first)
    await case.reaches("H2", 2)
    await case.verify()
    await case.consent(first)
    await stands(case, posted=1)
    await case.end_notice()
    await strikes_off(case, 4)
    await ends_as_it_was_kept(case)


async def ends_as_it_was_kept(case: RosterPlay) -> None:
    outcome = await case.ends()
    assert (outcome.reason, outcome.round) == ("4户脱贫销号，1户未退出", 2)
    kept = await case.file()
    replayed = await replay(await case.history())
    assert replayed.entries == kept
    sent = [told for entry in kept for told in as_told(entry)]
    assert len(case.told()) == len(sent)
