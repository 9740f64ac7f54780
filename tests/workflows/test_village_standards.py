"""S2 and S6 in a running case: what fails blocks, what is overridden is by name and on file."""

from datetime import date
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.registry.places import leaves
from tests.replays import replay
from tests.stage import Stage, at
from tests.village_stage import (
    CONSIDERED,
    leaves_the_register,
    opens_village,
    put_household,
    survey,
)

REASON = "新建卫生室月底投用（合成）"
OVERRIDING: dict[str, Any] = {"overrides": ["S2.incidence"], "reason": REASON}


@pytest.mark.clause("V1", "S2")
async def test_v1_is_not_approved_without_a_survey(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.reaches("V1")
    with pytest.raises(Refused, match=r"survey: to approve V1, give what the survey found \(S2\)"):
        await play.act("V1", survey=None)
    await play.act("V1", "reject", reason="未达标（合成）")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step) == (Ending.NOT_EXITED, "V1")


@pytest.mark.clause("V1", "V3", "S2")
async def test_nobody_approves_without_having_considered_industry_and_collective_income(
    stage: Stage,
) -> None:
    """统筹考虑 (HN 四.2): no threshold, but the county and then the city each write it down."""
    play = await opens_village(stage, at(11, 16))
    await play.reaches("V1")
    said = "consideration: to approve {}, write how industry and collective income were considered"
    with pytest.raises(Refused, match=said.format("V1")):
        await play.act("V1", consideration=None)
    await play.is_surveyed()
    _, surveyed = await play.entries(EntryKind.FINDINGS)
    year = play.case_id[-4:]
    assert surveyed.text == (
        f"调查核实（{year}-01-04至{year}-01-05，合成县扶贫办、合成县交通局参加）："
        "对照退出标准10项，均已达标"
    )
    await play.end_publicity()
    await play.reaches("V3")
    await play.report(consideration=None)  # a report decides nothing
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    asked = [line for line in play.told("办理") if line["recipient"]["office"] == play.office("V3")]
    assert CONSIDERED in asked[-1]["text"]
    with pytest.raises(Refused, match=said.format("V3")):
        await play.act("V3", consideration=None)
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    acts: list[Any] = [entry.data["act"] for entry in await play.entries(EntryKind.ACT)]
    assert [act.get("consideration") for act in acts] == [CONSIDERED, None, CONSIDERED]


@pytest.mark.clause("V1", "V3", "S2", "S6")
async def test_a_failed_criterion_blocks_survey_and_approval_until_each_overrides_it(
    stage: Stage,
) -> None:
    play = await opens_village(stage, at(11, 16))
    found = survey(clinic=False)
    await play.reaches("V1")
    with pytest.raises(Refused, match=r"S2\.clinic is not met \(standard clinic: no\)"):
        await play.act("V1", survey=found)
    both = ["S2.clinic", "S2.doctor"]
    said = await play.update("act", play.message("V1", survey=found, overrides=both, reason=REASON))
    assert said.endswith("overrides: S2.doctor did not fail and needs no override")
    await play.is_reported(survey=found, overrides=["S2.clinic"], reason=REASON)
    _, surveyed = await play.entries(EntryKind.FINDINGS)
    assert surveyed.text.endswith("参加）：对照退出标准10项，未达标：标准化卫生室：否")
    assert "标准化卫生室：否。" in stage.registry.notices(play.case_id)[0].markdown

    with pytest.raises(Refused, match=r"S2\.clinic is not met"):
        await play.act("V3")
    await play.act("V3", overrides=["S2.clinic"], reason=REASON)
    assert (await play.ends()).ending is Ending.EXITED
    acts: list[Any] = [entry.data["act"] for entry in await play.entries(EntryKind.ACT)]
    assert [act.get("overrides") for act in acts] == [["S2.clinic"], None, ["S2.clinic"]]
    *_, approved = await play.entries(EntryKind.ACT)
    exception = f"对标准化卫生室未达标予以例外，理由：{REASON}；统筹考虑：{CONSIDERED}"
    assert approved.text.endswith(exception)


@pytest.mark.clause("V1", "S2", "S5")
@pytest.mark.parametrize(
    ("strict", "poor", "passes"), [(True, 6, False), (True, 5, True), (False, 6, True)]
)
async def test_at_exactly_two_percent_the_policy_decides(
    stage: Stage, strict: bool, poor: int, passes: bool
) -> None:
    standards = stage.policy.standards.model_copy(update={"incidence_strict": strict})
    policy = stage.policy.model_copy(update={"standards": standards})
    play = await opens_village(stage, at(11, 16), poor=poor, policy=policy)
    await play.reaches("V1")
    if not passes:
        with pytest.raises(Refused, match=r"S2\.incidence is not met \(incidence 6/300 = 2 % "):
            await play.act("V1")
        return
    await play.act("V1")
    await play.reaches("V2")


@pytest.mark.clause("V3", "S2", "S5", "S6")
async def test_incidence_that_has_risen_since_blocks_the_approval(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    put_household(stage, play.code, 2)
    await play.end_publicity()
    await play.reaches("V3")
    *_, counted = await play.entries(EntryKind.FINDINGS)
    assert (counted.step, counted.text) == (
        "V3",
        f"登记数据：贫困发生率 6/300，为2%（{play.case_id[-4:]}-11-24），标准 <2%，未达标",
    )
    await play.report()
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    with pytest.raises(Refused, match=r"S2\.incidence is not met \(incidence 6/300 = 2 %"):
        await play.act("V3")
    reason = "返贫户已落实帮扶（合成）"
    await play.act("V3", overrides=["S2.incidence"], reason=reason)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("V3", "S2", "S6", "F5", "G2")
@pytest.mark.parametrize(("more", "said"), [(0, {}), (2, OVERRIDING)], ids=["met", "overridden"])
async def test_incidence_that_rises_while_the_approval_is_held_up_undoes_it(
    stage: Stage, more: int, said: dict[str, Any]
) -> None:
    """4 or 6 of 300 are approved; two more have come in when the report is dismissed."""
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    if more:
        put_household(stage, play.code, more)
    await play.is_posted_and_reported()
    report = await play.object("举报（合成）")
    await play.act("V3", **said)
    put_household(stage, play.code, 2)
    await play.resolve(report, "dismissed")
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困发生率不达标不再有效")
    await play.waits(lambda seen: seen.waiting_for == play.office("V3"))
    with pytest.raises(Refused, match=rf"S2\.incidence is not met \(incidence {6 + more}/300 "):
        await play.act("V3", id="act-again")
    await play.act("V3", id="act-all-the-same", **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED
    (change,) = await play.entries(EntryKind.REGISTER_CHANGE)
    ordered: Any = change.data["change"]
    assert ordered["told"]["poor"] == 6 + more
    await replay(await play.history())


@pytest.mark.clause("V3", "S2", "S6", "T6")
@pytest.mark.parametrize(("more", "said"), [(0, {}), (2, OVERRIDING)], ids=["met", "overridden"])
async def test_incidence_that_rises_while_the_city_has_the_case_undoes_its_approval(
    stage: Stage, more: int, said: dict[str, Any]
) -> None:
    """V3 opens at 4 or 6 of 300; two more have come in when it is approved."""
    play = await opens_village(stage, at(11, 16))
    await play.is_surveyed()
    if more:
        put_household(stage, play.code, more)
    await play.is_posted_and_reported()
    put_household(stage, play.code, 2)
    await play.act("V3", id="unaware", **said)
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困发生率不达标不再有效")
    assert (await play.status()).waiting_for == play.office("V3")
    assert (await play.limit("T6")).clause == "T6"
    *_, told = await play.has_told("办理", 4)
    assert f"登记数据：贫困发生率 {6 + more}/300" in told["text"]
    assert "未达标的标准（贫困发生率）并说明理由。" in told["text"]
    await play.act("V3", id="all-the-same", **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("V1", "V3", "S2", "S6")
async def test_who_leaves_while_a_step_is_open_makes_an_override_needless(stage: Stage) -> None:
    """10 of 300 when V1 opens, 6 of 300 at V3: nobody is poor any more when they are approved."""
    play = await opens_village(stage, at(11, 16), poor=10)
    await play.reaches("V1")
    leaves_the_register(stage, play.code, at(11, 16).date())
    await play.is_surveyed()
    household = put_household(stage, play.code, 6)
    await play.is_posted_and_reported()
    leaves(stage.settings.engine(), household, at(11, 17).date())
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED
    assert not await play.entries(EntryKind.LAPSED)


@pytest.mark.clause("V1", "V3", "S2", "S6")
async def test_an_approval_that_no_desk_has_seen_is_judged_as_well(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16), poor=6)
    await play.reaches("V1")
    await play.send("act", play.message("V1"))
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因贫困发生率未达标、未列明并说明理由不再有效")
    await play.send("act", play.message("V1", **OVERRIDING))
    await play.reaches("V2")


@pytest.mark.clause("V3", "S5")
async def test_incidence_that_has_not_changed_is_not_put_on_file_again(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.is_reported()
    assert [entry.step for entry in await play.entries(EntryKind.FINDINGS)] == ["V1", "V1"]


@pytest.mark.clause("V3", "S2", "S5", "G3")
async def test_households_that_left_meanwhile_make_an_override_needless(stage: Stage) -> None:
    play = await opens_village(stage, at(11, 16), poor=30)
    await play.reaches("V1")
    year = int(play.case_id[-4:])
    leaves_the_register(stage, play.code, date(year, 11, 20))
    await play.is_reported(overrides=["S2.incidence"], reason="年底前销号（合成）")
    counts = [entry.text for entry in await play.entries(EntryKind.FINDINGS)]
    assert "0/300，为0%" in counts[-1]
    said = await play.update("act", play.message("V3", overrides=["S2.incidence"], reason="合成"))
    assert "overrides: S2.incidence did not fail and needs no override" in said
    await play.act("V3")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("V1")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rates", {"incidence": "1", "wrongly_exited": "0", "omitted": "0", "recognition": "99"}),
        ("households", ["H000001"]),
    ],
)
async def test_what_belongs_to_other_procedures_is_refused(
    stage: Stage, field: str, value: Any
) -> None:
    play = await opens_village(stage, at(11, 16))
    await play.reaches("V1")
    with pytest.raises(Refused, match=f"{field}: no act of this case carries it"):
        await play.act("V1", **{field: value})
    await play.is_reported()
    with pytest.raises(Refused, match="survey: only an act of V1 carries it"):
        await play.act("V3", survey=survey())
