"""The whole way of a county, for every kind of county."""

import pytest

from models.case.messages import Ending
from tests.stage import Stage, at


@pytest.mark.clause("C1", "C2", "C3", "C4", "C5", "C6", "C7")
@pytest.mark.parametrize(
    ("tier", "direct", "passed"),
    [
        ("national", False, ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]),
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
