"""The whole way of a county, for every kind of county, and the day on which it leaves."""

from datetime import date
from typing import Any

import pytest

from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.periods import beijing
from tests.registry.known import county_facts
from tests.stage import YEAR, Stage, at


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
@pytest.mark.parametrize(
    ("tier", "direct", "passed"),
    [
        pytest.param(
            "national",
            False,
            ["C1", "C2", "C3", "C4", "C5", "C6", "C7"],
            marks=pytest.mark.server,
        ),
        ("national", True, ["C1", "C3", "C4", "C5", "C6", "C7"]),
        ("provincial", False, ["C1", "C2", "C3", "C4", "C5", "C7"]),
        ("provincial", True, ["C1", "C3", "C4", "C5", "C7"]),
    ],
)
async def test_every_kind_of_county_passes_its_own_steps(
    stage: Stage, tier: str, direct: bool, passed: list[str]
) -> None:
    play = await stage.opens(at(11, 16), tier=tier, direct=direct)
    await play.pass_until("C7")
    await play.act("C7", document_number="合成〔9〕号")
    outcome = await play.ends()
    assert (outcome.ending, outcome.step, outcome.by) == (Ending.EXITED, "C7", "A9/410000")
    done = [entry.step for entry in await play.file() if entry.kind == "step_done"]
    assert done == passed


@pytest.mark.clause("C7")
async def test_it_leaves_on_the_day_on_which_its_approval_was_signed(stage: Stage) -> None:
    play = await stage.opens(at(11, 16), tier="provincial", direct=True)
    await play.pass_until("C7")
    await play.until(at(1, 16, year=YEAR + 1))
    await play.act("C7", at=at(1, 14, 23, 30, year=YEAR + 1))
    await play.ends()
    (change,) = await play.entries(EntryKind.REGISTER_CHANGE)
    ordered: Any = change.data["change"]
    name, number = stage.known(play.code).name, f"{play.case_id}/notice-{ordered['seq']}"
    assert change.text == (
        f"{name}自{YEAR + 1}-01-14退出贫困县序列，发布《关于{name}退出贫困县的公告》"
        f"（公告编号 {number}）"
    )
    _, announcement = stage.registry.notices(play.case_id)
    assert (announcement.id, announcement.title) == (number, f"关于{name}退出贫困县的公告")
    assert announcement.posted_at == announcement.closes_at  # on the day on which it was ordered
    assert beijing(announcement.posted_at).date() == date(YEAR + 1, 1, 16)
    assert change.data["notice"] == {
        "notice_id": number,
        "title": announcement.title,
        "markdown": announcement.markdown,
        "sha256": announcement.sha256,
    }
    assert (stage.settings.notices_folder / f"{number.replace('/', '_')}.html").exists()
    exited = county_facts(stage.registry, play.code, YEAR, date(YEAR + 1, 1, 16))
    assert exited.exited_on == date(YEAR + 1, 1, 14)
