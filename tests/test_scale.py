"""The model of docs/scale.md, by hand; and the page has the table that it gives."""

from pathlib import Path

import pytest

from docs.scale import AREAS, HEARD_WITHIN, SECONDS, Area, Figures, need, table

ROUND = Figures(server=0.4, worker=0.2, offices=0.1, kept=1_000, hearing=0.1)


def test_what_a_province_needs_by_round_figures() -> None:
    its = need(AREAS[0], ROUND)
    assert SECONDS == 2_304_000
    # 39 000 rosters in 2 304 000 seconds, ten times as many in the busiest hour.
    assert its.peak == pytest.approx(0.16927, rel=1e-4)
    assert its.cores == pytest.approx(0.10156, rel=1e-4)  # at 0.6 s each
    assert its.interpreters == pytest.approx(0.03385, rel=1e-3)  # at 0.2 s each
    # A quarter waits at the end of the year: 975 seconds of a processor, within 300.
    assert its.open == 9_750
    assert its.hearing == pytest.approx(975 / HEARD_WITHIN)
    assert its.kept == pytest.approx(39e6)
    # 39 000 times 0.7 s on two cores.
    assert its.replayed == pytest.approx(3.7917, rel=1e-4)
    times, limit = its.first
    assert times == pytest.approx(1.625)  # 3.25 cores of 2
    assert limit.startswith("the end of the year")


def test_an_area_of_several_seasons_keeps_all_and_works_through_the_largest() -> None:
    twice = Area("two seasons", 66, 5_004, 840_000, largest=0.5)
    assert need(twice, ROUND).peak == need(AREAS[0], ROUND).peak
    assert need(twice, ROUND).kept == 2 * need(AREAS[0], ROUND).kept


def test_the_page_has_the_table_of_the_model() -> None:
    page = (Path(__file__).parent.parent / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "\n".join(table()) in page, "python -m docs.scale prints it anew"
