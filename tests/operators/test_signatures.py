"""A stranger signs, and an objection with its review: on a real server, as the scenario says."""

from collections.abc import AsyncIterator

import pytest

from models.case.ledger import EntryKind
from operators.rehearsal.stage import Stage, set_stage
from tests.operators.rehearsals import Shown, shown


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with set_stage(tmp_path_factory.mktemp("signatures")) as stage:
        yield stage


@pytest.fixture(scope="module")
async def played(stage: Stage) -> Shown:
    """The shipped scenario."""
    return await shown(stage, "signatures-2017")


def roster(played: Shown) -> str:
    return f"household-exit/419841100201/{2017 + played.course.years}/1"


@pytest.mark.clause("H2", "G1")
async def test_it_goes_as_the_scenario_says(played: Shown) -> None:
    assert played.course.faults == ()
    assert "as the scenario says" in played.text


@pytest.mark.clause("H2")
async def test_a_stranger_signs_by_no_way_in_and_an_agent_with_a_reason(played: Shown) -> None:
    said = "赵某甲 is no member of household JI-01 whom the register names (张某甲, 李某甲, 张某乙)"
    assert [said in why for why in played.refusals] == [True, True, False, False]
    (signal,) = played.texts(roster(played), EntryKind.REFUSED)
    assert said in signal
    (consents,) = played.texts(roster(played), EntryKind.CONSENTS)
    assert consents == "拟退出贫困户2户认可，其中1户由他人代签"


@pytest.mark.clause("G1")
async def test_who_is_objected_to_does_not_judge_and_the_review_holds_up_the_exit(
    played: Shown,
) -> None:
    committees, chair = played.refusals[2:]
    assert committees.startswith("A1/419841100201 may not resolve yiyi-1 here")
    assert chair.startswith("officer: 某甲 has decided in this case (H2)")
    assert played.texts(roster(played), EntryKind.RESOLUTION) == [
        "演练县三扶贫开发领导小组：异议 yiyi-1 经调查不成立，理由：经入户查看，屋面已修缮",
        "演练市扶贫开发领导小组：复核 fuhe-1 认定原调查结论不当，予以纠正，理由："
        "厢房确未修缮，该户未达到住房安全标准",
    ]
    (change,) = played.entries(roster(played), EntryKind.REGISTER_CHANGE)
    assert change.data["households"] == ["JI-02"]
    changed = played.texts(roster(played), EntryKind.ROSTER_CHANGED)
    assert changed[-1] == (
        "户JI-01不列入退出名单：经复核，异议成立，理由：厢房确未修缮，该户未达到住房安全标准"
    )
