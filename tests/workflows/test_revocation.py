"""A revoked exit (F7): on the list again, with both documents; a later year can exit again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import BEIJING
from models.revocation.messages import RevocationApplication, RevocationOpening
from operators.desk.desk import Refused
from operators.desk.registry import rehearsed_at
from registry.tables import AlarmRow, RevocationRow
from tests.activities.registry_cases import rows
from tests.play import Play, eventually, not_admitted
from tests.reentry_stage import episodes
from tests.registry.places import falls_back, village_leaves
from tests.revocation_stage import (
    RevocationPlay,
    document,
    exited_county,
    exited_roster,
    exited_village,
    put_exited_county,
    put_exited_household,
    put_exited_village,
    responsible,
    revocation,
    revokes,
    revokes_directly,
    standings,
)
from tests.roster_stage import opens_roster_of
from tests.stage import YEAR, Stage, at
from tests.village_stage import counts_people, known_village, opens_for_village

LATER = YEAR + 1


def revoked_on(day: int) -> datetime:
    """A moment in March of the year after the exit."""
    return at(3, day, year=LATER)


async def revoked(play: RevocationPlay) -> list[Any]:
    """The entries of a revocation that has succeeded."""
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.document_number) == (
        Ending.REVOKED, "X1", "合成〔X1〕号"
    )  # fmt: skip
    return await play.file()


async def asked_in_vain(play: Play) -> None:
    """Wait until a revocation has tried to change the register."""

    async def felt() -> bool:
        return play.stage.outages.felt(play.case_id, "revoke_exit")

    await eventually(felt)


def told(play: Play, topic: str) -> set[str]:
    """Which offices were told of something; who revoked and whom it concerns, each once (F15)."""
    everybody = [
        line["recipient"]["office"] for each in ("撤销", "结果") for line in play.told(each)
    ]
    assert len(everybody) == len(set(everybody)), everybody
    return {line["recipient"]["office"] for line in play.told(topic)}


@pytest.mark.server
@pytest.mark.clause("F7", "F15", "V3", "A6")
async def test_a_village_is_on_the_list_again_and_exits_anew_in_a_later_year(stage: Stage) -> None:
    exit = await exited_village(stage)
    named = responsible(exit)
    # Signed on the 2nd, received on the 5th: it holds from the 2nd.
    play = await revokes(stage, exit, revoked_on(5), applied_at=revoked_on(2))
    assert play.case_id == f"revocation/{exit.code}/{YEAR}"
    entries = await revoked(play)
    assert [entry.kind for entry in entries][:5] == [
        EntryKind.OPENED,
        EntryKind.ACT,
        EntryKind.REGISTER_CHANGE,
        EntryKind.STEP_DONE,
        EntryKind.CLOSED,
    ]
    act = entries[1]
    (original,) = [each for each in await exit.file() if each.seq == named[0]["seq"]]
    assert act.data["responsible"] == [
        {
            "case_id": exit.case_id,
            "seq": original.seq,
            "kind": "act",
            "text": original.text,
            "hash": original.hash,
            "office": exit.office("V1"),
            "officer": "某乙",
            "why": "核查不实（合成）",
        }
    ]
    assert act.actor == f"{exit.office('V3')} 某己"
    assert "原文号合成〔3〕号，本文号合成〔X1〕号" in act.text
    assert f"{exit.case_id}第{original.seq}条" in act.text

    listed, left, again = standings(stage, exit.code)
    assert [row.status.value for row in (listed, left, again)] == ["listed", "exited", "revoked"]
    assert (left.exit_year, left.document, left.until) == (YEAR, "合成〔3〕号", again.since)
    assert (again.since, again.until) == (revoked_on(2).date(), None)
    assert (again.document, again.case_id, again.seq) == ("合成〔X1〕号", play.case_id, act.seq)
    assert told(play, "撤销") == {exit.office("V1")}
    assert told(play, "结果") == {exit.office("V3")}

    # The year of the revoked exit is closed; the next one is open.
    with pytest.raises(Refused) as refusal:
        await opens_for_village(stage, exit.code, revoked_on(20))
    assert f"was revoked by {play.case_id}; it may be taken up again next year" in str(
        refusal.value
    )
    addition = {"reason": "合成", "document_number": "合成〔6〕号"}
    anew = await opens_for_village(
        stage, exit.code, revoked_on(20), year=LATER, plan_addition=addition
    )
    await anew.is_reported()
    await anew.act("V3", document_number="合成〔12〕号")
    assert (await anew.ends()).ending is Ending.EXITED
    *_, again, second = standings(stage, exit.code)
    assert (again.until, second.status.value, second.exit_year) == (second.since, "exited", LATER)


@pytest.mark.clause("F7", "C7", "A9", "A8")
async def test_a_national_county_is_revoked_by_the_provincial_government(stage: Stage) -> None:
    exit = await exited_county(stage)
    with pytest.raises(Refused) as refusal:
        await revokes(stage, exit, revoked_on(2), office=exit.office("C3"))
    said = f"河南省人民政府 ({exit.office('C7')}) approved it (合成〔7〕号), and may revoke it (F7)"
    assert said in str(refusal.value)
    play = await revokes(stage, exit, revoked_on(2))
    await revoked(play)
    _, left, again = standings(stage, exit.code)
    assert (left.document, again.document) == ("合成〔7〕号", "合成〔X1〕号")
    assert told(play, "撤销") == {exit.office(step) for step in ("C1", "C2", "C3", "C6")}
    with pytest.raises(Refused, match=f"was revoked already: {play.case_id}"):
        await revokes(stage, exit, revoked_on(9))
    overview = {each.code: each for each in stage.registry.overview().counties}
    assert overview[exit.code].status.value == "revoked"
    with pytest.raises(Refused, match="it may be taken up again next year"):
        await stage.opens_for(exit.code, revoked_on(9), late_reason="合成")


@pytest.mark.clause("F7", "A8")
@pytest.mark.parametrize(("tier", "also"), [("national", {"A8/100000"}), ("provincial", set())])
async def test_of_a_national_county_the_state_council_group_hears_of_it(
    stage: Stage, tier: str, also: set[str]
) -> None:
    exit = put_exited_county(stage, tier=tier)
    play = await revokes(stage, exit, revoked_on(2))
    await revoked(play)
    assert told(play, "撤销") == {exit.office(step) for step in ("C1", "C2", "C3")} | also


@pytest.mark.clause("F7", "F5", "H4", "A5")
async def test_a_household_is_in_the_register_again_and_the_units_above_hear_of_it(
    stage: Stage,
) -> None:
    exit = await exited_roster(stage, 2)
    struck, other = exit.households
    with pytest.raises(Refused) as refusal:
        await revokes(stage, exit, revoked_on(2), code=struck, office=f"A1/{exit.code}")
    assert f"(A5/{exit.code[:6]}) approved it" in str(refusal.value)
    play = await revokes(stage, exit, revoked_on(2), code=struck)
    entries = await revoked(play)
    first, again = episodes(stage, struck)
    assert (first.document, first.case_id, first.exit_year) == ("合成〔H4〕号", exit.case_id, YEAR)
    assert (again.number, again.cause.value, again.exited_on) == (2, "exit_revoked", None)
    assert (again.registered_on, again.opening_document) == (revoked_on(2).date(), "合成〔X1〕号")
    assert (again.opened_by, again.opened_seq) == (play.case_id, 2)
    assert len(episodes(stage, other)) == 1
    # Neither village nor county has left: nothing to warn of.
    assert EntryKind.ALARM not in [entry.kind for entry in entries]
    assert told(play, "撤销") == {f"{body}/{exit.code}" for body in ("A1", "A2", "A3")}

    # The roster of the same year is closed to it.
    with pytest.raises(Refused) as closed:
        await opens_roster_of(stage, exit.code, [struck], revoked_on(9), late_reason="合成")
    assert f"that exit was revoked by {play.case_id}; it may be taken up again next year" in str(
        closed.value
    )


@pytest.mark.clause("F7")
async def test_what_is_wrong_past_the_desk_is_not_admitted(stage: Stage) -> None:
    exit = put_exited_village(stage)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("", {"office": f"A5/{exit.county}"}, "approved it (合成〔V3〕号), and may revoke it (F7)"),
        ("", {"responsible": [{"seq": 999}]}, f"{exit.case_id} has no entry 999"),
        ("/9", {}, f"the id of this case is not revocation/{exit.code}/{YEAR}/9 but"),
    ]
    for attempt, changes, said in wrong:
        application = RevocationApplication.model_validate(revocation(exit, **changes))
        opening = RevocationOpening(
            case_id=f"revocation/{exit.code}/{YEAR}{attempt}",
            application=application,
            subject=known_village(stage, exit.code),
            policy=stage.policy,
        )
        play = await revokes_directly(stage, opening, revoked_on(2))
        assert said in await not_admitted(play, "X1")
    assert [row.status.value for row in standings(stage, exit.code)] == ["listed", "exited"]
    known = rows(stage.settings.engine(), RevocationRow)
    assert exit.code not in [row["subject_code"] for row in known]
    # What was not admitted uses up no attempt.
    play = await revokes(stage, exit, revoked_on(3))
    assert play.case_id == f"revocation/{exit.code}/{YEAR}"
    await revoked(play)


@pytest.mark.clause("F7", "F5")
async def test_a_village_that_has_left_is_above_the_threshold_again(stage: Stage) -> None:
    exit = put_exited_household(stage)
    (household,) = exit.households
    # 3 of 150 people are 2 %, exactly at the threshold of S2, which is not met.
    counts_people(stage, exit.code, 150)
    village_leaves(stage.settings.engine(), exit.code, at(12, 31).date())
    play = await revokes(stage, exit, revoked_on(2), code=household)
    entries = await revoked(play)
    (alarm,) = [entry for entry in entries if entry.kind is EntryKind.ALARM]
    assert "已退出的贫困村" in alarm.text
    assert told(play, "预警") == {f"A5/{exit.code[:6]}", f"A6/{exit.code[:4]}00"}
    (row,) = [
        row for row in rows(stage.settings.engine(), AlarmRow) if row["case_id"] == play.case_id
    ]
    assert (row["subject_code"], row["poor"], row["population"]) == (exit.code, 3, 150)
    assert [each.status.value for each in standings(stage, exit.code)][-1] == "exited"


@pytest.mark.server
@pytest.mark.clause("F7")
async def test_a_revocation_without_a_worker_is_kept(own_stage: Stage) -> None:
    exit = put_exited_village(own_stage)
    application = RevocationApplication.model_validate(revocation(exit))
    await own_stage.crew.goes()
    wait = revoked_on(2) - datetime.now(BEIJING)
    with own_stage.skipper.with_time_skipping_disabled(), rehearsed_at(revoked_on(2)):
        case_id = await own_stage.desk.open(application)
        # The registry knows nothing of it yet; its id does.
        with pytest.raises(Refused, match=f"already has a case for {YEAR}: {case_id}"):
            await own_stage.desk.open(application)
    play = RevocationPlay(own_stage, case_id, exit.code)
    await own_stage.crew.comes()
    await own_stage.begun(play, wait)
    await revoked(play)
    assert [row.status.value for row in standings(own_stage, exit.code)][-1] == "revoked"


@pytest.mark.clause("F7", "G9")
async def test_of_two_revocations_at_once_one_counts(stage: Stage) -> None:
    exit = put_exited_village(stage)
    stage.outages.begin(f"revocation/{exit.code}/{YEAR}", "revoke_exit")
    first = await revokes(stage, exit, revoked_on(2))
    await asked_in_vain(first)
    # Another act cannot enter a case that is an act itself, nor an objection; a document can.
    for name in ("act", "object", "withdraw"):
        assert "this case takes file" in await first.update(name, {"id": "x"})
    assert "备案：已报备（合成）" in await first.update("file", document(exit.office("V1")))
    with pytest.raises(Refused) as refusal:
        await revokes(stage, exit, revoked_on(3), document_number="合成〔X2〕号")
    assert f"has an open case on the same: {first.case_id}" in str(refusal.value)
    stage.outages.end(first.case_id)
    await first.until(await first.now() + timedelta(minutes=1))
    await revoked(first)
    assert len(standings(stage, exit.code)) == 3


@pytest.mark.clause("F7")
async def test_an_exit_that_is_gone_when_the_register_is_asked_is_left_alone(stage: Stage) -> None:
    exit = put_exited_household(stage)
    (household,) = exit.households
    stage.outages.begin(f"revocation/{household}/{YEAR}", "revoke_exit")
    play = await revokes(stage, exit, revoked_on(2), code=household)
    await asked_in_vain(play)
    falls_back(stage.settings.engine(), household, at(2, 1, year=LATER).date())
    stage.outages.end(play.case_id)
    await play.until(await play.now() + timedelta(minutes=1))
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert "登记中已没有" in outcome.reason
    assert [each.cause.value for each in episodes(stage, household)] == [
        "registered", "fallen_back"
    ]  # fmt: skip


@pytest.mark.clause("F7", "A1")
async def test_past_the_desk_a_county_is_not_revoked_by_a_village(stage: Stage) -> None:
    exit = put_exited_county(stage)
    application = RevocationApplication.model_validate(
        revocation(exit, office=f"A1/{exit.code}100001")
    )
    opening = RevocationOpening(
        case_id=f"revocation/{exit.code}/{YEAR}",
        application=application,
        subject=stage.known(exit.code),
        policy=stage.policy,
    )
    play = await revokes_directly(stage, opening, revoked_on(2))
    outcome = await play.ends()
    assert outcome.ending is Ending.NOT_ADMITTED
    assert f"A1/{exit.code}100001 may not revoke the exit" in outcome.reason
