"""S3 to S6 in a running case: what fails blocks, what may be overridden is, by name and on file."""

from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from operators.desk.desk import Refused
from tests.models.samples import FINDINGS, NOT_MET
from tests.play import Play
from tests.stage import Stage, at, figures

REASON = "生态移民尚未销户（合成）"
PASSING = {"incidence": "1.999", "wrongly_exited": "0", "omitted": "1.999", "recognition": "90"}
FAILING = [
    ({"incidence": "2"}, "S4.incidence"),
    ({"wrongly_exited": "2"}, "S4.wrong"),
    ({"omitted": "2.5"}, "S4.omitted"),
    ({"recognition": "89.999"}, "S4.recognition"),
]


async def blocked(play: Play, step: str, standard: str, **fields: Any) -> str:
    """An approval that a failed standard blocks; returns why."""
    with pytest.raises(Refused, match=f"{standard} is not met") as refusal:
        await play.act(step, **fields)
    return str(refusal.value)


@pytest.mark.clause("S3", "S5", "S6", "C2", "C3")
async def test_a_failed_standard_blocks_city_and_province_until_each_overrides_it(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16), figures=figures(poor=30_000))
    for step in ("C2", "C3"):
        await play.reaches(step)
        said = await blocked(play, step, r"S3\.incidence")
        assert "30000/1000000 = 3" in said
        assert said.endswith("name it in overrides and give the reason (S6)")
        named = ["S3.incidence", "S3.income"]
        own: dict[str, Any] = {"findings": FINDINGS} if step == "C3" else {}
        said = await play.update("act", play.message(step, overrides=named, reason=REASON, **own))
        assert said.endswith("overrides: S3.income did not fail and needs no override")
        said = await play.update("act", play.message(step, overrides=["S3.incidence"]))
        assert "reason: an override needs a reason" in said
        assert (await play.status()).step == step
        await play.act(step, overrides=("S3.incidence",), reason=REASON)
    await play.reaches("C4")
    acts = await play.entries(EntryKind.ACT)
    assert [entry.step for entry in acts] == ["C2", "C3"]
    for entry in acts:
        act = entry.data["act"]
        assert isinstance(act, dict)
        assert (act["overrides"], act["reason"]) == (["S3.incidence"], REASON)
        assert REASON in entry.text
    (opened,) = await play.entries(EntryKind.OPENED)
    findings = opened.data["findings"]
    assert isinstance(findings, list)
    met = {each["id"]: each["met"] for each in findings if isinstance(each, dict)}
    services = dict.fromkeys(("S3.education", "S3.culture", "S3.health"), True)
    assert met == {"S3.incidence": False, "S3.income": True, **services}


@pytest.mark.clause("S3", "S6")
async def test_every_failed_standard_is_named_to_override(stage: Stage) -> None:
    services = dict.fromkeys(("education", "culture", "health"), NOT_MET)
    failing = figures(poor=30_000, income_growth_percent="8.9", **services)
    play = await stage.opens(at(11, 16), direct=True, tier="provincial", figures=failing)
    await play.reaches("C3")
    given: tuple[str, ...] = ()
    for standard in ("S3.incidence", "S3.income", "S3.education", "S3.culture", "S3.health"):
        fields = {"overrides": given, "reason": REASON} if given else {}
        await blocked(play, "C3", standard, **fields)
        given = (*given, standard)
    with pytest.raises(Refused, match=r"findings\.income: it is found met, but by the numbers"):
        await play.act(
            "C3", findings=FINDINGS | {"incidence": NOT_MET}, overrides=given, reason=REASON
        )
    await play.act("C3", overrides=given, reason=REASON)
    await play.reaches("C4")
    notice = stage.registry.notices(play.case_id)[0].markdown
    assert "农民人均可支配收入增幅未达标" in notice
    assert "、卫生医疗未达标，经河南省扶贫开发领导小组决定予以例外，理由：" in notice


@pytest.mark.clause("C3", "S3", "S6")
async def test_the_province_approves_only_by_findings_of_its_own(stage: Stage) -> None:
    play = await stage.opens(at(11, 16))
    await play.pass_until("C3")
    with pytest.raises(Refused, match="findings: to approve C3, give what the province's own"):
        await play.act("C3", findings=None)
    found = FINDINGS | {"culture": NOT_MET}
    said = await blocked(play, "C3", r"S3\.culture", findings=found)
    assert "culture, as the province itself found: 主要指标低于全省平均水平" in said
    await play.act("C3", findings=found, overrides=["S3.culture"], reason=REASON)
    await play.reaches("C4")
    *_, filed = await play.entries(EntryKind.FINDINGS)
    assert filed.step == "C3"
    assert "；文化未达标：主要指标低于全省平均水平（合成数据）；卫生医疗已达标" in filed.text
    findings: Any = filed.data["findings"]
    assert {each["id"]: each["met"] for each in findings} == {
        "S3.incidence": True,
        "S3.income": True,
        "S3.education": True,
        "S3.culture": False,
        "S3.health": True,
    }
    notice = stage.registry.notices(play.case_id)[0].markdown
    assert "- 文化未达标：主要指标低于全省平均水平（合成数据）。" in notice
    assert "全省平均比上年增长8.9%（合成统计公报）" in notice


@pytest.mark.clause("S5")
@pytest.mark.parametrize(
    ("strict", "poor", "passes"),
    [(True, 20_000, False), (True, 19_999, True), (False, 20_000, True), (False, 20_001, False)],
)
async def test_at_exactly_two_percent_the_policy_decides(
    stage: Stage, strict: bool, poor: int, passes: bool
) -> None:
    standards = stage.policy.standards.model_copy(update={"incidence_strict": strict})
    play = await stage.opens(
        at(11, 16),
        direct=True,
        tier="provincial",
        figures=figures(poor=poor),
        policy=stage.policy.model_copy(update={"standards": standards}),
    )
    await play.reaches("C3")
    if not passes:
        said = await blocked(play, "C3", r"S3\.incidence")
        assert f"required {'<' if strict else '≤'} 2 %" in said
        return
    await play.act("C3")
    await play.reaches("C4")


@pytest.mark.clause("S4", "C3")
async def test_no_override_helps_against_the_rates_of_the_provincial_check(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16), direct=True, tier="provincial")
    await play.reaches("C3")
    for failing, standard in FAILING:
        rates = PASSING | failing
        said = await blocked(play, "C3", standard, rates=rates)
        assert said.endswith("no exit; return or reject")
        message = play.message("C3", rates=rates, overrides=[standard], reason=REASON)
        said = await play.update("act", message)
        assert standard in said
        assert (await play.status()).step == "C3"
    await play.act("C3", rates=PASSING)
    await play.reaches("C4")
    (entry,) = await play.entries(EntryKind.ACT)
    act = entry.data["act"]
    assert isinstance(act, dict)
    assert act["rates"] == PASSING


@pytest.mark.clause("S4", "C6")
async def test_no_override_helps_against_the_rates_of_the_national_inspection(
    stage: Stage,
) -> None:
    play = await stage.opens(at(11, 16), direct=True, figures=figures(poor=30_000))
    await play.reaches("C3")
    await play.act("C3", overrides=("S3.incidence",), reason=REASON)
    await play.reaches("C4")
    await play.pass_until("C6")
    rates = PASSING | {"omitted": "2"}
    await blocked(play, "C6", r"S4\.omitted", rates=rates)
    message = play.message("C6", rates=rates, overrides=["S4.omitted"], reason=REASON)
    said = await play.update("act", message)
    assert "overrides: only an act of C2 or C3 or C7 carries it" in said
    task = {"office": play.office("C1"), "task": "逐户核查（合成）"}
    await play.act("C6", "rectify", reason=REASON, rates=rates, rectification=task)
    await play.waits(lambda seen: seen.waiting_for == play.office("C1"))
    await play.act("C6", "reply", office=play.office("C1"))
    await play.waits(lambda seen: seen.waiting_for == play.office("C6"))
    await play.act("C6", rates=PASSING)
    await play.reaches("C7")


@pytest.mark.clause("S4", "S6", "C3")
async def test_failed_rates_and_standards_can_be_returned_and_rejected(stage: Stage) -> None:
    play = await stage.opens(
        at(11, 16), direct=True, tier="provincial", figures=figures(poor=30_000)
    )
    rates = PASSING | {"recognition": "40"}
    await play.reaches("C3")
    await play.act("C3", "return", reason=REASON, return_to="C1", rates=rates)
    await play.reaches("C1", 2)
    await play.act("C1", figures=figures(poor=19_999).model_dump(mode="json"))
    await play.reaches("C3", 2)
    await blocked(play, "C3", r"S4\.recognition", rates=rates)
    await play.act("C3", "reject", reason=REASON, rates=rates)
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.reason) == (Ending.NOT_EXITED, "C3", REASON)
    given = [entry.data["act"] for entry in await play.entries(EntryKind.ACT)]
    assert [act["rates"] for act in given if isinstance(act, dict) and act["step"] == "C3"] == [
        rates,
        rates,
    ]
