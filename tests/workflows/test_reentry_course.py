"""The whole way of a household into the register: named, voted on, posted, confirmed (F5)."""

from datetime import date, timedelta
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from models.register.households import Cause, HouseholdState
from operators.desk.desk import Refused
from tests.reentry_stage import (
    LEFT_ON,
    ReentryPlay,
    county_leaves,
    episodes,
    opens_fallen_back,
    opens_reentry,
    put_left,
    put_left_village,
    put_new,
)
from tests.registry.known import county_facts, village_facts
from tests.registry.places import REGISTERED_ON
from tests.replays import replay
from tests.roster_stage import livelihood
from tests.stage import YEAR, Stage, at


def incidence(play: ReentryPlay, code: str, on: date) -> tuple[int, int]:
    """Poor people and population of a village on a day, or of its county."""
    register = play.stage.registry
    if len(code) == 12:
        found = register.register.village(code, on).incidence
    else:
        found = register.county_incidence(code, on)
    assert found is not None
    return found.poor, found.population


@pytest.mark.clause("F5", "S5", "A1", "A5")
async def test_a_household_that_fell_back_is_in_the_register_again(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16), population=1_000)
    assert play.case_id == f"reentry/{play.code}/{YEAR}"
    await play.is_cleared()
    cleared_at = await play.now()
    await play.until(cleared_at + timedelta(days=3))
    signed = cleared_at + timedelta(days=1)
    await play.act("R4", at=signed, document_number="合成〔9〕号")
    outcome = await play.ends()
    county = f"A5/{play.village[:6]}"
    assert (outcome.ending, outcome.step, outcome.by) == (Ending.ENTERED, "R4", county)
    assert outcome.document_number == "合成〔9〕号"

    entries = await play.file()
    assert [entry.step for entry in entries if entry.kind is EntryKind.STEP_DONE] == [
        "R1", "R2", "R3", "R4"
    ]  # fmt: skip
    (found,) = [entry for entry in entries if entry.kind is EntryKind.FINDINGS]
    # 8 100 yuan for three are 2 700 a head; the synthetic line is 3 000.
    assert found.text == (
        f"登记数据：返贫，3人，对照退出标准10项，未达标：{YEAR}年家庭纯收入8100元÷3人，"
        "标准为人均高于3000元"
    )
    (approved,) = [entry for entry in entries if entry.data.get("act", {}).get("step") == "R4"]  # type: ignore[union-attr]
    (change,) = [entry for entry in entries if entry.kind is EntryKind.REGISTER_CHANGE]
    on = beijing(signed).date()
    assert change.text.endswith(f"自{on}起纳入建档立卡贫困户（返贫，第2次登记）")

    first, second = episodes(stage, play.code)
    assert (first.cause, first.registered_on, first.exited_on) == (
        Cause.REGISTERED, REGISTERED_ON, LEFT_ON
    )  # fmt: skip
    assert (second.number, second.cause) == (2, Cause.FALLEN_BACK)
    assert (second.registered_on, second.exited_on, second.case_id) == (on, None, None)
    assert (second.opening_document, second.opened_by) == ("合成〔9〕号", play.case_id)
    assert second.opened_seq in range(approved.seq, change.seq)

    record = stage.registry.register.household(play.code, on)
    assert record.state is HouseholdState.FALLEN_BACK
    before = on - timedelta(days=1)
    assert stage.registry.register.household(play.code, before).state is HouseholdState.EXITED
    for unit in (play.village, play.village[:6]):
        assert incidence(play, unit, before) == (0, 1_000)
        assert incidence(play, unit, on) == (3, 1_000)
    # 3 of 1 000 are 0.3 %: below 2 %, so nobody is alarmed.
    assert EntryKind.ALARM not in [entry.kind for entry in entries]


@pytest.mark.clause("F5")
async def test_a_household_that_never_was_poor_is_registered_first(stage: Stage) -> None:
    village = put_left_village(stage, stage.county(), population=1_000)
    code = put_new(stage, village)
    assert stage.registry.register.household(code, at(11, 16).date()).state is None
    play = await opens_reentry(stage, code, village, at(11, 16))
    await play.reaches("R2")
    put_new(stage, village, code=code, size=4)  # what is posted is what the register says then
    await play.is_cleared()
    (notice,) = stage.registry.notices(play.case_id)
    assert "| 张某某 | 一组 | 4 | 新致贫 |" in notice.markdown
    await play.act("R4")
    assert (await play.ends()).ending is Ending.ENTERED
    (episode,) = episodes(stage, code)
    assert (episode.number, episode.cause) == (1, Cause.REGISTERED)
    today = episode.registered_on
    state = stage.registry.register.household(code, today).state
    assert state is HouseholdState.REGISTERED
    assert incidence(play, village, today) == (4, 1_000)


# -- the alarm --------------------------------------------------------------------------------


@pytest.mark.clause("F5", "S5", "G8")
async def test_an_exited_village_and_county_at_two_percent_raise_an_alarm(stage: Stage) -> None:
    """2 poor of 100 are 2 %, which is not below 2 % (S5): the village. So is the county's."""
    county = stage.county()
    county_leaves(stage, county)
    village = put_left_village(stage, county, population=100)
    code = put_left(stage, village, size=2, lived=livelihood(housing=False))
    play = await opens_reentry(stage, code, village, at(11, 16))
    await play.is_cleared()
    await play.act("R4")
    assert (await play.ends()).ending is Ending.ENTERED
    of_village, of_county = await play.entries(EntryKind.ALARM)
    on = episodes(stage, code)[-1].registered_on
    place = village_facts(stage.registry, village, YEAR, on).subject
    assert place is not None
    assert of_village.text == (
        f"预警：已退出的贫困村{place.full_name}，贫困发生率 2/100，为2%（{on}），标准 <2%，"
        "再次不达标；预警本身不改变其退出状态"
    )
    assert of_county.text.startswith(f"预警：已退出的贫困县{place.county.name}，贫困发生率 2/100")
    city = f"A6/{county[:4]}00"
    alarm: Any = of_village.data["alarm"]
    assert (alarm["kind"], alarm["code"], alarm["tell"]) == (
        "village", village, [f"A5/{county}", city]
    )  # fmt: skip
    told = await play.has_told("预警", 4)
    assert sorted(str(each["recipient"]["office"]) for each in told) == sorted(
        [f"A5/{county}", city, city, "A7/410000"]
    )
    assert all("张某" not in f"{each['subject']}{each['text']}" for each in told)
    # Nothing changes by itself.
    assert village_facts(stage.registry, village, YEAR, on).exited_on == LEFT_ON
    assert county_facts(stage.registry, county, YEAR, on).exited_on == LEFT_ON
    listed = stage.registry.register.village(village, on).alarms
    assert [(each.poor, each.population, each.as_of, each.seq) for each in listed] == [
        (2, 100, on, of_village.seq)
    ]
    both = stage.registry.county_record(county).alarms
    assert [(each.kind.value, each.subject_code) for each in both] == [
        ("village", village), ("county", county)
    ]  # fmt: skip


@pytest.mark.clause("F5", "G9")
async def test_twice_in_one_year(stage: Stage) -> None:
    first = await opens_fallen_back(stage, at(3, 1), population=1_000)
    await first.reaches("R2")
    await first.file()
    with pytest.raises(Refused, match=f"already has an open case: {first.case_id} .G9"):
        await opens_reentry(stage, first.code, first.village, at(3, 2))
    await first.act("R2", "reject", reason="多数不同意（合成）")
    outcome = await first.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_ENTERED, "R2")
    assert outcome.reason == "多数不同意（合成）"
    await first.file()
    assert len(episodes(stage, first.code)) == 1

    again = await opens_reentry(stage, first.code, first.village, at(6, 1))
    assert again.case_id == f"reentry/{first.code}/{YEAR}/2"
    await again.is_cleared()
    await again.act("R4")
    assert (await again.ends()).ending is Ending.ENTERED
    await again.file()
    with pytest.raises(Refused, match="is in the register as poor already, since"):
        await opens_reentry(stage, first.code, first.village, at(9, 1))
    assert len(episodes(stage, first.code)) == 2


# -- how it is shown --------------------------------------------------------------------------


@pytest.mark.clause("F5", "G8")
async def test_the_page_of_a_case_reads_well_and_names_nobody(stage: Stage) -> None:
    play = await opens_fallen_back(stage, at(11, 16), head="诸葛某某")
    described = await play.handle.describe()
    place = village_facts(stage.registry, play.village, YEAR, at(11, 16).date()).subject
    assert place is not None
    summary = await described.static_summary()
    assert summary == f"{place.full_name}{play.code}户 {YEAR}年度 纳入扶贫对象"
    details = await described.static_details()
    assert details == (
        f"{place.city.name}{place.full_name}（{play.village}），返贫。"
        "依据：河南省贫困退出实施办法。"
    )
    attributes = {
        pair.key.name: pair.value for pair in described.typed_search_attributes.search_attributes
    }
    assert attributes["ExitProcedure"] == "reentry"
    assert attributes["ExitRegion"] == list(place.region_path)
    await play.is_posted()
    text = await play.details()
    assert text.splitlines()[0].startswith(
        f"**{place.name}{play.code}户 {YEAR}年度** · 第1轮 · 公示中，至 {YEAR}-"
    )
    rows = {line.split()[1]: line for line in text.splitlines() if line.startswith("| R")}
    assert list(rows) == ["R1", "R2", "R3", "R4"]
    assert all(word in rows["R3"] for word in ("公示", f"{place.name}“两委”", "▶ 办理中"))
    assert all(word in rows["R4"] for word in ("县级确认", place.county.name, "· 未到"))
    shown = [summary, details, text, str(attributes), str(play.told())]
    assert all("诸葛" not in said for said in shown if said)
    await play.withdraw()
    await play.ends()
    assert "**" in await play.details()
    assert "已办结：撤回" in await play.details()


@pytest.mark.server
@pytest.mark.clause("F5", "G7")
async def test_a_course_that_is_never_cached_outlives_its_worker(own_stage: Stage) -> None:
    play = await opens_fallen_back(own_stage, at(11, 16))
    await play.is_posted()
    await play.rests()
    await own_stage.crew.goes()
    await own_stage.crew.comes(max_cached_workflows=0)
    await play.end_publicity()
    await play.reaches("R4")
    await play.act("R4")
    assert (await play.ends()).ending is Ending.ENTERED
    assert len(episodes(own_stage, play.code)) == 2
    kept = await play.file()
    assert (await replay(await play.history())).entries == kept
