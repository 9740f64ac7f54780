"""A short soak: what ``make soak`` does for twenty minutes, for less than one."""

from pathlib import Path

import pytest

from tests.soak import soak


@pytest.mark.timeout(600)
@pytest.mark.clause("G7")
async def test_nothing_that_was_given_is_lost_doubled_or_undone(tmp_path: Path) -> None:
    tally = await soak(tmp_path, minutes=0.6, seed=11, offices=4)
    assert tally.receipts
    assert tally.broken
    assert (tally.lost, tally.doubled, tally.contradicted, tally.stuck) == ([], [], [], [])
