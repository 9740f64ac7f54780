"""Natural changes (动态调整) under an open roster: who is gone leaves it; others start anew."""

from datetime import date, timedelta

import pytest

from models.case.ledger import EntryKind
from models.offices import Office
from models.register.changes import (
    ChangeKind,
    DivisionChange,
    DivisionKind,
    Person,
    RegisterChange,
)
from operators.commands.changes import amendment_of
from registry.database.engine import reading
from registry.facts.incidence import village_heads
from registry.register.changing import Changes
from tests.roster_stage import (
    RosterPlay,
    opens_roster_of,
    put_households,
    put_village,
    strikes_off,
)
from tests.stage import YEAR, Stage, at
from tests.workflows.test_roster_amendments import LATER, opened
from tests.workflows.test_roster_publicity import CLOSES, SECOND

ON = date(YEAR, 11, 17)


async def happens(
    case: RosterPlay,
    kind: ChangeKind,
    household: str,
    *people: Person,
    tell: bool = True,
    to: str | None = None,
) -> None:
    """Put a change down as the county does, and tell the open rosters as the command does."""
    change = RegisterChange(
        kind=kind,
        household=household,
        on=ON,
        reason=f"{kind.zh}，村上报",
        document="合成动态〔1〕号",
        office=Office.parse(f"A5/{case.code[:6]}"),
        officer="经办员甲",
        people=people,
        to=to,
    )
    loaded = Changes(case.stage.settings.engine()).put(change, ON + timedelta(days=1))
    assert [each.case_id for each in loaded.concerned] == [case.case_id]
    if tell:
        for each in loaded.concerned:
            await case.stage.desk.amend(each.case_id, amendment_of(each))


@pytest.mark.clause("G1", "H3", "S5")
async def test_who_is_gone_leaves_the_roster_and_who_shrank_is_posted_anew(stage: Stage) -> None:
    case = await opened(stage, 3)
    gone, smaller, same = case.households
    await case.until(at(11, 18))
    await happens(case, ChangeKind.DIED_OUT, gone)
    await happens(case, ChangeKind.DIED, smaller, Person(name="张某丁"))
    await case.waits(lambda seen: bool(seen.households and len(seen.limits) == 3))
    courses = await case.courses()
    assert courses[gone].reason == f"与登记不符：登记中已于{ON}注销（整户死亡）"
    assert (courses[smaller].closes, courses[smaller].size) == (LATER, 2)
    assert courses[same].closes == CLOSES
    told = [entry.text for entry in await case.entries(EntryKind.AMENDMENT)]
    assert f"户{gone}自{ON}起整户死亡" in told[0]
    await case.until(LATER + SECOND)
    await strikes_off(case, 2)
    assert (await case.ends()).reason == "2户脱贫销号，1户未退出"


@pytest.mark.clause("G1", "H4", "S5")
async def test_of_what_a_roster_was_not_told_the_register_strikes_off_nobody(stage: Stage) -> None:
    case = await opened(stage, 3)
    gone, moved, same = case.households
    village = put_village(stage, case.code[:6])
    await case.until(at(11, 18))
    await happens(case, ChangeKind.LEFT, gone, tell=False)
    await happens(case, ChangeKind.RESETTLED, moved, tell=False, to=village)
    await case.until(CLOSES + SECOND)
    await strikes_off(case, 1)
    await case.ends()
    courses = await case.courses()
    assert courses[gone].reason == f"登记中已于{ON}注销（整户迁出）"
    assert courses[moved].reason == "登记中不在本村"
    assert courses[same].state == "struck_off"


@pytest.mark.clause("G1", "H3", "S5")
async def test_a_village_is_merged_under_open_rosters(stage: Stage) -> None:
    case = await opened(stage, 2)
    county = case.code[:6]
    other = put_village(stage, county)
    theirs = put_households(stage, other, 1)
    stays = await opens_roster_of(stage, other, theirs, at(11, 16))
    await stays.is_posted()
    await case.until(at(11, 18))
    merged = DivisionChange(
        kind=DivisionKind.MERGED,
        code=case.code,
        to=other,
        on=ON,
        reason="村庄撤并",
        document="合成区划〔1〕号",
        office=Office.parse(f"A5/{county}"),
        officer="经办员甲",
    )
    engine = stage.settings.engine()
    loaded = Changes(engine).put_division(merged, ON + timedelta(days=1))
    assert [(each.case_id, each.households) for each in loaded.concerned] == [
        (case.case_id, tuple(sorted(case.households)))
    ]
    for each in loaded.concerned:
        await stage.desk.amend(each.case_id, amendment_of(each))
    assert (await case.ends()).reason == "名单中已无待退出户"
    courses = await case.courses()
    assert {each.reason for each in courses.values()} == {
        f"与登记不符：登记中已不在本村（现属{other}）"
    }
    await stays.until(CLOSES + SECOND)
    await strikes_off(stays, 1)
    assert (await stays.ends()).reason == "1户脱贫销号"
    with reading(engine) as session:
        poor = {
            on: village_heads(session, on, codes=[other])[other].poor
            for on in (ON - timedelta(days=1), ON)
        }
    assert poor == {ON - timedelta(days=1): 3, ON: 9}
