"""Whether an application may open a case (C1, T2, G5, G6, G9)."""

from datetime import UTC, date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.county.admission import RULES, CountyFacts
from tests.models.samples import (
    HENAN,
    application,
    beijing_time,
    county,
    day,
    figure_values,
    mean,
)

LATE = "因年末数据核实（合成）"
ADDITION = {"reason": "应退则退（合成）", "document_number": "合成〔2〕号"}


def facts(**changes: Any) -> CountyFacts:
    values: dict[str, Any] = {
        "subject": county(),
        "listed": True,
        "planned": True,
        "mean": mean(),
    }
    return CountyFacts(**(values | changes))


def said(
    received: str = "2017-11-20 09:00", known: CountyFacts | None = None, **changes: Any
) -> str | None:
    """What is wrong with an application that is received at a moment."""
    return RULES.fault(application(**changes), known or facts(), HENAN, beijing_time(received))


@pytest.mark.clause("C1", "T2", "G5", "G6", "G9")
def test_a_sound_application_is_admitted() -> None:
    assert said() is None


@pytest.mark.clause("C1")
def test_an_unknown_county() -> None:
    known = CountyFacts(subject=None, code_note="the register knows no such code")
    assert said(known=known) == "county 411523: the register knows no such code"


@pytest.mark.clause("G9")
def test_one_open_case_per_county_and_year() -> None:
    assert said(known=facts(open_case="county-exit/411523/2017")) == (
        "新县 (411523) already has an open case for 2017: county-exit/411523/2017 (G9)"
    )


@pytest.mark.clause("C1")
def test_a_county_that_left_does_not_apply_again() -> None:
    known = facts(listed=False, exited_on=day("2017-10-31"))
    assert said(known=known) == (
        "新县 (411523) is not on the list of poor counties: it left on 2017-10-31"
    )


@pytest.mark.clause("C1")
@pytest.mark.parametrize(
    ("register", "applied"), [("national", "provincial"), ("provincial", "national")]
)
def test_the_tier_is_that_of_the_register(register: str, applied: str) -> None:
    assert said(known=facts(subject=county(register)), tier=applied) == (
        f"新县 (411523) is a {register} county in the register, the application says {applied}"
    )


@pytest.mark.clause("G6")
def test_no_exit_outside_the_plan() -> None:
    outside = facts(planned=False)
    assert said(known=outside) == (
        "新县 (411523) is not in the plan of 2017 (G6); to add it, give a plan_addition with "
        "reason and document_number"
    )
    assert said(known=outside, plan_addition=ADDITION) is None
    assert said(plan_addition=ADDITION) is None


@pytest.mark.clause("T2", "G5")
@pytest.mark.parametrize(
    ("received", "applied_at", "reason", "in_order"),
    [
        pytest.param("2017-11-30 23:59:59", None, None, True, id="the last second of the target"),
        pytest.param("2017-12-01 00:00:00", None, None, True, id="past the target, not the limit"),
        pytest.param("2017-12-31 23:59:59", None, None, True, id="the last second of the limit"),
        pytest.param("2018-01-01 00:00:00", None, None, False, id="the first second after it"),
        pytest.param("2018-01-01 00:00:00", None, LATE, True, id="and with a reason"),
        pytest.param("2017-12-31 23:59:59", None, LATE, False, id="a reason that is not needed"),
        pytest.param("2017-11-20 09:00:00", None, LATE, False, id="nor in November"),
        pytest.param("2018-01-03 09:00:00", "2017-12-31T23:59:59+08:00", None, True, id="by date"),
        pytest.param("2018-01-03 09:00:00", "2017-12-31T23:59:59+08:00", LATE, False, id="signed"),
        pytest.param("2018-01-03 09:00:00", "2018-01-01T00:00:00+08:00", None, False, id="late"),
        pytest.param("2018-01-03 09:00:00", "2017-12-31T15:59:59Z", None, True, id="UTC, in time"),
        pytest.param("2018-01-03 09:00:00", "2017-12-31T16:00:00Z", None, False, id="UTC, late"),
        pytest.param("2018-12-31 23:59:59", None, LATE, True, id="a whole year late"),
        pytest.param("2019-01-01 00:00:00", None, LATE, False, id="and no longer"),
    ],
)
def test_late_with_and_without_a_reason(
    received: str, applied_at: str | None, reason: str | None, in_order: bool
) -> None:
    found = said(received, applied_at=applied_at, late_reason=reason)
    assert (found is None) is in_order
    if found is not None:
        assert "G5" in found or "late_reason: the application is in time (T2" in found


@pytest.mark.clause("G5", "T2")
def test_what_is_said_of_lateness() -> None:
    assert said("2018-01-01 00:00:00") == (
        "the application comes after 2017-12-31 24:00 (T2); give a late_reason (G5)"
    )
    assert said(late_reason=LATE) == (
        "late_reason: the application is in time (T2, 2017-12-31 24:00) and needs none"
    )


@pytest.mark.clause("T2", "G5")
def test_the_limit_is_the_policys() -> None:
    dates = HENAN.application.model_copy(update={"limit": "11-30"})
    narrow = HENAN.model_copy(update={"application": dates})
    for moment, late in (("2017-11-30 23:59:59", False), ("2017-12-01 00:00:00", True)):
        found = RULES.fault(application(), facts(), narrow, beijing_time(moment))
        assert (found is not None) is late


@pytest.mark.clause("G5", "G9")
@pytest.mark.parametrize(
    ("received", "year", "reason", "in_order"),
    [
        ("2017-01-01 00:00:00", 2017, None, True),
        ("2016-12-31 23:59:59", 2017, None, False),  # not before its year
        ("2018-11-20 09:00:00", 2017, LATE, True),
        ("2018-11-20 09:00:00", 2018, None, True),
        ("2018-11-20 09:00:00", 2019, None, False),
        ("2018-11-20 09:00:00", 2016, LATE, False),
    ],
)
def test_the_year_of_a_case(received: str, year: int, reason: str | None, in_order: bool) -> None:
    found = said(
        received,
        year=year,
        late_reason=reason,
        figures=figure_values(as_of=min(received[:10], f"{max(year, 2015)}-06-30")),
    )
    if in_order:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(f"year: {year} is not the year of an application of ")


@pytest.mark.clause("C1")
def test_an_application_is_not_signed_tomorrow() -> None:
    now = beijing_time("2017-11-20 09:00")
    for seconds, in_order in ((0, True), (300, True), (301, False)):  # clocks differ a little
        signed = now + timedelta(seconds=seconds)
        found = RULES.fault(application(applied_at=signed), facts(), HENAN, now)
        assert (found is None) is in_order
        assert found is None or "lies in the future" in found


@pytest.mark.clause("S5", "C1")
@pytest.mark.parametrize(
    ("as_of", "sentence"),
    [
        ("2017-01-01", None),
        ("2016-12-31", "figures.as_of: 2016-12-31 lies before 2017"),
        ("2017-11-20", None),
        ("2017-11-21", "figures.as_of: 2017-11-21 lies in the future"),
    ],
)
def test_figures_are_of_the_year_and_not_of_the_future(as_of: str, sentence: str | None) -> None:
    assert said(figures=figure_values(as_of=as_of)) == sentence


@pytest.mark.clause("S5")
def test_today_is_that_of_beijing() -> None:
    # 23:30 of the 19th in London is half past seven of the 20th in Beijing.
    now = beijing_time("2017-11-20 07:30")
    values = application(figures=figure_values(as_of="2017-11-20"))
    assert RULES.fault(values, facts(), HENAN, now.astimezone(UTC)) is None
    # New Year comes to Beijing while it is the old year in London.
    midnight = beijing_time("2019-01-01 00:00").astimezone(UTC)
    late = application(late_reason=LATE)
    assert RULES.fault(late, facts(), HENAN, midnight - timedelta(seconds=1)) is None
    assert RULES.fault(late, facts(), HENAN, midnight) is not None


@pytest.mark.clause("T2", "G5")
@given(st.datetimes(beijing_time("2017-01-01 00:00").replace(tzinfo=None),
                    beijing_time("2018-12-31 23:59").replace(tzinfo=None)),
       st.booleans())  # fmt: skip
def test_a_reason_is_needed_exactly_when_it_is_late(moment: Any, explained: bool) -> None:
    received = beijing_time(moment.isoformat(" "))
    values = application(
        late_reason=LATE if explained else None, figures=figure_values(as_of="2017-01-01")
    )
    late = moment.date() > date(2017, 12, 31)
    assert (RULES.fault(values, facts(), HENAN, received) is None) is (late is explained)


@pytest.mark.clause("S3", "C1")
def test_without_the_published_mean_of_the_year_nobody_applies() -> None:
    assert said(known=facts(mean=None)) == (
        "year: no provincial mean of 2017 is in the register (S3), so growth of income cannot be "
        "judged; put it there with `exitflow registry mean 2017 --growth N --source TEXT` as it "
        "was published for 410000"
    )
