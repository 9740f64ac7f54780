"""An application's snapshot against the register's own count (C1, S5)."""

from typing import Any

import pytest

from models.county.admission import RULES, CountyFacts, difference
from models.register.villages import Incidence
from tests.models.samples import HENAN, application, beijing_time, county, day, figures, mean

WHY = "村级数据正在核对（合成）"
NOW = beijing_time("2017-11-20 09:00")


def said(counted: tuple[int, int] | None, **changes: Any) -> str | None:
    """What is wrong with an application for 4600 of 300000, as of 15 November 2017."""
    incidence = None
    if counted is not None:
        poor, population = counted
        incidence = Incidence(poor=poor, population=population, as_of=day("2017-11-15"))
    facts = CountyFacts(
        subject=county(), listed=True, planned=True, mean=mean(), incidence=incidence
    )
    return RULES.fault(application(**changes), facts, HENAN, NOW)


@pytest.mark.clause("C1", "S5")
def test_figures_that_are_the_registers_own_need_no_reason() -> None:
    assert said((4_600, 300_000)) is None
    assert said((4_600, 300_000), figures_reason=WHY) == (
        "figures_reason: the figures differ from nothing that the register counts, and need none"
    )


@pytest.mark.clause("C1", "S5")
@pytest.mark.parametrize("counted", [(4_601, 300_000), (4_600, 300_001), (4_600, 100_000)])
def test_figures_that_differ_are_explained_or_refused(counted: tuple[int, int]) -> None:
    poor, population = counted
    assert said(counted) == (
        f"figures: the register counts {poor} of {population} as of 2017-11-15, not 4600 of 300000 "
        "(S5); correct them, or say why in figures_reason"
    )
    assert said(counted, figures_reason=WHY) is None


@pytest.mark.clause("C1", "S5")
def test_nothing_is_compared_where_the_register_counts_nothing() -> None:
    assert said(None) is None
    assert said(None, figures_reason=WHY) is not None
    assert difference(figures(), None) is None
