"""A channel that stays down is tried for days, and holds up nobody: no case waits for it (T8)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from activities.notifications.channels import FileChannel
from models.case.ledger import EntryKind
from models.case.messages import Ending
from models.policy import Notification
from tests.play import execution_status
from tests.stage import Stage, at, set_fast_stage, settings_in

DAY = timedelta(days=1)

pytestmark = pytest.mark.clause("T8", "G7")


@pytest.fixture
def way(tmp_path: Path) -> Path:
    """Where a second log is to be written: a file lies in its way."""
    (tmp_path / "way").write_text("", encoding="utf-8")
    return tmp_path / "way"


@pytest.fixture
async def down(way: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage with a log, and with another that cannot be written."""
    log = FileChannel(name="log", path=tmp_path / "notifications.jsonl")
    shut = FileChannel(name="shut", path=way / "log.jsonl")
    async with set_fast_stage(settings_in(tmp_path, channels=(log, shut))) as stage:
        yield stage


async def test_a_channel_that_is_down_is_given_up(down: Stage) -> None:
    policy = down.policy.model_copy(update={"notification": Notification(give_up_after_days=1)})
    play = await down.opens(at(11, 16), direct=True, policy=policy)
    await play.reaches("C3")
    await play.has_told("办理", 1)
    entries = (await play.status()).entries
    (tried,) = down.registry.unreached(play.case_id)
    assert (tried.topic, tried.channel, tried.error) == ("办理", "shut", None)
    assert tried.until - tried.at == DAY
    ((entry, told),) = await play.says_told("办理")
    assert (entry.seq, told["recipient"]) == (tried.seq, tried.recipient)

    # The last attempt begins within the six hours between two.
    await play.until(await play.now() + DAY + timedelta(hours=6, minutes=1))
    (given_up,) = down.registry.unreached(play.case_id)
    assert given_up.seq == tried.seq
    assert "shut: the log file cannot be written" in (given_up.error or "")
    seen = await play.status()
    assert (seen.step, seen.waiting_for) == ("C3", play.office("C3"))
    assert seen.entries == entries  # the file says who was told; the outbox what came of it
    assert len(play.told("办理")) == 1


async def test_a_case_ends_without_waiting_for_a_letter_that_goes_out_days_later(
    down: Stage, way: Path
) -> None:
    play = await down.opens(at(11, 16), direct=True)
    await play.reaches("C3")
    await play.act("C3", "reject", reason="未达标（合成）")
    assert (await play.ends()).ending is Ending.NOT_EXITED
    assert await execution_status(play) is WorkflowExecutionStatus.COMPLETED
    file = await play.file()
    assert file[-1].kind is EntryKind.NOTIFIED
    ended = await play.now()
    assert ended < at(11, 16, 10, 5)
    unreached = down.registry.unreached(play.case_id)
    assert [(each.topic, each.error) for each in unreached] == [
        ("办理", None),
        *[("结果", None)] * 2,  # the county, which applied, and the province, which decided
    ]
    await play.until(ended + 2 * DAY)
    await asyncio.to_thread(way.unlink)
    await play.until(ended + 2 * DAY + timedelta(hours=7))
    assert down.registry.unreached(play.case_id) == ()
    log = way / "log.jsonl"
    assert len(log.read_text(encoding="utf-8").splitlines()) == 3
    assert len(play.told()) == 3  # each once, whatever else is down
    assert await play.file() == file
