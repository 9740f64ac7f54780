"""S3: how many poor villages of a county are left, and the share that a policy asks for."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.policy import Policy
from operators.desk.desk import Refused
from registry.database.engine import writing
from registry.tables import Standing, VillageStatusRow
from tests.play import Play
from tests.registry.places import village_leaves
from tests.stage import YEAR, Stage, at
from tests.village_stage import put_village

LEFT = "贫困村2个，已退出1个，尚有1个未退出"
OVERRIDING: dict[str, Any] = {"overrides": ("S3.villages",), "reason": "其余一村整体搬迁（合成）"}


def asking_for(policy: Policy, least: int) -> Policy:
    """The same policy with another least share of exited villages."""
    share = {"exited_villages_at_least_percent": least}
    return policy.model_copy(update={"standards": policy.standards.model_copy(update=share)})


def two_villages(stage: Stage) -> tuple[str, str, str]:
    """A directly administered provincial county, its poor village that has left, and the other."""
    county = stage.county(direct=True, tier="provincial")
    staying, gone = (put_village(stage, county, poor=0, population=100) for _ in range(2))
    village_leaves(stage.settings.engine(), gone, date(YEAR, 1, 10))
    return county, gone, staying


def listed_again(stage: Stage, village: str, on: date) -> None:
    """A village that has left is on the list of poor villages again (F7)."""
    with writing(stage.settings.engine()) as session:
        exited = select(VillageStatusRow).where(
            VillageStatusRow.code == village, VillageStatusRow.status == Standing.EXITED
        )
        session.exec(exited).one().until = on
        session.add(VillageStatusRow(code=village, since=on, status=Standing.REVOKED))


async def applies(stage: Stage, county: str, least: int) -> Play:
    return await stage.opens_for(
        county,
        at(11, 16),
        policy=asking_for(stage.policy, least),
        direct=True,
        tier="provincial",
        figures_reason="口径（合成）",
    )


@pytest.mark.clause("S3", "C3", "C4", "C7")
@pytest.mark.parametrize("least", [0, 50])
async def test_what_a_policy_does_not_ask_for_is_shown_and_blocks_nothing(
    stage: Stage, least: int
) -> None:
    """One of two is 50 %: enough where 50 % are asked for, and where nothing is."""
    county, *_ = two_villages(stage)
    play = await applies(stage, county, least)
    await play.reaches("C3")
    (opened,) = await play.entries(EntryKind.OPENED, EntryKind.FINDINGS)
    assert opened.data["villages"] == {"listed": 1, "exited": 1}
    assert LEFT in opened.text
    (told,) = [each["text"] for each in play.told("办理") if "C3 " in each["subject"]]
    assert LEFT in told
    await play.act("C3")
    await play.reaches("C4")
    (notice,) = stage.registry.notices(play.case_id)
    assert f"\n6. 贫困村退出情况：{LEFT}。\n" in notice.markdown
    await play.pass_until("C7")
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "S6", "C3", "C7")
async def test_a_share_that_a_policy_asks_for_blocks_until_it_is_overridden(stage: Stage) -> None:
    """One of two is 50 %, and 90 % are asked for: at C3 and C7, each for itself."""
    county, *_ = two_villages(stage)
    play = await applies(stage, county, 90)
    await play.pass_until("C3")
    for step in ("C3", "C7"):
        await play.pass_until(step)
        with pytest.raises(Refused, match=r"S3\.villages is not met \(poor villages exited 1/2"):
            await play.act(step, id=f"{step}-bare")
        told = [each["text"] for each in play.told("办理") if f"{step} " in each["subject"]]
        assert f"{LEFT}，退出比例为50%，标准 ≥90%，未达标" in told[-1]
        assert "须在决定中逐项列明未达标的标准（贫困村退出比例）并说明理由。" in told[-1]
        await play.act(step, **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C3", "C7", "V3")
async def test_a_village_that_leaves_meanwhile_is_counted_when_c7_opens(stage: Stage) -> None:
    county, _, staying = two_villages(stage)
    play = await applies(stage, county, 100)
    await play.reaches("C3")
    await play.act("C3", overrides=("S3.villages",), reason="其余一村已公示（合成）")
    village_leaves(stage.settings.engine(), staying, date(YEAR, 11, 16))
    await play.pass_until("C7")
    *_, last = await play.entries(EntryKind.FINDINGS)
    assert last.data["villages"] == {"exited": 2}
    assert "贫困村2个，已全部退出，退出比例为100%，标准 ≥100%，已达标" in last.text
    await play.act("C7")
    assert (await play.ends()).ending is Ending.EXITED


@pytest.mark.clause("S3", "C7", "S6", "G2")
@pytest.mark.parametrize(("least", "said"), [(50, {}), (90, OVERRIDING)], ids=["met", "overridden"])
async def test_a_village_that_is_listed_again_while_the_approval_is_held_up_undoes_it(
    stage: Stage, least: int, said: dict[str, Any]
) -> None:
    """1 of 2 is 50 %: enough, or approved by name. The report is dismissed at 0 of 2."""
    county, gone, _ = two_villages(stage)
    play = await applies(stage, county, least)
    await play.reaches("C3")
    await play.act("C3", **said)
    await play.pass_until("C7")
    report = await play.object("举报（合成）")
    await play.act("C7", **said)
    listed_again(stage, gone, date(YEAR, 11, 16))
    await play.resolve(report, "dismissed")
    (lapsed,) = await play.has_entered(EntryKind.LAPSED)
    assert lapsed.text.endswith("因登记数据变化、贫困村退出比例不达标不再有效")
    await play.waits(lambda seen: seen.waiting_for == play.office("C7"))
    await play.act("C7", id="all-the-same", **OVERRIDING)
    assert (await play.ends()).ending is Ending.EXITED
