"""S3: a county's incidence is the register's own count, taken anew at C3 and before C7."""

from datetime import date
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.play import Play
from tests.registry.places import leaves
from tests.stage import YEAR, Stage, at, figures
from tests.village_stage import leaves_the_register, put_household, put_village

REASON = "生态移民尚未销户（合成）"
UNMET = r"S3\.incidence is not met"
APPLIED_FOR = date(YEAR, 1, 31)
TOLD = "须在决定中逐项列明未达标的标准（贫困发生率）并说明理由。"
OVERRIDING: dict[str, Any] = {"overrides": ("S3.incidence",), "reason": REASON}
TWENTY = {"poor": 20, "population": 100, "as_of": APPLIED_FOR.isoformat()}


def county_of(stage: Stage, poor: int, population: int) -> tuple[str, str]:
    """A directly administered provincial county with one village; both codes."""
    county = stage.county(direct=True, tier="provincial")
    village = put_village(stage, county, poor=0, population=population)
    put_people(stage, village, poor)
    return county, village


def put_people(stage: Stage, village: str, poor: int) -> None:
    """So many poor people more, in households of at most 50."""
    for first in range(0, poor, 50):
        put_household(stage, village, min(50, poor - first))


async def applies(stage: Stage, county: str, poor: int, population: int, **changes: Any) -> Play:
    stated = figures(poor=poor, population=population, as_of=APPLIED_FOR)
    return await stage.opens_for(
        county, at(11, 16), direct=True, tier="provincial", figures=stated, **changes
    )


async def is_blocked(play: Play, step: str, **fields: Any) -> str:
    with pytest.raises(Refused, match=UNMET) as refusal:
        await play.act(step, **fields)
    return str(refusal.value)


async def findings(play: Play) -> list[tuple[str, Any, bool]]:
    """Step, count and result of S3.incidence of each entry that says something of it."""
    found = []
    for entry in await play.entries(EntryKind.OPENED, EntryKind.FINDINGS):
        if "incidence" not in entry.data:
            continue  # what the province itself found
        said: Any = entry.data["findings"]
        (incidence,) = [each for each in said if each["id"] == "S3.incidence"]
        found.append((entry.step, entry.data["incidence"], incidence["met"]))
    return found


@pytest.mark.clause("S3", "S6", "C2", "C3", "C7")
async def test_figures_better_than_the_registers_count_do_not_count(stage: Stage) -> None:
    """The register counts 20 of 100; 0 of 100 with a reason leads nowhere without overrides."""
    county = stage.county()
    put_people(stage, put_village(stage, county, poor=0, population=100), 20)
    stated = figures(poor=0, population=100, as_of=APPLIED_FOR)
    play = await stage.opens_for(county, at(11, 16), figures=stated, figures_reason="口径（合成）")
    for step in ("C2", "C3"):
        await play.reaches(step)
        said = await is_blocked(play, step)
        assert "incidence 20/100 = 20 % as of" in said
        assert f"(the county states 0/100 = 0 % as of {APPLIED_FOR}; the worse counts)" in said
        told = [each["text"] for each in play.told("办理") if f"{step} " in each["subject"]]
        assert TOLD in told[-1]
        await play.act(step, overrides=("S3.incidence",), reason=REASON)
    await play.reaches("C4")
    assert await findings(play) == [("C1", TWENTY, False)]  # and the same at C3
    (first,) = await play.entries(EntryKind.OPENED)
    assert (
        f"核对登记数据：贫困发生率 20/100，为20%（{APPLIED_FOR}），系登记数据，县级申报为 "
        f"0/100，为0%（{APPLIED_FOR}），从严以登记数据为准，标准 <2%，未达标" in first.text
    )
    (notice,) = stage.registry.notices(play.case_id)
    assert "建档立卡未脱贫人口 20 人，农村户籍人口 100 人，贫困发生率为20%。" in notice.markdown
    assert "县级申报数据为：" in notice.markdown
    await play.pass_until("C7")
    await is_blocked(play, "C7", id="bare")
    await play.act("C7", overrides=("S3.incidence",), reason=REASON)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C3", "S5")
async def test_what_has_risen_since_the_application_blocks_the_provincial_check(
    stage: Stage,
) -> None:
    """31 of 2000 are 1.55 % at C1 and C2; 63 of 2000 are 3.15 % when C3 opens."""
    county = stage.county()
    village = put_village(stage, county, poor=0, population=2_000)
    put_people(stage, village, 31)
    stated = figures(poor=31, population=2_000, as_of=APPLIED_FOR)
    play = await stage.opens_for(county, at(11, 16), figures=stated)
    await play.reaches("C2")
    put_people(stage, village, 32)
    await play.act("C2")
    await play.reaches("C3")
    said = await is_blocked(play, "C3")
    assert "incidence 63/2000 = 3.15 %" in said
    *_, last = await play.entries(EntryKind.FINDINGS)
    assert last.text == (
        f"核对登记数据：贫困发生率 63/2000，为3.15%（{YEAR}-11-16），标准 <2%，未达标；"
        "贫困村1个，均未退出"
    )
    await play.act("C3", overrides=("S3.incidence",), reason=REASON)
    await play.reaches("C4")


@pytest.mark.clause("S3", "C3", "S6", "T5")
@pytest.mark.parametrize(("poor", "said"), [(1, {}), (2, OVERRIDING)], ids=["met", "overridden"])
async def test_what_rises_while_the_province_has_the_case_undoes_its_approval(
    stage: Stage, poor: int, said: dict[str, Any]
) -> None:
    """C3 opens at 1 or 2 of 100; when it is approved the register counts one more, and too many."""
    county, village = county_of(stage, poor, 100)
    play = await applies(stage, county, poor, 100)
    await play.reaches("C3")
    limit = await play.limit("T5")
    put_people(stage, village, 1)
    await play.act("C3", id="unaware", **said)
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困发生率不达标不再有效")
    assert (await play.status()).waiting_for == play.office("C3")
    assert await play.limit("T5") == limit
    *_, told = await play.has_told("办理", 2)
    assert f"贫困发生率 {poor + 1}/100" in told["text"]
    assert TOLD in told["text"]
    await is_blocked(play, "C3", id="bare")
    await play.act("C3", id="all-the-same", **OVERRIDING)
    await play.reaches("C4")


@pytest.mark.clause("S3", "C3", "S6")
@pytest.mark.parametrize(
    ("left", "said"), [(4, {}), (0, OVERRIDING), (2, OVERRIDING)], ids=["met", "as told", "better"]
)
async def test_an_approval_is_judged_by_the_count_of_its_moment(
    stage: Stage, left: int, said: dict[str, Any]
) -> None:
    """C3 opens at 5 of 100; when it is approved 4 have left, or none, or 2."""
    county, village = county_of(stage, 5 - left, 100)
    leaving = put_household(stage, village, left) if left else None
    play = await applies(stage, county, 5, 100)
    await play.reaches("C3")
    if leaving is not None:
        leaves(stage.settings.engine(), leaving, date(YEAR, 11, 16))
    await play.act("C3", **said)
    await play.reaches("C4")
    assert not await play.entries(EntryKind.LAPSED)


@pytest.mark.clause("S3", "C3", "S6")
async def test_an_approval_that_no_desk_has_seen_is_judged_as_well(stage: Stage) -> None:
    county, _ = county_of(stage, 2, 100)
    play = await applies(stage, county, 2, 100)
    await play.reaches("C3")
    await play.send("act", play.message("C3"))
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因贫困发生率未达标、未列明并说明理由不再有效")
    await play.send("act", play.message("C3", **OVERRIDING))
    await play.reaches("C4")


@pytest.mark.clause("S3", "C7", "S6")
async def test_what_has_risen_since_the_check_blocks_the_approval(stage: Stage) -> None:
    county, village = county_of(stage, 1, 100)
    play = await applies(stage, county, 1, 100)
    await play.pass_until("C4")
    put_people(stage, village, 1)
    await play.pass_until("C7")
    assert "incidence 2/100 = 2 %" in await is_blocked(play, "C7")
    assert [(step, met) for step, _, met in await findings(play)] == [("C1", True), ("C7", False)]
    await play.act("C7", overrides=("S3.incidence",), reason=REASON)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C7", "S6", "G2")
@pytest.mark.parametrize(("more", "said"), [(0, {}), (1, OVERRIDING)], ids=["met", "overridden"])
async def test_what_rises_while_the_approval_is_held_up_undoes_it(
    stage: Stage, more: int, said: dict[str, Any]
) -> None:
    """1 or 2 of 100 are approved; one more has come in when the report is dismissed."""
    county, village = county_of(stage, 1, 100)
    play = await applies(stage, county, 1, 100)
    await play.pass_until("C4")
    put_people(stage, village, more)
    await play.pass_until("C7")
    report = await play.object("举报（合成）")
    await play.act("C7", **said)
    put_people(stage, village, 1)
    await play.resolve(report, "dismissed")
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困发生率不达标不再有效")
    await play.waits(lambda seen: seen.waiting_for == play.office("C7"))
    await is_blocked(play, "C7", id="again")
    assert not await play.entries(EntryKind.REGISTER_CHANGE)
    await play.act("C7", id="all-the-same", **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED
    (change,) = await play.entries(EntryKind.REGISTER_CHANGE)
    ordered: Any = change.data["change"]
    assert ordered["told"]["incidence"]["poor"] == 2 + more


@pytest.mark.clause("S3", "C7", "S6")
@pytest.mark.parametrize(("poor", "said"), [(1, {}), (2, OVERRIDING)], ids=["met", "overridden"])
async def test_what_rises_while_the_government_has_the_case_undoes_its_approval(
    stage: Stage, poor: int, said: dict[str, Any]
) -> None:
    """C7 opens at 1 or 2 of 100; when it is approved the register counts one more."""
    county, village = county_of(stage, poor, 100)
    play = await applies(stage, county, poor, 100)
    await play.reaches("C3")
    await play.act("C3", **said)
    await play.pass_until("C7")
    put_people(stage, village, 1)
    await play.act("C7", id="unaware", **said)
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困发生率不达标不再有效")
    await play.waits(lambda seen: seen.waiting_for == play.office("C7"))
    assert not await play.entries(EntryKind.REGISTER_CHANGE)
    *_, told = play.told("办理")
    assert f"贫困发生率 {poor + 1}/100" in told["text"]
    await is_blocked(play, "C7", id="bare")
    await play.act("C7", id="all-the-same", **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C7")
async def test_who_leaves_while_c7_is_open_makes_an_override_needless(stage: Stage) -> None:
    county, village = county_of(stage, 1, 100)
    play = await applies(stage, county, 1, 100)
    await play.pass_until("C4")
    put_people(stage, village, 1)
    await play.pass_until("C7")
    leaves_the_register(stage, village, date(YEAR, 11, 17))
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED
    assert [(step, met) for step, _, met in await findings(play)][-2:] == [
        ("C7", False),
        ("C7", True),
    ]


@pytest.mark.clause("S3", "C7", "S6")
async def test_figures_worse_than_the_registers_count_are_the_worse_ones(stage: Stage) -> None:
    """The county states 3 of 100, the register counts 1: 3 % are judged, until it corrects that."""
    county, village = county_of(stage, 1, 100)
    play = await applies(stage, county, 3, 100, figures_reason="口径（合成）")
    await play.reaches("C3")
    said = await is_blocked(play, "C3")
    assert f"3/100 = 3 % as of {APPLIED_FOR} as the county states it" in said
    await play.act("C3", "return", return_to="C1", reason="按登记数据填报（合成）")
    await play.reaches("C1", 2)
    again = figures(poor=1, population=100, as_of=APPLIED_FOR)
    await play.act("C1", figures=again.model_dump(mode="json"))
    await play.reaches("C3", 2)
    assert [(step, met) for step, _, met in await findings(play)] == [("C1", False), ("C1", True)]
    await play.act("C3", id="met")
    await play.reaches("C4")
    leaves_the_register(stage, village, date(YEAR, 11, 17))
    await play.pass_until("C7")
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C1", "C3", "C4")
async def test_who_has_left_since_the_day_of_the_figures_is_no_contradiction(stage: Stage) -> None:
    """3 of 100 on the day of the figures, by both; none when the province checks: S3 is met."""
    county, village = county_of(stage, 3, 100)
    leaves_the_register(stage, village, date(YEAR, 11, 15))
    play = await applies(stage, county, 3, 100)
    await play.reaches("C3")
    assert [(step, count["poor"], met) for step, count, met in await findings(play)] == [
        ("C1", 3, False),
        ("C3", 0, True),
    ]
    await play.act("C3")
    await play.reaches("C4")
    (notice,) = stage.registry.notices(play.case_id)
    assert "贫困发生率为0%。以上为建档立卡登记数据。县级申报数据为：截至" in notice.markdown


@pytest.mark.clause("S3", "C3")
async def test_a_check_that_came_before_its_count_counts_no_more(own_stage: Stage) -> None:
    """C3 is approved at the moment of C1's renewal; the count that follows is 3 of 100."""
    stage = own_stage
    county, village = county_of(stage, 1, 100)
    play = await applies(stage, county, 1, 100)
    await play.reaches("C3")
    await play.act("C3", "return", return_to="C1", reason="补正（合成）")
    await play.reaches("C1", 2)
    put_people(stage, village, 2)
    await stage.crew.goes()
    await play.signal("act", play.message("C1", id="renewed"))
    await play.signal("act", play.message("C3", id="early"))
    await stage.crew.comes()
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因核对登记数据后贫困发生率未达标不再有效")
    seen = await play.reaches("C3", 2)
    assert seen.waiting_for == play.office("C3")
    *_, told = [each for each in await play.has_told("办理", 3) if "C3 " in each["subject"]]
    assert "贫困发生率 3/100" in told["text"]
    await is_blocked(play, "C3", id="bare")
