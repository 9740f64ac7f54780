"""A tiny season: what ``make season`` does for a hundredth of a province, for 13 rosters."""

from pathlib import Path

import pytest

from tests.season import season
from tests.season_province import planned

TINY = 3_000


@pytest.mark.timeout(600)
@pytest.mark.clause("H4", "V3", "C7", "G7")
async def test_all_that_was_to_leave_has_left_and_the_check_finds_nothing(tmp_path: Path) -> None:
    went = await season(tmp_path, TINY)
    # 420 000 households, 2 502 villages, 33 counties, by 3 000; a county at least.
    assert went.exits == went.meant == (140, 1, 1)
    assert went.rosters == 13
    assert went.report is not None
    assert (went.report.total, went.report.cases) == (0, 13 + 1 + 1)
    # Three verify, all answer, the county strikes off; a village has three acts, a county five.
    county = planned(TINY, 1)[0]
    of_county = 5 - county.is_direct - (county.tier != "national")
    assert len(went.acts.waited) == 13 * 5 + 3 + of_county


def test_a_whole_season_is_the_one_of_2018() -> None:
    counties = planned(1, seed=1)
    rosters = [each for county in counties for each in county.rosters]
    sizes = [len(each.households) for each in rosters]
    assert len(counties) == 33
    assert sum(len(each.poor) for each in counties) == 2_502
    assert (len(sizes), sum(sizes)) == (39_000, 420_000)
    assert sum(size > 100 for size in sizes) in range(30, 120)  # a tail
    assert len({each.village for each in rosters}) == 39_000
