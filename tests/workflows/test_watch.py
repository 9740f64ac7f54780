"""F13: an exited village or county is over its threshold again, by a change that is no case."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import LimitRequest, beijing, compute, start_of
from models.policy import Body
from registry.calendar import OfficialCalendar
from registry.database.engine import reading, writing
from registry.facts.alarms import units_due
from registry.tables import VillageStatusRow
from tests.follow_up_stage import calls_round
from tests.play import PLAYED, Play
from tests.reentry_stage import county_leaves, put_left, put_left_village
from tests.registry import places
from tests.registry.test_readiness import lists
from tests.stage import YEAR, Stage, at
from tests.village_stage import counts_people, opens_for_village, put_household, put_village

NINE = at(11, 16, 9)


async def round_of(
    stage: Stage, county: str, begins: datetime = NINE, said: str = "已向上级单位发出预警"
) -> list[Play]:
    """The alarms that a day's round begins in a county."""
    result, _ = await calls_round(stage, "WatchRound", county, begins)
    plays = [Play(stage, case_id, county) for case_id in result.started]
    PLAYED.extend(plays)
    for play in plays:
        outcome = await play.ends()
        assert (outcome.ending, outcome.reason) == (Ending.CONCLUDED, said)
    return plays


def due(stage: Stage, county: str, on: date) -> list[str]:
    with reading(stage.settings.engine()) as session:
        return [alarm.code for _, alarm in units_due(session, on, stage.policy, county)]


def corrected(stage: Stage, village: str, household: str, size: int) -> None:
    """An import says that the household has so many people."""
    places.register(stage.settings.engine(), village, {household: size}, head="张某某")


async def alarm_of(play: Play) -> Any:
    (entry,) = await play.entries(EntryKind.ALARM)
    return entry.data["alarm"]


@pytest.mark.clause("F13", "F5", "S5")
async def test_a_correction_that_lifts_an_exited_village_and_county_is_told_above(
    stage: Stage,
) -> None:
    """1 of 100 is registered as poor; an import corrects it to 5: 5 % of village and county."""
    county = stage.county()
    county_leaves(stage, county)
    village = put_left_village(stage, county, population=100)
    code = put_left(stage, village, size=1, left_on=None)
    assert await round_of(stage, county) == []
    corrected(stage, village, code, 5)
    of_village, of_county = await round_of(stage, county, at(11, 17, 9))
    assert of_village.case_id == f"watch/{village}/{YEAR}/1"
    assert of_county.case_id == f"watch/{county}/{YEAR}/1"
    (entry,) = await of_village.entries(EntryKind.ALARM)
    assert entry.text.startswith("预警：已退出的贫困村")
    assert f"贫困发生率 5/100，为5%（{YEAR}-11-17），标准 <2%，再次不达标" in entry.text
    city = f"A6/{county[:4]}00"
    assert (await alarm_of(of_village))["tell"] == [f"A5/{county}", city]
    assert (await alarm_of(of_county))["tell"] == [city, "A7/410000"]
    told = await of_village.has_told("预警", 2)
    assert {str(each["recipient"]["office"]) for each in told} == {f"A5/{county}", city}
    (listed,) = stage.registry.register.village(village, date(YEAR, 11, 17)).alarms
    assert (listed.poor, listed.population) == (5, 100)
    # Nothing changes by itself, and the same is not told again.
    assert await round_of(stage, county, at(11, 18, 9)) == []
    corrected(stage, village, code, 6)
    again, _ = await round_of(stage, county, at(11, 19, 9))
    assert again.case_id == f"watch/{village}/{YEAR}/2"
    assert (await alarm_of(again))["incidence"]["poor"] == 6


@pytest.mark.clause("F13", "F5", "S5")
async def test_who_rises_falls_and_rises_again_is_alarmed_of_again(stage: Stage) -> None:
    """5 of 100, then 1 of 100, then 5 of 100 again: an alarm, its end, and an alarm."""
    county = stage.county()
    village = put_left_village(stage, county, population=100)
    code = put_left(stage, village, size=5, left_on=None)
    (first,) = await round_of(stage, county)
    corrected(stage, village, code, 1)
    (end,) = await round_of(stage, county, at(11, 17, 9), "已告知上级单位预警解除")
    (entry,) = await end.entries(EntryKind.ALARM)
    assert entry.text.startswith("预警解除：已退出的贫困村")
    assert entry.text.endswith(f"贫困发生率 1/100，为1%（{YEAR}-11-17），标准 <2%，恢复达标")
    told = await end.has_told("预警", 2)
    assert {str(each["recipient"]["office"]) for each in told} == set(
        (await alarm_of(first))["tell"]
    )
    assert await round_of(stage, county, at(11, 18, 9)) == []
    corrected(stage, village, code, 5)
    (again,) = await round_of(stage, county, at(11, 19, 9))
    assert again.case_id == f"watch/{village}/{YEAR}/3"
    assert (await alarm_of(again))["incidence"]["poor"] == 5
    listed = stage.registry.register.village(village, date(YEAR, 11, 19)).alarms
    assert [each.ended for each in listed] == [False, True, False]
    assert await round_of(stage, county, at(11, 20, 9)) == []


@pytest.mark.clause("F13", "F5", "S5")
@pytest.mark.parametrize(
    ("change", "alarmed"),
    [("another household", True), ("fewer people", True), ("more people", False)],
)
async def test_whatever_the_register_is_told_is_seen(
    stage: Stage, change: str, alarmed: bool
) -> None:
    """1 of 100 to begin with; 2 of 100 and 1 of 50 are 2 %, 1 of 101 is not."""
    county = stage.county()
    village = put_left_village(stage, county, population=100)
    put_left(stage, village, size=1, left_on=None)
    match change:
        case "another household":
            put_household(stage, village, 1)
        case "fewer people":
            counts_people(stage, village, 50)
        case "more people":
            counts_people(stage, village, 101)
    assert due(stage, county, date(YEAR, 11, 16)) == ([village] if alarmed else [])


@pytest.mark.clause("F13", "F5")
async def test_who_is_on_the_list_still_or_never_was_is_no_matter(stage: Stage) -> None:
    county = stage.county()
    for listed in (True, False):
        village = put_left_village(stage, county, exited=False, listed=listed)
        put_left(stage, village, size=5, left_on=None)
    assert due(stage, county, date(YEAR, 11, 16)) == []


@pytest.mark.clause("F13", "F5", "S6")
async def test_an_exit_that_was_approved_in_spite_of_its_count_is_told_when_that_rises(
    stage: Stage,
) -> None:
    """6 of 300 were approved by name; 7 are more than what was approved."""
    county = stage.county()
    village = put_village(stage, county, poor=6)
    play = await opens_for_village(stage, village, at(11, 16))
    why = "返贫户已落实帮扶（合成）"
    await play.is_reported(overrides=["S2.incidence"], reason=why)
    await play.act("V3", overrides=["S2.incidence"], reason=why)
    assert (await play.ends()).ending is Ending.EXITED
    on = date(YEAR, 12, 20)
    assert due(stage, county, on) == []
    put_household(stage, village, 1)
    assert due(stage, county, on) == [village]


@pytest.mark.clause("F13", "F5", "A6")
async def test_of_a_directly_administered_county_the_province_is_told(stage: Stage) -> None:
    county = stage.county(direct=True)
    county_leaves(stage, county)
    village = put_left_village(stage, county, population=100)
    put_left(stage, village, size=2, left_on=None)
    of_village, of_county = await round_of(stage, county)
    approves = stage.policy.village_approval.where_directly_administered
    assert approves is Body.PROVINCIAL_GROUP
    assert (await alarm_of(of_village))["tell"] == [f"A5/{county}", "A7/410000"]
    assert (await alarm_of(of_county))["tell"] == ["A7/410000"]


@pytest.mark.clause("F9", "T8", "G4")
async def test_a_county_that_has_filed_nothing_is_reminded_in_the_morning(stage: Stage) -> None:
    county, engine = stage.county(), stage.settings.engine()
    village = put_left_village(stage, county, exited=False)
    left_on = date(YEAR, 11, 1)
    case_id = lists(engine, "village", village, YEAR, outcome=Ending.EXITED.value)
    places.village_leaves(engine, village, left_on)
    with writing(engine) as session:
        session.get_one(VillageStatusRow, (village, left_on)).case_id = case_id
    limit = compute(
        LimitRequest(clause="F9", start=start_of(left_on)), stage.policy, OfficialCalendar()
    )
    morning = beijing(limit.due) + timedelta(hours=9)
    id = f"round/watch/{county}-{morning:%Y-%m-%d}"
    result, _ = await calls_round(stage, "WatchRound", county, morning, id)
    assert result.started == ()
    told = Play(stage, id, county).told("备案录入")
    assert [each["recipient"]["office"] for each in told] == [f"A5/{county}", f"A6/{county[:4]}00"]
    assert told[0]["subject"] == "【备案录入】1项退出事项待备案、录入，其中1项逾期"
    assert case_id in told[0]["text"]
